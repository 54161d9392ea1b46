"""Figures: what each metric counts, and that sums stay exact under reopening, merging and recusal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from casework.events import (
    SYSTEM,
    AppealDecided,
    Closed,
    ComplaintStageRecorded,
    DemandAppealed,
    Dispatched,
    LeadFollowed,
    Merged,
    RecusalFound,
    Reviewed,
    Revisited,
    SupervisionClosed,
    SupervisionOpened,
    ThanksRecorded,
)
from casework.figures import BUREAU, METRICS, Figures, changed, figures, sum_up, tallies
from letters.clock import SHANGHAI

Player = Callable[..., Any]
DOCS = Path(__file__).parents[3] / "docs" / "casework-figures.md"
MARCH = (datetime(2026, 3, 1, tzinfo=SHANGHAI), datetime(2026, 4, 1, tzinfo=SHANGHAI))
APRIL = (datetime(2026, 4, 1, tzinfo=SHANGHAI), datetime(2026, 5, 1, tzinfo=SHANGHAI))
EVER = (datetime(2020, 1, 1, tzinfo=SHANGHAI), datetime(2030, 1, 1, tzinfo=SHANGHAI))


def call(p: Any, satisfied: bool, **more: Any) -> Revisited:
    return Revisited(by=p.TEAM, **({"reached": True, "contacted": True, "solved": True, "satisfied": satisfied} | more))


def through(p: Any, *answers: bool) -> Any:
    """Work, review and call, as often as there are answers."""
    for answer in answers:
        p.work("signed", "contacted", "feedback", "finished").do(Reviewed(by=p.TEAM, passed=True)).do(call(p, answer))
    return p


def of(p: Any, unit: str | None = None, period: tuple[datetime, datetime] = EVER, **more: Any) -> Figures:
    found = figures([p.case], *period, **more)
    return found.get(p.HOST.code if unit is None else unit, Figures({}))


def test_a_letter_well_handled(play: Player) -> None:
    p = through(play(), True)
    counts = of(p)
    assert (counts["letters"], counts["hosted"], counts["finished"], counts["returned"]) == (1, 1, 1, 0)
    assert [counts.on_time(step) for step in ("sign", "contact", "feedback", "finish")] == [1, 1, 1, 1]
    assert (counts.participation, counts.solution, counts.satisfaction, counts.return_rate) == (1, 1, 1, 0)
    assert of(p, BUREAU)["received"] == 1
    assert of(p, p.ASSIST.code)["assisted"] == 1


def test_a_share_of_nothing_is_no_share(play: Player) -> None:
    assert of(play()).satisfaction is None
    assert Figures({}).on_time("sign") is None


def test_a_clock_counts_in_the_period_of_its_deadline(play: Player) -> None:
    p = play(channel="petition").work("signed", "finished")
    assert of(p, period=MARCH)["sign_on_time"] == 1
    assert of(p, period=MARCH)["finish_due"] == 0
    may = (datetime(2026, 5, 1, tzinfo=SHANGHAI), datetime(2026, 6, 1, tzinfo=SHANGHAI))
    assert (of(p, period=may)["finish_due"], of(p, period=may)["finish_on_time"]) == (1, 1)
    assert of(p, period=MARCH)["finished"] == 1


def test_late_and_never_are_both_due_and_not_on_time(play: Player) -> None:
    p = play().wait(minutes=20).work("signed")
    counts = of(p)
    assert (counts["sign_due"], counts["sign_on_time"]) == (1, 0)
    assert (counts["contact_due"], counts["contact_on_time"]) == (1, 0)


def test_a_call_that_was_never_made_is_missed_though_the_work_was_finished(play: Player) -> None:
    p = play().work("signed", "finished").do(Reviewed(by=play().TEAM, passed=True))
    assert of(p).on_time("contact") == 0
    # A co-unit whose host finished first is excused.
    assert of(p, p.ASSIST.code)["finish_due"] == 0


def test_a_unit_is_not_blamed_for_deadlines_after_it_gave_the_letter_back(play: Player) -> None:
    p = play().work("signed", "returned")
    counts = of(p)
    assert (counts["sign_on_time"], counts["contact_due"], counts["finish_due"]) == (1, 0, 0)
    assert (counts["returned"], counts["returned.非本辖区"], counts.return_rate) == (1, 1, 1)
    late = play().wait(hours=1).work("signed", "returned")
    assert (of(late)["contact_due"], of(late)["contact_on_time"]) == (1, 0)


def test_a_letter_that_two_units_hosted_counts_once_for_each_and_once_for_the_bureau(play: Player) -> None:
    p = play().work("signed", "returned")
    p.do(Dispatched(by=p.OFFICER, host=p.THIRD, reason="属横市所"))
    through(p.work("signed", by=p.THIRD).work("finished", by=p.THIRD).do(Reviewed(by=p.TEAM, passed=True)))
    p.do(call(p, True))
    assert (of(p)["letters"], of(p, p.THIRD.code)["letters"], of(p, BUREAU)["received"]) == (1, 1, 1)
    assert (of(p)["reached"], of(p, p.THIRD.code)["satisfied"]) == (0, 1)


def test_a_reopened_letter_has_one_verdict_its_latest(play: Player) -> None:
    p = through(play(), False)
    assert (of(p)["rated"], of(p)["satisfied"], of(p)["unsatisfied_calls"]) == (1, 0, 1)
    through(p.wait(days=32), True)
    assert (of(p)["letters"], of(p)["hosted"], of(p)["finished"]) == (1, 2, 2)
    assert (of(p)["rated"], of(p).satisfaction, of(p)["unsatisfied_calls"]) == (1, 1, 1)
    # The verdict belongs to the month of the latest call, the dissatisfaction to its own.
    assert (of(p, period=MARCH)["rated"], of(p, period=APRIL)["rated"]) == (0, 1)
    assert of(p, period=MARCH)["unsatisfied_calls"] == 1


def test_an_unreached_writer_gives_no_verdict(play: Player) -> None:
    p = play().work("finished").do(Reviewed(by=play().TEAM, passed=True)).do(Revisited(by=play().TEAM, reached=False))
    assert (of(p)["reached"], of(p)["rated"]) == (0, 0)


def test_an_unreasonable_demand_leaves_solved_and_satisfied_but_not_participation(play: Player) -> None:
    p = through(play(), False)
    p.do(DemandAppealed(by=p.UNIT(p.HOST), reason="无理")).do(AppealDecided(by=p.TEAM, upheld=True, reason="认定"))
    counts = of(p)
    assert (counts["reached"], counts.participation) == (1, 1)
    assert (counts["rated"], counts.satisfaction, counts.solution, counts["unreasonable"]) == (0, None, None, 1)


def test_a_finish_that_was_sent_back_is_no_finish(play: Player) -> None:
    p = play().work("signed", "finished")
    p.do(Reviewed(by=p.TEAM, passed=False, comment="补正"))
    assert (of(p)["finished"], of(p)["sent_back"], of(p)["finish_on_time"]) == (0, 1, 0)
    p.work("finished")
    assert (of(p)["finished"], of(p)["sent_back"], of(p)["finish_on_time"]) == (1, 1, 1)


def test_a_merged_letter_is_received_but_nobody_s_case(play: Player) -> None:
    p = play()
    p.do(Merged(by=p.OFFICER, into=UUID(int=3), reason="同一诉求"))
    assert (of(p, BUREAU)["received"], of(p, BUREAU)["merged"]) == (1, 1)
    assert (of(p)["letters"], of(p)["finish_due"]) == (0, 0)


def test_supervision_thanks_leads_and_complaint_stages(play: Player) -> None:
    p = play(kind="举报")
    p.do(SupervisionOpened(by=p.TEAM, due_at=p.now + timedelta(days=2), reason="重点"))
    p.do(SupervisionClosed(by=p.TEAM, result="已办"))
    p.do(ThanksRecorded(by=p.TEAM)).do(ComplaintStageRecorded(by=p.TEAM, stage="执法办案"))
    p.do(LeadFollowed(by=p.UNIT(p.HOST), lead_id="1", case_number="A1", recovered_fen=12_345_00))
    p.do(LeadFollowed(by=p.UNIT(p.HOST), lead_id="2", outcome="查否"))
    counts = of(p)
    assert (counts["supervised"], counts["supervision_due"], counts["supervision_on_time"]) == (1, 1, 1)
    assert (counts["thanks"], counts["cases_filed"], counts["recovered_fen"]) == (1, 1, 12_345_00)
    assert of(p, BUREAU)["complaint.执法办案"] == 1


def test_the_recused_see_figures_as_though_the_case_did_not_exist(play: Player) -> None:
    p, other = through(play(), False), through(play(channel="12345"), True)
    p.do(RecusalFound(by=SYSTEM, units=(p.HOST.code,), reason="投诉"))
    everyone = figures([p.case, other.case], *EVER)
    accused = figures([p.case, other.case], *EVER, viewer=p.HOST.code)
    assert accused == figures([other.case], *EVER)
    assert everyone[BUREAU]["received"] == 2


def test_periods_that_touch_neither_lose_nor_double_anything(play: Player) -> None:
    p = through(play(), False, True)
    days = [MARCH[0] + timedelta(days=day) for day in range(120)]
    total: Counter[str] = Counter()
    for start, end in pairwise(days):
        total.update(of(p, period=(start, end)).counts)
    assert total == of(p).counts


def test_daily_counters_kept_by_changes_equal_counting_anew(play: Player) -> None:
    p = play()
    kept = changed(None, p.case)
    steps = (
        lambda: p.report("signed"),
        lambda: p.report("finished"),
        lambda: Reviewed(by=p.TEAM, passed=False, comment="补正"),
        lambda: p.report("finished"),
        lambda: Reviewed(by=p.TEAM, passed=True),
        lambda: call(p, False),
        lambda: Closed(by=p.LEADER, reason="撤诉"),
    )
    for step in steps:
        before = p.case
        p.do(step())
        kept.update(changed(before, p.case))
        assert {tally: number for tally, number in kept.items() if number} == Counter(tallies(p.case))
    rows = [tally._replace(amount=tally.amount * number) for tally, number in kept.items()]
    again = sum_up(rows, *EVER)
    assert {unit: +Counter(found.counts) for unit, found in again.items()} == {
        unit: +Counter(found.counts) for unit, found in figures([p.case], *EVER).items()
    }


@pytest.mark.parametrize("metric", METRICS)
def test_the_documentation_holds_every_definition(metric: str) -> None:
    assert f"| `{metric}` | {METRICS[metric]} |" in DOCS.read_text(encoding="utf-8")


def test_every_tally_has_a_definition(play: Player) -> None:
    p = through(play(), False, True)
    assert {tally.metric.partition(".")[0] for tally in tallies(p.case)} <= set(METRICS)
