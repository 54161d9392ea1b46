"""Questions to Kafka's administration go in, answers come out; a broker that was just started gets time to find itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from kafka import KafkaAdminClient, errors
from kafka.protocol.consumer.offsets import IsolationLevel

from streams.kafka_errors import connected, listens, translated
from streams.kafka_url import KafkaSettings

T = TypeVar("T")

CONNECT_MS: Final = 5_000
_PATIENCE_SECONDS: Final = 10.0
_SOON_OVER: Final = (
    errors.CoordinatorLoadInProgressError,
    errors.CoordinatorNotAvailableError,
    errors.KafkaConnectionError,
    errors.NodeNotReadyError,
    errors.NotCoordinatorError,
)
"""What a broker says in the first seconds after its start, or a client before it has connected again."""


class Asking:
    """One admin client, made when first needed, used by one thread at a time."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._lock = threading.RLock()
        self._client: Any = None

    def ask(self, what: str, call: Callable[[Any], T]) -> T:
        """What `call` answers when it is given the client; `what` says in an error what was tried."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        with translated(self._settings, what), self._lock:
            while True:
                try:
                    return call(self._connected())
                except _SOON_OVER:
                    if time.monotonic() > deadline or not any(map(listens, self._settings.servers)):
                        raise
                    time.sleep(0.1)

    def offsets(self, wanted: Mapping[Any, Any]) -> dict[Any, int]:
        """The offset of each partition at a time (ms since 1970) or an `OffsetSpec`; −1 where nothing is that late."""
        if not wanted:
            return {}
        level = IsolationLevel.READ_COMMITTED
        found: Mapping[Any, Any] = self.ask(
            "ask for offsets", lambda client: client.list_partition_offsets(dict(wanted), isolation_level=level)
        )
        return {partition: at.offset for partition, at in found.items()}

    def close(self) -> None:
        """Let go of the connection."""
        with self._lock:
            if self._client is not None:
                self._client.close()
            self._client = None

    def _connected(self) -> Any:
        if self._client is None:
            self._client = connected(
                self._settings,
                lambda: KafkaAdminClient(
                    **self._settings.kafka_python(),
                    bootstrap_timeout_ms=CONNECT_MS,
                    request_timeout_ms=15_000,
                    reconnect_backoff_max_ms=1_000,
                ),
            )
        return self._client
