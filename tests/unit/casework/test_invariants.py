"""Any sequence of messages: no case is lost, no clock runs backwards, nothing leaks across recusal."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from casework.case import HANDLING, LETTER_STATE, Case
from casework.events import EVENT, EVENT_TYPES
from casework.machine import apply, fold
from casework.outcomes import Applied, AssignmentMade, DeadlinesChanged, NoticeSent
from letters.ids import assignment_id

UNITS = [f"36070311000{n}" for n in range(5)]
ROLES = ["unit", "duty_officer", "mailbox_team", "leader", "inspection", "system"]
NAMES = [kind.model_fields["event"].default for kind in EVENT_TYPES]
unit_codes = st.sampled_from(UNITS)
refs = unit_codes.map(lambda code: {"code": code, "name": code})
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
            self.ids: set[UUID] = {task.assignment_id for task in self.case.tasks}
            self.notices: dict[UUID, str] = {}

        def happen(self, **facts: Any) -> None:
            event = EVENT.validate_python(facts)
            before, self.now = self.case, self.now + timedelta(minutes=7)
            answer = apply(before, event, at=self.now, rules=self.rules)
            assert answer == apply(before, event, at=self.now, rules=self.rules)
            self.history.append((self.now, event))
            if isinstance(answer, Applied):
                self.case = answer.case
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

        @rule(name=st.sampled_from(NAMES), data=st.data())
        def anything_happens(self, name: str, data: st.DataObject) -> None:
            """An event by its proper role more often than not, with any facts."""
            role = data.draw(st.sampled_from(ROLES))
            self.happen(event=name, by=self.draw_actor(data, role), **self.facts(data))

        @rule(step=st.sampled_from(["signed", "contacted", "feedback", "finished", "returned"]), data=st.data())
        def a_unit_reports(self, step: str, data: st.DataObject) -> None:
            facts = self.facts(data)
            facts["progress"]["step"] = step
            holders = [task for task in self.case.tasks if task.over_at is None] or list(self.case.tasks)
            if holders:
                task = data.draw(st.sampled_from(holders))
                facts["progress"]["assignment_id"] = task.assignment_id
                self.happen(event="progress_reported", by={"role": "unit", "unit": task.unit.code}, **facts)

        @rule(data=st.data())
        def the_desk_dispatches(self, data: st.DataObject) -> None:
            by = {"role": "leader" if self.case.stage == "joint_decision" else "duty_officer", "name": "某某"}
            name = "jointly_decided" if self.case.stage == "joint_decision" else "dispatched"
            self.happen(event=name, by=by, **self.facts(data))

        @rule(satisfied=st.booleans(), data=st.data())
        def the_team_reviews_and_calls(self, satisfied: bool, data: st.DataObject) -> None:
            by = {"role": "mailbox_team", "name": "某某"}
            answers = {"reached": True, "contacted": True, "solved": satisfied, "satisfied": satisfied}
            self.happen(event="reviewed", by=by, **(self.facts(data) | {"passed": True}))
            self.happen(event="revisited", by=by, **answers)

        def draw_actor(self, data: st.DataObject, role: str) -> dict[str, Any]:
            return {"role": role, "unit": data.draw(unit_codes) if role == "unit" else None, "name": "某某"}

        def facts(self, data: st.DataObject) -> dict[str, Any]:
            self.number += 1
            tasks = [task.assignment_id for task in self.case.tasks]
            reached = data.draw(st.booleans())
            answer = st.booleans() if reached else st.none()
            return {
                "progress": {
                    "assignment_id": data.draw(st.sampled_from([*tasks, UUID(int=5)])),
                    "step": data.draw(st.sampled_from(["signed", "contacted", "feedback", "finished", "returned"])),
                    "at": self.now + timedelta(minutes=data.draw(st.integers(-600, 60))),
                    "by": "张警官",
                    "text": data.draw(st.sampled_from(["", "已处理", "应当回避"])),
                    "progress_id": str(data.draw(st.integers(1, self.number))),
                },
                "host": data.draw(refs),
                "co_units": tuple(data.draw(st.lists(refs, max_size=2))),
                "participants": (UNITS[0], data.draw(unit_codes)),
                "reason": "理由",
                "until": self.now + timedelta(days=data.draw(st.integers(1, 80))),
                "due_at": self.now + timedelta(days=data.draw(st.integers(-1, 10))),
                "granted": data.draw(st.booleans()),
                "passed": data.draw(st.booleans()),
                "comment": "请补正",
                "reached": reached,
                "contacted": data.draw(answer),
                "solved": data.draw(answer),
                "satisfied": data.draw(answer),
                "upheld": data.draw(st.booleans()),
                "result": "已办",
                "into": UUID(int=3),
                "into_units": data.draw(some_units),
                "into_recused": data.draw(st.lists(unit_codes, max_size=5).map(tuple)),
                "to": "12345",
                "units": data.draw(some_units),
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
                assert fold(self.first, self.history, rules=self.rules) == self.case

    assert sample
    return Casework


def test_no_sequence_of_messages_breaks_a_case(play: Callable[..., Any]) -> None:
    from hypothesis.stateful import run_state_machine_as_test

    run_state_machine_as_test(
        make(play),
        settings=settings(
            max_examples=120, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
