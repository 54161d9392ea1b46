"""`kafka://…` goes in, the settings of kafka-python and of aiokafka come out; the password shows in neither repr nor log."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl, unquote

from letters.errors import SettingsError

MAX_MESSAGE_BYTES: Final = 20 * 1024 * 1024
"""The largest message; topics and broker are told the same."""
MAX_FOREIGN_BYTES: Final = 14 * 1024 * 1024
"""The largest message that others may send us, so that it still fits in ours as a dead letter in base64."""

_SECURITY: Final = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
_MECHANISMS: Final = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
_FILES: Final = ("cafile", "certfile", "keyfile")
_FORM: Final = "kafka://[user:password@]host:port[,host:port…][?security=SASL_SSL&mechanism=SCRAM-SHA-256&cafile=…]"


@dataclass(frozen=True, slots=True)
class KafkaSettings:
    """How to reach Kafka. With a user the default is SASL_PLAINTEXT and SCRAM-SHA-256, without one PLAINTEXT."""

    servers: tuple[str, ...]
    security: str = "PLAINTEXT"
    mechanism: str | None = None
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    cafile: str | None = None
    certfile: str | None = None
    keyfile: str | None = None
    check_hostname: bool = True
    session_timeout: float = 10.0
    """Seconds after which the partitions of a silent member go to others; not below group.min.session.timeout.ms."""

    @classmethod
    def from_url(cls, url: str) -> KafkaSettings:
        """Read `kafka://[user:password@]host:port[,host:port]?security=&mechanism=&cafile=&certfile=&keyfile=
        &check_hostname=&session_timeout=`; user and password percent-encoded. `SettingsError` says what does not fit."""
        scheme, _, rest = url.partition("://")
        if scheme != "kafka" or not rest:
            raise SettingsError(f"a Kafka address reads {_FORM}")
        place, _, query = rest.partition("?")
        account, _, hosts = place.rstrip("/").rpartition("@")
        user, _, password = account.partition(":")
        options = dict(parse_qsl(query, keep_blank_values=True))
        known = {"security", "mechanism", "check_hostname", "session_timeout", *_FILES}
        if unknown := sorted(set(options) - known):
            raise SettingsError(f"Kafka address: no option {', '.join(unknown)}; there are {', '.join(sorted(known))}")
        security = options.get("security", "SASL_PLAINTEXT" if user else "PLAINTEXT")
        mechanism = options.get("mechanism", "SCRAM-SHA-256" if security.startswith("SASL") else None)
        if security not in _SECURITY:
            raise SettingsError(f"Kafka address: security={security} is none of {', '.join(_SECURITY)}")
        if mechanism is not None and mechanism not in _MECHANISMS:
            raise SettingsError(f"Kafka address: mechanism={mechanism} is none of {', '.join(_MECHANISMS)}")
        if security.startswith("SASL") != bool(user):
            raise SettingsError(
                f"Kafka address: security={security} {'needs' if not user else 'has no use for'} a user and password"
            )
        return cls(
            servers=tuple(_server(host) for host in hosts.split(",")),
            security=security,
            mechanism=mechanism,
            user=unquote(user) or None,
            password=unquote(password) or None,
            check_hostname=options.get("check_hostname", "true").lower() not in ("false", "0", "no"),
            session_timeout=_seconds(options.get("session_timeout", "10")),
            **{name: options.get(name) for name in _FILES},
        )

    @property
    def place(self) -> str:
        """The servers as one word, for a sentence."""
        return ",".join(self.servers)

    def kafka_python(self) -> dict[str, Any]:
        """Keyword arguments that every kafka-python client takes."""
        found: dict[str, Any] = {"bootstrap_servers": list(self.servers), "security_protocol": self.security}
        if self.security.endswith("SSL"):
            found |= {
                "ssl_check_hostname": self.check_hostname,
                "ssl_cafile": self.cafile,
                "ssl_certfile": self.certfile,
                "ssl_keyfile": self.keyfile,
            }
        return found | self._sasl()

    def aiokafka(self) -> dict[str, Any]:
        """Keyword arguments that every aiokafka client takes."""
        found: dict[str, Any] = {"bootstrap_servers": list(self.servers), "security_protocol": self.security}
        if self.security.endswith("SSL"):
            found["ssl_context"] = self.ssl_context()
        return found | self._sasl()

    def ssl_context(self) -> ssl.SSLContext:
        """TLS as the address asks for it; `SettingsError` when a certificate file is not there or not sound."""
        try:
            made = ssl.create_default_context(cafile=self.cafile)
            made.check_hostname = self.check_hostname
            if self.certfile:
                made.load_cert_chain(self.certfile, self.keyfile)
        except OSError as error:
            raise SettingsError(f"Kafka address: cafile, certfile or keyfile cannot be used: {error}") from error
        return made

    def _sasl(self) -> dict[str, Any]:
        if not self.user:
            return {}
        return {
            "sasl_mechanism": self.mechanism,
            "sasl_plain_username": self.user,
            "sasl_plain_password": self.password or "",
        }


def _seconds(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = 0.0
    if not 1 <= found <= 1800:
        raise SettingsError(f"Kafka address: session_timeout={text} is not a number of seconds from 1 to 1800")
    return found


def _server(text: str) -> str:
    host, _, port = text.strip().rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise SettingsError(f"Kafka address: {text.strip()!r} is not host:port; an address reads {_FORM}")
    return f"{host}:{port}"
