"""A raw record and a channel's connector go in, a `Parsed` letter comes out, or the record is refused (`InvalidRecord`).

The same for every channel: fields are read one by one by their kind (`connectors.kinds`), the channel's `read` turns
them into a `Draft`, and the letter gets its computed id. An optional field whose value breaks the contract refuses the
record as a required one does: the record then lies among the dead letters where a person sees it, while a letter
without its deadline or its secrecy would be wrong unseen. Phones and ID numbers alone are marked instead.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any, Final, NamedTuple

from connectors import times
from connectors.decoding import decode
from connectors.kinds import Field
from connectors.places import NOWHERE
from connectors.reasons import refuse
from letters.clock import shanghai
from letters.errors import InvalidRecord
from letters.ids import letter_id
from letters.messages import Accused, Attachment, Kind, Letter, NamedCode, Place, Related, Urgency, Writer

Values = Mapping[str, Any]
"""What a record holds, by field name; absent fields are absent. The kind of a field says which type its value has."""

_CANONICAL: Final = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


class Draft(NamedTuple):
    """What a channel makes of a record: the letter's fields (see `Letter`) and who wrote it."""

    body: str
    arrived_at: datetime
    kind: Kind = "其他"
    title: str = ""
    writer: Writer | None = None
    place: Place = NOWHERE
    urgency: Urgency = "一般"
    confidential: bool = False
    people: int = 1
    accused: tuple[Accused, ...] = ()
    avoid: tuple[str, ...] = ()
    suggested_unit: NamedCode | None = None
    upstream_category: NamedCode | None = None
    upstream_due: datetime | None = None
    related: tuple[Related, ...] = ()
    supervised: bool = False
    threat: str | None = None
    attachments: tuple[Attachment, ...] = ()
    via: str | None = None


class Connector:
    """One channel (渠道): its fields, which of them is the source number and which the time, and how to read the rest.

    `xml_root` is the root element of its XML form, if it has one.
    """

    __slots__ = ("channel", "fields", "known", "number", "order", "read", "table", "time", "xml_root")

    def __init__(
        self,
        channel: str,
        *,
        number: str,
        time: str,
        fields: Sequence[Field],
        read: Callable[[Values, datetime], Draft],
        xml_root: str | None = None,
    ) -> None:
        self.channel = channel
        self.number = number
        self.time = time
        self.fields = tuple(fields)
        self.read = read
        self.xml_root = xml_root
        self.known: Final = {field.name: field for field in self.fields}
        self.order: Final = tuple(sorted(self.known))
        self.table: Final = tuple((field.name, field.kind.read, field.required) for field in self.fields)

    @property
    def required(self) -> tuple[str, ...]:
        """Names of the fields that a record must have."""
        return tuple(field.name for field in self.fields if field.required)


@dataclass(frozen=True, slots=True)
class Parsed:
    """A record as read: the letter without its writer, the writer, and 16 bytes that name the record's content.

    Two records with equal `content` say the same in every field of the contract, whatever their form, order of fields
    and unknown fields: the second is a repeat. With other content it is a revision.
    """

    letter: Letter
    writer: Writer | None
    content: bytes


def read_with(
    connector: Connector, value: bytes, headers: Sequence[tuple[str, bytes]], *, received_at: datetime
) -> Parsed:
    """The letter in a record of this channel. Raises `InvalidRecord`."""
    received_at = shanghai(received_at)
    record = decode(value, headers, xml_root=connector.xml_root, known=connector.known)
    values: dict[str, Any] = {}
    try:
        for name, read, required in connector.table:
            raw = record.get(name)
            if raw is None or (type(raw) is str and (not raw or raw.isspace())):
                if required:
                    what = (
                        "blank text" if raw else "empty text" if raw == "" else "null" if name in record else "nothing"
                    )
                    refuse("missing_field", f"{name}: found {what}, expected {_expected(connector, name)}", name)
                continue
            found = read(name, raw)
            if found is not None:
                values[name] = found
        draft = connector.read(values, received_at)
        times.arrived(connector.time, draft.arrived_at, received_at)
        times.due("deadlineDate", draft.upstream_due, received_at)
        content = _digest(connector.order, values)
    except InvalidRecord as refusal:
        refusal.source_id = values.get(connector.number)
        raise
    number: str = values[connector.number]
    letter = Letter(
        letter_id=letter_id(connector.channel, number),
        channel=connector.channel,
        source_id=number,
        kind=draft.kind,
        title=draft.title,
        body=draft.body,
        arrived_at=draft.arrived_at,
        received_at=received_at,
        place=draft.place,
        urgency=draft.urgency,
        confidential=draft.confidential,
        people=draft.people,
        accused=draft.accused,
        avoid=draft.avoid,
        suggested_unit=draft.suggested_unit,
        upstream_category=draft.upstream_category,
        upstream_due=draft.upstream_due,
        related=draft.related,
        supervised=draft.supervised,
        threat=draft.threat,
        attachments=draft.attachments,
        via=draft.via,
    )
    return Parsed(letter, draft.writer, content)


def named(value: str | None) -> NamedCode | None:
    """A field that holds a code or, in many systems, the name itself: what is written in ASCII is the code."""
    if not value:
        return None
    return NamedCode(code=value) if value.isascii() else NamedCode(name=value)


def code_and_name(code: str | None, name: str | None) -> NamedCode | None:
    """A code with its name, from two fields."""
    return NamedCode(code=code, name=name) if code or name else None


def attachments(found: list[dict[str, str]] | None) -> tuple[Attachment, ...]:
    """Attachments by reference."""
    return tuple(Attachment(**entry) for entry in found) if found else ()


def _expected(connector: Connector, name: str) -> str:
    return f"{connector.known[name].kind.example} (required)"


def _digest(order: Sequence[str], values: Values) -> bytes:
    """Of names and values with NUL between them, which no value holds: no two contents are told alike."""
    told: list[str] = []
    add = told.append
    for name in order:
        if name in values:
            value = values[name]
            add(name)
            add(value if type(value) is str else _told(value))
    try:
        return blake2b("\0".join(told).encode(), digest_size=16).digest()
    except UnicodeEncodeError:
        for name, value in values.items():
            if _SURROGATE.search(value if type(value) is str else _told(value)):
                refuse("lone_surrogate", f"{name}: found half of a surrogate pair, expected whole characters", name)
        raise


def _told(value: object) -> str:
    if value is True or value is False:
        return "1" if value else "0"
    if isinstance(value, datetime):
        return value.isoformat()
    return _CANONICAL.encode(value) if isinstance(value, list) else str(value)
