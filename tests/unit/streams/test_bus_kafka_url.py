"""JIESU_BUS for Kafka: every form that is meant is read, every other is refused in words, no password is ever shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from letters.errors import SettingsError
from streams.buses import open_bus
from streams.embedded import EmbeddedBus
from streams.kafka_reader import pattern_of
from streams.kafka_url import KafkaSettings


def test_a_plain_address() -> None:
    settings = KafkaSettings.from_url("kafka://a:9092,b:9093")
    assert settings.servers == ("a:9092", "b:9093")
    assert settings.kafka_python() == {"bootstrap_servers": ["a:9092", "b:9093"], "security_protocol": "PLAINTEXT"}
    assert settings.aiokafka() == settings.kafka_python()


def test_login_and_tls() -> None:
    url = (
        "kafka://%E7%94%A8:p%40ss%3Aw@h:1?security=SASL_SSL&mechanism=SCRAM-SHA-512"
        "&cafile=/c.pem&check_hostname=false&session_timeout=6"
    )
    settings = KafkaSettings.from_url(url)
    assert (settings.user, settings.password, settings.mechanism) == ("用", "p@ss:w", "SCRAM-SHA-512")
    assert settings.session_timeout == 6
    assert settings.kafka_python() == {
        "bootstrap_servers": ["h:1"],
        "security_protocol": "SASL_SSL",
        "ssl_check_hostname": False,
        "ssl_cafile": "/c.pem",
        "ssl_certfile": None,
        "ssl_keyfile": None,
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "用",
        "sasl_plain_password": "p@ss:w",
    }
    with pytest.raises(SettingsError, match="cafile"):
        settings.aiokafka()


def test_a_user_means_scram_unless_said_otherwise() -> None:
    settings = KafkaSettings.from_url("kafka://u:p@h:1")
    assert (settings.security, settings.mechanism) == ("SASL_PLAINTEXT", "SCRAM-SHA-256")


def test_the_password_is_not_shown() -> None:
    settings = KafkaSettings.from_url("kafka://u:secret@h:1")
    assert "secret" not in repr(settings) + str(settings) + settings.place


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("kafka://", "reads kafka://"),
        ("kafka://host", "'host' is not host:port"),
        ("kafka://host:0", "host:0"),
        ("kafka://host:port", "host:port"),
        ("kafka://a:1,", "'' is not host:port"),
        ("kafka://u:p@h:1?security=SASL", "security=SASL is none of"),
        ("kafka://u:p@h:1?mechanism=MD5", "mechanism=MD5 is none of"),
        ("kafka://h:1?security=SASL_SSL", "needs a user"),
        ("kafka://u:p@h:1?security=SSL", "no use for a user"),
        ("kafka://h:1?sercurity=SSL", "no option sercurity"),
        ("kafka://h:1?session_timeout=soon", "session_timeout=soon"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(url: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        KafkaSettings.from_url(url)


def test_the_bus_of_an_address(tmp_path: Path) -> None:
    for url, file in (("embedded", tmp_path / "bus.sqlite3"), (f"embedded:{tmp_path}/other", tmp_path / "other")):
        bus = open_bus(url, tmp_path)
        assert isinstance(bus, EmbeddedBus)
        assert bus.path == file
        bus.close()
    with pytest.raises(SettingsError, match="'rabbit'"):
        open_bus("rabbit://h", tmp_path)


def test_one_pattern_for_several_names() -> None:
    assert pattern_of(["a.b", "progress.*"]) == r"^(?:a\.b|progress\..*)$"
