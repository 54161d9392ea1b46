"""Progress from a unit: a message and what is known of its assignment go in; what to record, or a refusal, comes out.

The rules, in this order:

1. Only the assignment's own unit reports on it; the topic it wrote to is the sender (invariant 7). To anyone else an
   assignment of another unit and one that does not exist look the same.
2. A `progress_id` already recorded is a repeat: accepted again, nothing new. The same id with another step or time
   is refused, for one of the two reports would vanish.
3. `at` lies between the assignment and now. Clocks of other machines may be off by `skew`; what is off by less is
   moved to the nearer bound and flagged.
4. Reports may come in any order. Whatever a unit reports proves that it holds the letter, so it implies `signed` at
   that time; `finished` implies `feedback`. Nothing implies `contacted`: that is a call somebody made or did not make.
   An implied step gives way to an earlier report of the unit's own. The earliest time of a step is the one that counts.
5. Late news counts from its own `at`, flagged `late`; once an assignment is over only such news is taken.
6. A return (退单) needs a reason, a finish (办结) a work report (工作报告); neither a bound assignment (会商) nor one past
   its time to dispute can be returned.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from pydantic import ValidationError

from letters.messages import Moment, Part, Progress, Role, Step

Reason = Literal[
    "unreadable",
    "missing_field",
    "unknown_step",
    "bad_time",
    "unknown_assignment",
    "not_yours",
    "reused_id",
    "future",
    "before_assignment",
    "assignment_over",
    "already_finished",
    "no_report",
    "no_reason",
    "bound",
    "dispute_over",
]
"""Why a progress message was refused; a code for figures and tests, the message beside it is for people."""

Flag = Literal["implied", "late", "out_of_order", "skewed", "again"]
"""What a reader of a step should know: 推定, 补报, 次序颠倒, 时钟偏差, 重复办理."""

ReturnCategory = Literal["非本辖区", "非本单位职责", "他单位已办理", "非警务", "诉求不清", "应当回避", "其他"]
"""Why a unit sent an assignment back (退单理由)."""

RETURN_CATEGORIES: Final[tuple[tuple[ReturnCategory, tuple[str, ...]], ...]] = (
    ("应当回避", ("应当回避", "应予回避", "申请回避", "利害关系")),
    ("他单位已办理", ("他单位已办理", "重复件", "重复派单", "重复工单", "已由其他单位")),
    ("非警务", ("非警务", "非公安", "不属于公安", "不属公安")),
    ("非本辖区", ("非本辖区", "不在我辖区", "不在本辖区", "不属我辖区", "不属于我辖区", "不属本辖区", "不属于本辖区")),
    ("非本单位职责", ("非本单位", "非我单位", "不属于我单位", "不属我单位", "不属于本单位", "职责")),
    ("非本辖区", ("辖区", "管辖")),
    ("诉求不清", ("诉求不清", "信息不全", "内容不清", "地址不清", "信息不清", "无法核实")),
)
"""Words by which a return's text is filed; the first that occurs counts, the category's own name among them."""


@dataclass(frozen=True, slots=True)
class ProgressRules:
    """How far a unit's clock may be off, and when news is late; from policy.yaml, section `progress`."""

    skew: timedelta = timedelta(minutes=5)
    late_after: timedelta = timedelta(hours=1)
    report_required: bool = True


class StepDone(Part):
    """A step as recorded; append-only, so a later report never rewrites an earlier one."""

    step: Step
    at: Moment
    by: str
    progress_id: str
    received_at: Moment
    flags: tuple[Flag, ...] = ()
    category: ReturnCategory | None = None
    void: bool = False
    """True for a finish that the mailbox team's review sent back: it no longer counts."""

    @property
    def implied(self) -> bool:
        """Whether no unit reported it: it follows from a later step."""
        return "implied" in self.flags


@dataclass(frozen=True, slots=True)
class AssignmentState:
    """What storage knows of an assignment when a report on it comes in."""

    assignment_id: UUID
    unit: str
    assigned_at: datetime
    steps: tuple[StepDone, ...] = ()
    role: Role = "host"
    over_at: datetime | None = None
    """When it ended other than by its own finish: returned, withdrawn, decided anew, reviewed, closed."""
    bound: bool = False
    """True after a joint decision (会商): it can no longer be returned."""
    return_until: datetime | None = None
    """End of the time to dispute the transfer (异议期限), where the policy sets one."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The report counts. `record` holds the steps to add to the assignment's own, the reported one last."""

    record: tuple[StepDone, ...] = ()
    repeat: bool = False
    """True when this very report was recorded before; `record` is empty then."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """The report does not count. It is recorded with this reason; `message` may be shown to the sender."""

    reason: Reason
    message: str
    facts: dict[str, str] = field(default_factory=dict)


def read_progress(raw: bytes | str) -> Progress | Rejected:
    """A message's JSON as `Progress`, or why it cannot be one; never raises on bad input."""
    try:
        progress = Progress.model_validate_json(raw)
    except ValidationError as error:
        return _unreadable(error)
    # PostgreSQL cannot store NUL: let through, one message would stop the stage for good (invariant 4).
    if "\x00" in progress.model_dump_json() or "\\u0000" in progress.model_dump_json():
        return Rejected("unreadable", "进度消息含有不可存储的空字符（NUL），请去除后重新上报。")
    if not progress.progress_id.strip():
        return Rejected(
            "missing_field", "进度消息缺少 progress_id，请为每条进度编一个不重复的编号。", {"field": "progress_id"}
        )
    return progress


def _unreadable(error: ValidationError) -> Rejected:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    facts = {"field": where, "finding": first["msg"]}
    if not where:
        return Rejected("unreadable", f"进度消息不是有效的 JSON 对象：{first['msg']}。", facts)
    if first["type"] == "missing":
        return Rejected("missing_field", f"进度消息缺少字段 {where}。", facts)
    if where == "step":
        steps = "signed、contacted、feedback、finished、returned"
        return Rejected("unknown_step", f"不认识的办理环节，step 只能是 {steps}。", facts)
    if where == "at":
        return Rejected("bad_time", "时间 at 须为带时区的 ISO 8601，例如 2026-03-02T09:00:00+08:00。", facts)
    return Rejected("unreadable", f"字段 {where} 无法识别：{first['msg']}。", facts)


def accept_progress(
    assignment: AssignmentState | None,
    progress: Progress,
    *,
    unit: str,
    at: datetime,
    rules: ProgressRules | None = None,
) -> Accepted | Rejected:
    """Whether a report counts, and the steps it adds.

    `assignment` is None when the id is unknown; `unit` is the sender, read off the topic; `at` is when the message
    was received. Neither storage nor a clock is asked: same arguments, same answer.
    """
    rules = rules or ProgressRules()
    if assignment is None or assignment.unit != unit:
        reason: Reason = "unknown_assignment" if assignment is None else "not_yours"
        return Rejected(reason, "本单位名下没有这件派单，请核对 assignment_id。")
    for done in assignment.steps:
        if done.progress_id == progress.progress_id and not done.implied:
            return _repeated(done, progress, assignment, rules)
    return _timed(assignment, progress, at, rules) or _stepped(assignment, progress, at, rules)


def with_reports(
    assignment: AssignmentState, reports: Iterable[tuple[datetime, Progress]], *, rules: ProgressRules | None = None
) -> AssignmentState:
    """The assignment with the steps that its stored reports make, each with the time it was received, in that order."""
    for received_at, progress in reports:
        answer = accept_progress(assignment, progress, unit=assignment.unit, at=received_at, rules=rules)
        if isinstance(answer, Accepted):
            assignment = replace(assignment, steps=(*assignment.steps, *answer.record))
    return assignment


def _repeated(done: StepDone, progress: Progress, of: AssignmentState, rules: ProgressRules) -> Accepted | Rejected:
    # A skewed time was moved when it was recorded, so a repeat of it may differ by that much.
    same_time = abs(done.at - progress.at) <= (rules.skew if "skewed" in done.flags else timedelta())
    if done.step == progress.step and same_time:
        return Accepted(repeat=True)
    return Rejected(
        "reused_id",
        f"progress_id {progress.progress_id} 已用于另一条进度，请换一个编号重新上报。",
        {"recorded_step": done.step, "assignment_id": str(of.assignment_id)},
    )


def _timed(of: AssignmentState, progress: Progress, now: datetime, rules: ProgressRules) -> Rejected | None:
    if progress.at > now + rules.skew:
        return Rejected(
            "future", "办理时间晚于当前时间，请校准本单位系统的时钟后重新上报。", {"at": progress.at.isoformat()}
        )
    if progress.at < of.assigned_at - rules.skew:
        facts = {"at": progress.at.isoformat(), "assigned_at": of.assigned_at.isoformat()}
        return Rejected("before_assignment", "办理时间早于派单时间，请核对后重新上报。", facts)
    return None


def _stepped(of: AssignmentState, progress: Progress, now: datetime, rules: ProgressRules) -> Accepted | Rejected:
    at = min(max(progress.at, of.assigned_at), max(now, of.assigned_at))
    refused = _refused(of, progress, at, rules)
    if refused is not None:
        return refused
    flags: list[Flag] = []
    if at != progress.at:
        flags.append("skewed")
    if now - at > rules.late_after or (of.over_at is not None and now >= of.over_at):
        flags.append("late")
    if any(done.at > at for done in of.steps):
        flags.append("out_of_order")
    if any(done.step == progress.step and not done.implied and not done.void for done in of.steps):
        flags.append("again")
    category = return_category(progress.text) if progress.step == "returned" else None
    told = StepDone(
        step=progress.step,
        at=at,
        by=progress.by,
        progress_id=progress.progress_id,
        received_at=now,
        flags=tuple(flags),
        category=category,
    )
    return Accepted(record=(*_implied(of.steps, told), told))


def _refused(of: AssignmentState, progress: Progress, at: datetime, rules: ProgressRules) -> Rejected | None:
    over_at = of.over_at or done_at(of.steps, "returned")
    if over_at is not None and (at >= over_at or progress.step in ("returned", "finished")):
        return Rejected("assignment_over", "这件派单已结束（已退回、撤回、改派或审核），不再接受新的进度。")
    told = progress.text.strip() or progress.attachments
    if progress.step == "finished" and rules.report_required and not told:
        return Rejected("no_report", "办结须附工作报告：请在 text 写明办理情况，或上传附件。")
    if progress.step != "returned":
        return None
    if done_at(of.steps, "finished") is not None:
        return Rejected("already_finished", "这件派单已办结，不能再退单。")
    if not progress.text.strip():
        return Rejected("no_reason", "退单须在 text 写明理由。")
    if of.bound:
        return Rejected("bound", "这件派单经会商确定，不得再退单。")
    if of.return_until is not None and at > of.return_until:
        # 信访工作条例 §23: five working days to dispute, with the reasons in detail.
        until = of.return_until.strftime("%Y-%m-%d %H:%M")
        return Rejected(
            "dispute_over", f"异议期限已于 {until} 届满，不能再退单；如确有困难请报会商。", {"until": until}
        )
    return None


def _implied(steps: Sequence[StepDone], told: StepDone) -> tuple[StepDone, ...]:
    """The steps that a report proves though nobody told them, unless they are known at that time already."""
    follows: tuple[Step, ...] = {
        "contacted": ("signed",),
        "feedback": ("signed",),
        "finished": ("signed", "feedback"),
    }.get(told.step, ())  # type: ignore[assignment]  # dict.get joins the tuples' lengths
    found = []
    for step in follows:
        known = done_at(steps, step)
        if known is None or known > told.at:
            found.append(told.model_copy(update={"step": step, "flags": ("implied",)}))
    return tuple(found)


def done_at(steps: Sequence[StepDone], step: Step) -> datetime | None:
    """When a step was first done, reported or implied; None while it is open. A finish sent back does not count."""
    return min((done.at for done in steps if done.step == step and not done.void), default=None)


def return_category(text: str) -> ReturnCategory:
    """The category (退单理由) that a return's text falls under; 其他 when it names none."""
    for category, words in RETURN_CATEGORIES:
        if any(word in text for word in words):
            return category
    return "其他"
