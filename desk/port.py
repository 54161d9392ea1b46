"""What the desk asks of the installation; `jiesu` gives it an object that answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Line:
    """A letter in a list: no text, no name."""

    number: str
    channel: str
    kind: str
    category: str
    host: str
    state: str
    arrived: str


@dataclass(frozen=True, slots=True)
class Overview:
    """What the first page shows."""

    bureau: str
    sums: Mapping[str, int]
    adds_up: bool
    stages: Mapping[str, str]
    latest: Sequence[Line]
    refused: Sequence[tuple[str, str, int]]
    """Topic, reason, how many."""


class Installation(Protocol):
    """A running jiesu as the desk sees it."""

    def overview(self) -> Overview:
        """Fresh figures; `TryLater` when the database or the bus does not answer."""
        ...

    def health(self) -> Mapping[str, str]:
        """What each stage does now: `working`, `waiting: why`, `stopped: why`."""
        ...

    def metrics(self) -> bytes:
        """In Prometheus' text form."""
        ...
