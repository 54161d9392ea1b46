"""Whatever comes in, a letter or a reason goes out: never another exception, never a letter that cannot be sent."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors import CHANNELS_READ, Parsed, read_record
from connectors.reasons import REASONS
from connectors.registry import CONNECTORS
from letters.errors import InvalidRecord
from letters.messages import Letter, Writer
from tests.mutations import RECORDS, as_xml, mutated
from tests.unit.connectors.conftest import NOW

CHANNEL = st.sampled_from(CHANNELS_READ)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
BROKER_LIMIT = 1_048_576


def _sound(refusal: InvalidRecord) -> InvalidRecord:
    assert refusal.reason in REASONS
    assert 10 < len(str(refusal)) < 400
    assert str(refusal).isprintable()
    return refusal


def _outcome(channel, value, headers=()) -> Parsed | InvalidRecord:
    """Reads a record and holds what comes out to what every letter and every refusal must be."""
    try:
        parsed = read_record(channel, value, headers, received_at=NOW)
    except InvalidRecord as refusal:
        return _sound(refusal)
    letter = parsed.letter
    told = letter.model_dump_json()
    assert Letter.model_validate_json(told) == letter
    assert len(told.encode()) < BROKER_LIMIT
    assert letter.body.strip()
    assert letter.writer is None
    assert letter.arrived_at <= NOW + timedelta(days=1)
    assert "\x00" not in letter.title + letter.body + letter.source_id
    if parsed.writer:
        assert Writer.model_validate_json(parsed.writer.model_dump_json()) == parsed.writer
    assert len(parsed.content) == 16
    return parsed


@settings(deadline=None)
@given(CHANNEL, st.binary(max_size=200), st.binary(max_size=40))
def test_any_bytes(channel, value, content_type):
    _outcome(channel, value)
    _outcome(channel, value, [("content-type", content_type)])


@settings(deadline=None)
@given(CHANNEL, ANY_JSON)
def test_any_json(channel, value):
    _outcome(channel, json.dumps(value).encode())


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_any_value_in_any_field(data):
    channel, sample = data.draw(st.sampled_from(RECORDS))
    changes = data.draw(
        st.dictionaries(st.sampled_from(sorted(CONNECTORS[channel].known)), ANY_JSON, min_size=1, max_size=3)
    )
    _outcome(channel, json.dumps(sample | changes).encode())


@settings(deadline=None)
@given(st.text(alphabet="<>/petionPEoverw&;#x0 \"'=!-[]CDATA?", max_size=200))
def test_any_markup(text):
    _outcome("petition", f"<petition>{text}".encode(), [("content-type", b"application/xml")])
    _outcome("petition", f"<petition>{text}</petition>".encode(), [("content-type", b"application/xml")])


@settings(deadline=None)
@given(st.text(min_size=1).filter(lambda text: text.strip()))
def test_the_body_comes_out_as_it_went_in(body):
    for channel, sample in RECORDS:
        field = CONNECTORS[channel].required[2]
        found = _outcome(channel, json.dumps(sample | {field: body}).encode())
        if isinstance(found, Parsed):
            assert found.letter.body == body
        else:
            assert found.reason in ("nul_character", "lone_surrogate")


@pytest.mark.parametrize("seed", range(4))
def test_mutated_records(seed):
    outcomes = [(raw, _outcome(*raw)) for raw in mutated(RECORDS, 2000, seed)]
    letters = sum(isinstance(outcome, Parsed) for _, outcome in outcomes)
    assert 400 < letters < 1600
    for (channel, value, headers), outcome in outcomes[:200]:
        again = _outcome(channel, value, headers)
        assert again == outcome if isinstance(outcome, Parsed) else str(again) == str(outcome)
    assert [raw for raw, _ in outcomes[:50]] == list(mutated(RECORDS, 50, seed))


def test_mutations_reach_every_reason():
    reached = {
        outcome.reason
        for seed in range(8)
        for outcome in (_outcome(*raw) for raw in mutated(RECORDS, 1000, seed))
        if isinstance(outcome, InvalidRecord)
    }
    assert reached >= set(REASONS) - {"unknown_channel"}


@pytest.mark.parametrize("character", ["长", '"', "\nx", "𠮷", "\x01", "é"])
def test_the_largest_letter_can_be_sent(character):
    sample = {
        name: character
        * ((160_000 if name == "overview" else 20_000 if name == "threatContent" else 1000) // len(character))
        for name, value in dict(RECORDS)["petition"].items()
        if isinstance(value, str) and name not in ("registerDate", "deadlineDate")
    }
    sample |= {"registerDate": "2025-04-22", "petitionCaseNo": "1"}
    value = as_xml(sample) if character != "\x01" else json.dumps(sample, ensure_ascii=False).encode()
    outcome = _outcome("petition", value)
    assert isinstance(outcome, Parsed) or outcome.reason == "too_large"


def test_many_names_make_no_letter_that_cannot_be_sent():
    many = "、".join(["张三"] * 300)
    _outcome(
        "12389",
        json.dumps(dict(RECORDS)["12389"] | {"bjbrxm": many, "bjbdw": "长" * 1000, "bjbdwdm": "1" * 1000}).encode(),
    )
    _outcome(
        "petition",
        json.dumps(dict(RECORDS)["petition"] | {"reflectedObject": many, "reflectedDuty": "长" * 1000}).encode(),
    )


def test_a_refusal_tells_nothing_of_the_letter():
    for channel, value, headers in mutated(RECORDS, 1500, 77):
        outcome = _outcome(channel, value, headers)
        if isinstance(outcome, InvalidRecord):
            for secret in (
                "13812345678",
                "6612345",
                "11010519491231002",
                "110105491231002",
                "李某某",
                "孙某",
                "不便",
                "失",
                "炸街",
            ):
                assert secret not in str(outcome)


def test_a_hostile_record_costs_little_time():
    import time

    bombs = [
        ("12345", b"[" * 480_000),
        ("12345", b'{"a":' * 90_000),
        ("12345", b'{"majorContent": "' + b"\\\\" * 200_000),
        ("12345", b'"' * 480_000),
        ("petition", b"<a>" * 160_000),
        ("petition", b"<petition>" + b"<a/>" * 100_000),
        ("petition", b"<?xml " + b"e" * 400_000),
        ("12389", json.dumps(dict(RECORDS)["12389"] | {"hbsq": "和" * 1000}).encode()),
        ("12389", json.dumps(dict(RECORDS)["12389"] | {"hbsq": ["派出所和" * 200] * 200}).encode()),
        ("12345", json.dumps(dict(RECORDS)["12345"] | {"reflectName": "科民警" * 333}).encode()),
        ("12345", json.dumps(dict(RECORDS)["12345"] | {"reflectName": "派出所" * 333}).encode()),
        ("12345", json.dumps(dict(RECORDS)["12345"] | {"callerPhone": "-" * 100_000}).encode()),
        ("mailbox", json.dumps(dict(RECORDS)["mailbox"] | {"email": "a@" * 400}).encode()),
    ]
    for channel, value in bombs:
        started = time.process_time()
        _outcome(channel, value)
        assert time.process_time() - started < 2, (channel, value[:40])
