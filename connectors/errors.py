"""A file that cannot be split into records: what stands in the way goes in, one clear sentence comes out."""

from __future__ import annotations

from letters.errors import JiesuError


class FileRefused(JiesuError):
    """{file} cannot be split into records."""


class UnreadableFile(FileRefused):
    """{file} cannot be read: {cause}."""


class UnknownSuffix(FileRefused):
    """{file} ends in no suffix that can be fed: use .jsonl, .csv or .xlsx, or .xml for one petition."""


class UnknownChannel(FileRefused):
    """There is no channel {channel}: use one of {channels}."""


class EmptyFile(FileRefused):
    """{file} holds no record."""


class WrongColumns(FileRefused):
    """{file} has not the columns of channel {channel}: {problem}."""


class NoWorkbook(FileRefused):
    """{file} is no Excel workbook (.xlsx): {problem}."""


class Bomb(FileRefused):
    """{file} is not opened, because unpacking it could fill this machine: {problem}."""


class NotThisChannel(FileRefused):
    """{file} is XML, which only channel petition takes; channel {channel} takes .jsonl, .csv and .xlsx."""


class UnknownEncoding(FileRefused):
    """{file} is neither UTF-8 nor GB18030 text."""


class LineTooLong(FileRefused):
    """{file} has a line longer than {limit}: it is no file of records, one a line."""


class FileTooLarge(FileRefused):
    """{file} is larger than the {limit} that one record's file may have."""
