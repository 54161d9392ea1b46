"""A model folder that is not what was written is refused, in words."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from classifier import model_folder as folders
from classifier.errors import ModelDamagedError, ModelMissingError, ModelTooNewError
from classifier.serving import LetterModel
from letters.errors import JiesuError


@pytest.fixture
def copy(model_folder: Path, tmp_path: Path) -> Path:
    target = tmp_path / "copy"
    shutil.copytree(model_folder, target)
    return target


def test_a_copy_loads_under_its_own_name_with_the_same_hash(copy: Path, model: LetterModel) -> None:
    loaded = LetterModel.load(copy)
    assert (loaded.name, loaded.sha256) == ("copy", model.sha256)


def test_every_file_is_guarded(copy: Path) -> None:
    for file in sorted(copy.glob("*.npy")):
        content = file.read_bytes()
        file.write_bytes(content[:-1])
        with pytest.raises(ModelDamagedError, match=file.name):
            LetterModel.load(copy)
        file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        with pytest.raises(ModelDamagedError, match="changed"):
            LetterModel.load(copy)
        file.unlink()
        with pytest.raises(ModelDamagedError, match="missing"):
            LetterModel.load(copy)
        file.write_bytes(content)
    LetterModel.load(copy)


def test_a_changed_card_is_refused(copy: Path) -> None:
    card = json.loads((copy / "model.json").read_text(encoding="utf-8"))
    card["heads"][0]["threshold"] = 0.0
    (copy / "model.json").write_text(json.dumps(card), encoding="utf-8")
    with pytest.raises(ModelDamagedError, match=r"model\.json was changed"):
        LetterModel.load(copy)


def test_a_truncated_card_is_refused(copy: Path) -> None:
    text = (copy / "model.json").read_text(encoding="utf-8")
    (copy / "model.json").write_text(text[: len(text) // 2], encoding="utf-8")
    with pytest.raises(ModelDamagedError, match="train again"):
        LetterModel.load(copy)


def test_a_newer_model_says_so(copy: Path) -> None:
    card = json.loads((copy / "model.json").read_text(encoding="utf-8"))
    card["format"] = folders.FORMAT + 1
    (copy / "model.json").write_text(json.dumps(card), encoding="utf-8")
    with pytest.raises(ModelTooNewError, match="update jiesu"):
        LetterModel.load(copy)


def test_no_model_is_one_clear_sentence(tmp_path: Path) -> None:
    with pytest.raises(ModelMissingError, match="jiesu train"):
        LetterModel.load(tmp_path / "nowhere")
    assert issubclass(ModelMissingError, JiesuError)


def test_nothing_in_the_folder_is_a_pickle(model_folder: Path) -> None:
    assert {file.suffix for file in model_folder.iterdir()} == {".json", ".npy"}
    for file in model_folder.glob("*.npy"):
        assert b"'descr': '|O'" not in file.read_bytes()[:128]


def test_the_card_tells_what_the_model_is_made_of(model: LetterModel) -> None:
    card = model.card
    assert card["data"]["letters"] == 600
    assert len(card["data"]["sha256"]) == 64
    assert card["training"]["category"]["support"].keys() == {"户政", "交管", "治安"}
    assert card["training"]["category"]["held_out"]["accuracy"] > 0.9
    assert {"python", "numpy"} <= card["versions"].keys()


def test_a_folder_that_is_no_model_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers" / "thesis.txt").write_text("important")
    with pytest.raises(FileExistsError, match="not a model folder"):
        folders.save(tmp_path / "papers", {}, {})
    assert (tmp_path / "papers" / "thesis.txt").read_text() == "important"
