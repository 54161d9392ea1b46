"""Commands of the duty desk: jiesu decide assign, label, merge …; each stands in the ledger with who and why."""

from __future__ import annotations

from typing import Annotated

import typer

from casework.events import (
    Closed,
    Commented,
    ComplaintStageRecorded,
    Dispatched,
    JointlyDecided,
    RecusalFound,
    Split,
    Transferred,
)
from jiesu.commands.decision import By, Duty, Helpers, Host, Number, Seen, Unit, Why, happen, settle
from jiesu.deciding import OfficerRole, letter_of, unit_ref
from jiesu.terminal import JsonFlag
from letters.errors import JiesuError


def assign(
    number: Number, host: Host, by: By, reason: Why, co: Helpers = None, role: Duty = OfficerRole.duty_officer,
    unit: Unit = None, expect: Seen = None, as_json: JsonFlag = False,
) -> None:  # fmt: skip
    """派单、改派: give the letter to a host and co-units. A recused unit is refused.

    Example: `jiesu decide assign NKXX-20261020-0008 --host 金鸡派出所 --by 值班员甲 --reason 属金鸡辖区`
    """
    happen(number, by, role, unit, expect, as_json, lambda jiesu, who: Dispatched(
        by=who, host=unit_ref(jiesu.bureau, host), reason=reason,
        co_units=tuple(unit_ref(jiesu.bureau, each) for each in co or ()),
    ))  # fmt: skip


def joint(
    number: Number, host: Host, by: By, reason: Why,
    participant: Annotated[list[str], typer.Option("--participant", help="A unit that took part; two at least.")],
    co: Helpers = None, role: Duty = OfficerRole.mailbox_team, unit: Unit = None, expect: Seen = None,
    as_json: JsonFlag = False,
) -> None:  # fmt: skip
    """会商: a joint decision of two or more units on who hosts; it binds, nobody may return the letter after it.

    Example: `jiesu decide joint N --host 交管大队 --participant 交管大队 --participant 治安大队 --by 甲 --reason 会商纪要`
    """
    happen(number, by, role, unit, expect, as_json, lambda jiesu, who: JointlyDecided(
        by=who, host=unit_ref(jiesu.bureau, host), reason=reason,
        co_units=tuple(unit_ref(jiesu.bureau, each) for each in co or ()),
        participants=tuple(unit_ref(jiesu.bureau, each).code for each in participant),
    ))  # fmt: skip


def label(
    number: Number, by: By, reason: Why,
    category: Annotated[str, typer.Option("--category", help="The right category, as taxonomy.yaml names it.")],
    role: Duty = OfficerRole.duty_officer, unit: Unit = None, expect: Seen = None, as_json: JsonFlag = False,
) -> None:  # fmt: skip
    """更正分类: put the category right (or confirm it); it becomes a training label.

    Example: `jiesu decide label NKXX-20261015-0001 --category 噪音扰民 --by 甲 --reason 夜市噪声`
    """
    settle(number, by, role, unit, as_json, lambda _, officers, who, letter: officers.label(
        letter, category, who, reason, expected=expect
    ))  # fmt: skip


def merge(
    number: Number, by: By, reason: Why,
    into: Annotated[str, typer.Option("--into", help="The letter that goes on: letter_id or source number.")],
    role: Duty = OfficerRole.duty_officer, unit: Unit = None, expect: Seen = None, as_json: JsonFlag = False,
) -> None:  # fmt: skip
    """合并: the same matter goes on in another letter, with that one's clock and number. Never across a recusal.

    Example: `jiesu decide merge GZ202610120310 --into GZ202609210198 --by 甲 --reason 同一事项重复来件`
    """
    settle(number, by, role, unit, as_json, lambda jiesu, officers, who, letter: officers.merge(
        letter, letter_of(jiesu, into), who, reason, expected=expect
    ))  # fmt: skip


def split(
    number: Number, by: By, reason: Why, role: Duty = OfficerRole.duty_officer, unit: Unit = None,
    expect: Seen = None, as_json: JsonFlag = False,
) -> None:  # fmt: skip
    """拆分: a merged letter stands for itself again and waits for a decision.

    Example: `jiesu decide split GZ202610120310 --by 甲 --reason 两件事`
    """
    happen(number, by, role, unit, expect, as_json, lambda _, who: Split(by=who, reason=reason))


def transfer(
    number: Number, by: By, reason: Why,
    to: Annotated[str, typer.Option("--to", help="Where it goes, e.g. 12345 or 市局信访处.")],
    role: Duty = OfficerRole.duty_officer, unit: Unit = None, expect: Seen = None, as_json: JsonFlag = False,
) -> None:  # fmt: skip
    """转出: hand the letter to a body outside the bureau.

    Example: `jiesu decide transfer NKXX-20261020-0008 --to 12345 --by 甲 --reason 停水，非警务`
    """
    happen(number, by, role, unit, expect, as_json, lambda _, who: Transferred(by=who, to=to, reason=reason))


def close(
    number: Number, by: By, reason: Why, role: Duty = OfficerRole.duty_officer, unit: Unit = None,
    expect: Seen = None, as_json: JsonFlag = False,
) -> None:  # fmt: skip
    """归档: close what waits (duty desk), what is finished (mailbox team), or anything (leader).

    Example: `jiesu decide close NKXX-20261025-0001 --by 甲 --reason 宣传材料，无诉求`
    """
    happen(number, by, role, unit, expect, as_json, lambda _, who: Closed(by=who, reason=reason))


def recuse(
    number: Number, by: By, reason: Why,
    accused: Annotated[list[str] | None, typer.Option("--accused", help="A unit complained about, with all under it.")] = None,
    person: Annotated[list[str] | None, typer.Option("--person", help="A person complained about.")] = None,
    role: Duty = OfficerRole.duty_officer, unit: Unit = None, expect: Seen = None, as_json: JsonFlag = False,
) -> None:  # fmt: skip
    """认定回避: shut out who is complained about; what they have not opened is withdrawn, the inspection unit hears of
    what they have.

    Example: `jiesu decide recuse NKXX-20261015-0001 --accused 蓉江派出所 --by 甲 --reason 来信人补充反映`
    """
    if not accused and not person:
        raise JiesuError("who is complained about? give --accused or --person")
    happen(number, by, role, unit, expect, as_json, lambda jiesu, who: RecusalFound(
        by=who, units=tuple(unit_ref(jiesu.bureau, each).code for each in accused or ()),
        persons=tuple(person or ()), reason=reason,
    ))  # fmt: skip


def comment(
    number: Number, by: By, reason: Annotated[str, typer.Option("--reason", "--text", help="The remark.")],
    role: Duty = OfficerRole.duty_officer, unit: Unit = None, expect: Seen = None, as_json: JsonFlag = False,
) -> None:  # fmt: skip
    """备注: a remark for those who work on it.

    Example: `jiesu decide comment NKXX-20261011-0002 --by 甲 --text 来信人白天上班，请晚间联系`
    """
    happen(number, by, role, unit, expect, as_json, lambda _, who: Commented(by=who, text=reason))


def stage(
    number: Number, by: By,
    arose: Annotated[str, typer.Option("--arose", help="接处警, 执法办案, 释法说理, 窗口服务 or 其他")],
    role: Duty = OfficerRole.duty_officer, unit: Unit = None, expect: Seen = None, as_json: JsonFlag = False,
) -> None:  # fmt: skip
    """登记投诉环节: at which stage of police work a complaint arose.

    Example: `jiesu decide stage NKXX-20261012-0011 --arose 接处警 --by 甲`
    """
    happen(number, by, role, unit, expect, as_json, lambda _, who: ComplaintStageRecorded(
        by=who, stage=arose
    ))  # fmt: skip


def add_to(group: typer.Typer) -> None:
    """Hang the commands into the group."""
    for command in (assign, joint, label, merge, split, transfer, close, recuse, comment, stage):
        group.command()(command)
