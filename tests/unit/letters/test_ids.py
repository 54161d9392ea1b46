"""Ids are computed, not drawn (invariant 2): the strings they are made of are a contract with every other system."""

from __future__ import annotations

from uuid import NAMESPACE_URL, UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from letters import ids
from letters.decisions import decision_id

LETTER = UUID("7b0a7f0e-98ee-5d3c-8c44-7f5b3a0e2c11")


@pytest.mark.parametrize(
    ("made", "name"),
    [
        (ids.letter_id("12345", "GD20250422001"), "urn:jiesu:letter:12345:GD20250422001"),
        (ids.letter_id("mailbox", "NKXX-1 号:2"), "urn:jiesu:letter:mailbox:NKXX-1 号:2"),
        (ids.assignment_id(LETTER, 1, "360703510000"), f"urn:jiesu:assignment:{LETTER}:1:360703510000"),
        (ids.assignment_id(LETTER, 2, "360703510000"), f"urn:jiesu:assignment:{LETTER}:2:360703510000"),
        (decision_id(LETTER, 1, 2), f"urn:jiesu:decision:{LETTER}:1:2"),
        (ids.dead_id("intake.110", 3, 41, "ab12"), "urn:jiesu:dead:intake.110:3:41:ab12"),
        (
            ids.notice_id("danger", str(LETTER), "360703010000", "扬言:炸"),
            f"urn:jiesu:notice:danger:{LETTER}:360703010000:扬言:炸",
        ),
    ],
)
def test_an_id_is_the_uuid5_of_exactly_this_string(made: UUID, name: str) -> None:
    assert made == uuid5(NAMESPACE_URL, name)


def test_the_ids_of_one_known_letter_never_change() -> None:
    """Written out, so that a change of both code and test is seen: other systems keep these."""
    letter = ids.letter_id("110", "3607032025042200001")
    assert str(letter) == "c6aee8e9-ce48-5513-b82b-37a11935b704"
    assert str(ids.assignment_id(letter, 1, "360703510000")) == "d39c9e98-1b16-5dbc-905c-c7b4e90cf0da"


@given(st.lists(st.tuples(st.sampled_from(["110", "12345", "12389", "petition", "mailbox"]), st.text()), unique=True))
def test_different_letters_have_different_ids(numbers: list[tuple[str, str]]) -> None:
    assert len({ids.letter_id(*number) for number in numbers}) == len(numbers)
