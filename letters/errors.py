"""Errors: a cause goes in, a sentence a person can act on comes out. All of ours descend from `JiesuError`."""

from __future__ import annotations


class JiesuError(Exception):
    """Something went wrong that a person can act on."""

    def __init__(self, message: str | None = None, **facts: object) -> None:
        doc = (type(self).__doc__ or "").strip().splitlines()[0]
        super().__init__(message or doc.format(**facts))
        self.facts = facts


class InvalidRecord(JiesuError):
    """An upstream record cannot become a letter; `reason` is a code, the message names field, finding and remedy.

    Never retried: the record goes to the dead letters with its raw bytes.
    """

    def __init__(self, reason: str, message: str, *, field: str | None = None, source_id: str | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.field = field
        self.source_id = source_id


class TryLater(JiesuError):
    """A database or broker does not answer; nothing is wrong with the data, so the same work is tried again."""


class SettingsError(JiesuError):
    """A setting is wrong."""


class BureauError(JiesuError):
    """The bureau's files are not sound; each problem is one line with file, line and remedy."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems
