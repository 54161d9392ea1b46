"""Connectors: an upstream system's raw record goes in, a `Letter` and its writer come out, or why it cannot be one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from connectors.reading import Parsed, read_with
from connectors.reasons import refuse
from connectors.registry import CHANNELS_READ, CONNECTORS
from connectors.shown import shown

__all__ = ["CHANNELS_READ", "Parsed", "read_record"]


def read_record(channel: str, value: bytes, headers: Sequence[tuple[str, bytes]], *, received_at: datetime) -> Parsed:
    """The letter in one record of `intake.<channel>`; `received_at` is when it was read (aware).

    Raises `letters.errors.InvalidRecord` and nothing else, whatever the bytes (`connectors.reasons` lists why).
    """
    connector = CONNECTORS.get(channel)
    if connector is None:
        refuse("unknown_channel", f"found the channel {shown(channel)}, expected one of {', '.join(CHANNELS_READ)}")
    return read_with(connector, value, headers, received_at=received_at)
