"""What kafka-python raises goes in, a sentence comes out: whether waiting helps, which host and port, what to check."""

from __future__ import annotations

import logging
import re
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

from kafka import errors

from letters.errors import JiesuError, SettingsError, TryLater
from streams.kafka_url import KafkaSettings
from streams.port import UnknownTopic

T = TypeVar("T")

_CLIENT: Final = b"jiesu"
_ASKED: Final = struct.pack(">hhih", 18, 0, 1, len(_CLIENT)) + _CLIENT
API_VERSIONS: Final = struct.pack(">i", len(_ASKED)) + _ASKED
"""The one request (version 0) that a broker answers to whoever asks: an open port alone does not prove a broker."""

_SILENT: Final = (errors.KafkaConnectionError, errors.KafkaTimeoutError, errors.NodeNotReadyError, errors.StaleMetadata)


class NotAllowed(JiesuError):
    """Kafka refuses this: user {user} has no right to {what}; an administrator grants it, for a unit with `jiesu topics --acl UNIT`."""  # noqa: E501


@contextmanager
def translated(settings: KafkaSettings, what: str) -> Iterator[None]:
    """Errors of Kafka inside become ours; `what` is what was tried, e.g. “publish to letters”."""
    try:
        yield
    except errors.KafkaError as error:
        raise told(settings, what, error) from error


def told(settings: KafkaSettings, what: str, error: BaseException) -> JiesuError:
    """Our error for one of Kafka's."""
    if isinstance(error, errors.AuthorizationError):
        return NotAllowed(user=settings.user or "ANONYMOUS", what=f"{what} ({error})")
    if isinstance(error, errors.SaslAuthenticationFailedError | errors.UnsupportedSaslMechanismError):
        return wrong_login(settings, error)
    if isinstance(error, errors.UnknownTopicOrPartitionError) and (name := re.search(r"topic='?([^',)]+)", str(error))):
        return UnknownTopic(topic=name.group(1))
    if isinstance(error, errors.MessageSizeTooLargeError | errors.RecordListTooLargeError):
        return JiesuError(f"{what}: a message is larger than Kafka takes here ({error}); see message.max.bytes")
    if isinstance(error, errors.KafkaConfigurationError | errors.InvalidConfigurationError):
        return SettingsError(f"{what}: Kafka refuses the configuration: {error}")
    if isinstance(error, _SILENT) and not any(map(listens, settings.servers)):
        return _nobody(settings)
    return TryLater(f"{what}: Kafka at {settings.place} does not answer as it should: {error}")


def wrong_login(settings: KafkaSettings, error: BaseException) -> SettingsError:
    """Waiting does not mend this one."""
    return SettingsError(
        f"Kafka at {settings.place} refuses the login of {settings.user} by {settings.mechanism} over {settings.security}: "
        f"{error}; check user, password, mechanism and security in JIESU_BUS"
    )


def connected(settings: KafkaSettings, make: Callable[[], T]) -> T:
    """A client that `make` makes; an error at once when no server listens.

    kafka-python tells a wrong password and a broker that is down in the same words
    (KafkaTimeoutError), but it logs why each attempt failed: we listen in on that."""
    if not any(map(listens, settings.servers)):
        raise _nobody(settings)
    heard = _Heard()
    logger = logging.getLogger("kafka.net.manager")
    logger.addFilter(heard)
    try:
        return make()
    except errors.KafkaTimeoutError as error:
        raise _unreachable(settings, heard.causes) from error
    except (OSError, errors.KafkaError) as error:
        raise told(settings, "connect", error) from error
    finally:
        logger.removeFilter(heard)


class _Heard(logging.Filter):
    def __init__(self) -> None:
        super().__init__()
        self.causes: list[BaseException] = []

    def filter(self, record: logging.LogRecord) -> bool:
        self.causes += [part for part in record.args or () if isinstance(part, BaseException)]
        return True


def _unreachable(settings: KafkaSettings, causes: list[BaseException]) -> JiesuError:
    login = (errors.SaslAuthenticationFailedError, errors.UnsupportedSaslMechanismError, errors.IllegalSaslStateError)
    for cause in causes:
        if isinstance(cause, login) or "SASL" in str(cause):
            return wrong_login(settings, cause)
        if "andshake failed" in str(cause) or "CERTIFICATE" in str(cause):
            return SettingsError(
                f"Kafka at {settings.place}: TLS fails ({cause}); check cafile, certfile and security in JIESU_BUS"
            )
    if not any(map(listens, settings.servers)):
        return _nobody(settings)
    if settings.user and (settings.security.endswith("SSL") or any(map(_speaks, settings.servers))):
        return TryLater(
            f"Kafka at {settings.place} hangs up at the login of {settings.user} by {settings.mechanism} over"
            f" {settings.security}: check user, password, mechanism and security in JIESU_BUS"
        )
    return TryLater(
        f"something listens on {settings.place} but does not speak Kafka's {settings.security}: "
        f"check the port and security= in JIESU_BUS, and that the broker has finished starting"
    )


def _nobody(settings: KafkaSettings) -> TryLater:
    where = " or ".join(settings.servers)
    return TryLater(f"no Kafka listens on {where}: check that the broker runs, host, port and firewall")


def listens(server: str) -> bool:
    """Whether anything accepts connections on this host:port."""
    host, _, port = server.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=3):
            return True
    except OSError:
        return False


def _speaks(server: str) -> bool:
    """Whether a broker answers here without TLS: it tells its API versions to anyone, before any login."""
    host, _, port = server.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=3) as connection:
            connection.sendall(API_VERSIONS)
            return len(connection.recv(8)) == 8
    except OSError:
        return False
