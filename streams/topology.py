"""The flow in one place: topic → stage → topics. Both bus bindings, the topics' set-up and the docs are made from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from connectors.registry import CHANNELS_READ
from letters import topics
from letters.bureau import Bureau
from letters.topics import CONTROL, DEAD_LETTERS, LABELS, LETTERS
from streams.port import TopicSpec


@dataclass(frozen=True, slots=True)
class Flow:
    """One stage: what it reads and writes. `<unit>` stands for every unit of the bureau."""

    stage: str
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    does: str


TOPOLOGY: Final[tuple[Flow, ...]] = (
    Flow(
        "intake",
        tuple(topics.intake(channel) for channel in CHANNELS_READ),
        (LETTERS, DEAD_LETTERS, topics.notices("<unit>")),
        "reads each channel's records, keeps them raw, makes letters of them, tells the command centre of danger at once",
    ),
    Flow("label", (LETTERS,), (LABELS, DEAD_LETTERS), "labels each letter's category and unit"),
    Flow(
        "route",
        (LABELS,),
        (topics.assignments("<unit>"), topics.notices("<unit>"), DEAD_LETTERS),
        "decides who hosts each letter, or that a person must decide, and dispatches",
    ),
    Flow(
        "progress",
        (topics.progress("*"),),
        (topics.notices("<unit>"), DEAD_LETTERS),
        "takes in what units report of their own assignments, moves their cases on, tells whom it concerns",
    ),
)

JOBS: Final[tuple[Flow, ...]] = (
    Flow(
        "clock",
        (),
        (topics.notices("<unit>"),),
        "reads the database: reminders and alerts when they are due, each once; adds up figures",
    ),
    Flow(
        "officers",
        (),
        (topics.assignments("<unit>"), topics.notices("<unit>")),
        "what people decide at the desk or by `jiesu decide`",
    ),
)
"""What writes to topics without reading one."""

_DAY = 24
_RETENTION_HOURS: Final[dict[str, int | None]] = {
    # Raw records also stand in the database; the topic is kept long enough to feed a new database from it.
    "intake": 90 * _DAY,
    "letters": 30 * _DAY,
    "labels": 30 * _DAY,
    "assignments": 400 * _DAY,  # a unit that was away for a year still finds its work
    "notices": 400 * _DAY,
    "progress": 400 * _DAY,
    DEAD_LETTERS: None,
    CONTROL: 30 * _DAY,
}


def all_topics(
    bureau: Bureau, *, partitions: int = 6, replication: int = 1, channels: Iterable[str] = CHANNELS_READ
) -> list[TopicSpec]:
    """Every topic of a bureau. `partitions` is for the topics that all letters pass; a unit's own topics have one,
    so that a unit reads its work in order with a single consumer."""
    wide = [topics.intake(channel) for channel in channels] + [LETTERS, LABELS]
    narrow = [DEAD_LETTERS, CONTROL]
    for unit in bureau.units.values():
        if unit.kind != "external":
            narrow += [topics.assignments(unit.code), topics.progress(unit.code), topics.notices(unit.code)]
    return [
        TopicSpec(name, count, replication, _RETENTION_HOURS[name if name in _RETENTION_HOURS else name.split(".")[0]])
        for names, count in ((wide, partitions), (narrow, 1))
        for name in names
    ]
