"""Links (关联) that upstream drew: the numbers in its fields go in, `Related` comes out; a link to itself is none."""

from __future__ import annotations

from typing import Literal

from connectors.names import pieces
from letters.messages import Related

Relation = Literal["duplicate_of", "urges", "linked"]


def related(
    channel: str,
    number: str,
    *,
    duplicate_of: str | None = None,
    urges: str | None = None,
    linked: str | None = None,
) -> tuple[Related, ...]:
    """Links to other records of the same channel; a field may hold several numbers."""
    if not (duplicate_of or urges or linked):
        return ()
    told: tuple[tuple[Relation, str | None], ...] = (
        ("duplicate_of", duplicate_of),
        ("urges", urges),
        ("linked", linked),
    )
    return tuple(
        Related(relation=relation, channel=channel, source_id=other)
        for relation, numbers in told
        if numbers
        for part in pieces(numbers)
        for other in part.split()
        if other != number
    )
