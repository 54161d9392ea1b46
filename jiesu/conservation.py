"""The conservation proof for one installation: its bus and database go in, the sums come out."""

from __future__ import annotations

from collections.abc import Set

from connectors.registry import CHANNELS_READ
from jiesu.wiring import House
from letters import topics
from storage.reconcile import Sums, capped, reconcile, undecided
from streams.topology import TOPOLOGY


def prove(jiesu: House) -> Sums:
    """Reads the bus first: what is fed meanwhile is seen as not read yet, never as lost."""
    intake = [topics.intake(channel) for channel in CHANNELS_READ]
    known = set(jiesu.bus.topics())
    intake = [topic for topic in intake if topic in known]
    starts, committed = jiesu.bus.starts(intake), jiesu.bus.committed("intake", intake)
    ends = jiesu.bus.ends(intake)

    def standing(topic: str) -> Set[tuple[int, int]]:
        return {(record.partition, record.offset) for record in jiesu.bus.scan(topic)}

    with jiesu.database.read() as connection:
        sums = reconcile(connection, starts=starts, ends=ends, committed=committed, standing=standing)
        suspect = undecided(connection) if sums.pending and not _on_the_way(jiesu) else {}
    if suspect:
        # Work may go on meanwhile: only what was undecided before and after a moment when nothing was on its way is lost.
        with jiesu.database.read() as connection:
            still = undecided(connection)
        sums.unaccounted += capped([name for number, name in suspect.items() if number in still], "undecided letters")
    return sums


def _on_the_way(jiesu: House) -> bool:
    """Whether a stage has something to read or to send; asked in the direction of the flow, so that no letter slips by."""
    return jiesu.outbox.waiting() > 0 or any(_lag(jiesu, flow.stage, flow.reads) for flow in TOPOLOGY[:3])


def _lag(jiesu: House, group: str, names: tuple[str, ...]) -> int:
    here = [name for name in names if name in jiesu.bus.topics()]
    done, starts = jiesu.bus.committed(group, here), jiesu.bus.starts(here)
    return sum(end - max(done.get(at, 0), starts.get(at, 0)) for at, end in jiesu.bus.ends(here).items())
