"""The model registry: whole model folders go in, the promoted one comes out; a rollback is one more promotion."""

from __future__ import annotations

import io
import json
import os
import shutil
import tarfile
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Connection, insert, select

from letters.errors import JiesuError
from storage.tables import ModelRow, Promotion


class UnknownModel(JiesuError):
    """No model of the name {name!r} is in the registry; jiesu models list names those that are."""


class NameTaken(JiesuError):
    """Another model is already registered as {name!r}; train it to a folder of another name."""


@dataclass(frozen=True, slots=True)
class Registered:
    """A model in the registry. `promoted_at` (ms) is None unless it is the one that labels."""

    name: str
    sha256: str
    added_at: int
    card: Mapping[str, Any]
    promoted_at: int | None


def register(connection: Connection, folder: Path, card: Mapping[str, Any], at: int) -> str:
    """Keep a model folder under its own name; the same model again is harmless."""
    name, sha256 = folder.resolve().name, str(card["sha256"])
    known = connection.execute(select(ModelRow.sha256).where(ModelRow.name == name)).scalar_one_or_none()
    if known is not None and known != sha256:
        raise NameTaken(name=name)
    if known is None:
        connection.execute(
            insert(ModelRow).values(
                name=name, sha256=sha256, added_at=at, card=json.dumps(card, ensure_ascii=False), archive=_pack(folder)
            )
        )
    return name


Role = Literal["label", "shadow"]
"""The model that labels, or one that labels beside it without any effect, to be compared."""


def promote(connection: Connection, name: str, at: int, by: str, role: Role = "label") -> None:
    """From now on this model has the role."""
    if connection.execute(select(ModelRow.name).where(ModelRow.name == name)).scalar_one_or_none() is None:
        raise UnknownModel(name=name)
    connection.execute(insert(Promotion).values(role=role, name=name, at=at, by=by))


def end_shadow(connection: Connection, at: int, by: str) -> None:
    """No model labels in the shadow any more."""
    connection.execute(insert(Promotion).values(role="shadow", name=None, at=at, by=by))


def rollback(connection: Connection, at: int, by: str) -> str:
    """Promote the model that labelled before the present one; its name."""
    history = select(Promotion.name).where(Promotion.role == "label").order_by(Promotion.seq.desc())
    names = [name for name in connection.scalars(history) if name is not None]
    earlier = next((name for name in names if name != names[0]), None)
    if earlier is None:
        raise JiesuError("no other model was promoted before; jiesu models promote NAME names one")
    promote(connection, earlier, at, by)
    return earlier


def promoted(connection: Connection, role: Role = "label") -> tuple[str, str] | None:
    """Name and sha256 of the model that has the role; None while there is none."""
    newest = (
        select(Promotion.name).where(Promotion.role == role).order_by(Promotion.seq.desc()).limit(1).scalar_subquery()
    )
    row = connection.execute(select(ModelRow.name, ModelRow.sha256).where(ModelRow.name == newest)).one_or_none()
    return (row.name, row.sha256) if row else None


def registered(connection: Connection) -> list[Registered]:
    """Every model, the oldest first."""
    now = promoted(connection)
    since = connection.execute(
        select(Promotion.at).where(Promotion.role == "label").order_by(Promotion.seq.desc()).limit(1)
    ).scalar_one_or_none()
    rows = connection.execute(
        select(ModelRow.name, ModelRow.sha256, ModelRow.added_at, ModelRow.card).order_by(ModelRow.added_at)
    )
    return [
        Registered(name, sha, added, json.loads(card), since if now and now[0] == name else None)
        for name, sha, added, card in rows
    ]


def unpack(connection: Connection, name: str, into: Path) -> Path:
    """The model's folder below `into`, unpacked once: `<into>/<sha256>/<name>`."""
    row = connection.execute(select(ModelRow.sha256, ModelRow.archive).where(ModelRow.name == name)).one_or_none()
    if row is None:
        raise UnknownModel(name=name)
    target: Path = into / row.sha256 / name
    if target.exists():
        return target
    into.mkdir(parents=True, exist_ok=True)
    # Unpacked aside and renamed: a process that is killed half-way leaves no half model under the model's name.
    with tempfile.TemporaryDirectory(dir=into) as scratch:
        with tarfile.open(fileobj=io.BytesIO(row.archive)) as archive:
            archive.extractall(Path(scratch) / name, filter="data")
        (into / row.sha256).mkdir(exist_ok=True)
        try:
            os.rename(Path(scratch) / name, target)
        except OSError:  # another worker was first
            shutil.rmtree(Path(scratch) / name, ignore_errors=True)
    return target


def _pack(folder: Path) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=6) as archive:
        for file in sorted(folder.iterdir()):
            archive.add(file, arcname=file.name)
    return buffer.getvalue()
