"""Kafka that is not there, refuses, or comes back: errors say which host and what to check, and nothing is lost."""

from __future__ import annotations

import base64
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest

from jiesu.services_kafka import Broker, free_ports
from letters import topics
from letters.errors import JiesuError, TryLater
from streams.kafka import KafkaBus
from streams.kafka_errors import NotAllowed
from streams.kafka_url import MAX_FOREIGN_BYTES, MAX_MESSAGE_BYTES, KafkaSettings
from streams.port import MESSAGE_ID, Outgoing, TopicSpec, UnknownTopic

pytestmark = pytest.mark.kafka


def bus_at(url: str) -> KafkaBus:
    return KafkaBus(KafkaSettings.from_url(url))


def as_user(sasl_url: str, user: str, password: str) -> str:
    place = urlsplit(sasl_url).netloc.rpartition("@")[2]
    return f"kafka://{quote(user)}:{quote(password)}@{place}?security=SASL_PLAINTEXT&mechanism=SCRAM-SHA-256"


@pytest.fixture
def own(tmp_path: Path, kafka_libs: str) -> Iterator[Broker]:
    """A broker of the test's own, to be stopped and started."""
    broker = Broker(tmp_path / "kafka", Path(kafka_libs), free_ports())
    broker.start()
    yield broker
    broker.kill()


def test_nobody_listens() -> None:
    port = free_ports()[0]
    bus = bus_at(f"kafka://127.0.0.1:{port}")
    with pytest.raises(TryLater, match=rf"no Kafka listens on 127\.0\.0\.1:{port}"):
        bus.topics()
    with pytest.raises(TryLater, match=f"{port}"):
        bus.publish([Outgoing("t", None, b"x")])


def test_something_else_listens() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(TryLater, match="does not speak Kafka's PLAINTEXT"):
            bus_at(f"kafka://127.0.0.1:{other.getsockname()[1]}").topics()


@pytest.mark.parametrize(("user", "password"), [("admin", "wrong-one"), ("stranger", "wrong-one")])
def test_a_wrong_login_is_called_one(kafka_sasl_url: str, user: str, password: str) -> None:
    # Kafka refuses such a login in words or just hangs up, as it comes
    with pytest.raises(JiesuError, match=rf"login of {user} .*check user, ") as caught:
        bus_at(as_user(kafka_sasl_url, user, password)).topics()
    assert password not in str(caught.value)


def test_a_plain_client_on_the_login_port(kafka_sasl_url: str) -> None:
    place = urlsplit(kafka_sasl_url).netloc.rpartition("@")[2]
    with pytest.raises(JiesuError, match="security"):
        bus_at(f"kafka://{place}").topics()


def test_a_unit_reads_and_writes_only_its_own_topics(kafka_sasl_url: str) -> None:
    admin = bus_at(kafka_sasl_url)
    unit, other = (f"{uuid.uuid4().int % 10**12:012d}" for _ in range(2))
    admin.create(
        [TopicSpec(name(u)) for u in (unit, other) for name in (topics.assignments, topics.notices, topics.progress)]
    )
    admin.set_user(f"unit-{unit}", "geheim")
    granted = admin.acl(unit, f"User:unit-{unit}")
    assert len(granted) == 4
    for each in (unit, other):
        admin.publish([Outgoing(topics.assignments(each), None, b"for " + each.encode())])

    theirs = bus_at(as_user(kafka_sasl_url, f"unit-{unit}", "geheim"))
    assert [record.value for record in theirs.scan(topics.assignments(unit))] == [b"for " + unit.encode()]
    reader = theirs.reader(f"{unit}-desk", [topics.assignments(unit), topics.notices(unit)])
    assert [record.value for record in reader.poll(10, 20)] == [b"for " + unit.encode()]
    reader.commit()
    theirs.publish([Outgoing(topics.progress(unit), None, b"signed")])
    assert [record.value for record in admin.scan(topics.progress(unit))] == [b"signed"]

    for unseen in (
        lambda: theirs.publish([Outgoing(topics.progress(other), None, b"not mine")]),
        lambda: list(theirs.scan(topics.assignments(other))),
    ):
        with pytest.raises(UnknownTopic):
            unseen()
    for forbidden in (
        lambda: theirs.publish([Outgoing(topics.assignments(unit), None, b"not mine either")]),
        lambda: theirs.reader("another-group", [topics.assignments(unit)]).poll(10, 10),
    ):
        with pytest.raises(NotAllowed, match=f"user unit-{unit} has no right to"):
            forbidden()
    assert list(admin.scan(topics.progress(other))) == []
    for bus in (admin, theirs):
        bus.close()


@pytest.mark.parametrize(("unit", "principal"), [("123", "User:x"), ("360703110000", "x"), ("360703110000", "User:*")])
def test_rights_for_nobody_in_particular_are_refused(kafka_url: str, unit: str, principal: str) -> None:
    with pytest.raises(JiesuError, match=r"12 digits|User:<name>"):
        bus_at(kafka_url).acl(unit, principal)


def test_a_record_that_is_taken_still_fits_as_a_dead_letter(kafka_url: str) -> None:
    bus, mark = bus_at(kafka_url), uuid.uuid4().hex
    intake, dead = f"intake.{mark}", f"dead.{mark}"
    bus.create([TopicSpec(intake), TopicSpec(dead)])
    largest = bytes(MAX_FOREIGN_BYTES - 1024)
    bus.publish([Outgoing(intake, None, largest)])
    bus.publish([Outgoing(dead, None, base64.b64encode(largest))])
    with pytest.raises(JiesuError, match="larger than Kafka takes") as caught:
        bus.publish([Outgoing(intake, None, bytes(MAX_FOREIGN_BYTES + 1024))])
    assert not isinstance(caught.value, TryLater)
    bus.close()


def test_a_letter_of_ten_megabytes_passes_and_a_larger_one_is_refused_in_words(kafka_url: str) -> None:
    bus, topic = bus_at(kafka_url), uuid.uuid4().hex
    bus.create([TopicSpec(topic)])
    large = bytes(10 * 1024 * 1024)
    bus.publish([Outgoing(topic, None, large)])
    assert [len(record.value) for record in bus.scan(topic)] == [len(large)]
    with pytest.raises(JiesuError, match="larger than Kafka takes") as caught:
        bus.publish([Outgoing(topic, None, bytes(MAX_MESSAGE_BYTES + 1))])
    assert not isinstance(caught.value, TryLater)
    bus.publish([Outgoing(topic, None, b"after")])
    bus.close()


def test_a_broker_that_stops_and_comes_back_while_we_publish(own: Broker) -> None:
    bus = bus_at(own.url)
    bus.create([TopicSpec("t", 2)])
    began = int(time.time() * 1000) - 1000
    confirmed: list[bytes] = []
    errors: list[JiesuError] = []
    over = threading.Event()

    def publish() -> None:
        number = 0
        while not over.is_set():
            batch = [
                Outgoing("t", b"%d" % i, b"%d" % i, ((MESSAGE_ID, b"%d" % i),)) for i in range(number, number + 50)
            ]
            todo = batch
            while todo:
                try:
                    bus.publish(todo)
                    todo = []
                except TryLater as error:
                    errors.append(error)
                    try:
                        todo = bus.missing(todo, began)
                    except TryLater as again:
                        errors.append(again)
            confirmed.extend(message.value for message in batch)
            number += 50

    publisher = threading.Thread(target=publish)
    publisher.start()
    try:
        enough = len(confirmed) + 500
        deadline = time.monotonic() + 60
        while len(confirmed) < enough:
            assert time.monotonic() < deadline, errors[-3:]
            time.sleep(0.02)
        own.stop()
        own.start()
    finally:
        over.set()
        publisher.join(90)
    assert not publisher.is_alive()
    arrived = [record.value for record in bus.scan("t")]
    assert set(arrived) == set(confirmed)
    assert len(arrived) == len(set(arrived))
    bus.close()
