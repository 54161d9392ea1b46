"""The proof is taken while work goes on: it names what is lost and nothing that is only on its way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jiesu.conservation import prove
from jiesu.settings import Settings
from jiesu.wiring import House
from streams.binding import run_until_idle
from streams.port import Outgoing


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(Settings(home=tmp_path / "home"))
    made.prepare()
    yield made
    made.close()


def feed(house: House, number: str) -> None:
    record = '{"id": "%s", "submitted_at": "2026-11-01T09:00:00+08:00", "introduce": "路上乱停车"}' % number  # noqa: UP031
    house.bus.publish([Outgoing("intake.mailbox", None, record.encode())])


def run(house: House, *stages: str) -> None:
    bindings = house.bindings(names=stages)
    run_until_idle(bindings)
    for binding in bindings:
        binding.leave()


def meanwhile(monkeypatch: pytest.MonkeyPatch, of: Any, method: str, work: Any) -> None:
    """Lets `work` happen the first time that the proof asks for this."""
    real, left = getattr(of, method), [1]

    def asked(*given: Any) -> Any:
        answer = real(*given)
        if left:
            left.clear()
            work()
        return answer

    monkeypatch.setattr(of, method, asked)


def test_a_letter_that_arrives_while_the_proof_is_taken_is_not_lost(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed(house, "M1")
    run(house)

    def arrives() -> None:
        feed(house, "M2")
        run(house, "intake")

    meanwhile(monkeypatch, house.bus, "ends", arrives)
    sums = prove(house)
    assert sums.adds_up
    assert (sums.letters, sums.pending) == (2, 1)


def test_a_letter_that_is_decided_while_the_proof_is_taken_is_not_lost(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed(house, "M1")
    run(house, "intake")
    meanwhile(monkeypatch, house.outbox, "waiting", lambda: run(house))
    sums = prove(house)
    assert sums.adds_up, "undecided when the tables were read, and nothing on its way a moment later: it was decided"
    assert sums.pending == 1


def test_a_letter_whose_message_is_gone_is_named(house: House) -> None:
    feed(house, "M1")
    run(house, "intake")
    reader = house.bus.reader("label", ["letters"])
    assert len(reader.poll(10, 0)) == 1
    reader.commit()  # as a worker would that commits before its work is safe
    reader.close()
    sums = prove(house)
    assert not sums.adds_up
    assert sums.unaccounted == ["letter mailbox M1 was never decided"]
