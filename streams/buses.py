"""JIESU_BUS goes in, the bus it names comes out: `embedded`, `embedded:/path/to/file` or `kafka://host:port[,host:port]`."""

from __future__ import annotations

from pathlib import Path

from letters.errors import SettingsError
from streams.embedded import EmbeddedBus
from streams.port import Bus

EMBEDDED_FILE = "bus.sqlite3"


def open_bus(url: str, home: Path) -> Bus:
    """The bus that `url` names; the embedded one lies in `home` unless the URL says where. `SettingsError` for any other
    text. Kafka is not asked before the first call."""
    scheme, _, rest = url.partition(":")
    if scheme == "embedded":
        return EmbeddedBus(Path(rest) if rest else home / EMBEDDED_FILE)
    if scheme == "kafka":
        from streams.kafka import KafkaBus  # here, because the embedded bus shall start without loading kafka-python
        from streams.kafka_url import KafkaSettings

        return KafkaBus(KafkaSettings.from_url(url))
    raise SettingsError(
        f"JIESU_BUS is {scheme!r}: write embedded, embedded:/path/to/file or kafka://host:port[,host:port]"
    )
