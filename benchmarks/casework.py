"""Casework's cost: opening a case at dispatch, a tick of the clock over 200,000 open cases, figures of a month with a
million letters. On PostgreSQL (`make services`), or with --sqlite on a file that is thrown away.

    python -m benchmarks.casework [--sqlite] [--cases 200000] [--letters 1000000]
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from random import Random
from uuid import UUID

from pydantic import SecretStr

from benchmarks.flow import feed_records
from benchmarks.machine import machine
from benchmarks.services import own_database
from jiesu.logs import configure_logs
from jiesu.settings import Settings
from jiesu.wiring import House
from letters.clock import SHANGHAI, SetClock, to_ms
from letters.ids import assignment_id, letter_id
from storage.cases import NewAssignment, NewCase, NewEntry, write_cases
from storage.casework import NewClock, open_clocks_rows, set_clocks
from storage.database import Database
from storage.figures import EVERYONE, Counts, Moves, add_moves, day_of, settle_moves, sums_of
from storage.intake import NewLetter, write_intake
from storage.sealing import Sealer
from streams.binding import run_until_idle
from streams.case_clocks import first_ring
from streams.case_opening import OpeningMoves
from streams.clock import CaseClock
from streams.port import Record
from streams.same_matter import SameMatter

NOW = datetime(2026, 11, 20, 12, tzinfo=SHANGHAI)
ROUTED = 5000
DUE = 100
_CHUNK = 5000

SEALER = Sealer(bytes(32))


def main() -> None:
    """Prints the three."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--sqlite", action="store_true")
    given.add_argument("--cases", type=int, default=200_000)
    given.add_argument("--letters", type=int, default=1_000_000)
    options = given.parse_args()
    configure_logs("error")
    print(machine(), "·", "SQLite" if options.sqlite else "PostgreSQL")
    with _house(options.sqlite) as house:
        _opening(house)
    with _house(options.sqlite) as house:
        _ticks(house, options.cases)
    with _house(options.sqlite) as house:
        _month(house.database, options.letters, [*house.bureau.units])


@contextmanager
def _house(sqlite: bool) -> Iterator[House]:
    with tempfile.TemporaryDirectory() as folder:
        if sqlite:
            yield from _built(Path(folder), None)
        else:
            with own_database() as url:
                yield from _built(Path(folder), url)


def _built(folder: Path, url: str | None) -> Iterator[House]:
    house = House(Settings(home=folder, database_url=SecretStr(url) if url else None, dead_share=1.0), SetClock(NOW))
    house.prepare()
    try:
        yield house
    finally:
        house.close()


def _opening(house: House) -> None:
    """The route stage over labelled letters, and the part of it that opening cases takes."""
    feed_records(house, ROUTED)
    bindings = house.bindings(names=["intake", "label"])
    run_until_idle(bindings)
    records = list(house.bus.scan("labels"))
    [stage] = house.stages(["route"])
    spent: Counter[str] = Counter()
    for owner, name in (
        (SameMatter, "__init__"),
        (SameMatter, "of"),
        (SameMatter, "decided"),
        (SameMatter, "write"),
        (OpeningMoves, "add"),
    ):
        _watch(owner, name, spent)
    import streams.route as route

    for name, function in (
        ("open_clocks_rows", open_clocks_rows),
        ("add_moves", add_moves),
        ("first_ring", first_ring),
    ):
        setattr(route, name, _timed(function, spent))
    began, worked = time.perf_counter(), time.process_time()
    for batch in _batches(records, 500):
        stage.settle(stage.prepare(batch))
    whole, cpu = time.perf_counter() - began, time.process_time() - worked
    opening = sum(spent.values())
    print(
        f"routing {len(records)} labelled letters: {whole / len(records) * 1e6:.0f} µs a letter,"
        f" {cpu / len(records) * 1e6:.0f} µs of it here"
    )
    print(f"  of it opening the case: {opening / len(records) * 1e6:.0f} µs a letter (wanted: 60)")
    for name, seconds in spent.most_common():
        print(f"    {name}: {seconds / len(records) * 1e6:.1f} µs")


def _watch(owner: type, name: str, spent: Counter[str]) -> None:
    setattr(owner, name, _timed(getattr(owner, name), spent))


def _timed(function, spent):  # type: ignore[no-untyped-def]
    def timed(*args, **more):  # type: ignore[no-untyped-def]
        began = time.perf_counter()
        try:
            return function(*args, **more)
        finally:
            spent[function.__qualname__] += time.perf_counter() - began

    return timed


def _batches(records: Sequence[Record], size: int) -> Iterator[list[Record]]:
    waiting = iter(records)
    while batch := list(islice(waiting, size)):
        yield batch


def _ticks(house: House, cases: int) -> None:
    """One real case, copied: those that ring have their documents, the others are never looked at."""
    feed_records(house, 200)
    run_until_idle(house.bindings(names=["intake", "label", "route"]))
    with house.database.read() as connection:
        [letter] = connection.exec_driver_sql(
            "SELECT l.letter_id, l.document, g.document, a.unit, a.document FROM letters l JOIN cases c ON c.letter_no ="
            " l.letter_no JOIN ledger g ON g.letter_no = l.letter_no JOIN assignments a ON a.letter_no = l.letter_no"
            " WHERE c.state = 'dispatched' AND a.role = 'host' AND g.event = 'decided' AND c.co_units = '' LIMIT 1"
        )
    old, document, decision, unit, assignment = letter
    old = str(old if isinstance(old, UUID) else UUID(old))
    now = to_ms(NOW) + 30 * 86_400_000
    for start in range(1000, 1000 + cases, _CHUNK):
        _copies(house.database, range(start, start + _CHUNK), old, (document, decision, assignment), unit, now)
    clock = house.clock
    assert isinstance(clock, SetClock)
    with house.database.write() as connection:
        connection.exec_driver_sql("UPDATE case_clocks SET next_at = NULL WHERE letter_no < 1000")
    _analyse(house.database)
    clock.move(timedelta(days=30))
    tick = CaseClock(house.database, house.outbox, clock, house.parts)
    tick.ring(1)  # the calendar's first row, waiting figures
    _tick(house, tick, now, 500, "after an outage of a month")
    with house.database.read() as connection:
        fired = connection.exec_driver_sql("SELECT letter_no, fired FROM case_clocks WHERE fired <> ''").all()
    for due in (0, DUE, 500):
        with house.database.write() as connection:
            connection.exec_driver_sql("DELETE FROM notices")
        # All rungs but one were taken: what a tick finds on an ordinary day.
        rows = [NewClock(number, now - 1, _without_one(kept)) for number, kept in fired[:due]]
        with house.database.write() as connection:
            set_clocks(connection, rows)
        _tick(house, tick, now, 0, f"{cases} open cases")


def _tick(house: House, tick: CaseClock, now: int, reset: int, told: str) -> None:
    if reset:
        with house.database.write() as connection:
            connection.exec_driver_sql(
                f"UPDATE case_clocks SET next_at = {now - 1} WHERE letter_no >= 1000 AND letter_no < {1000 + reset}"
            )
    began, worked = time.perf_counter(), time.process_time()
    done, prepared = tick.ring()
    spent, cpu = (time.perf_counter() - began) * 1000, (time.process_time() - worked) * 1000
    sent = len(prepared.outgoing) if prepared else 0
    print(f"a tick, {told}: {done} letters ring, {sent} notices: {spent:.1f} ms, {cpu:.1f} ms of it here (wanted: 200)")


def _without_one(fired: str) -> str:
    rungs = json.loads(fired)
    rungs[max(rungs)].pop()
    return json.dumps(rungs)


def _copies(
    database: Database, numbers: range, old: str, documents: tuple[bytes, bytes, bytes], unit: str, later: int
) -> None:
    letters, cases, entries, assignments, clocks = [], [], [], [], []
    for number in numbers:
        id_ = letter_id("110", f"B{number}")
        mine = assignment_id(id_, 1, unit)
        whole = number < 1000 + 500
        letter, decision, assignment = (
            bytes(each).replace(old.encode(), str(id_).encode()) if whole else b"{}" for each in documents
        )
        letters.append(NewLetter(number, id_, "110", f"B{number}", 1, "求助", later, later, b"\0" * 32, letter))
        cases.append(NewCase(number, "dispatched", 1, "place", None, unit, "", "", later))
        entries.append(NewEntry(number, later, "decided", "router", decision))
        assignments.append(NewAssignment(number, 1, unit, mine, "host", later, assignment))
        clocks.append(NewClock(number, later + number, ""))
    with database.write() as connection:
        write_intake(connection, [], letters, [], SEALER)
        write_cases(connection, cases, entries, assignments)
        open_clocks_rows(connection, clocks)


def _month(database: Database, letters: int, units: list[str]) -> None:
    """A million letters over a month, counted as dispatch counts them, then summed up."""
    draw = Random(7)
    first = day_of(to_ms(datetime(2026, 11, 1, tzinfo=SHANGHAI)))
    for start in range(1, letters + 1, _CHUNK):
        rows = [
            NewLetter(n, letter_id("110", f"F{n}"), "110", f"F{n}", 1, "求助", 0, 0, b"\0" * 32, b"{}")
            for n in range(start, start + _CHUNK)
        ]
        with database.write() as connection:
            write_intake(connection, [], rows, [], SEALER)
            write_cases(
                connection,
                [NewCase(row.letter_no, "dispatched", 1, "place", None, units[0], "", "", 0) for row in rows],
                [],
                [],
            )
            for _ in range(_CHUNK // 500):
                add_moves(connection, [_batch_moves(draw, first + start * 30 // letters, units)])
    began = time.perf_counter()
    batches = 0
    while True:
        with database.write() as connection:
            settled = settle_moves(connection)
        if not settled:
            break
        batches += settled
    print(f"adding up {batches} batches' counters: {time.perf_counter() - began:.2f} s")
    _analyse(database)
    began = time.perf_counter()
    with database.read() as connection:
        sums = sums_of(connection, first, first + 29)
    spent = time.perf_counter() - began
    hosted = sum(counts.get("hosted", 0) for counts in sums.values())
    print(f"figures of a month with {hosted} letters, {len(sums)} units: {spent * 1000:.0f} ms (wanted: 1000)")
    began = time.perf_counter()
    with database.read() as connection:
        sums_of(connection, first, first + 29, viewer=units[3])
    print(f"  as a unit sees them that must not know of some: {(time.perf_counter() - began) * 1000:.0f} ms")


def _batch_moves(draw: Random, day: int, units: list[str]) -> Moves:
    counts: Counts = Counter()
    for _ in range(500):
        unit = draw.choice(units)
        counts["", "received", day] += 1
        counts[unit, "letters", day] += 1
        counts[unit, "hosted", day] += 1
        for step, after in (("sign", 0), ("contact", 0), ("feedback", 4), ("finish", 15)):
            counts[unit, f"{step}_due", day + after] += 1
            counts[unit, f"{step}_on_time", day + after] += draw.random() < 0.9
    return Moves((EVERYONE, units[3]) if draw.random() < 0.05 else (EVERYONE,), counts)


def _analyse(database: Database) -> None:
    with database.write() as connection:
        connection.exec_driver_sql("ANALYZE")


if __name__ == "__main__":
    main()
