"""Dead letters go in, their records stand on their topics again; the desk and the command line both call it."""

from __future__ import annotations

from collections.abc import Sequence

from jiesu.wiring import House
from letters.clock import to_ms
from storage.dead import Dead, mark_redriven
from streams.port import Outgoing

REDRIVEN = "redriven-from"


def redrive_dead(jiesu: House, chosen: Sequence[Dead], value: bytes | None = None) -> int:
    """Feed each again, with `value` in place of its bytes where it was mended; how many were fed.

    Marked after the bus has confirmed: a crash in between feeds a record twice, which ends as a repeat, never none.
    """
    for dead in chosen:
        headers = (*((n, v) for n, v in dead.headers if n != REDRIVEN), (REDRIVEN, str(dead.dead_id).encode()))
        jiesu.bus.publish([Outgoing(dead.topic, dead.key, dead.raw if value is None else value, headers)])
        with jiesu.database.write() as connection:
            mark_redriven(connection, dead.dead_id, to_ms(jiesu.clock.now()))
    return len(chosen)
