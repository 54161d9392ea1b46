"""Commands of those who follow a letter to its end: jiesu decide review, callback, extend, supervise …"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from casework.events import (
    Actor,
    AppealDecided,
    Event,
    ExtensionDecided,
    LeadFollowed,
    Reopened,
    Reviewed,
    Revisited,
    SupervisionClosed,
    SupervisionOpened,
    ThanksRecorded,
)
from jiesu.commands.decision import By, Duty, Number, Seen, Unit, Why, happen
from jiesu.deciding import OfficerRole
from jiesu.terminal import JsonFlag
from jiesu.wiring import House
from letters.clock import SHANGHAI


def supervise(
    number: Number, by: By, reason: Why,
    due: Annotated[datetime | None, typer.Option("--due", help="Its own deadline (Shanghai time); policy's else.")] = None,
    lift: Annotated[bool, typer.Option("--lift", help="Take it off the list; the reason is the result.")] = False,
    role: Duty = OfficerRole.mailbox_team, unit: Unit = None, expect: Seen = None, as_json: JsonFlag = False,
) -> None:  # fmt: skip
    """挂账督办、销账: put the letter on the supervised list, or take it off.

    Example: `jiesu decide supervise NKXX-20261011-0002 --by 甲 --reason 多次投诉 --due 2026-12-01`
    """
    until = due.replace(tzinfo=SHANGHAI) if due else None

    def made(_: House, who: Actor) -> Event:
        if lift:
            return SupervisionClosed(by=who, result=reason)
        return SupervisionOpened(by=who, due_at=until, reason=reason)

    happen(number, by, role, unit, expect, as_json, made)


def review(
    number: Number, by: By,
    passed: Annotated[bool, typer.Option("--pass/--send-back", help="The work report is enough, or goes back.")],
    reason: Annotated[str, typer.Option("--reason", help="The comment; needed to send it back.")] = "",
    role: Duty = OfficerRole.mailbox_team, unit: Unit = None, expect: Seen = None, as_json: JsonFlag = False,
) -> None:  # fmt: skip
    """审核: the work report of a finished letter.

    Example: `jiesu decide review NKXX-20261011-0002 --pass --by 甲`
    """
    happen(number, by, role, unit, expect, as_json, lambda _, who: Reviewed(by=who, passed=passed, comment=reason))


def callback(
    number: Number, by: By,
    reached: Annotated[bool, typer.Option("--reached/--not-reached", help="Whether the writer answered.")],
    contacted: Annotated[bool | None, typer.Option("--contacted/--not-contacted", help="参与")] = None,
    solved: Annotated[bool | None, typer.Option("--solved/--not-solved", help="解决")] = None,
    satisfied: Annotated[bool | None, typer.Option("--satisfied/--not-satisfied", help="满意")] = None,
    reason: Annotated[str, typer.Option("--reason", help="What the writer said.")] = "",
    role: Duty = OfficerRole.mailbox_team, unit: Unit = None, expect: Seen = None, as_json: JsonFlag = False,
) -> None:  # fmt: skip
    """回访: what the writer says. Satisfied closes the letter, dissatisfied opens a new round.

    Example: `jiesu decide callback NKXX-20261011-0002 --reached --contacted --solved --satisfied --by 甲`
    """
    happen(number, by, role, unit, expect, as_json, lambda _, who: Revisited(
        by=who, reached=reached, contacted=contacted, solved=solved, satisfied=satisfied, comment=reason
    ))  # fmt: skip


def reopen(
    number: Number, by: By, reason: Why, role: Duty = OfficerRole.mailbox_team, unit: Unit = None,
    expect: Seen = None, as_json: JsonFlag = False,
) -> None:  # fmt: skip
    """重办: take a closed letter up again, by the same units in a new round.

    Example: `jiesu decide reopen NKXX-20261011-0002 --by 甲 --reason 来信人再次反映`
    """
    happen(number, by, role, unit, expect, as_json, lambda _, who: Reopened(by=who, reason=reason))


def extend(
    number: Number, by: By, reason: Why,
    granted: Annotated[bool, typer.Option("--grant/--refuse", help="The host's request for more time.")],
    role: Duty = OfficerRole.leader, unit: Unit = None, expect: Seen = None, as_json: JsonFlag = False,
) -> None:  # fmt: skip
    """延期审批: grant or refuse the host's request for more time (信访工作条例 §34).

    Example: `jiesu decide extend XF3607032026100012 --grant --by 局领导 --reason 案情复杂`
    """
    happen(number, by, role, unit, expect, as_json, lambda _, who: ExtensionDecided(
        by=who, granted=granted, reason=reason
    ))  # fmt: skip


def appeal(
    number: Number, by: By, reason: Why,
    upheld: Annotated[bool, typer.Option("--uphold/--dismiss", help="The demand is found unreasonable, or not.")],
    role: Duty = OfficerRole.mailbox_team, unit: Unit = None, expect: Seen = None, as_json: JsonFlag = False,
) -> None:  # fmt: skip
    """申诉认定: a host's appeal that the demand is unreasonable (不合理诉求).

    Example: `jiesu decide appeal NKXX-20261011-0002 --dismiss --by 甲 --reason 诉求合理`
    """
    happen(number, by, role, unit, expect, as_json, lambda _, who: AppealDecided(by=who, upheld=upheld, reason=reason))


def thanks(
    number: Number, by: By, role: Duty = OfficerRole.mailbox_team, unit: Unit = None, expect: Seen = None,
    as_json: JsonFlag = False,
) -> None:  # fmt: skip
    """登记感谢: the writer thanked.

    Example: `jiesu decide thanks NKXX-20261019-0002 --by 甲`
    """
    happen(number, by, role, unit, expect, as_json, lambda _, who: ThanksRecorded(by=who))


def lead(
    number: Number, by: By,
    lead_id: Annotated[str, typer.Option("--lead", help="The lead's own number.")],
    case_number: Annotated[str | None, typer.Option("--case-number", help="立案编号")] = None,
    recovered: Annotated[float | None, typer.Option("--recovered", min=0, help="挽回损失, in yuan")] = None,
    outcome: Annotated[str | None, typer.Option("--outcome", help="What became of it.")] = None,
    role: Duty = OfficerRole.mailbox_team, unit: Unit = None, expect: Seen = None, as_json: JsonFlag = False,
) -> None:  # fmt: skip
    """登记线索去向: a lead followed to its case, and money recovered.

    Example: `jiesu decide lead NKXX-20261031-0004 --lead 1 --case-number A3607030000002026110001 --by 甲`
    """
    fen = None if recovered is None else round(recovered * 100)
    happen(number, by, role, unit, expect, as_json, lambda _, who: LeadFollowed(
        by=who, lead_id=lead_id, case_number=case_number, recovered_fen=fen, outcome=outcome
    ))  # fmt: skip


def add_to(group: typer.Typer) -> None:
    """Hang the commands into the group."""
    for command in (supervise, review, callback, reopen, extend, appeal, thanks, lead):
        group.command()(command)
