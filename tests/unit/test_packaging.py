"""The distribution: this repository's packages are what is imported, and a wheel brings along all that they need."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PYPROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES: list[str] = PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from this repository without any index."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    """Every file in the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.mark.parametrize("package", PACKAGES)
def test_each_package_is_imported_from_this_repository(package: str) -> None:
    """Plain top-level names are easily taken by another distribution; that would run somebody else's code."""
    assert Path(importlib.import_module(package).__file__ or "").is_relative_to(ROOT / package)


def test_every_package_of_the_repository_is_declared() -> None:
    here = {path.parent.name for path in ROOT.glob("*/__init__.py") if path.parent.name not in ("tests", "benchmarks")}
    assert here == set(PACKAGES)


def test_the_wheel_holds_every_file_that_git_holds_of_the_packages(names: set[str]) -> None:
    listed = subprocess.run(["git", "ls-files", "--", *PACKAGES], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("no git repository here")
    there = {name for name in listed.stdout.splitlines() if (ROOT / name).exists()}
    assert there - names == set()


@pytest.mark.parametrize(
    "needed",
    [
        "bureaus/nankang/units.csv",
        "bureaus/nankang/samples/mailbox.jsonl",
        "bureaus/NOTICE",
        "storage/migrations/env.py",
        "storage/migrations/versions/0001_first_tables.py",
        "desk/templates/page.html",
        "desk/static/desk.css",
        "jiesu/cli.py",
    ],
)
def test_the_wheel_holds_data_that_no_import_would_miss(names: set[str], needed: str) -> None:
    assert needed in names


def test_the_wheel_holds_neither_tests_nor_run_time_data(names: set[str]) -> None:
    folders = {name.split("/")[0] for name in names}
    assert {folder for folder in folders if not folder.endswith(".dist-info")} == set(PACKAGES)


def test_the_wheel_cannot_be_uploaded_by_mistake_and_brings_the_program(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (info,) = {name.split("/")[0] for name in archive.namelist() if ".dist-info/" in name}
        assert b"Classifier: Private :: Do Not Upload" in archive.read(f"{info}/METADATA")
        assert b"jiesu = jiesu.cli:main" in archive.read(f"{info}/entry_points.txt")


def test_the_program_runs_from_the_wheel_alone(wheel: Path, tmp_path: Path) -> None:
    """Not from the repository: what only stands there would be missing here."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    command = [sys.executable, "-m", "jiesu.cli", "doctor", "--bureau-only", "--json"]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site"), "JIESU_HOME": str(tmp_path / "home")}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert str(tmp_path / "site") in done.stdout


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_locked_requirements_have_hashes_and_name_no_index(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert "://" not in text
    assert "index-url" not in text
    blocks = [block for block in re.split(r"\n(?=[a-z0-9])", text) if re.match(r"[a-z0-9]", block)]
    assert blocks
    assert [block.split()[0] for block in blocks if "--hash=sha256:" not in block] == []


def test_the_lock_file_holds_every_dependency() -> None:
    declared = [*PYPROJECT["project"]["dependencies"], *PYPROJECT["project"]["optional-dependencies"]["dev"]]
    locked = set(
        re.findall(r"^([a-z0-9-]+)(?:\[[a-z0-9,]+\])?==", (ROOT / "requirements-dev.lock").read_text(), re.MULTILINE)
    )
    wanted = {re.split(r"[\[<>=! ]", requirement)[0].lower().replace(".", "-") for requirement in declared}
    assert wanted - locked == set()
