"""A small bureau and a case that a test plays step by step."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count
from uuid import UUID

import pytest

from casework.calendar import published_calendar
from casework.events import Actor, ActorRole, Event, ProgressReported
from casework.machine import apply
from casework.outcomes import Applied, AssignmentMade, AssignmentWithdrawn, Effect, NoticeSent, Refused
from casework.rounds import open_case
from casework.rules import Offices, Rules
from letters.bureau import Policy, PolicyRow, Within
from letters.clock import SHANGHAI
from letters.decisions import Decision, Recusal
from letters.ids import letter_id
from letters.messages import Letter, Progress, State, UnitRef

START = datetime(2026, 3, 2, 9, tzinfo=SHANGHAI)
HOST = UnitRef(code="360703110000", name="金鸡派出所")
ASSIST = UnitRef(code="360703120000", name="户政科")
THIRD = UnitRef(code="360703130000", name="横市派出所")
MAILBOX, CHIEF, INSPECTION = "360703040000", "360703000000", "360703020000"


def _natural(**time: float) -> Within:
    return Within("natural", natural=timedelta(**time))


POLICY = Policy(
    rows=(
        PolicyRow("信访", channels=("petition",), sign=_natural(days=15), finish=_natural(days=60)),
        PolicyRow(
            "信箱",
            sign=_natural(minutes=10),
            contact=_natural(minutes=30),
            feedback=_natural(days=4),
            finish=Within("working", working_days=10, remind_before=timedelta(days=2)),
        ),
    ),
    category_confidence=0.95,
    unit_confidence=0.95,
)
RULES = Rules(POLICY, published_calendar(), Offices(MAILBOX, CHIEF, INSPECTION))

_ROLE_UNITS: dict[str, str | None] = {
    "duty_officer": MAILBOX,
    "mailbox_team": MAILBOX,
    "leader": CHIEF,
    "inspection": INSPECTION,
    "system": None,
}


def actor(role: ActorRole, unit: str | None = None, name: str = "某某") -> Actor:
    return Actor(role=role, unit=unit or _ROLE_UNITS.get(role), name=name)


def unit(ref: UnitRef) -> Actor:
    return actor("unit", ref.code, "张警官")


class Play:
    """A case that is played: time moves on by a minute a step unless told otherwise."""

    START, HOST, ASSIST, THIRD = START, HOST, ASSIST, THIRD
    MAILBOX, CHIEF, INSPECTION, RULES = MAILBOX, CHIEF, INSPECTION, RULES
    OFFICER = actor("duty_officer")
    TEAM = actor("mailbox_team")
    LEADER = actor("leader")
    INSPECTOR = actor("inspection")
    UNIT = staticmethod(unit)

    def __init__(
        self,
        *,
        channel: str = "mailbox",
        kind: str = "求助",
        outcome: State = "dispatched",
        recused: tuple[str, ...] = (),
        rules: Rules = RULES,
    ) -> None:
        self.rules, self.now = rules, START
        self._numbers = count(1)
        number = letter_id(channel, "1")
        letter = Letter.model_validate(
            {
                "letter_id": number,
                "channel": channel,
                "source_id": "1",
                "kind": kind,
                "body": "机密正文",
                "arrived_at": START,
                "received_at": START,
            }
        )
        decision = Decision(
            decision_id=UUID(int=9),
            letter_id=number,
            revision=1,
            round=1,
            outcome=outcome,
            rule="place",
            reason="金鸡镇属金鸡派出所管辖",
            host=HOST,
            co_units=(ASSIST,),
            recusal=Recusal(units=recused, reason="投诉") if recused else None,
            decided_at=START,
        )
        self.case, effects = open_case(letter, decision, rules=rules)
        self.effects: list[Effect] = list(effects)
        self.last: Applied | Refused = Applied(self.case, effects)

    def wait(self, **time: float) -> Play:
        self.now += timedelta(**time)
        return self

    def do(self, event: Event) -> Play:
        """Apply an event; a refusal fails the test."""
        answer = self.attempt(event)
        assert isinstance(answer, Applied), answer
        return self

    def attempt(self, event: Event) -> Applied | Refused:
        self.wait(minutes=1)
        self.last = apply(self.case, event, at=self.now, rules=self.rules)
        if isinstance(self.last, Applied):
            self.case = self.last.case
            self.effects += self.last.effects
        return self.last

    def refused(self, event: Event) -> str:
        """Apply an event that must be refused and leave the case alone; its reason."""
        before = self.case
        answer = self.attempt(event)
        assert isinstance(answer, Refused), answer
        assert self.case == before
        assert answer.message
        return answer.reason

    def report(self, step: str, by: UnitRef = HOST, **more: object) -> ProgressReported:
        """A unit's report on the latest assignment that it has."""
        task = next(task for task in reversed(self.case.tasks) if task.unit.code == by.code)
        text = {"finished": "已调解处理。", "returned": "非本辖区，属横市所。"}.get(step, "")
        facts: dict[str, object] = {
            "assignment_id": task.assignment_id,
            "step": step,
            "at": self.now + timedelta(minutes=1),
            "by": "张警官",
            "text": text,
            "progress_id": f"p{next(self._numbers)}",
        }
        return ProgressReported(by=unit(by), progress=Progress.model_validate(facts | more))

    def work(self, *steps: str, by: UnitRef = HOST) -> Play:
        for step in steps:
            self.do(self.report(step, by))
        return self

    @property
    def notices(self) -> list[tuple[str, str]]:
        """(unit, kind) of every notice so far."""
        return [(effect.unit, effect.notice.kind) for effect in self.effects if isinstance(effect, NoticeSent)]

    @property
    def made(self) -> list[tuple[str, str, int]]:
        """(unit, role, round) of every assignment so far."""
        made = [effect.task for effect in self.effects if isinstance(effect, AssignmentMade)]
        return [(task.unit.code, task.role, task.round) for task in made]

    @property
    def withdrawn(self) -> list[str]:
        return [effect.unit for effect in self.effects if isinstance(effect, AssignmentWithdrawn)]


@pytest.fixture
def play() -> Callable[..., Play]:
    """Makes a freshly dispatched case: `play(channel="petition")`."""
    return Play
