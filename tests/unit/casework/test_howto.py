"""docs/howto/casework.md says what the code does."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from casework import rules
from casework.case import LETTER_STATE
from casework.progress import RETURN_CATEGORIES, Reason
from casework.reminders import Rung
from casework.roles import MAY, Capacity

HOWTO = (Path(__file__).parents[3] / "docs" / "howto" / "casework.md").read_text(encoding="utf-8")
NAMES = dict(
    zip(
        get_args(Capacity),
        ["主办单位", "协办单位", "其他单位", "值守员", "信箱专班", "领导", "督察", "系统"],
        strict=True,
    )
)


@pytest.mark.parametrize("event", MAY)
def test_who_may_do_what(event: str) -> None:
    (row,) = [line for line in HOWTO.splitlines() if line.startswith(f"| `{event}` |")]
    told = row.rstrip(" |").rpartition("| ")[2].split("、")
    assert set(told) == {NAMES[acting] for acting in MAY[event]}


@pytest.mark.parametrize("reason", get_args(Reason))
def test_why_a_report_is_refused(reason: str) -> None:
    assert f"| `{reason}` |" in HOWTO


def test_the_settings_are_those_of_the_code() -> None:
    block = (rules.__doc__ or "").split("\n\n")[1]
    assert "\n".join(line[4:] for line in block.splitlines()) in HOWTO


def test_stages_rungs_and_return_categories() -> None:
    for stage, state in LETTER_STATE.items():
        assert any(stage in line and line.endswith(f"| {state} |") for line in HOWTO.splitlines())
    assert all(f"| {rung} |" in HOWTO for rung in get_args(Rung))
    assert all(category in HOWTO for category, _ in RETURN_CATEGORIES)
