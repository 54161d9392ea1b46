"""The way of a case: each step of design.md, and what is refused where."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from casework.case import LETTER_STATE, Case, Stage
from casework.events import (
    EVENT,
    SYSTEM,
    AppealDecided,
    CalendarGrew,
    Closed,
    Commented,
    ComplaintStageRecorded,
    DemandAppealed,
    Dispatched,
    ExtensionDecided,
    ExtensionRequested,
    JointlyDecided,
    LeadFollowed,
    Merged,
    RecusalFound,
    Reopened,
    Reviewed,
    Revisited,
    Split,
    SupervisionClosed,
    SupervisionOpened,
    ThanksRecorded,
    Transferred,
)
from casework.machine import fold
from casework.outcomes import Applied, DeadlinesChanged, NoticeSent
from letters.ids import assignment_id

Play = Any
Player = Callable[..., Play]


def dispatch(p: Play, host: Any = None, *co_units: Any) -> Dispatched:
    return Dispatched(by=p.OFFICER, host=host or p.THIRD, co_units=co_units, reason="属横市所管辖")


def joint(p: Play, host: Any = None) -> JointlyDecided:
    participants = (p.HOST.code, p.THIRD.code)
    return JointlyDecided(by=p.LEADER, host=host or p.THIRD, participants=participants, reason="会商确定")


def review(p: Play, passed: bool = True, comment: str = "") -> Reviewed:
    return Reviewed(by=p.TEAM, passed=passed, comment=comment)


def call(p: Play, satisfied: bool = True, **more: Any) -> Revisited:
    return Revisited(by=p.TEAM, **({"reached": True, "contacted": True, "solved": True, "satisfied": satisfied} | more))


def unreached(p: Play) -> Revisited:
    return Revisited(by=p.TEAM, reached=False)


def finished(p: Play) -> Play:
    return p.work("signed", "contacted", "feedback", "finished")


def reviewed(p: Play) -> Play:
    return finished(p).do(review(p))


def joint_pending(p: Play) -> Play:
    return p.work("signed", "returned").do(dispatch(p)).work("signed", "returned", by=p.THIRD)


def test_the_way_of_a_letter_whose_writer_is_content(play: Player) -> None:
    p = play()
    stages = [p.case.stage]
    for step in ("signed", "contacted", "feedback", "finished"):
        stages.append(p.work(step).case.stage)
    stages.append(p.do(review(p)).case.stage)
    stages.append(p.do(call(p)).case.stage)
    assert stages == ["dispatched", "signed", "contacted", "feedback", "finished", "reviewed", "closed"]
    assert p.case.outcome == "satisfied"
    assert p.case.closed_at == p.now
    assert not p.case.open_tasks


def test_the_first_round_has_the_ids_of_the_contract(play: Player) -> None:
    p = play()
    assert p.made == [(p.HOST.code, "host", 1), (p.ASSIST.code, "assist", 1)]
    assert p.case.tasks[0].assignment_id == assignment_id(p.case.letter_id, 1, p.HOST.code)
    assert p.case.tasks[0].deadlines[0].due_at == p.START + timedelta(minutes=10)


def test_an_unsatisfied_writer_reopens_it_with_a_new_round(play: Player) -> None:
    p = reviewed(play())
    p.wait(days=1).do(call(p, satisfied=False))
    assert (p.case.stage, p.case.round, p.case.reopened) == ("dispatched", 2, 1)
    assert p.made[2:] == [(p.HOST.code, "host", 2), (p.ASSIST.code, "assist", 2)]
    # Reopened clocks start anew, so the unit is not overdue at birth.
    assert p.case.host.deadline("sign").due_at == p.now + timedelta(minutes=10)
    assert p.case.host.deadline("finish").due_at > p.now + timedelta(days=9)
    # And it ends like any other.
    finished(p).do(review(p)).do(call(p))
    assert p.case.stage == "closed"


def test_a_return_goes_to_the_desk_and_the_next_unit_gets_its_own_time_to_sign(play: Player) -> None:
    p = play().wait(days=1).work("signed", "returned")
    assert (p.case.stage, p.case.state, p.case.returns) == ("returned", "waiting", 1)
    assert p.withdrawn == [p.ASSIST.code]
    assert (p.MAILBOX, "work_slip") in p.notices
    assert (p.ASSIST.code, "withdrawal") in p.notices
    finish = p.case.tasks[0].deadline("finish")
    p.do(dispatch(p))
    assert (p.case.stage, p.case.round) == ("dispatched", 2)
    assert p.case.host.deadline("sign").due_at == p.now + timedelta(minutes=10)
    assert p.case.host.deadline("finish") == finish  # the citizen's wait runs on


def test_a_second_return_needs_a_joint_decision_that_binds(play: Player) -> None:
    p = joint_pending(play())
    assert (p.case.stage, p.case.state) == ("joint_decision", "waiting")
    assert p.refused(dispatch(p)) == "needs_joint_decision"
    p.do(joint(p))
    assert (p.case.stage, p.case.bound, p.case.round) == ("dispatched", True, 3)
    assert p.refused(p.report("returned", p.THIRD)) == "bound"
    assert p.refused(dispatch(p, p.HOST)) == "needs_joint_decision"
    # Still bound after a reopening.
    p.work("finished", by=p.THIRD).do(review(p)).do(call(p, satisfied=False))
    assert p.refused(p.report("returned", p.THIRD)) == "bound"


def test_a_co_unit_that_returns_leaves_the_host_at_work(play: Player) -> None:
    p = play().work("signed").work("returned", by=play().ASSIST)
    assert (p.case.stage, p.case.returns) == ("signed", 0)
    assert [task.unit.code for task in p.case.open_tasks] == [p.HOST.code]


def test_a_co_unit_s_work_does_not_move_the_case(play: Player) -> None:
    p = play().work("signed", "finished", by=play().ASSIST)
    assert p.case.stage == "dispatched"


def test_a_petition_may_be_disputed_for_five_working_days(play: Player) -> None:
    p = play(channel="petition")
    assert p.case.host.return_until.isoformat() == "2026-03-09T23:59:59+08:00"
    p.wait(days=8)
    assert p.refused(p.report("returned")) == "dispute_over"


def test_a_review_that_sends_back_makes_the_finish_void(play: Player) -> None:
    p = finished(play())
    assert p.refused(review(p, passed=False)) == "incomplete"
    p.do(review(p, passed=False, comment="未写明联系情况"))
    assert p.case.stage == "feedback"
    assert p.case.host.done_at("finished") is None
    assert p.notices[-1] == (p.HOST.code, "work_slip")
    p.work("finished").do(review(p))
    assert p.case.stage == "reviewed"


def test_a_writer_who_cannot_be_reached_three_times(play: Player) -> None:
    p = reviewed(play()).do(unreached(play())).do(unreached(play()))
    assert p.case.stage == "reviewed"
    p.do(unreached(p))
    assert (p.case.stage, p.case.outcome) == ("closed", "unreached")


@pytest.mark.parametrize("answers", [{"reached": True}, {"reached": False, "solved": True}, {"satisfied": None}])
def test_a_call_back_says_all_three_things_or_none(play: Player, answers: dict[str, Any]) -> None:
    p = reviewed(play())
    facts = {"reached": True, "contacted": True, "solved": True, "satisfied": True} if "reached" not in answers else {}
    assert p.refused(Revisited(by=p.TEAM, **(facts | answers))) == "incomplete"


def test_thanks_close_with_the_review(play: Player) -> None:
    p = reviewed(play(kind="感谢"))
    assert (p.case.stage, p.case.outcome) == ("closed", "handled")


class TestExtension:
    def ask(self, p: Play, days: int = 20) -> ExtensionRequested:
        until = p.case.tasks[0].deadline("finish").due_at + timedelta(days=days)
        return ExtensionRequested(by=p.UNIT(p.HOST), until=until, reason="案情复杂")

    def decide(self, p: Play, granted: bool = True) -> ExtensionDecided:
        return ExtensionDecided(by=p.LEADER, granted=granted, reason="情况属实")

    def test_granted_it_moves_the_finish_and_the_writer_is_told(self, play: Player) -> None:
        p = play(channel="petition").work("signed")
        ask = self.ask(p)
        p.do(ask).do(self.decide(p))
        finish = p.case.host.deadline("finish")
        assert (finish.due_at, finish.policy) == (ask.until, "信访（延期）")
        changed = [effect.assignment_id for effect in p.effects if isinstance(effect, DeadlinesChanged)]
        assert changed == [task.assignment_id for task in p.case.open_tasks]
        assert (p.MAILBOX, "work_slip") in p.notices
        assert p.refused(self.ask(p, 5)) == "already"

    def test_refused_it_moves_nothing_and_may_be_asked_again(self, play: Player) -> None:
        p = play(channel="petition").work("signed").do(self.ask(play(channel="petition")))
        before = p.case.host.deadline("finish")
        p.do(self.decide(p, granted=False))
        assert p.case.host.deadline("finish") == before
        p.do(self.ask(p))

    def test_it_outlives_a_return_but_not_a_reopening(self, play: Player) -> None:
        p = play(channel="petition").work("signed")
        ask = self.ask(p)
        p.do(ask).do(self.decide(p)).work("returned").do(dispatch(p))
        assert p.case.host.deadline("finish").due_at == ask.until
        p.work("finished", by=p.THIRD).do(review(p)).do(call(p, satisfied=False))
        assert p.case.host.deadline("finish").policy == "信访"

    def test_what_is_refused(self, play: Player) -> None:
        p = play(channel="petition").work("signed")
        assert p.refused(self.decide(p)) == "not_now"
        assert p.refused(self.ask(p, 31)) == "too_late"
        assert p.refused(self.ask(p, 0)) == "too_late"
        p.do(self.ask(p))
        assert p.refused(self.ask(p)) == "already"
        late = play(channel="petition").wait(days=61)
        assert late.refused(self.ask(late)) == "past_due"
        mailbox = play()
        assert mailbox.refused(self.ask(mailbox)) == "not_now"


class TestAppeal:
    def appeal(self, p: Play) -> DemandAppealed:
        return DemandAppealed(by=p.UNIT(p.HOST), reason="要求赔偿精神损失百万元")

    def decide(self, p: Play, upheld: bool) -> AppealDecided:
        return AppealDecided(by=p.TEAM, upheld=upheld, reason="经集体研究")

    def test_upheld_after_a_reopening_it_closes_the_case(self, play: Player) -> None:
        p = reviewed(play())
        p.do(call(p, satisfied=False)).do(self.appeal(p)).do(self.decide(p, True))
        assert (p.case.stage, p.case.outcome, p.case.unreasonable) == ("closed", "unreasonable", True)

    def test_upheld_before_the_call_an_unsatisfied_writer_no_longer_reopens_it(self, play: Player) -> None:
        p = reviewed(play())
        p.do(self.appeal(p)).do(self.decide(p, True)).do(call(p, satisfied=False))
        assert (p.case.stage, p.case.outcome) == ("closed", "unreasonable")

    def test_dismissed_the_work_goes_on(self, play: Player) -> None:
        p = reviewed(play())
        p.do(call(p, satisfied=False)).do(self.appeal(p)).do(self.decide(p, False))
        assert (p.case.stage, p.case.unreasonable) == ("dispatched", False)
        assert p.refused(self.appeal(p)) == "already"
        assert p.refused(self.decide(p, True)) == "not_now"

    def test_it_comes_soon_after_the_reopening_or_not_at_all(self, play: Player) -> None:
        p = reviewed(play())
        p.do(call(p, satisfied=False)).wait(days=6)
        assert p.refused(self.appeal(p)) == "past_due"

    def test_a_co_unit_cannot_appeal(self, play: Player) -> None:
        p = play()
        assert p.refused(DemandAppealed(by=p.UNIT(p.ASSIST), reason="无理")) == "not_allowed"


class TestSupervision:
    def start(self, p: Play, by: Any = None) -> SupervisionOpened:
        return SupervisionOpened(by=by or p.TEAM, due_at=p.now + timedelta(days=5), reason="多次催办未果")

    def end(self, p: Play, by: Any = None) -> SupervisionClosed:
        return SupervisionClosed(by=by or p.TEAM, result="已办结")

    def test_it_has_its_own_deadline_opener_and_closer(self, play: Player) -> None:
        p = play()
        p.do(self.start(p))
        told = [effect for effect in p.effects if isinstance(effect, NoticeSent)]
        assert {(effect.unit, effect.notice.kind) for effect in told} == {
            (p.HOST.code, "supervision"),
            (p.ASSIST.code, "supervision"),
        }
        assert all(effect.notice.due_at == p.case.supervision.due_at for effect in told)
        assert p.refused(self.start(p)) == "already"
        assert p.refused(self.end(p, p.INSPECTOR)) == "not_allowed"
        p.do(self.end(p, p.LEADER))
        assert p.case.supervision is None
        assert p.case.supervisions[0].closed_by == "某某"
        p.do(self.start(p))
        assert p.case.supervision.number == 2

    def test_without_a_date_it_gets_the_policy_s(self, play: Player) -> None:
        p = play()
        p.do(SupervisionOpened(by=p.LEADER, reason="重点"))
        assert p.case.supervision.due_at == p.now + timedelta(days=10)

    def test_a_supervised_case_closes_with_its_entry(self, play: Player) -> None:
        p = reviewed(play())
        p.do(self.start(p)).do(call(p))
        assert (p.case.stage, p.case.outcome) == ("revisited", "satisfied")
        assert p.refused(Closed(by=p.TEAM, reason="了结")) == "not_now"
        p.do(self.end(p))
        assert (p.case.stage, p.case.closed_at) == ("closed", p.now)

    def test_the_next_host_hears_of_it(self, play: Player) -> None:
        p = play()
        p.do(self.start(p)).work("returned").do(dispatch(p))
        assert p.notices[-1] == (p.THIRD.code, "supervision")

    def test_what_is_refused(self, play: Player) -> None:
        p = play()
        assert p.refused(self.end(p)) == "not_now"
        past = SupervisionOpened(by=p.TEAM, due_at=p.START, reason="重点")
        assert p.refused(past) == "bad_time"


class TestRecusal:
    def found(self, p: Play, *units: str, persons: tuple[str, ...] = ()) -> RecusalFound:
        return RecusalFound(by=SYSTEM, units=units or (p.HOST.code,), persons=persons, reason="来信投诉该所")

    def test_a_recused_host_never_gets_it(self, play: Player) -> None:
        p = play(recused=(play().HOST.code,))
        assert (p.case.stage, p.made, p.notices) == ("waiting", [], [])
        p = play(recused=(play().ASSIST.code,))
        assert p.made == [(p.HOST.code, "host", 1)]
        assert p.refused(dispatch(p, p.ASSIST)) == "recused"
        assert p.refused(dispatch(p, p.THIRD, p.ASSIST)) == "recused"

    def test_found_later_it_takes_the_letter_back_without_a_word_to_the_accused(self, play: Player) -> None:
        p = play().work("signed")
        p.do(self.found(p))
        assert (p.case.stage, p.case.state) == ("waiting", "waiting")
        assert p.withdrawn == [p.HOST.code, p.ASSIST.code]
        assert not [told for told in p.notices if told[0] == p.HOST.code]
        assert (p.INSPECTION, "work_slip") in p.notices
        assert (p.ASSIST.code, "withdrawal") in p.notices

    def test_what_was_not_opened_is_taken_back_in_silence(self, play: Player) -> None:
        p = play()
        p.do(self.found(p))
        assert (p.INSPECTION, "work_slip") not in p.notices

    def test_when_the_inspection_is_accused_the_leader_is_told(self, play: Player) -> None:
        p = play().work("signed")
        p.do(self.found(p, p.HOST.code, p.INSPECTION))
        assert (p.CHIEF, "work_slip") in p.notices
        assert not [told for told in p.notices if told[0] == p.INSPECTION]

    def test_to_the_accused_the_case_does_not_exist(self, play: Player) -> None:
        p = play().work("signed")
        stranger = p.attempt(p.report("contacted").model_copy(update={"by": p.UNIT(p.THIRD)}))
        late = p.report("contacted")
        p.do(self.found(p, persons=("王所长",)))
        assert p.attempt(late) == stranger
        comment = Commented(by=p.TEAM.model_copy(update={"name": "王所长"}), text="打听一下")
        assert p.refused(comment) == "unknown_case"

    def test_what_the_accused_unit_finished_is_handled_again(self, play: Player) -> None:
        p = reviewed(play())
        p.do(self.found(p))
        assert p.case.stage == "waiting"
        p.do(dispatch(p))
        assert p.case.host.unit == p.THIRD

    def test_an_accused_co_unit_leaves_and_the_host_goes_on(self, play: Player) -> None:
        p = play().work("signed")
        p.do(self.found(p, p.ASSIST.code))
        assert (p.case.stage, [task.unit for task in p.case.open_tasks]) == ("signed", [p.HOST])

    def test_a_reopening_does_not_bring_the_accused_back(self, play: Player) -> None:
        p = reviewed(play()).do(call(play()))
        p.do(self.found(p))
        assert p.case.stage == "closed"
        p.do(Reopened(by=p.LEADER, reason="来信人补充材料"))
        assert (p.case.stage, len(p.made)) == ("waiting", 2)

    def test_when_an_office_is_accused_another_hears_what_it_would_have_heard(self, play: Player) -> None:
        p = play(recused=(play().MAILBOX,)).work("signed", "returned")
        assert (p.INSPECTION, "work_slip") in p.notices
        assert not [told for told in p.notices if told[0] == p.MAILBOX]
        q = play(recused=(play().MAILBOX, play().INSPECTION)).work("returned")
        assert (q.CHIEF, "work_slip") in q.notices
        nobody = play(recused=(play().MAILBOX, play().INSPECTION, play().CHIEF)).work("returned")
        assert nobody.notices == [(nobody.ASSIST.code, "withdrawal")]

    def test_the_accused_take_no_part_in_a_joint_decision(self, play: Player) -> None:
        p = play(recused=(play().THIRD.code,))
        assert p.refused(joint(p, p.HOST)) == "recused"

    def test_a_merged_letter_that_becomes_a_complaint_stands_for_itself_again(self, play: Player) -> None:
        p = play()
        p.do(Merged(by=p.OFFICER, into=UUID(int=3), reason="同一诉求")).do(self.found(p, p.THIRD.code))
        assert (p.case.stage, p.case.merged_into) == ("waiting", None)


class TestMerging:
    def merge(self, p: Play, **more: Any) -> Merged:
        return Merged(**({"by": p.OFFICER, "into": UUID(int=3), "reason": "同一诉求"} | more))

    def test_it_withdraws_what_units_hold_and_can_be_split_again(self, play: Player) -> None:
        p = play()
        p.do(self.merge(p))
        assert (p.case.state, p.withdrawn) == ("merged", [p.HOST.code, p.ASSIST.code])
        assert p.refused(self.merge(p)) == "not_now"
        p.do(Split(by=p.OFFICER, reason="并非同一事")).do(dispatch(p))
        assert (p.case.stage, p.case.round, p.case.merged_into) == ("dispatched", 2, None)

    def test_never_across_a_recusal_boundary(self, play: Player) -> None:
        p = play()
        assert p.refused(self.merge(p, into_recused=(p.HOST.code,))) == "boundary"
        q = play(recused=(p.THIRD.code,))
        assert q.refused(self.merge(q, into_units=(p.THIRD.code,))) == "boundary"
        assert q.refused(self.merge(q)) == "boundary"
        # Whoever names the target's holders and its recused units inconsistently gets no merge either.
        both = self.merge(q, into_recused=(p.THIRD.code,), into_units=(p.THIRD.code,))
        assert q.refused(both) == "boundary"
        q.do(self.merge(q, into_recused=(p.THIRD.code,)))

    def test_not_into_itself(self, play: Player) -> None:
        p = play()
        assert p.refused(self.merge(p, into=p.case.letter_id)) == "boundary"


class TestClosingByOfficers:
    def test_the_duty_desk_closes_only_what_waits(self, play: Player) -> None:
        p = play(outcome="waiting")
        p.do(Closed(by=p.OFFICER, reason="咨询已当场答复"))
        assert (p.case.stage, p.case.outcome) == ("closed", "by_officer")
        q = play()
        assert q.refused(Closed(by=q.OFFICER, reason="不办")) == "not_now"

    def test_a_leader_closes_what_units_still_hold(self, play: Player) -> None:
        p = play()
        p.do(Closed(by=p.LEADER, reason="来信人撤诉"))
        assert p.withdrawn == [p.HOST.code, p.ASSIST.code]

    def test_the_mailbox_team_closes_what_is_finished_without_taking_anything_back(self, play: Player) -> None:
        p = finished(play())
        p.do(Closed(by=p.TEAM, reason="匿名信，无法回访"))
        assert (p.case.stage, p.withdrawn) == ("closed", [])

    def test_out_of_the_bureau(self, play: Player) -> None:
        p = play(outcome="waiting")
        p.do(Transferred(by=p.OFFICER, to="12345", reason="非警务"))
        assert (p.case.state, p.case.transferred_to) == ("escalated", "12345")
        p.do(dispatch(p))
        assert (p.case.state, p.case.transferred_to) == ("dispatched", None)


class TestNotes:
    def test_leads_keep_what_is_not_given_anew_and_outlive_the_case(self, play: Player) -> None:
        p = reviewed(play(kind="举报")).do(call(play()))
        p.do(LeadFollowed(by=p.UNIT(p.HOST), lead_id="1", case_number="A3607", recovered_fen=500_00))
        p.do(LeadFollowed(by=p.UNIT(p.HOST), lead_id="1", outcome="已破案"))
        (lead,) = p.case.leads
        assert (lead.case_number, lead.recovered_fen, lead.outcome) == ("A3607", 500_00, "已破案")

    def test_thanks_and_complaint_stages_are_counted(self, play: Player) -> None:
        p = play(kind="投诉")
        p.do(ThanksRecorded(by=p.TEAM))
        for _ in range(2):
            p.do(ComplaintStageRecorded(by=p.TEAM, stage="执法办案"))
        assert (len(p.case.thanks), p.case.complaint_stages) == (1, ("执法办案",))
        assert p.refused(ThanksRecorded(by=p.UNIT(p.HOST))) == "not_allowed"


def test_what_waited_at_the_desk_keeps_the_citizen_s_clock(play: Player) -> None:
    p = play(outcome="waiting").wait(hours=2)
    p.do(dispatch(p))
    assert p.case.round == 1
    assert p.case.host.deadline("sign").due_at == p.START + timedelta(minutes=10)


def test_a_calendar_that_did_not_change_changes_nothing(play: Player) -> None:
    p = play()
    before = p.case
    answer = p.attempt(CalendarGrew(by=SYSTEM))
    assert isinstance(answer, Applied)
    assert (answer.effects, p.case.tasks) == ((), before.tasks)


def test_a_worker_s_clock_that_is_behind_does_not_turn_the_case_back(play: Player) -> None:
    p = play().work("signed")
    changed_at = p.case.changed_at
    p.wait(minutes=-3).do(ThanksRecorded(by=p.TEAM))
    assert p.case.changed_at == changed_at
    assert p.case.thanks == (changed_at,)


@pytest.mark.parametrize("stage", LETTER_STATE)
def test_what_cannot_happen_at_a_stage_is_refused_and_never_raised(play: Player, stage: Stage) -> None:
    p = play()
    frozen = p.case.but(stage=stage)
    events = (
        dispatch(p), joint(p), review(p), call(p), Closed(by=p.LEADER, reason="了结"), Reopened(by=p.LEADER, reason="重办"),
        Split(by=p.OFFICER, reason="误并"), Transferred(by=p.OFFICER, to="12345", reason="非警务"), p.report("signed"),
        Merged(by=p.OFFICER, into=UUID(int=3), reason="同一诉求"),
    )  # fmt: skip
    for event in events:
        p.case = frozen
        answer = p.attempt(event)
        if isinstance(answer, Applied):
            assert answer.case.stage in LETTER_STATE
        else:
            assert p.case is frozen


def test_a_case_and_its_events_survive_json_and_replay(play: Player) -> None:
    p = play(channel="petition")
    first, history = p.case, []
    ask = TestExtension().ask(p)
    for make in (
        lambda: p.report("signed"), lambda: ask, lambda: ExtensionDecided(by=p.LEADER, granted=True, reason="复杂"),
        lambda: p.report("finished"), lambda: review(p), lambda: call(p, satisfied=False), lambda: p.report("returned"),
        lambda: dispatch(p), lambda: RecusalFound(by=SYSTEM, units=(p.THIRD.code,), reason="投诉"),
    ):  # fmt: skip
        event = make()
        p.do(event)
        history.append((p.now, EVENT.validate_json(event.model_dump_json())))
    again = Case.model_validate_json(p.case.model_dump_json())
    assert again == p.case
    assert fold(first, history, rules=p.RULES) == p.case


def test_no_notice_holds_a_word_of_the_letter(play: Player) -> None:
    p = joint_pending(play())
    p.do(joint(p))
    assert "机密正文" not in "".join(repr(effect) for effect in p.effects)
