"""The channels that are read: a sixth one is one file and one line here (docs/howto/sixth-channel.md)."""

from __future__ import annotations

from importlib import import_module
from typing import Final

from connectors.reading import Connector

_FILES: Final = (
    "call_110",
    "hotline_12345",
    "misconduct_12389",
    "petition",
    "mailbox",
)
"""Files of this package, each with a `CONNECTOR`."""


def _connectors() -> dict[str, Connector]:
    found: dict[str, Connector] = {}
    for file in _FILES:
        connector: Connector = import_module(f"connectors.{file}").CONNECTOR
        found[connector.channel] = connector
    return found


CONNECTORS: Final = _connectors()

CHANNELS_READ: Final[tuple[str, ...]] = tuple(CONNECTORS)
"""Every channel with a connector."""
