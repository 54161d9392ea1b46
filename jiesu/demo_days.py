"""Sample records, a simulated clock and simulated people go in; days pass, letters come in when they were written, units
and officers work on them, clocks ring; what became of the six stories comes out."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from typing import Final
from uuid import NAMESPACE_URL, UUID, uuid5

from sqlalchemy import text

from casework.events import (
    Actor,
    Dispatched,
    Event,
    Reviewed,
    Revisited,
    SupervisionClosed,
    SupervisionOpened,
    ThanksRecorded,
)
from connectors import read_record
from jiesu.deciding import unit_ref
from jiesu.wiring import House
from letters import topics
from letters.clock import SHANGHAI, SetClock, from_ms, to_ms
from letters.errors import InvalidRecord
from letters.ids import letter_id
from letters.messages import Assignment, Progress, Step
from storage.casework import load_cases, numbers_of
from streams.binding import Binding, run_until_idle
from streams.case_opening import case_of
from streams.clock import Ticking
from streams.officers import NotDecided
from streams.port import Outgoing

Say = Callable[[str], None]

STORIES: Final[dict[str, tuple[str, str]]] = {
    "NKXX-20261009-0007": ("the disabled son's ID card: handled in time, thanks", "户政科"),
    "NKXX-20261010-0003": ("the sister lost for 27 years: a call not answered, then satisfied", "刑侦大队"),
    "NKXX-20261011-0002": ("street racing: signed late, alerts went out, supervised until it was done", "秩序整治中队"),
    "NKXX-20261012-0011": ("a complaint of slowness: looked into by 督察, sent back once by review", "督察大队"),
    "NKXX-20261013-0005": (
        "indecent cards: the writer was not satisfied, taken up again, then satisfied",
        "东山派出所",
    ),
    "NKXX-20261014-0009": ("illegal parking: returned with a reason, given to another, satisfied", "交管大队"),
}
"""The six stories by source number: how each goes, and who an officer gives it to where the machine left it to a person."""
_LATE_SIGNER, _SENT_BACK = "NKXX-20261011-0002", "NKXX-20261012-0011"
_UNREACHED, _UNSATISFIED, _RETURNED, _THANKED = (
    "NKXX-20261010-0003", "NKXX-20261013-0005", "NKXX-20261014-0009", "NKXX-20261009-0007"
)  # fmt: skip
_LONGEST: Final = timedelta(days=60)


@dataclass(slots=True)
class Days:
    """What the days brought. `endings` holds number, how it goes, stage and rounds of each story."""

    first: datetime
    last: datetime
    fed: int = 0
    reports: int = 0
    handled: dict[str, int] = field(default_factory=dict)
    notices: dict[str, int] = field(default_factory=dict)
    endings: list[tuple[str, str, str, int]] = field(default_factory=list)


def live_through(jiesu: House, records: Iterable[tuple[str, Outgoing]], say: Say) -> Days:
    """Feed each record at the time it was written and let everybody work until the stories are over. The house's clock
    stands at the end of the last day afterwards."""
    return _Theatre(jiesu, records, say).play()


class _Theatre:
    def __init__(self, jiesu: House, records: Iterable[tuple[str, Outgoing]], say: Say) -> None:
        self._jiesu = jiesu
        self._say = say
        self._queue: list[tuple[datetime, int, Callable[[], None]]] = []
        self._order = count()
        self._seen: set[UUID] = set()
        self._done: set[str] = set()
        timed: list[tuple[datetime | None, Outgoing]] = [
            (_written_at(channel, message), message) for channel, message in records
        ]
        times = [at for at, _ in timed if at is not None]
        self._clock = SetClock(min(times) + timedelta(minutes=1))
        self._days = Days(min(times), min(times), fed=len(timed))
        for at, message in timed:
            # What nobody can date came on the last day.
            self._at((at or max(times)) + timedelta(minutes=1), partial(self._feed, message))
        jiesu.clock = self._clock
        self._bindings: list[Binding | Ticking] = jiesu.bindings()
        self._ticking = next(each for each in self._bindings if isinstance(each, Ticking))

    def play(self) -> Days:
        last_fed = max(at for at, _, _ in self._queue)
        end = last_fed + _LONGEST
        day = None
        try:
            while (self._queue and len(self._done) < len(STORIES)) or (self._queue and self._clock.now() < last_fed):
                ring, at = self._next_ring(), self._queue[0][0]
                if min(at, ring) > end:
                    break
                self._move(min(at, ring))
                if (today := self._clock.now().date()) != day:
                    day = today
                    self._say(f"{today:%Y-%m-%d}: letters come in, units and officers work, clocks ring")
                if ring < at:
                    self._ticking.tick()
                    continue
                while self._queue and self._queue[0][0] <= self._clock.now():
                    heapq.heappop(self._queue)[2]()
                for stage, handled in run_until_idle(self._bindings).items():
                    self._days.handled[stage] = self._days.handled.get(stage, 0) + handled
                self._work()
        finally:
            for binding in self._bindings:
                binding.close()
        return self._told()

    def _at(self, at: datetime, act: Callable[[], None]) -> None:
        heapq.heappush(self._queue, (at, next(self._order), act))

    def _after(self, act: Callable[[], None], **later: float) -> None:
        self._at(self._clock.now() + timedelta(**later), act)

    def _move(self, to: datetime) -> None:
        if to > self._clock.now():
            self._clock.move(to - self._clock.now())

    def _next_ring(self) -> datetime:
        with self._jiesu.database.read() as connection:
            at = connection.execute(text("SELECT min(next_at) FROM case_clocks")).scalar_one()
        return datetime.max.replace(tzinfo=SHANGHAI) if at is None else from_ms(at)

    def _feed(self, message: Outgoing) -> None:
        self._jiesu.bus.publish([message])

    def _work(self) -> None:
        """Units plan their work on what came just now; the duty desk takes what waits of the stories."""
        self._work_on_new()
        for number in STORIES:
            if number not in self._done and self._stage(number) in ("waiting", "returned"):
                self._assign(number)

    def _plan(self, mine: Assignment) -> None:
        """A host signs and calls at once, every third one also reports; the stories are worked on to their end."""
        number = mine.source.source_id
        late = number == _LATE_SIGNER and mine.round == 1
        self._report(mine, "signed", "", minutes=25 if late else 4)
        if number == _RETURNED and mine.round == 1:
            self._report(mine, "returned", "非本单位职责，建议由负责该路段的单位办理。", minutes=40)
            return
        self._report(mine, "contacted", "已电话联系来信人，核实情况。", minutes=28 if late else 15)
        if number in STORIES or mine.assignment_id.int % 3 == 0:
            self._report(mine, "feedback", "已到现场处理，情况属实，正在办理。", days=1)
        if number not in STORIES:
            return
        self._report(mine, "finished", "工作报告：已依法依规办理完毕，结果已告知来信人。", days=3)
        if late:
            opened = SupervisionOpened(by=_TEAM, reason="签收超时且群众反映强烈")
            self._after(lambda: self._decide(number, opened), days=2)
        again = number == _SENT_BACK and mine.round == 1
        if again:
            back = Reviewed(by=_TEAM, passed=False, comment="请补充当日处警时间的核查材料")
            self._after(lambda: self._decide(number, back), days=3, hours=2)
            self._report(mine, "finished", "工作报告：已补充处警时间的核查材料。", name="finished-again", days=4)
        review = Reviewed(by=_TEAM, passed=True, comment="")
        self._after(lambda: self._decide(number, review), days=5)
        if number == _UNREACHED:
            self._after(lambda: self._decide(number, Revisited(by=_TEAM, reached=False)), days=5, hours=4)
        content = number != _UNSATISFIED or mine.round > 1
        call = Revisited(by=_TEAM, reached=True, contacted=True, solved=content, satisfied=content)
        self._after(lambda: self._call(number, call), days=6)

    def _call(self, number: str, call: Revisited) -> None:
        self._decide(number, call)
        if number == _THANKED:
            self._decide(number, ThanksRecorded(by=_TEAM))
        if number == _LATE_SIGNER:
            self._decide(number, SupervisionClosed(by=_TEAM, result="整治到位，来信人满意"))
        if self._stage(number) == "closed":
            self._done.add(number)

    def _report(self, mine: Assignment, step: Step, said: str, *, name: str = "", **later: float) -> None:
        def publish() -> None:
            report = Progress(
                assignment_id=mine.assignment_id,
                step=step,
                at=self._clock.now(),
                by="模拟民警",
                text=said,
                progress_id=str(uuid5(NAMESPACE_URL, f"demo:{mine.assignment_id}:{name or step}")),
            )
            document = report.model_dump_json().encode()
            self._jiesu.bus.publish([Outgoing(topics.progress(mine.unit.code), None, document)])
            self._days.reports += 1

        self._after(publish, **later)

    def _assign(self, number: str) -> None:
        host = unit_ref(self._jiesu.bureau, STORIES[number][1])
        self._decide(number, Dispatched(by=_DUTY, host=host, reason=f"值班台核对后确定由{host.name}办理"))
        self._work_on_new()

    def _work_on_new(self) -> None:
        now = to_ms(self._clock.now())
        with self._jiesu.database.read() as connection:
            rows = connection.execute(
                text("SELECT document FROM assignments WHERE assigned_at = :now AND role = 'host'"), {"now": now}
            ).all()
        for (document,) in rows:
            assignment = Assignment.model_validate_json(bytes(document))
            if assignment.assignment_id not in self._seen:
                self._seen.add(assignment.assignment_id)
                self._plan(assignment)

    def _decide(self, number: str, event: Event) -> None:
        try:
            self._jiesu.officers.decide(letter_id("mailbox", number), event)
        except NotDecided as refused:
            self._say(f"{number}: {refused}")

    def _stage(self, number: str) -> str | None:
        letter = letter_id("mailbox", number)
        with self._jiesu.database.read() as connection:
            numbers = numbers_of(connection, [letter])
            stored = load_cases(connection, numbers.values(), hold=False)
        return next((case_of(each, self._jiesu.rules).stage for each in stored.values()), None)

    def _told(self) -> Days:
        self._days.last = self._clock.now()
        with self._jiesu.database.read() as connection:
            for kind, number in connection.execute(text("SELECT kind, count(*) FROM notices GROUP BY kind")):
                self._days.notices[kind] = number
            for name, (about, _) in STORIES.items():
                numbers = numbers_of(connection, [letter_id("mailbox", name)])
                for stored in load_cases(connection, numbers.values(), hold=False).values():
                    case = case_of(stored, self._jiesu.rules)
                    self._days.endings.append((name, about, case.outcome or case.stage, case.round))
        return self._days


_TEAM: Final = Actor(role="mailbox_team", name="信箱专班（模拟）")
_DUTY: Final = Actor(role="duty_officer", name="值班员（模拟）")


def _written_at(channel: str, message: Outgoing) -> datetime | None:
    """When the record's letter was written; None when no letter can be made of it."""
    try:
        read = datetime(2026, 12, 31, tzinfo=SHANGHAI)
        return read_record(channel, message.value, message.headers, received_at=read).letter.arrived_at
    except InvalidRecord:
        return None
