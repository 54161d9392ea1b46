"""A case goes in, a verdict comes out; one small function a rule, tried in `ORDER`, the first that fires decides.

Reasons are Chinese sentences for the officer who gets the letter or finds out why he did not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from letters.bureau import Rule as BureauRule
from router.case import ABOVE, OUTSIDE, Case, Fired, Passed, Verdict
from router.jurisdiction import helpers_of, host_of, resolve_unit
from router.recusal import registered_complaint


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule's name in the trail and its judgement."""

    name: str
    judge: Callable[[Case], Verdict]


def danger(case: Case) -> Verdict:
    """险情: to the command centre at once, whatever else the letter says."""
    found = case.danger
    if found is None:
        return Passed("未发现险情用语")
    facts = {"kind": found.kind, "phrase": found.phrase, "where": found.where}
    centre = case.bureau.command_centre
    if not case.reachable(centre):
        return Fired(
            "escalated", "信中有险情，而指挥中心应当回避，由值班台立即报上级处理", flags=("险情", ABOVE), facts=facts
        )
    return Fired(
        "escalated",
        f"信中有险情用语“{found.phrase}”（{found.kind}），立即转指挥中心处置",
        centre,
        flags=("险情",),
        facts=facts,
    )


def recused(case: Case) -> Verdict:
    """回避 (信访工作条例 §28, §30): to those who may look into it, never to those complained about."""
    own, earlier = case.recusal, case.earlier
    letter = case.letter
    registered = registered_complaint(letter)
    if own is None and not registered:
        return Passed(case.finding.note or "来信没有反映本局单位或民警的问题")
    facts = {"units": "、".join(case.name(code) for code in own.units)} if own else {}
    if own and own.persons:
        facts["persons"] = "、".join(own.persons)
    if (
        own
        and earlier
        and earlier.open
        and set(own.units) <= set(earlier.excluded)
        and _same_matter(case)
        and case.reachable(earlier.host)
    ):
        return Fired(
            "merged",
            f"与此前来信为同一事项，并入{case.name(earlier.host)}正在办理的件，相关单位继续回避",
            earlier.host,
            facts=facts,
        )
    reason = own.reason if own else f"{letter.channel}按投诉公安工作登记，由督察部门办理"
    overseer = _overseer(case)
    if own and not own.sure and not registered:
        flags = () if overseer else (ABOVE,)
        return Fired("waiting", f"{reason}；是否涉及本局单位需由人核对，相关单位先行回避", flags=flags, facts=facts)
    if overseer is None:
        return Fired("waiting", f"{reason}；有权核查的单位也应回避，报上级处理", flags=(ABOVE,), facts=facts)
    return Fired("dispatched", f"{reason}，由{case.name(overseer)}核查办理", overseer, facts=facts)


def _overseer(case: Case) -> str | None:
    """Who looks into it: the accused units' own supervisor, else 督察; None when they are themselves recused."""
    accused = case.finding.accused or (case.recusal.units if case.recusal else ())
    supervisors = {unit.supervisor for code in accused if (unit := case.bureau.units.get(code))} - {None}
    if len(supervisors) == 1 and len(accused) == 1:
        supervisor = supervisors.pop()
        if supervisor and case.reachable(supervisor):
            return supervisor
    return case.bureau.inspection if case.reachable(case.bureau.inspection) else None


def _same_matter(case: Case) -> bool:
    """A link of the source is proof; like texts are only when both have one writer."""
    return case.earlier is not None and (case.earlier.by == "source" or case.writer_known)


def outside_police(case: Case) -> Verdict:
    """外单位: a complaint about police of another bureau is nobody's here to work on; a person passes it on."""
    if not case.finding.outside:
        return Passed("来信没有反映外单位民警的问题")
    return Fired("waiting", f"来信反映的“{case.finding.outside}”不在本局单位目录，由值班台核对后转送", flags=(OUTSIDE,))


def earlier_decision(case: Case) -> Verdict:
    """同一事项: goes where the matter already is."""
    earlier = case.earlier
    if earlier is None:
        return Passed("没有找到同一事项的来信")
    facts = {"earlier_decision": str(earlier.decision_id)}
    if not _same_matter(case):
        return Passed("有内容相近的来信，但不能确定是同一人所写", facts)
    if not case.reachable(earlier.host):
        return Passed("同一事项的原承办单位已不在目录中或不能承办", facts)
    host = case.name(earlier.host)
    if earlier.open:
        return Fired(
            "merged", f"与此前来信为同一事项，并入{host}正在办理的件", earlier.host, earlier.co_units, facts=facts
        )
    who = "工作人员" if earlier.by_officer else "系统"
    return Fired(
        "dispatched",
        f"与此前来信为同一事项，{who}此前定由{host}办理，仍由其办理",
        earlier.host,
        earlier.co_units,
        facts=facts,
    )


def upstream_unit(case: Case) -> Verdict:
    """来文指定: the unit that law or the source names, such as a 110 record's 管辖单位."""
    said = case.letter.suggested_unit
    if said is None or not (said.code or said.name):
        return Passed("来文没有指定承办单位")
    facts = {"code": said.code or "", "name": said.name or ""}
    code = resolve_unit(case, said.code) or resolve_unit(case, said.name)
    if code is None:
        return Passed(f"来文指定的“{said.name or said.code}”不在本局单位目录", facts)
    if not case.reachable(code):
        return Passed(f"来文指定的{case.name(code)}不是具体承办单位", facts)
    helpers = helpers_of(case, case.category, code) if case.category else ()
    what = "110接警单的管辖单位" if case.letter.channel == "110" else "来文指定的承办单位"
    return Fired("dispatched", f"{what}是{case.name(code)}", code, helpers, facts=facts)


def bureau_rule(case: Case) -> Verdict:
    """本局规则: rules.yaml, in the bureau's own order."""
    if not case.bureau.rules:
        return Passed("本局没有自定规则")
    why: list[str] = []
    for rule in case.bureau.rules:
        missing = _missing(case, rule)
        if missing:
            why.append(f"{rule.name}：{missing}")
        elif not case.reachable(rule.host):
            why.append(f"{rule.name}：主办单位不能承办")
        else:
            return Fired(
                "dispatched",
                f"本局规则“{rule.name}”：{rule.reason}",
                rule.host,
                rule.co_units,
                facts={"rule": rule.name},
            )
    return Passed("没有一条本局规则适用：" + "；".join(why))


def _missing(case: Case, rule: BureauRule) -> str:
    """Which condition of a bureau's rule does not hold; empty when all do."""
    day = case.at.date()
    if rule.valid_from and day < rule.valid_from:
        return "尚未生效"
    if rule.valid_to and day > rule.valid_to:
        return "已过有效期"
    if rule.channels and case.letter.channel not in rule.channels:
        return "渠道不符"
    if rule.categories and (case.category is None or case.category.name not in rule.categories):
        return "类别不符或未确定"
    if rule.words and not any(word in case.words for word in rule.words):
        return "没有规则所列词语"
    if rule.places and not set(rule.places) & set(case.ground.around):
        return "地点不符"
    return ""


def jurisdiction(case: Case) -> Verdict:
    """属地 × 条线: the station of the place or the unit of the business line, as the taxonomy says."""
    facts = {"place": "、".join(case.ground.places), "ground": case.ground.reason}
    category = case.category
    if category is None:
        return _agreed(case, facts)
    facts["category"] = category.name
    if not category.police:
        return Fired(
            "waiting",
            f"“{category.name}”不属公安机关职责，建议转12345办理，请值班台确认",
            transfer="12345",
            facts=facts,
        )
    if category.host == "desk":
        return Fired("waiting", f"“{category.name}”按规定由值班台确定承办单位", facts=facts)
    hosts = host_of(case, category)
    if not hosts:
        return Passed(
            f"“{category.name}”由属地派出所办理，但{case.ground.reason}"
            if category.host == "place"
            else f"没有单位负责“{category.line}”条线",
            facts,
        )
    if len(hosts) > 1:
        return Passed(f"“{category.name}”由属地派出所办理，但{case.ground.reason}", facts)
    host = hosts[0]
    if not case.reachable(host):
        return Passed(f"{case.name(host)}不能承办此件", facts)
    helpers = helpers_of(case, category, host)
    if category.host == "place":
        reason = f"{case.ground.reason}，属{case.name(host)}辖区；“{category.name}”由属地派出所主办"
    elif category.host == "line":
        reason = f"“{category.name}”属{category.line}条线，由{case.name(host)}主办"
    else:
        reason = f"“{category.name}”由{case.name(host)}核查办理"
    if helpers:
        reason += "，" + "、".join(case.name(code) for code in helpers) + "协办"
    return Fired("dispatched", reason, host, helpers, facts=facts)


def _agreed(case: Case, facts: dict[str, str]) -> Verdict:
    """The category is open, but not who hosts, when all categories that are likely together lead to one unit."""
    likely = case.likely()
    if not likely:
        return Passed("没有机器分类结果，单凭地点不能确定承办单位", facts)
    for rule in case.bureau.rules:
        for name in sorted(likely.keys() & set(rule.categories)):
            if not _missing(replace(case, category=case.bureau.category.get(name)), rule):
                return Passed(f"类别若为“{name}”，则适用本局规则“{rule.name}”；类别尚不确定", facts)
    sums: dict[str, float] = {}
    for name, confidence in likely.items():
        category = case.bureau.category.get(name)
        hosts = host_of(case, category) if category and not category.complaint else ()
        if len(hosts) == 1:
            sums[hosts[0]] = sums.get(hosts[0], 0.0) + confidence
    if sums:
        host = min(sums, key=lambda code: (-sums[code], code))
        if sums[host] >= case.bureau.policy.category_confidence and case.reachable(host):
            names = "、".join(n for n in likely if (c := case.bureau.category.get(n)) and host_of(case, c) == (host,))
            return Fired("dispatched", f"类别尚不确定（{names}），但都由{case.name(host)}办理", host, facts=facts)
    return Passed("类别把握不足，不能按属地和条线确定承办单位", facts)


def classifier_unit(case: Case) -> Verdict:
    """机器判断的单位, where it is sure and the place does not speak against it."""
    head = case.label.unit if case.label else None
    if head is None:
        return Passed("没有机器判断的单位")
    facts = {"unit": head.label, "confidence": f"{head.confidence:.4f}"}
    if not head.accepted:
        return Passed(f"机器判断为{head.label}，把握{head.confidence:.0%}，低于派单标准", facts)
    code = resolve_unit(case, head.label)
    if code is None or not case.reachable(code):
        return Passed(f"机器判断的“{head.label}”不是本局可承办的单位", facts)
    station = case.bureau.units[code].kind == "station"
    if station and case.ground.units and code not in case.ground.units:
        return Passed(f"机器判断为{case.name(code)}，而{case.ground.reason}，两者不一致", facts)
    return Fired("dispatched", f"机器判断由{case.name(code)}办理，把握{head.confidence:.0%}", code, facts=facts)


def duty_desk(_: Case) -> Verdict:
    """值班台: a person decides."""
    return Fired("waiting", "以上规则都不能确定承办单位，请值班台决定")


ORDER: Final[tuple[Rule, ...]] = (
    Rule("danger", danger),
    Rule("recusal", recused),
    Rule("outside_police", outside_police),
    Rule("earlier_decision", earlier_decision),
    Rule("upstream_unit", upstream_unit),
    Rule("bureau_rule", bureau_rule),
    Rule("jurisdiction", jurisdiction),
    Rule("classifier_unit", classifier_unit),
    Rule("duty_desk", duty_desk),
)
