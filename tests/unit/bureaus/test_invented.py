"""Invented letters: the same for the same seed, different enough from one another, and held-out templates held out."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import replace
from datetime import datetime
from functools import cache
from pathlib import Path
from statistics import median

import pytest

from bureaus.check_invented import scores
from bureaus.composing import phrases, words
from bureaus.invented import DEFAULT_MIX, generate, raw_records
from connectors.reading import read_with
from connectors.registry import CONNECTORS
from letters.bureau import Bureau
from letters.bureau_files import read_bureau
from letters.clock import SHANGHAI
from letters.errors import InvalidRecord

NANKANG = Path(__file__).parents[3] / "bureaus" / "nankang"
NOW = datetime(2026, 11, 20, tzinfo=SHANGHAI)


@cache
def nankang() -> Bureau:
    return read_bureau(NANKANG)


@cache
def five_thousand() -> list[dict[str, str]]:
    return list(generate(nankang(), 5000, 9))


def test_equal_arguments_give_equal_letters() -> None:
    bureau = nankang()
    assert list(generate(bureau, 50, 4)) == list(generate(bureau, 50, 4))
    assert list(generate(bureau, 50, 4)) != list(generate(bureau, 50, 5))
    assert list(raw_records(bureau, 50, 4, bad_share=0.3)) == list(raw_records(bureau, 50, 4, bad_share=0.3))
    assert list(generate(bureau, 0, 4)) == []


def test_bodies_differ_and_have_the_lengths_of_letters() -> None:
    bodies = [row["body"] for row in five_thousand()]
    assert len(set(bodies)) > 0.95 * len(bodies)
    # Not only names and numbers differ: the beginnings do not give the letter away either.
    assert Counter(body[:24] for body in bodies).most_common(1)[0][1] < 0.01 * len(bodies)
    lengths = sorted(map(len, bodies))
    assert 130 <= median(lengths) <= 250
    assert lengths[250] < 110
    assert lengths[-250] > 240


def test_rows_are_complete_and_name_what_the_bureau_has() -> None:
    bureau = nankang()
    names = {unit.name for unit in bureau.units.values()}
    rows = five_thousand()
    assert len({row["id"] for row in rows}) == len(rows)
    assert {row["category"] for row in rows} == set(bureau.category)
    assert {row["unit"] for row in rows} <= names
    assert [row["date"] for row in rows] == sorted(row["date"] for row in rows)
    stations = {unit.name for unit in bureau.units.values() if unit.kind == "station"}
    assert stations <= {row["unit"] for row in rows}
    assert {row["unit"] for row in rows if bureau.category[row["category"]].complaint} == {"督察大队"}
    assert not any("{" in row["body"] + row["title"] for row in rows)


def test_no_template_stands_in_both_pools() -> None:
    train, train_shared = phrases("train")
    held, held_shared = phrases("held-out")
    assert set(train) == set(held) == set(words()) == set(nankang().category)
    for category in train:
        for part in train[category]:
            assert not set(train[category][part]) & set(held[category][part]), (category, part)
    for part in set(train_shared) - {"swaps"}:
        assert {t for t in train_shared[part] if t != ("",)}.isdisjoint(held_shared[part]), part


def test_held_out_letters_share_no_event_sentence_with_training_letters() -> None:
    train, _ = phrases("train")
    events = {"".join(t[::2]) for own in train.values() for t in own["events"] if len(t) == 1}
    bodies = [row["body"] for row in generate(nankang(), 300, 1, templates="held-out")]
    assert not [event for event in events for body in bodies if event in body]


def test_ordinary_letters_hold_next_to_no_danger_phrase() -> None:
    patterns = [re.compile(p.pattern if p.regex else re.escape(p.pattern)) for p in nankang().danger]
    rows = five_thousand()
    hits = [row["body"] for row in rows if any(pattern.search(row["title"] + row["body"]) for pattern in patterns)]
    assert len(hits) <= 0.005 * len(rows), hits[:3]


def test_raw_records_are_letters_of_their_channels() -> None:
    bureau = nankang()
    seen = set()
    channels: Counter[str] = Counter()
    for channel, record in raw_records(bureau, 2000, 7):
        value = json.dumps(record, ensure_ascii=False).encode()
        parsed = read_with(CONNECTORS[channel], value, [], received_at=NOW)
        seen.add(parsed.letter.letter_id)
        channels[channel] += 1
    assert len(seen) == 2000
    assert set(channels) == set(DEFAULT_MIX)
    assert channels["mailbox"] > channels["12345"] > channels["110"] > channels["petition"] > channels["12389"]


def test_about_the_wished_share_of_raw_records_is_bad() -> None:
    bad = 0
    for channel, record in raw_records(nankang(), 2000, 7, bad_share=0.1):
        try:
            read_with(CONNECTORS[channel], json.dumps(record, ensure_ascii=False).encode(), [], received_at=NOW)
        except InvalidRecord:
            bad += 1
    assert 150 <= bad <= 250


def test_a_bureau_without_known_categories_is_told_so() -> None:
    with pytest.raises(ValueError, match="shares no category"):
        next(generate(replace(nankang(), categories=()), 1, 1))


def test_a_plain_model_does_not_simply_learn_the_templates() -> None:
    found = scores(nankang(), train=1500, test=400)
    assert 0.7 < found["category", "held-out"][0] < 0.95
    assert found["category", "held-out"][0] < found["category", "train"][0]
