"""Any sequence of messages: no case is lost, no clock runs backwards, nothing leaks across recusal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from casework.case import HANDLING, LETTER_STATE, Case
from casework.events import EVENT, EVENT_TYPES
from casework.figures import changed, tallies
from casework.machine import apply, fold
from casework.outcomes import Applied, AssignmentMade, DeadlinesChanged, NoticeSent
from casework.roles import MAY
from letters.ids import assignment_id

UNITS = [f"36070311000{n}" for n in range(5)]
ROLES = ["unit", "duty_officer", "mailbox_team", "leader", "inspection", "system"]
NAMES = [kind.model_fields["event"].default for kind in EVENT_TYPES]
unit_codes = st.sampled_from(UNITS)
OFFICES = ("360703040000", "360703020000", "360703000000")
"""Mailbox team, inspection, leader: they may be accused as well."""
SEEDS = st.integers(0, 2**32)
STEPS = ("signed", "contacted", "feedback", "finished", "returned")
RARE = ("closed", "merged", "transferred", "recusal_found", "dispatched")
"""Events that end a story early; left to chance they would leave little else to see."""
some_units = st.lists(unit_codes, max_size=2).map(tuple)


def make(play: Callable[..., Any]) -> type[RuleBasedStateMachine]:
    """The machine, over the small bureau of conftest."""
    sample = play()

    class Casework(RuleBasedStateMachine):
        @initialize(recused=some_units, channel=st.sampled_from(["mailbox", "petition"]), waiting=st.booleans())
        def begin(self, recused: tuple[str, ...], channel: str, waiting: bool) -> None:
            p = play(channel=channel, outcome="waiting" if waiting else "dispatched", recused=recused)
            self.rules, self.now = p.rules, p.START
            self.first = self.case = p.case
            self.history: list[tuple[datetime, Any]] = []
            self.number = 0
            self.counters = changed(None, self.case)
            self.ids: set[UUID] = {task.assignment_id for task in self.case.tasks}
            self.notices: dict[UUID, str] = {}

        def happen(self, **facts: Any) -> None:
            event = EVENT.validate_python(facts)
            before, self.now = self.case, self.now + timedelta(minutes=7)
            # Workers' clocks differ a little, and the later event may carry the earlier time.
            at = self.now - timedelta(minutes=self.number % 3 * 6)
            answer = apply(before, event, at=at, rules=self.rules)
            assert answer == apply(before, event, at=at, rules=self.rules)
            self.history.append((at, event))
            if isinstance(answer, Applied):
                self.case = answer.case
                for tally, number in changed(before, answer.case).items():
                    self.counters[tally] += number
                self.check_change(before, answer)

        def check_change(self, before: Case, answer: Applied) -> None:
            after = answer.case
            assert set(before.recused) <= set(after.recused)
            assert after.changed_at >= before.changed_at
            assert after.round >= before.round
            assert after.returns >= before.returns
            assert len(after.tasks) >= len(before.tasks)
            for old, new in zip(before.tasks, after.tasks, strict=False):
                # What was recorded stays recorded, what is over stays over.
                assert [step.progress_id for step in new.steps[: len(old.steps)]] == [s.progress_id for s in old.steps]
                assert old.over_at is None or new.over_at == old.over_at
                for step in ("signed", "contacted", "feedback"):
                    was, now = old.done_at(step), new.done_at(step)
                    assert was is None or (now is not None and now <= was)
            for effect in answer.effects:
                if isinstance(effect, NoticeSent):
                    assert effect.unit not in after.recused
                    assert effect.notice.notice_id not in self.notices, "told twice"
                    self.notices[effect.notice.notice_id] = effect.unit
                elif isinstance(effect, AssignmentMade):
                    assert effect.task.unit.code not in after.recused
                    assert effect.task.assignment_id not in self.ids, "dispatched twice"
                    self.ids.add(effect.task.assignment_id)
                elif isinstance(effect, DeadlinesChanged):
                    assert after.task(effect.assignment_id).unit.code not in after.recused

        @rule(hours=st.integers(1, 400))
        def time_passes(self, hours: int) -> None:
            self.now += timedelta(hours=hours)

        @rule(name=st.sampled_from(NAMES), role=st.sampled_from(ROLES), seed=SEEDS)
        def anybody_does_anything(self, name: str, role: str, seed: int) -> None:
            random = Random(seed)
            self.happen(event=name, by=self.actor(role, random.choice(UNITS)), **self.facts(random))

        @rule(name=st.sampled_from([name for name in NAMES if name not in RARE]), seed=SEEDS)
        def the_proper_person_does_something(self, name: str, seed: int) -> None:
            random = Random(seed)
            role = random.choice(sorted(MAY[name]))
            host = self.case.last_host
            if role in ("host", "assist"):
                role = "unit"
            self.happen(event=name, by=self.actor(role, host.unit.code if host else UNITS[0]), **self.facts(random))

        @rule(seed=SEEDS)
        def something_rare_happens(self, seed: int) -> None:
            random = Random(seed)
            if random.random() < 0.2:
                name = random.choice(RARE)
                self.happen(
                    event=name, by=self.actor("leader" if name == "closed" else "duty_officer"), **self.facts(random)
                )

        @rule(step=st.sampled_from(STEPS), seed=SEEDS)
        def a_unit_reports(self, step: str, seed: int) -> None:
            random = Random(seed)
            facts = self.facts(random)
            holders = [*self.case.open_tasks[:1], *self.case.open_tasks] or list(self.case.tasks)
            if holders:
                task = random.choice(holders)
                told = {"step": step, "assignment_id": task.assignment_id, "text": "应当回避"}
                if random.random() < 0.8:
                    told |= {"progress_id": str(self.number), "at": self.now + timedelta(minutes=random.randint(0, 8))}
                facts["progress"] |= told
                self.happen(event="progress_reported", by=self.actor("unit", task.unit.code), **facts)

        @precondition(lambda self: self.case.stage in ("waiting", "returned", "joint_decision", "escalated"))
        @rule(seed=SEEDS)
        def the_desk_decides(self, seed: int) -> None:
            name, role = ("dispatched", "duty_officer")
            if self.case.stage == "joint_decision" or self.case.bound:
                name, role = ("jointly_decided", "leader")
            self.happen(event=name, by=self.actor(role), **self.facts(Random(seed)))

        @precondition(lambda self: self.case.stage in ("finished", "reviewed"))
        @rule(seed=SEEDS)
        def the_team_reviews_and_calls(self, seed: int) -> None:
            name = "reviewed" if self.case.stage == "finished" else "revisited"
            self.happen(event=name, by=self.actor("mailbox_team"), **self.facts(Random(seed)))

        def actor(self, role: str, unit: str | None = None) -> dict[str, Any]:
            return {"role": role, "unit": unit if role == "unit" else None, "name": "某某"}

        def facts(self, random: Random) -> dict[str, Any]:
            self.number += 1
            ids = [*(task.assignment_id for task in self.case.tasks), UUID(int=5)]
            reached = random.random() < 0.7
            yes = partial(random.choice, (True, False))
            ref = {"code": (code := random.choice(UNITS)), "name": code}
            return {
                "progress": {
                    "assignment_id": random.choice(ids),
                    "step": random.choice(STEPS),
                    "at": self.now + timedelta(minutes=random.randint(-600, 60)),
                    "by": "张警官",
                    "text": random.choice(("", "已处理")),
                    "progress_id": str(random.randint(1, self.number)),
                },
                "host": ref,
                "co_units": tuple({"code": code, "name": code} for code in random.sample(UNITS, random.randint(0, 2))),
                "participants": (UNITS[0], random.choice(UNITS)),
                "reason": "理由",
                "until": self.now + timedelta(days=random.randint(1, 80)),
                "due_at": self.now + timedelta(days=random.randint(-1, 10)),
                "granted": yes(),
                "passed": random.random() < 0.8,
                "comment": "请补正",
                "reached": reached,
                "contacted": yes() if reached else None,
                "solved": yes() if reached else None,
                "satisfied": yes() if reached else None,
                "upheld": yes(),
                "result": "已办",
                "into": UUID(int=3),
                "into_units": tuple(random.sample(UNITS, random.randint(0, 1))),
                "into_recused": tuple(random.sample(UNITS, random.randint(0, 2))),
                "to": "12345",
                "units": (random.choice((*UNITS, *OFFICES)),),
                "lead_id": "1",
                "stage": "接处警",
                "text": "备注",
            }

        @invariant()
        def no_letter_is_lost(self) -> None:
            case = self.case
            assert case.state == LETTER_STATE[case.stage]
            hosts = [task for task in case.open_tasks if task.role == "host"]
            # Somebody holds it, or it stands where a person looks, and nobody holds it twice.
            assert len(hosts) == (1 if case.stage in (*HANDLING, "finished") else 0)
            assert bool(case.merged_into) == (case.stage == "merged")
            assert (case.closed_at is not None) == (case.stage == "closed")
            assert all(task.round == case.round for task in case.open_tasks)

        @invariant()
        def nothing_is_with_the_recused(self) -> None:
            assert not {task.unit.code for task in self.case.open_tasks} & set(self.case.recused)

        @invariant()
        def every_time_lies_between_arrival_and_now(self) -> None:
            case = self.case
            for task in case.tasks:
                assert task.assignment_id == assignment_id(case.letter_id, task.round, task.unit.code)
                assert case.arrived_at <= task.assigned_at <= case.changed_at <= self.now
                assert task.over_at is None or task.assigned_at <= task.over_at
                assert all(task.assigned_at <= step.at <= step.received_at for step in task.steps)
                assert all(deadline.due_at > case.arrived_at for deadline in task.deadlines)

        def teardown(self) -> None:
            if hasattr(self, "case"):
                assert Case.model_validate_json(self.case.model_dump_json()) == self.case
                assert +self.counters == Counter(tallies(self.case))
                assert fold(self.first, self.history, rules=self.rules) == self.case

    assert sample
    return Casework


def test_no_sequence_of_messages_breaks_a_case(play: Callable[..., Any]) -> None:
    run_state_machine_as_test(
        make(play),
        settings=settings(
            max_examples=120, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
