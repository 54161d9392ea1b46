"""Replay, what-if, shadow and promotion on a small archive: proved on the real stages with two real models."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest
from sqlalchemy import text

from bureaus.invented import generate, raw_records
from classifier.serving import LetterModel
from classifier.training import train
from jiesu.replay import Replayed, Replayer
from jiesu.settings import EXAMPLE_BUREAU, load_settings
from jiesu.what_if import Question, what_if
from jiesu.wiring import House
from letters import topics
from letters.bureau_files import read_bureau
from storage import archive, models
from streams.binding import run_until_idle
from streams.port import Outgoing

LETTERS = 60


@pytest.fixture(scope="module")
def two_models(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A model that learned from 600 letters, and one that learned from 120."""
    folder = tmp_path_factory.mktemp("models")
    bureau = read_bureau(EXAMPLE_BUREAU)
    made = []
    for name, count in (("large", 600), ("small", 120)):
        file = folder / f"{name}.jsonl"
        rows = generate(bureau, count, 5, templates="train")
        file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
        train([file], folder / name)
        made.append(folder / name)
    return made[0], made[1]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    built = House(load_settings(home=tmp_path, bus="embedded"))
    built.prepare()
    yield built
    built.close()


def promote(house: House, model: Path, role: models.Role = "label") -> None:
    with house.database.write() as connection:
        name = models.register(connection, model, LetterModel.load(model).card, 1)
        models.promote(connection, name, 1, "test", role)
    house.models.ask_again()


def work(house: House, first: int, count: int) -> None:
    """Invented records on their topics, then every stage."""
    source = raw_records(house.bureau, first + count, 9, start=house.clock.now(), days=0)
    for channel, record in islice(source, first, None):
        house.bus.publish([Outgoing(topics.intake(channel), None, json.dumps(record, ensure_ascii=False).encode())])
    bindings = house.bindings()
    run_until_idle(bindings)
    for binding in bindings:
        binding.close()


def replayed(house: House) -> Replayed:
    with house.database.read() as connection:
        return Replayer(house.database, house.home / "models").replay(archive.decided_letters(connection))


def test_decisions_of_two_models_replay_byte_for_byte_and_a_changed_one_is_named(
    house: House, two_models: tuple[Path, Path]
) -> None:
    promote(house, two_models[0])
    work(house, 0, LETTERS // 2)
    promote(house, two_models[1])
    work(house, LETTERS // 2, LETTERS // 2)
    names = {
        json.loads(bytes(row[0]))["label"]["model"]["name"]
        for row in _rows(house, "SELECT document FROM ledger WHERE event = 'decided'")
    }
    assert names == {"large", "small"}, "each label names the model that labelled at that time"
    result = replayed(house)
    assert (result.letters, result.equal) == (LETTERS, LETTERS), result.differing[:3]

    [(seq, document)] = _rows(house, "SELECT seq, document FROM ledger WHERE event = 'decided' LIMIT 1")
    forged = (
        bytes(document)
        .replace(b'"round":1', b'"round":1,"forged":1')
        .replace(b'"reason":"', '"reason":"改'.encode(), 1)
    )
    with house.database.write() as connection:
        connection.execute(text("UPDATE ledger SET document = :d WHERE seq = :s"), {"d": forged, "s": seq})
    result = replayed(house)
    assert result.equal == LETTERS - 1
    assert len(result.differing) == 1


def test_what_another_model_would_change_is_counted_and_nothing_is_written(
    house: House, two_models: tuple[Path, Path]
) -> None:
    promote(house, two_models[0])
    work(house, 0, LETTERS)
    before = _rows(house, "SELECT count(*) FROM ledger"), house.bus.ends(["labels"])
    same = what_if(Question(house.settings.database(), EXAMPLE_BUREAU, two_models[0]), processes=1)
    other = what_if(Question(house.settings.database(), EXAMPLE_BUREAU, two_models[1]), processes=1)
    assert (same.letters, same.category, same.accepted[0]) == (LETTERS, {}, same.accepted[1])
    assert other.letters == LETTERS
    assert sum(other.category.values()) > 0, "a model that learned less labels some letters otherwise"
    assert (_rows(house, "SELECT count(*) FROM ledger"), house.bus.ends(["labels"])) == before


def test_the_same_bureau_would_decide_the_same(house: House, two_models: tuple[Path, Path]) -> None:
    promote(house, two_models[0])
    work(house, 0, LETTERS)
    found = what_if(Question(house.settings.database(), EXAMPLE_BUREAU, None, EXAMPLE_BUREAU), processes=1)
    assert found.letters == LETTERS
    assert not found.host
    assert sum(after for _, after in found.load.values()) == LETTERS


def test_a_shadow_model_changes_nothing_and_its_disagreements_are_kept(
    house: House, two_models: tuple[Path, Path]
) -> None:
    promote(house, two_models[0])
    promote(house, two_models[1], "shadow")
    work(house, 0, LETTERS)
    labelled = {
        json.loads(bytes(row[0]))["label"]["model"]["name"]
        for row in _rows(house, "SELECT document FROM ledger WHERE event = 'decided'")
    }
    assert labelled == {"large"}
    with house.database.read() as connection:
        found = archive.disagreements(connection, "small", 1000)
    assert found
    assert all(each.labelled != each.shadow for each, _, _ in found)


def _rows(house: House, query: str) -> list[tuple[object, ...]]:
    with house.database.read() as connection:
        return [tuple(row) for row in connection.execute(text(query))]
