"""Reports of units: repeats, strange orders, late news, and what is refused with which reason."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casework.progress import (
    Accepted,
    AssignmentState,
    Rejected,
    StepDone,
    accept_progress,
    done_at,
    read_progress,
    return_category,
    with_reports,
)
from letters.clock import SHANGHAI
from letters.messages import Attachment, Progress

UNIT, OTHER = "360782110000", "360782120000"
ID = UUID(int=7)
ASSIGNED = datetime(2026, 3, 2, 9, tzinfo=SHANGHAI)


def after(**time: float) -> datetime:
    return ASSIGNED + timedelta(**time)


def report(step: str, at: datetime, number: str = "p1", **more: object) -> Progress:
    text = {"finished": "已调解，双方握手言和。", "returned": "非本辖区：该路段属金鸡所。"}.get(step, "")
    facts: dict[str, object] = {"step": step, "at": at, "by": "张警官", "text": text, "progress_id": number}
    return Progress.model_validate({"assignment_id": ID} | facts | more)


def state(*steps: StepDone, **more: object) -> AssignmentState:
    return AssignmentState(ID, UNIT, ASSIGNED, steps, **more)  # type: ignore[arg-type]


def accept(assignment: AssignmentState | None, progress: Progress, now: datetime, unit: str = UNIT) -> Accepted:
    result = accept_progress(assignment, progress, unit=unit, at=now)
    assert isinstance(result, Accepted), result
    return result


def refuse(assignment: AssignmentState | None, progress: Progress, now: datetime, unit: str = UNIT) -> Rejected:
    result = accept_progress(assignment, progress, unit=unit, at=now)
    assert isinstance(result, Rejected), result
    return result


def test_a_report_is_recorded_at_its_own_time() -> None:
    (done,) = accept(state(), report("signed", after(minutes=3)), after(minutes=4)).record
    assert (done.step, done.at, done.received_at, done.flags) == ("signed", after(minutes=3), after(minutes=4), ())


def test_a_repeat_adds_nothing_however_late_it_comes() -> None:
    told = report("signed", after(minutes=3))
    record = accept(state(), told, after(minutes=4)).record
    again = accept(state(*record, over_at=after(days=1)), told, after(days=30))
    assert again == Accepted(record=(), repeat=True)


def test_a_number_used_for_two_reports_is_refused() -> None:
    record = accept(state(), report("signed", after(minutes=3)), after(minutes=4)).record
    assert refuse(state(*record), report("contacted", after(minutes=5)), after(minutes=6)).reason == "reused_id"
    assert refuse(state(*record), report("signed", after(minutes=2)), after(minutes=6)).reason == "reused_id"


def test_feedback_before_signed_implies_signed_at_that_time() -> None:
    record = accept(state(), report("feedback", after(hours=1), "f"), after(hours=1)).record
    assert [(done.step, done.at, done.flags) for done in record] == [
        ("signed", after(hours=1), ("implied",)),
        ("feedback", after(hours=1), ()),
    ]
    late = accept(state(*record), report("signed", after(minutes=5), "s"), after(hours=1, minutes=1)).record
    assert done_at((*record, *late), "signed") == after(minutes=5)
    assert late[0].flags == ("out_of_order",)


def test_an_implied_step_does_not_use_up_its_report_s_number() -> None:
    record = accept(state(), report("feedback", after(hours=1), "f"), after(hours=1)).record
    assert accept(state(*record), report("feedback", after(hours=1), "f"), after(hours=2)).repeat


def test_a_later_signature_does_not_unprove_what_feedback_proved() -> None:
    record = accept(state(), report("feedback", after(hours=1), "f"), after(hours=1)).record
    late = accept(state(*record), report("signed", after(hours=2), "s"), after(hours=2)).record
    assert done_at((*record, *late), "signed") == after(hours=1)


def test_finished_implies_feedback_but_never_a_call_that_nobody_made() -> None:
    record = accept(state(), report("finished", after(days=2)), after(days=2)).record
    assert [done.step for done in record] == ["signed", "feedback", "finished"]
    assert done_at(record, "contacted") is None


def test_an_earlier_report_moves_what_it_implies() -> None:
    record = accept(state(), report("feedback", after(hours=3), "f"), after(hours=3)).record
    earlier = accept(state(*record), report("contacted", after(hours=1), "c"), after(hours=3)).record
    assert done_at((*record, *earlier), "signed") == after(hours=1)


@pytest.mark.parametrize(
    ("assignment", "unit", "progress", "reason"),
    [
        (None, UNIT, report("signed", ASSIGNED), "unknown_assignment"),
        (state(), OTHER, report("signed", ASSIGNED), "not_yours"),
        (state(), UNIT, report("signed", after(hours=3)), "future"),
        (state(), UNIT, report("signed", after(hours=-1)), "before_assignment"),
        (state(), UNIT, report("finished", after(hours=1), text="  "), "no_report"),
        (state(), UNIT, report("returned", after(hours=1), text=""), "no_reason"),
        (state(bound=True), UNIT, report("returned", after(hours=1)), "bound"),
        (state(return_until=after(minutes=30)), UNIT, report("returned", after(hours=1)), "dispute_over"),
        (state(over_at=after(minutes=30)), UNIT, report("feedback", after(hours=1)), "assignment_over"),
        (state(over_at=after(minutes=30)), UNIT, report("finished", after(minutes=20)), "assignment_over"),
        (state(over_at=after(minutes=30)), UNIT, report("returned", after(minutes=20)), "assignment_over"),
    ],
)
def test_what_is_refused(assignment: AssignmentState | None, unit: str, progress: Progress, reason: str) -> None:
    assert refuse(assignment, progress, after(hours=2), unit).reason == reason


def test_another_unit_s_assignment_looks_like_none_at_all() -> None:
    told = report("signed", ASSIGNED)
    stranger, nobody = refuse(state(), told, after(hours=1), OTHER), refuse(None, told, after(hours=1), OTHER)
    assert (stranger.message, stranger.facts) == (nobody.message, nobody.facts)


def test_a_file_is_a_work_report_too() -> None:
    told = report("finished", after(hours=1), text="", attachments=(Attachment(name="工作报告.pdf"),))
    assert accept(state(), told, after(hours=1)).record[-1].step == "finished"


def test_what_is_finished_cannot_be_returned() -> None:
    record = accept(state(), report("finished", after(hours=1), "f"), after(hours=1)).record
    assert refuse(state(*record), report("returned", after(hours=2), "r"), after(hours=2)).reason == "already_finished"
    sent_back = tuple(done.model_copy(update={"void": True}) for done in record)
    assert accept(state(*sent_back), report("returned", after(hours=2), "r"), after(hours=2)).record


def test_after_a_return_only_older_news_is_taken() -> None:
    record = accept(state(), report("returned", after(hours=1), "r"), after(hours=1)).record
    assert record[-1].category == "非本辖区"
    assert refuse(state(*record), report("signed", after(hours=2), "s"), after(hours=2)).reason == "assignment_over"
    older = accept(state(*record), report("contacted", after(minutes=20), "c"), after(hours=2)).record[-1]
    assert "late" in older.flags


def test_a_clock_that_is_a_little_off_is_set_right_and_flagged() -> None:
    (ahead,) = accept(state(), report("signed", after(minutes=5)), after(minutes=4)).record
    assert (ahead.at, ahead.flags) == (after(minutes=4), ("skewed",))
    (behind,) = accept(state(), report("signed", after(minutes=-1)), after(minutes=4)).record
    assert (behind.at, behind.flags) == (ASSIGNED, ("skewed",))
    assert accept(state(behind), report("signed", after(minutes=-1)), after(minutes=9)).repeat


def test_late_news_counts_from_its_own_time_and_says_so() -> None:
    (done,) = accept(state(), report("signed", after(minutes=3)), after(hours=6)).record
    assert (done.at, done.flags) == (after(minutes=3), ("late",))


def test_a_second_call_is_recorded_and_the_first_counts() -> None:
    first = accept(state(), report("contacted", after(minutes=9), "c1"), after(minutes=9)).record
    second = accept(state(*first), report("contacted", after(days=1), "c2"), after(days=1)).record
    assert [done.flags for done in second] == [("again",)]
    assert done_at((*first, *second), "contacted") == after(minutes=9)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"not json", "unreadable"),
        (b"[]", "unreadable"),
        (b"\xff\xfe", "unreadable"),
        ('{"step": "signed", "at": "2026-03-02T09:00:00+08:00", "by": "a", "progress_id": "1"}', "missing_field"),
        (report("signed", ASSIGNED).model_dump_json().replace("signed", "teleported"), "unknown_step"),
        (report("signed", ASSIGNED).model_dump_json().replace("+08:00", ""), "bad_time"),
        (report("signed", ASSIGNED).model_dump_json().replace("2026-03", "2026-13"), "bad_time"),
        (report("signed", ASSIGNED, "  ").model_dump_json(), "missing_field"),
        (report("signed", ASSIGNED, text="a\x00b").model_dump_json(), "unreadable"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_reason(raw: bytes | str, reason: str) -> None:
    found = read_progress(raw)
    assert isinstance(found, Rejected)
    assert found.reason == reason
    assert found.message


def test_what_can_be_read_is_the_message_itself() -> None:
    told = report("signed", ASSIGNED)
    assert read_progress(told.model_dump_json()) == told
    assert read_progress(told.model_dump_json().replace("{", '{"colour": "red",', 1).encode()) == told


def test_steps_can_be_had_again_from_the_stored_reports() -> None:
    told = [
        (after(hours=2), report("feedback", after(hours=1), "f")),
        (after(hours=3), report("signed", after(minutes=4), "s")),
    ]
    first = accept(state(), told[0][1], told[0][0]).record
    second = accept(state(*first), told[1][1], told[1][0]).record
    assert with_reports(state(), [*told, told[0]]).steps == (*first, *second)


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("该路段不在我辖区，属横市所", "非本辖区"),
        ("属交警职责范围", "非本单位职责"),
        ("非本单位管辖", "非本单位职责"),
        ("来信人系本所民警亲属，应予回避", "应当回避"),
        ("重复件，横市所已办", "他单位已办理"),
        ("噪音扰民属城管，非警务", "非警务"),
        ("没有写明地址，信息不全", "诉求不清"),
        ("请退回", "其他"),
    ],
)
def test_a_return_is_filed_by_its_words(text: str, category: str) -> None:
    assert return_category(text) == category


STEPS = st.sampled_from(["signed", "contacted", "feedback", "finished", "returned"])


@given(st.lists(st.tuples(STEPS, st.integers(-10, 200), st.integers(0, 5)), max_size=25))
def test_no_order_of_reports_moves_a_step_later_or_outside_its_bounds(told: list[tuple[str, int, int]]) -> None:
    steps: tuple[StepDone, ...] = ()
    for index, (step, minute, number) in enumerate(told):
        now = after(minutes=index * 10)
        before = {name: done_at(steps, name) for name in ("signed", "contacted", "feedback", "finished", "returned")}  # type: ignore[arg-type]
        result = accept_progress(state(*steps), report(step, after(minutes=minute), str(number)), unit=UNIT, at=now)
        if isinstance(result, Rejected):
            continue
        steps += result.record
        for name, was in before.items():
            found = done_at(steps, name)  # type: ignore[arg-type]
            assert was is None or (found is not None and found <= was)
        assert all(ASSIGNED <= done.at <= max(now, ASSIGNED) for done in steps)
        # The same message again never adds anything.
        twice = accept_progress(state(*steps), report(step, after(minutes=minute), str(number)), unit=UNIT, at=now)
        assert twice == Accepted(repeat=True)
