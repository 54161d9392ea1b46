"""The sample records are what their list says: forms that parse, and bad ones that are refused for the reason given."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from ruamel.yaml import YAML

from bureaus.sample_workbook import TARGET, workbook
from connectors.reading import read_with
from connectors.registry import CONNECTORS
from letters.bureau_files import read_bureau
from letters.clock import SHANGHAI
from letters.errors import InvalidRecord

NANKANG = Path(__file__).parents[3] / "bureaus" / "nankang"
SAMPLES = NANKANG / "samples"
NOW = datetime(2026, 11, 20, tzinfo=SHANGHAI)
Header = tuple[str, bytes]


@cache
def expected() -> dict[str, list[dict[str, Any]]]:
    listed: dict[str, list[dict[str, Any]]] = {}
    for record in YAML(typ="safe", pure=True).load((SAMPLES / "expected.yaml").read_text(encoding="utf-8"))["records"]:
        listed.setdefault(record["file"], []).append(record)
    return listed


def records(path: Path) -> Iterator[tuple[bytes, list[Header]]]:
    if path.suffix == ".jsonl":
        yield from ((line, []) for line in path.read_bytes().split(b"\n") if line.strip())
    elif path.suffix == ".csv":
        text = path.read_bytes().decode("gb18030")
        yield from ((json.dumps(row).encode(), []) for row in csv.DictReader(io.StringIO(text, newline="")))
    elif path.suffix == ".xlsx":
        heading, *rows = openpyxl.load_workbook(path).active.values  # type: ignore[union-attr]
        yield from ((json.dumps(dict(zip(heading, row, strict=True))).encode(), []) for row in rows)
    else:
        yield path.read_bytes(), [("content-type", b"application/xml; charset=gb18030")]


FILES = sorted(path.name for path in SAMPLES.iterdir() if path.suffix in (".jsonl", ".csv", ".xlsx", ".xml"))


def test_every_file_is_listed_and_has_a_line_for_each_record() -> None:
    assert set(expected()) == set(FILES)
    assert {name: len(list(records(SAMPLES / name))) for name in FILES} == {
        name: len(listed) for name, listed in expected().items()
    }
    assert 60 <= sum(map(len, expected().values())) <= 100


@pytest.mark.parametrize("name", FILES)
def test_each_record_ends_as_its_list_says(name: str) -> None:
    connector = CONNECTORS[name.split(".")[0].split("_")[0]]
    seen: dict[str, bytes] = {}
    for (value, headers), record in zip(records(SAMPLES / name), expected()[name], strict=True):
        if record["end"] == "dead":
            with pytest.raises(InvalidRecord) as refused:
                read_with(connector, value, headers, received_at=NOW)
            assert refused.value.reason == record["reason"], record
            continue
        parsed = read_with(connector, value, headers, received_at=NOW)
        number = parsed.letter.source_id
        ends = "letter" if number not in seen else "repeat" if seen[number] == parsed.content else "revision"
        assert (record["end"], record["number"]) == (ends, number), record
        assert parsed.letter.arrived_at < NOW
        seen[number] = parsed.content


def test_the_list_names_units_and_categories_of_the_bureau() -> None:
    bureau = read_bureau(NANKANG)
    names = {unit.name for unit in bureau.units.values()}
    for record in (record for listed in expected().values() for record in listed):
        assert {record.get("host"), *record.get("not", [])} - {None} <= names, record
        assert record.get("category") in {None, *bureau.category}, record


def test_every_kind_of_end_is_shown() -> None:
    ends = Counter(record["end"] for listed in expected().values() for record in listed)
    assert set(ends) == {"letter", "repeat", "revision", "dead"}
    assert ends["dead"] >= 15
    outcomes = {record.get("outcome") for listed in expected().values() for record in listed}
    assert {"escalated", "waiting"} <= outcomes


def test_the_workbook_is_what_its_script_writes() -> None:
    assert workbook() == workbook()
    kept, made = (openpyxl.load_workbook(source).active for source in (TARGET, io.BytesIO(workbook())))
    assert list(kept.values) == list(made.values)  # type: ignore[union-attr]
