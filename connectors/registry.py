"""The channels that are read: a sixth one is one file and one line here (docs/howto/sixth-channel.md)."""

from __future__ import annotations

from typing import Final

from connectors import call_110, hotline_12345, mailbox, misconduct_12389, petition
from connectors.reading import Connector

CONNECTORS: Final[dict[str, Connector]] = {
    connector.channel: connector
    for connector in (
        call_110.CONNECTOR,
        hotline_12345.CONNECTOR,
        misconduct_12389.CONNECTOR,
        petition.CONNECTOR,
        mailbox.CONNECTOR,
    )
}

CHANNELS_READ: Final[tuple[str, ...]] = tuple(CONNECTORS)
"""Every channel with a connector."""
