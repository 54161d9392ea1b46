"""What a bureau's policy says about casework: `Policy.settings` goes in, typed rules with documented defaults come out.

    settings:
      casework:
        extension_days: 30               # 信访工作条例 §34: longest extension of the finish, natural days
        extension_channels: [petition]   # whose finish may be extended; [] for every channel
        dispute_working_days: 5          # 信访工作条例 §23: time to return a letter, from its assignment
        dispute_channels: [petition]     # where that time counts; elsewhere a unit may return until it has finished
        returns_before_joint_decision: 2
        desk_clock: keep                 # first assignment of what waited at the duty desk: keep or restart
        returned_clock: keep             # the next unit after a return: keep or restart
        reopened_clock: restart          # a reopened letter: keep or restart
        work_report_required: true
        revisit_days: 3                  # the mailbox team calls back so many natural days after the finish
        callback_attempts: 3             # a writer not reached so often is recorded as unreached
        without_revisit: [感谢]           # kinds that close with the review
        appeal_days: 5                   # time after a reopening to appeal that the demand is unreasonable
      overdue: {leader_after_hours: 24}
      supervision: {default_days: 10, remind_days: 1, propose_after_days: 3}
      progress: {skew_minutes: 5, late_after_minutes: 60}

Reminders before a deadline stand with the deadline itself, in the policy row's `remind`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, get_args

from casework.calendar import WorkCalendar
from casework.clocks import CLOCK_STEPS, ClockStep
from casework.progress import ProgressRules
from letters.bureau import Bureau, Policy
from letters.errors import BureauError
from letters.messages import Kind
from letters.topics import CHANNELS

FOR_THE_UNIT: Final[tuple[ClockStep, ...]] = ("sign", "contact")
"""Clocks that measure a unit's own start: nobody can sign before they have the letter."""


@dataclass(frozen=True, slots=True)
class CaseRules:
    """How a case may move, as far as the bureau decides it."""

    extension: timedelta = timedelta(days=30)
    extension_channels: tuple[str, ...] = ("petition",)
    dispute_working_days: int = 5
    dispute_channels: tuple[str, ...] = ("petition",)
    returns_before_joint_decision: int = 2
    restart_at_desk: tuple[ClockStep, ...] = ()
    """Clocks that start anew when an officer assigns what waited: none under `keep`, for the citizen waited too
    (invariant 10); signing and contact under `restart`."""
    restart_returned: tuple[ClockStep, ...] = FOR_THE_UNIT
    """Under `keep` signing and contact start anew for the next unit, feedback and finish run on; else all start anew."""
    restart_reopened: tuple[ClockStep, ...] = CLOCK_STEPS
    """Under `restart` all; under `keep` signing and contact only."""
    work_report_required: bool = True
    revisit: timedelta = timedelta(days=3)
    callback_attempts: int = 3
    without_revisit: tuple[Kind | str, ...] = ("感谢",)
    appeal: timedelta = timedelta(days=5)


@dataclass(frozen=True, slots=True)
class AlertRules:
    """When an unkept deadline is told to whom beside the unit."""

    to_leader: timedelta = timedelta(hours=24)
    """The leader hears of it this long after the deadline (超期报领导)."""
    supervision: timedelta = timedelta(days=10)
    """A supervised entry's (挂账督办) deadline where its opener names none."""
    supervision_reminder: timedelta = timedelta(days=1)
    propose_supervision: timedelta = timedelta(days=3)
    """So long after a missed feedback or finish the mailbox team is asked to open a supervised entry."""


@dataclass(frozen=True, slots=True)
class Offices:
    """Who is told when a case needs somebody beyond its units; 12-digit codes."""

    mailbox_team: str
    leader: str
    inspection: str

    def instead_of(self, office: str, recused: Collection[str]) -> str:
        """The office itself, or who stands in for it when it is recused: the inspection unit (督察), then the leader.

        When all are recused the office is named all the same, and `notify` keeps silent: the matter is then for a
        higher authority (上级处理) and waits where only people outside these offices look.
        """
        candidates = (office, self.inspection, self.leader)
        return next((code for code in candidates if code not in recused), office)


@dataclass(frozen=True, slots=True)
class Rules:
    """All that casework looks at beside the case itself; built once per loaded bureau."""

    policy: Policy
    calendar: WorkCalendar
    offices: Offices
    case: CaseRules = field(default_factory=CaseRules)
    alerts: AlertRules = field(default_factory=AlertRules)
    progress: ProgressRules = field(default_factory=ProgressRules)


def rules_of(bureau: Bureau, calendar: WorkCalendar) -> Rules:
    """A bureau's casework rules. `BureauError` names every setting that is wrong."""
    problems: list[str] = []
    settings = bureau.policy.settings
    case = _case(_Section(settings, "casework", problems))
    overdue = _Section(settings, "overdue", problems)
    overdue.only("leader_after_hours")
    progress = _Section(settings, "progress", problems)
    progress.only("skew_minutes", "late_after_minutes")
    alerts = _alerts(overdue, _Section(settings, "supervision", problems))
    rules = Rules(
        policy=bureau.policy,
        calendar=calendar,
        offices=Offices(bureau.mailbox_team, bureau.code, bureau.inspection),
        case=case,
        alerts=alerts,
        progress=ProgressRules(
            skew=timedelta(minutes=progress.number("skew_minutes", 5)),
            late_after=timedelta(minutes=progress.number("late_after_minutes", 60)),
            report_required=case.work_report_required,
        ),
    )
    if problems:
        raise BureauError(problems)
    return rules


def _case(section: _Section) -> CaseRules:
    section.only(
        "extension_days",
        "extension_channels",
        "dispute_working_days",
        "dispute_channels",
        "returns_before_joint_decision",
        "desk_clock",
        "returned_clock",
        "reopened_clock",
        "work_report_required",
        "revisit_days",
        "callback_attempts",
        "without_revisit",
        "appeal_days",
    )
    return CaseRules(
        extension=timedelta(days=section.number("extension_days", 30)),
        extension_channels=section.words("extension_channels", ("petition",), CHANNELS),
        dispute_working_days=section.number("dispute_working_days", 5, least=1),
        dispute_channels=section.words("dispute_channels", ("petition",), CHANNELS),
        returns_before_joint_decision=section.number("returns_before_joint_decision", 2, least=1),
        restart_at_desk=FOR_THE_UNIT if section.restarts("desk_clock", False) else (),
        restart_returned=CLOCK_STEPS if section.restarts("returned_clock", False) else FOR_THE_UNIT,
        restart_reopened=CLOCK_STEPS if section.restarts("reopened_clock", True) else FOR_THE_UNIT,
        work_report_required=section.choice("work_report_required", True, {True: True, False: False}),
        revisit=timedelta(days=section.number("revisit_days", 3, least=1)),
        callback_attempts=section.number("callback_attempts", 3, least=1),
        without_revisit=section.words("without_revisit", ("感谢",), get_args(Kind)),
        appeal=timedelta(days=section.number("appeal_days", 5)),
    )


def _alerts(overdue: _Section, supervision: _Section) -> AlertRules:
    supervision.only("default_days", "remind_days", "propose_after_days")
    return AlertRules(
        to_leader=timedelta(hours=overdue.number("leader_after_hours", 24)),
        supervision=timedelta(days=supervision.number("default_days", 10, least=1)),
        supervision_reminder=timedelta(days=supervision.number("remind_days", 1)),
        propose_supervision=timedelta(days=supervision.number("propose_after_days", 3)),
    )


class _Section:
    """One section of the settings; collects what is wrong, so that an official mends everything at once."""

    def __init__(self, settings: Mapping[str, object], name: str, problems: list[str]) -> None:
        self._name = name
        self._problems = problems
        found = settings.get(name) or {}
        self._values: Mapping[str, object] = found if isinstance(found, Mapping) else {}
        if not isinstance(found, Mapping):
            self._wrong("", found, "write it as a section with one setting a line")

    def only(self, *known: str) -> None:
        """Name every setting that nobody reads: a misspelt one would silently keep its default."""
        for name in self._values:
            if name not in known:
                self._wrong(f".{name}", self._values[name], f"there is no such setting; known are {', '.join(known)}")

    def number(self, name: str, default: int, *, least: int = 0) -> int:
        value = self._values.get(name, default)
        if isinstance(value, int) and not isinstance(value, bool) and value >= least:
            return value
        self._wrong(f".{name}", value, f"write a whole number of {least} or more")
        return default

    def words(self, name: str, default: tuple[str, ...], known: tuple[str, ...]) -> tuple[str, ...]:
        value = self._values.get(name, default)
        if isinstance(value, (list, tuple)) and all(word in known for word in value):
            return tuple(value)
        self._wrong(f".{name}", value, f"write a list in square brackets of {', '.join(known)}")
        return default

    def restarts(self, name: str, default: bool) -> bool:
        return self.choice(name, default, {"restart": True, "keep": False})

    def choice(self, name: str, default: bool, meanings: Mapping[object, bool]) -> bool:
        value = self._values.get(name)
        if value is None:
            return default
        if isinstance(value, (str, bool)) and value in meanings:
            return meanings[value]
        self._wrong(f".{name}", value, f"write {' or '.join(str(word).lower() for word in meanings)}")
        return default

    def _wrong(self, where: str, value: object, remedy: str) -> None:
        self._problems.append(f"policy.yaml: settings.{self._name}{where} cannot be “{value}”; {remedy}")
