"""Topic names: a channel or unit goes in, the name of its topic comes out (records.md, Topics we own)."""

from __future__ import annotations

import re
from typing import Final, Literal, get_args

Channel = Literal["110", "12345", "12389", "petition", "mailbox"]
CHANNELS: Final[tuple[Channel, ...]] = get_args(Channel)

LETTERS: Final = "letters"
LABELS: Final = "labels"
DEAD_LETTERS: Final = "dead-letters"
CONTROL: Final = "control"

UNIT_CODE: Final = re.compile(r"[0-9]{12}")
"""A police organisation code (公安机关机构代码): 12 digits."""

_UNIT_TOPIC: Final = re.compile(r"(assignments|progress|notices)\.([0-9]{12})")


def intake(channel: str) -> str:
    """The topic an upstream system writes its raw records to."""
    return f"intake.{channel}"


def channel_of(topic: str) -> str:
    """The channel behind an intake topic; `ValueError` for any other topic."""
    head, _, channel = topic.partition(".")
    if head != "intake" or not channel:
        raise ValueError(f"{topic} is no intake topic")
    return channel


def assignments(unit: str) -> str:
    """What a unit has to do."""
    return f"assignments.{unit}"


def progress(unit: str) -> str:
    """What a unit reports; only that unit may write it."""
    return f"progress.{unit}"


def notices(unit: str) -> str:
    """Reminders, alerts, supervision and work slips for a unit."""
    return f"notices.{unit}"


def unit_of(topic: str) -> str | None:
    """The unit whose topic this is; None for a topic that belongs to no unit."""
    match = _UNIT_TOPIC.fullmatch(topic)
    return match.group(2) if match else None
