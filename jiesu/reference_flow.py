"""The topology goes in; each topic with its partitions, retention, readers and writers comes out, units told as `<unit>`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from letters import topics
from letters.bureau import Bureau, Policy, Unit
from streams.topology import TOPOLOGY, all_topics

_UNIT: Final = "000000000000"
_ANY: Final = "<unit>"

MESSAGES: Final[dict[str, tuple[str, str, str]]] = {
    topics.LETTERS: ("letter", "letter_id", "every letter and every revision of one"),
    topics.LABELS: ("label", "letter_id", "what the classifier says of a letter"),
    topics.assignments(_ANY): ("assignment", "letter_id", "what the unit has to do"),
    topics.progress(_ANY): ("progress", "assignment_id", "what the unit reports; only that unit writes here"),
    topics.notices(_ANY): (
        "notice",
        "letter_id or incident_id",
        "what the unit has to know at once: danger, reminders, supervision",
    ),
    topics.DEAD_LETTERS: ("dead-letter", "key of the refused record", "records that could not be read, with raw bytes"),
    topics.CONTROL: ("control", "–", "words to the workers on Kafka, each of which reads every one"),
}
"""Message, key and meaning of each topic that is ours; an intake topic holds upstream's own records."""


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic, or one a unit has. `retention_hours` None keeps everything; `message` None is an upstream record."""

    name: str
    partitions: int
    retention_hours: int | None
    message: str | None
    key: str
    holds: str
    written_by: tuple[str, ...]
    read_by: tuple[str, ...]


def flow_topics(partitions: int = 6) -> list[Topic]:
    """Every topic, with `<unit>` in place of a unit's code."""
    found = []
    for spec in all_topics(_one_unit(), partitions=partitions):
        name = spec.name.replace(_UNIT, _ANY)
        channel = name.removeprefix("intake.")
        message, key, holds = MESSAGES.get(
            name, (None, "source number (may be absent)", f"raw records of channel {channel}, as upstream sends them")
        )
        readers = [flow.stage for flow in TOPOLOGY if name in [each.replace("*", _ANY) for each in flow.reads]]
        writers = [flow.stage for flow in TOPOLOGY if name in flow.writes]
        found.append(
            Topic(name, spec.partitions, spec.retention_hours, message, key, holds, tuple(writers), tuple(readers))
        )
    return found


def _one_unit() -> Bureau:
    """The smallest bureau that has every kind of topic."""
    unit = Unit(_UNIT, "单位", "bureau")
    return Bureau("分局", _UNIT, "000000", _UNIT, _UNIT, _UNIT, _UNIT, {_UNIT: unit}, (), (), Policy((), 0.95, 0.95))
