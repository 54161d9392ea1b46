"""Daily counters (考核指标): moves go in batch by batch, sums of a period come out.

A batch's moves are one row, so that no worker waits for another over a counter; `settle_moves` adds them up. What a
recused unit must not see has counters of its own, under that unit's code, and is taken away when it looks.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import Connection, insert, text

from storage.tables import FigureMoves

EVERYONE = ""
_AT_ONCE = 2000
DAY_MS = 86_400_000
_SHANGHAI_MS = 8 * 3_600_000
_EPOCH_DAY = date(1970, 1, 1).toordinal()

Counts = Counter[tuple[str, str, int]]
"""How far each (unit, metric, day) moves."""


class Moves(NamedTuple):
    """What moves for some viewers: `EVERYONE`, or units that must not see it."""

    viewers: tuple[str, ...]
    counts: Counts


def day_of(ms: int) -> int:
    """Days since 1970-01-01 in Asia/Shanghai."""
    return (ms + _SHANGHAI_MS) // DAY_MS


def day_at(at: datetime) -> int:
    """The same of a time in Asia/Shanghai, without going through milliseconds: it is asked ten times a letter."""
    return at.toordinal() - _EPOCH_DAY


def add_moves(connection: Connection, moves: Iterable[Moves]) -> None:
    """Keep a batch's moves."""
    kept = [
        [each.viewers, [[unit, metric, day, n] for (unit, metric, day), n in each.counts.items() if n]]
        for each in moves
        if any(each.counts.values())
    ]
    if kept:
        document = json.dumps(kept, ensure_ascii=False, separators=(",", ":")).encode()
        connection.execute(insert(FigureMoves).values(document=document))


def settle_moves(connection: Connection, *, at_once: int = _AT_ONCE) -> int:
    """Add waiting moves to the counters, in one transaction; how many batches there were."""
    hold = " FOR UPDATE SKIP LOCKED" if connection.dialect.name == "postgresql" else ""
    rows = connection.execute(
        text(f"SELECT id, document FROM figure_moves ORDER BY id LIMIT :limit{hold}"),  # noqa: S608
        {"limit": at_once},
    ).all()
    if not rows:
        return 0
    sums: Counter[tuple[str, int, str, str]] = Counter()
    for _, document in rows:
        for viewers, counts in json.loads(bytes(document)):
            for viewer in viewers:
                for unit, metric, day, n in counts:
                    sums[viewer, day, unit, metric] += n
    # In one order everywhere: two workers that settle at once never wait for each other in a circle.
    changes = [
        {"viewer": key[0], "day": key[1], "unit": key[2], "metric": key[3], "n": sums[key]} for key in sorted(sums)
    ]
    connection.execute(
        text(
            "INSERT INTO daily_figures (viewer, day, unit, metric, n) VALUES (:viewer, :day, :unit, :metric, :n)"
            " ON CONFLICT (viewer, day, unit, metric) DO UPDATE SET n = daily_figures.n + excluded.n"
        ),
        changes,
    )
    connection.execute(text("DELETE FROM figure_moves WHERE id = :id"), [{"id": row[0]} for row in rows])
    return len(rows)


def moves_waiting(connection: Connection) -> bool:
    """Whether anything is still to be added up."""
    return connection.execute(text("SELECT 1 FROM figure_moves LIMIT 1")).first() is not None


def sums_of(connection: Connection, first: int, last: int, *, viewer: str | None = None) -> dict[str, dict[str, int]]:
    """Sums by unit and metric of the days from `first` to `last`, both included, as `viewer` may see them."""
    units: dict[str, dict[str, int]] = {}
    who: Sequence[tuple[str, int]] = [(EVERYONE, 1)] if viewer is None else [(EVERYONE, 1), (viewer, -1)]
    for seen, sign in who:
        for unit, metric, n in connection.execute(
            text(
                "SELECT unit, metric, sum(n) FROM daily_figures WHERE viewer = :viewer AND day BETWEEN :first AND :last"
                " GROUP BY unit, metric"
            ),
            {"viewer": seen, "first": first, "last": last},
        ):
            counts = units.setdefault(unit, {})
            counts[metric] = counts.get(metric, 0) + sign * int(n)
    return {unit: kept for unit, counts in units.items() if (kept := {metric: n for metric, n in counts.items() if n})}
