"""The casework sections of a bureau's policy: defaults, settings, and what an official is told of a mistake."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from casework.calendar import published_calendar
from casework.rules import CaseRules, Rules, rules_of
from letters.bureau import Bureau, Policy
from letters.errors import BureauError


def bureau(settings: dict[str, Any]) -> Bureau:
    code = "360703000000"
    return Bureau("南康分局", code, "360703", code, code, code, code, {}, (), (), Policy((), 0.95, 0.95, settings))


def read(**settings: Any) -> Rules:
    return rules_of(bureau(settings), published_calendar())


def test_a_policy_that_says_nothing_gets_the_defaults() -> None:
    assert read().case == CaseRules()


def test_what_the_policy_says_counts() -> None:
    rules = read(
        casework={
            "extension_days": 10,
            "extension_channels": [],
            "returned_clock": "restart",
            "reopened_clock": "keep",
            "desk_clock": "restart",
            "work_report_required": False,
            "without_revisit": ["感谢", "建议"],
        },
        overdue={"leader_after_hours": 2},
        supervision={"default_days": 5},
        progress={"skew_minutes": 0, "late_after_minutes": 30},
        merging={"same_matter_days": 90},  # another package's section
    )
    assert rules.case.extension == timedelta(days=10)
    assert rules.case.extension_channels == ()
    assert rules.case.restart_returned == ("sign", "contact", "feedback", "finish")
    assert rules.case.restart_reopened == rules.case.restart_at_desk == ("sign", "contact")
    assert rules.case.without_revisit == ("感谢", "建议")
    assert (rules.alerts.to_leader, rules.alerts.supervision) == (timedelta(hours=2), timedelta(days=5))
    assert (rules.progress.skew, rules.progress.late_after) == (timedelta(), timedelta(minutes=30))
    assert not rules.progress.report_required


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            {"casework": {"extension_days": "三十"}},
            "settings.casework.extension_days cannot be “三十”; write a whole number",
        ),
        ({"casework": {"callback_attempts": 0}}, "write a whole number of 1 or more"),
        (
            {"casework": {"extention_days": 3}},
            "settings.casework.extention_days cannot be “3”; there is no such setting",
        ),
        ({"casework": {"dispute_channels": ["电话"]}}, "write a list in square brackets of 110, 12345"),
        ({"casework": {"reopened_clock": "anew"}}, "write restart or keep"),
        ({"casework": {"work_report_required": 1}}, "write true or false"),
        ({"casework": {"work_report_required": "yes"}}, "write true or false"),
        ({"casework": {"without_revisit": ["谢谢"]}}, "感谢"),
        ({"overdue": 3}, "settings.overdue cannot be “3”; write it as a section"),
        ({"supervision": {"default_days": True}}, "write a whole number"),
    ],
)
def test_a_mistake_is_named_with_its_place_and_remedy(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(BureauError) as caught:
        read(**settings)
    (problem,) = caught.value.problems
    assert problem.startswith("policy.yaml: settings.")
    assert said in problem


def test_all_mistakes_are_named_at_once() -> None:
    with pytest.raises(BureauError) as caught:
        read(casework={"appeal_days": -1, "revisit_days": "x"}, progress={"skew": 2})
    assert len(caught.value.problems) == 3
