"""What belongs to an earlier letter joins it, however long the chain and whether it comes in one batch or in many."""

from __future__ import annotations

from typing import Any

import pytest

from letters.ids import letter_id
from tests.unit.streams.conftest import STATION, Town


def order(number: str, old: str | None = None) -> dict[str, Any]:
    return {
        "orderNum": number, "callTime": "2026-11-01 09:00:00", "majorContent": f"楼上半夜吵闹，第{number}次反映",
        "organizationName": "蓉江派出所", "callerType": "求助", "oldOrderNum": old,
    }  # fmt: skip


@pytest.mark.parametrize("batches", ["one batch", "a batch each"])
def test_a_chain_of_repeated_letters_ends_at_the_case_that_is_worked_on(town: Town, batches: str) -> None:
    chain = [order("O1"), order("O2", "O1"), order("O3", "O2"), order("O4", "O3")]
    for part in [chain] if batches == "one batch" else [[each] for each in chain]:
        town.feed("12345", *part)
        town.run()
    assert town.messages("dead-letters") == []
    assert [tuple(row) for row in town.rows("SELECT state, host FROM cases ORDER BY letter_no")] == [
        ("dispatched", STATION),
        ("merged", STATION),
        ("merged", STATION),
        ("merged", STATION),
    ]
    [assignment] = town.messages(f"assignments.{STATION}")
    assert assignment["letter_id"] == str(letter_id("12345", "O1"))
    assert town.proof().adds_up
