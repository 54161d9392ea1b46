"""Every revision of a letter gets a label; without a model, or with a broken one, no letter is harmed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bureaus.invented import generate
from classifier.training import train
from letters.errors import TryLater
from letters.ids import letter_id
from storage import models
from tests.unit.streams.conftest import BUREAU, Town, mailbox

PARKING, DOGS = "两条路上天天乱停车，消防车进不来，请交警来拖走", "邻居养的大狗不拴绳子，咬伤了孩子，请来管管"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    letters = folder / "letters.jsonl"
    rows = generate(BUREAU[0], 400, 7, templates="train")
    letters.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    train([letters], folder / "small")
    return folder / "small"


def register(town: Town, folder: Path, sha256: str | None = None) -> None:
    from classifier.serving import LetterModel

    card = dict(LetterModel.load(folder).card) if sha256 is None else {"sha256": sha256}
    with town.house.database.write() as connection:
        name = models.register(connection, folder, card, 1)
        models.promote(connection, name, 1, "test")


def test_without_a_model_every_letter_is_labelled_with_nothing_and_waits(village: Town) -> None:
    village.feed("mailbox", mailbox("M1", PARKING), mailbox("M1", DOGS))
    village.run()
    labels = village.messages("labels")
    assert [(label["letter_id"], label["revision"]) for label in labels] == [
        (str(letter_id("mailbox", "M1")), 1),
        (str(letter_id("mailbox", "M1")), 2),
    ]
    assert [(label["category"], label["unit"], label["model"]) for label in labels] == [(None, None, None)] * 2
    assert village.rows("SELECT state FROM cases") == [("waiting",)]


def test_a_promoted_model_labels_with_its_name_and_its_words(village: Town, trained: Path) -> None:
    register(village, trained)
    village.feed("mailbox", mailbox("M1", PARKING), mailbox("M2", DOGS))
    village.run()
    one, two = village.messages("labels")
    assert {one["category"]["label"], two["category"]["label"]} <= set(village.house.bureau.category)
    assert one["category"] != two["category"]
    assert one["model"]["name"] == "small"
    assert len(one["model"]["sha256"]) == 64
    assert one["category"]["evidence"]


def test_what_is_no_letter_becomes_a_dead_letter_and_the_rest_is_labelled(town: Town) -> None:
    town.feed("mailbox", mailbox("M1"))
    town.run("intake")
    [good] = town.records("letters")
    town.put("letters", b"junk", b"{}")
    town.put("letters", good.value)
    town.run("label")
    assert len(town.messages("labels")) == 2
    assert [dead["reason"] for dead in town.messages("dead-letters")] == ["not_a_letter"] * 2
    for dead in town.messages("dead-letters"):
        assert "docs/schemas/letter.json" in dead["message"]


def test_a_model_that_does_not_load_makes_letters_wait_instead_of_burying_them(village: Town, trained: Path) -> None:
    """A broken model is no fault of the letters: none of them may end as a dead letter for it."""
    import shutil

    broken = trained.parent / "broken"
    if not broken.exists():
        shutil.copytree(trained, broken)
        for file in broken.iterdir():
            if file.suffix != ".json":
                file.write_bytes(b"damaged")
    register(village, broken, "0" * 64)
    village.feed("mailbox", mailbox("M1", PARKING))
    village.run("intake")
    [stage] = village.house.stages(["label"])
    with pytest.raises(TryLater, match="broken"):
        stage.prepare(village.records("letters"))
    assert village.one("SELECT count(*) FROM dead_letters") == 0


def test_workers_keep_the_model_they_have_when_the_next_one_does_not_load(village: Town, trained: Path) -> None:
    register(village, trained)
    assert village.house.models.current() is not None
    broken = trained.parent / "empty"
    broken.mkdir(exist_ok=True)
    (broken / "nothing.json").write_text("{}")
    register(village, broken, "1" * 64)
    village.house.models._asked = float("-inf")
    now = village.house.models.current()
    assert now is not None
    assert now.name == "small"
