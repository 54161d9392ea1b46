"""The registry of models: kept whole under one name for good, promoted, rolled back, and unpacked whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from letters.errors import JiesuError
from storage import models
from storage.database import Database


def folder(tmp_path: Path, name: str, content: str) -> Path:
    made = tmp_path / "trained" / name
    made.mkdir(parents=True, exist_ok=True)
    (made / "model.json").write_text(content)
    (made / "weights.npz").write_bytes(os.urandom(64))
    return made


def register(database: Database, tmp_path: Path, name: str, at: int = 1) -> Path:
    made = folder(tmp_path, name, name)
    with database.write() as connection:
        models.register(connection, made, {"sha256": f"sha-of-{name}", "remarks": ["样本少"]}, at)
    return made


def labelling(database: Database) -> str | None:
    with database.read() as connection:
        found = models.promoted(connection)
    return found[0] if found else None


def promote(database: Database, name: str, at: int = 1) -> None:
    with database.write() as connection:
        models.promote(connection, name, at, "test")


def rollback(database: Database) -> str:
    with database.write() as connection:
        return models.rollback(connection, 9, "test")


def test_a_model_labels_once_promoted_and_the_one_before_after_a_rollback(database: Database, tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        register(database, tmp_path, name)
    assert labelling(database) is None, "a registered model does nothing yet"
    promote(database, "a")
    promote(database, "b")
    promote(database, "b")
    assert labelling(database) == "b"
    assert rollback(database) == "a", "the model before it, not the same one promoted twice"
    assert labelling(database) == "a"
    promote(database, "c")
    assert rollback(database) == "a"
    with database.read() as connection:
        listed = {model.name: model.promoted_at for model in models.registered(connection)}
    assert listed == {"a": 9, "b": None, "c": None}


def test_there_is_nothing_to_roll_back_to_at_first(database: Database, tmp_path: Path) -> None:
    with pytest.raises(JiesuError, match="before"):
        rollback(database)
    register(database, tmp_path, "a")
    promote(database, "a")
    with pytest.raises(JiesuError, match="before"):
        rollback(database)
    assert labelling(database) == "a"


def test_a_name_means_one_model_for_good(database: Database, tmp_path: Path) -> None:
    made = register(database, tmp_path, "a")
    register(database, tmp_path, "a")
    with pytest.raises(models.NameTaken, match="'a'"), database.write() as connection:
        models.register(connection, made, {"sha256": "another"}, 2)
    with database.read() as connection:
        [kept] = models.registered(connection)
    assert (kept.sha256, kept.card["remarks"]) == ("sha-of-a", ["样本少"])


def test_an_unknown_name_is_told(database: Database, tmp_path: Path) -> None:
    with pytest.raises(models.UnknownModel, match="nobody"):
        promote(database, "nobody")
    with pytest.raises(models.UnknownModel), database.read() as connection:
        models.unpack(connection, "nobody", tmp_path)


def test_a_model_comes_out_as_it_went_in(database: Database, tmp_path: Path) -> None:
    made = register(database, tmp_path, "a")
    cache = tmp_path / "cache"
    with database.read() as connection:
        out = models.unpack(connection, "a", cache)
        assert models.unpack(connection, "a", cache) == out
    assert {file.name: file.read_bytes() for file in out.iterdir()} == {
        file.name: file.read_bytes() for file in made.iterdir()
    }


def test_an_unpacking_cut_short_leaves_no_half_model(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = register(database, tmp_path, "a")
    cache = tmp_path / "cache"

    class Killed(BaseException):
        pass

    def killed(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patched, database.read() as connection:
        patched.setattr(os, "rename", killed)
        with pytest.raises(Killed):
            models.unpack(connection, "a", cache)
    assert not (cache / "sha-of-a" / "a").exists()
    with database.read() as connection:
        out = models.unpack(connection, "a", cache)
    assert sorted(file.name for file in out.iterdir()) == sorted(file.name for file in made.iterdir())
    assert [path.name for path in cache.iterdir()] == ["sha-of-a"], "the half-unpacked files are gone"


def test_another_worker_that_unpacked_first_is_no_error(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(database, tmp_path, "a")
    cache = tmp_path / "cache"
    rename = os.rename

    def after_another(source: Path, target: Path) -> None:
        other = Path(target)
        other.mkdir(parents=True)
        (other / "model.json").write_text("a")
        rename(source, target)

    with monkeypatch.context() as patched, database.read() as connection:
        patched.setattr(os, "rename", after_another)
        out = models.unpack(connection, "a", cache)
    assert (out / "model.json").read_text() == "a"
