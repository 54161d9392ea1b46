"""Letters that officers confirmed go out, each with the category and host that people settled on: what a model may learn."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy import Connection, text

_SETTLED = (
    "SELECT g.letter_no, g.event, g.actor, g.document, l.document, c.category, c.host FROM ledger g"
    " JOIN letters l ON l.letter_no = g.letter_no JOIN cases c ON c.letter_no = g.letter_no"
    " WHERE g.event IN ('labelled', 'dispatched', 'jointly_decided', 'reviewed') ORDER BY g.letter_no, g.seq"
)


class Confirmed(NamedTuple):
    """A letter's first document, and what people say of it; `unit` is a code."""

    document: bytes
    category: str | None
    unit: str | None


def confirmed_letters(connection: Connection) -> Iterator[Confirmed]:
    """In the order of the letters. A category counts once an officer named it, a host once an officer assigned it or
    passed its work report; the review confirms the category as well, for its reader had letter and report before them."""
    rows = connection.execute(text(_SETTLED), execution_options={"yield_per": 1000})
    number: int | None = None
    held: Confirmed | None = None
    for letter_no, event, actor, said, document, category, host in rows:
        if letter_no != number:
            if held and (held.category or held.unit):
                yield held
            number, held = letter_no, Confirmed(bytes(document), None, None)
        assert held is not None  # noqa: S101 - set above
        if actor.startswith("system:"):
            continue
        what = json.loads(bytes(said))
        if event == "labelled":
            held = held._replace(category=what["category"])
        elif event != "reviewed":
            held = held._replace(unit=what["host"]["code"])
        elif what["passed"]:
            held = held._replace(category=category or held.category, unit=host or held.unit)
    if held and (held.category or held.unit):
        yield held
