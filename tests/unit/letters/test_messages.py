"""The wire messages: JSON in and out without loss, readable by older and newer programs, never changed in place."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from letters.clock import SHANGHAI
from letters.messages import SCHEMA_VERSION, WIRE, Assignment, Letter, Message, Progress

ID = "7b0a7f0e-98ee-5d3c-8c44-7f5b3a0e2c11"
AT = "2025-04-22T09:12:30+08:00"
UNIT = {"code": "360703510000", "name": "金鸡派出所"}

SMALLEST: dict[str, dict[str, Any]] = {
    "letter": {
        "letter_id": ID,
        "channel": "110",
        "source_id": "1",
        "kind": "报警",
        "body": "有人打架",
        "arrived_at": AT,
        "received_at": AT,
    },
    "label": {"letter_id": ID},
    "assignment": {
        "assignment_id": ID,
        "letter_id": ID,
        "unit": UNIT,
        "role": "host",
        "host": UNIT,
        "source": {"channel": "110", "source_id": "1"},
        "title": "",
        "body": "有人打架",
        "arrived_at": AT,
        "assigned_at": AT,
        "reason": "地点在金鸡派出所辖区",
        "decision": ID,
    },
    "progress": {"assignment_id": ID, "step": "signed", "at": AT, "by": "李警官", "progress_id": "1"},
    "notice": {"notice_id": ID, "kind": "danger", "title": "险情", "text": "请立即处置", "at": AT},
    "dead-letter": {
        "dead_id": ID,
        "topic": "intake.110",
        "partition": 0,
        "offset": 7,
        "timestamp": AT,
        "raw": "e30=",
        "reason": "missing_field",
        "message": "jjdbh: found none",
        "at": AT,
    },
    "control": {"command": "drain", "at": AT},
}


@pytest.fixture(params=sorted(WIRE))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def message(name: str, **more: Any) -> Message:
    return WIRE[name].model_validate_json(json.dumps(SMALLEST[name] | more))


def test_every_message_has_an_example_here() -> None:
    assert SMALLEST.keys() == WIRE.keys()


def test_what_was_written_reads_back_equal(name: str) -> None:
    one = message(name)
    text = one.model_dump_json()
    assert WIRE[name].model_validate_json(text) == one
    assert WIRE[name].model_validate_json(text).model_dump_json() == text


def test_a_field_of_a_newer_program_is_ignored_at_every_depth(name: str) -> None:
    def grown(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: grown(each) for key, each in value.items()} | {"from_the_future": [1, {"a": None}]}
        return value

    newer = grown(SMALLEST[name]) | {"schema_version": SCHEMA_VERSION + 1}
    if name == "dead-letter":  # headers are free names: nothing in there is unknown
        newer["headers"] = {}
    read = WIRE[name].model_validate_json(json.dumps(newer))
    assert read.schema_version == SCHEMA_VERSION + 1
    assert "from_the_future" not in read.model_dump_json()


def test_a_message_of_an_older_program_may_lack_every_optional_field(name: str) -> None:
    assert message(name).schema_version == SCHEMA_VERSION


def test_a_required_field_that_is_absent_is_named(name: str) -> None:
    for missing in SMALLEST[name]:
        if not WIRE[name].model_fields[missing].is_required():
            continue
        rest = {key: value for key, value in SMALLEST[name].items() if key != missing}
        with pytest.raises(ValidationError, match=missing):
            WIRE[name].model_validate_json(json.dumps(rest))


def test_a_message_cannot_be_changed(name: str) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        message(name).schema_version = 9


def test_times_are_told_in_shanghai_and_need_an_offset(name: str) -> None:
    times = [field for field, value in SMALLEST[name].items() if value == AT]
    for field in times:
        told = json.loads(message(name, **{field: "2025-04-22T01:12:30Z"}).model_dump_json())
        assert told[field] == AT
        with pytest.raises(ValidationError, match=field):
            message(name, **{field: "2025-04-22T09:12:30"})


@settings(max_examples=60)
@given(
    body=st.text(st.characters(exclude_categories=["Cs"])),
    title=st.text(st.characters(exclude_categories=["Cs"])),
    at=st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(SHANGHAI)),
    people=st.integers(1, 10**6),
)
def test_the_citizens_words_survive_to_the_character(body: str, title: str, at: datetime, people: int) -> None:
    letter = Letter(
        letter_id=UUID(ID), channel="mailbox", source_id="1", kind="投诉", title=title, body=body, arrived_at=at,
        received_at=at + timedelta(seconds=1), people=people,
    )  # fmt: skip
    again = Letter.model_validate_json(letter.model_dump_json())
    assert again == letter
    assert (again.title, again.body) == (title, body)


@pytest.mark.parametrize("code", ["36070351000", "3607035100000", "36070351000x", "３６０７０３５１００００", ""])
def test_a_unit_code_has_twelve_digits(code: str) -> None:
    with pytest.raises(ValidationError, match="code"):
        Assignment.model_validate(SMALLEST["assignment"] | {"unit": {"code": code, "name": "x"}})


@pytest.mark.parametrize("given_id", ["", "a\x00b", "a\nb", "x" * 201])
def test_a_progress_id_can_be_kept_as_a_key(given_id: str) -> None:
    with pytest.raises(ValidationError, match="progress_id"):
        Progress.model_validate(SMALLEST["progress"] | {"progress_id": given_id})


def test_a_step_that_nobody_knows_is_refused() -> None:
    with pytest.raises(ValidationError, match="step"):
        Progress.model_validate(SMALLEST["progress"] | {"step": "done"})
