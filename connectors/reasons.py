"""Why a record is refused: a reason code goes in, its meaning in one line comes out; the reference page is made from it."""

from __future__ import annotations

from typing import Final, Literal, NoReturn, get_args

from letters.errors import InvalidRecord

Reason = Literal[
    "unknown_channel",
    "too_large",
    "empty_record",
    "bad_content_type",
    "bad_charset",
    "bad_encoding",
    "bad_row",
    "not_json",
    "not_object",
    "duplicate_key",
    "too_deep",
    "bad_xml",
    "forbidden_xml",
    "missing_field",
    "wrong_type",
    "bad_value",
    "too_long",
    "nul_character",
    "lone_surrogate",
    "bad_time",
    "no_offset",
    "future_time",
    "ancient_time",
]

REASONS: Final[dict[Reason, str]] = {
    "unknown_channel": "No connector reads this channel.",
    "too_large": "The record is larger than 1 MiB.",
    "empty_record": "The record has no content.",
    "bad_content_type": "The content-type header names a form that this channel does not take.",
    "bad_charset": "The content-type header or the XML declaration names a charset other than UTF-8 or GB18030.",
    "bad_encoding": "The bytes are not text in the charset that was declared (UTF-8 unless declared otherwise).",
    "bad_row": "A row of a table has more or fewer cells than its header, or its quotation marks do not match.",
    "not_json": "The text is not JSON (NaN and Infinity are not JSON either).",
    "not_object": "The JSON is not an object of field names and values.",
    "duplicate_key": "One object, or one petition, holds the same field twice: which one counts is a guess.",
    "too_deep": "Lists, objects or elements stand inside each other more than 64 deep.",
    "bad_xml": "The text is not XML with the root element <petition>.",
    "forbidden_xml": "The XML brings a document type or entities; neither is ever read.",
    "missing_field": "A required field is absent, null or blank.",
    "wrong_type": "A field holds another type of value than the contract says.",
    "bad_value": "A field holds a value that the contract does not know.",
    "too_long": "A field is longer than it may be: a text of 160,000 characters, a title of 2,000, most others of 1,000.",
    "nul_character": "The text holds a NUL character (U+0000).",
    "lone_surrogate": "The text holds half of a surrogate pair, which is no character.",
    "bad_time": "A time is not in the channel's format, or no such day or hour exists.",
    "no_offset": "A mailbox time has no offset from UTC.",
    "future_time": "The letter's time is more than a day after it was read, or its deadline more than 50 years after.",
    "ancient_time": "A time lies before 1992.",
}
"""Every reason code with its meaning, in the order in which a record is looked at."""

assert tuple(REASONS) == get_args(Reason)  # noqa: S101 - the reference page is made from both


def refuse(reason: Reason, message: str, field: str | None = None) -> NoReturn:
    """Raise `InvalidRecord`. `message` never holds the letter's text, a name, a phone or an ID number."""
    raise InvalidRecord(reason, message, field=field)
