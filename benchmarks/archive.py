"""Labelling an archive again from the database: letters a second with one process and with all cores.

python -m benchmarks.archive [LETTERS]

The archive is filled as in `benchmarks.million`; `jiesu what-if --model` is what is measured.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.flow import feed_records, prepared_house, promoted_model
from benchmarks.machine import machine
from benchmarks.million import SEEDED, fill
from jiesu.what_if import Question, what_if
from storage import models
from streams.binding import run_until_idle

LETTERS = 200_000


def main() -> None:
    """Prints the table."""
    letters = int(sys.argv[1]) if len(sys.argv) > 1 else LETTERS
    with tempfile.TemporaryDirectory() as folder:
        house = prepared_house(home=Path(folder), bus="embedded", database=None)
        promoted_model(house)
        feed_records(house, SEEDED)
        bindings = house.bindings()
        run_until_idle(bindings)
        for binding in bindings:
            binding.close()
        fill(house, letters)
        with house.database.read() as connection:
            promoted = models.promoted(connection)
            assert promoted is not None
            model = models.unpack(connection, promoted[0], Path(folder) / "models")
        question = Question(house.settings.database(), house.settings.bureau, model)
        house.close()
        print(f"Labelling an archive again (jiesu what-if --model), SQLite. {machine()}")
        print(f"  {'processes':>9}  {'letters':>9}  {'seconds':>8}  {'letters/s':>9}  {'a million in':>12}")
        for processes in (1, os.cpu_count() or 2):
            began = time.perf_counter()
            found = what_if(question, processes=processes)
            took = time.perf_counter() - began
            speed = found.letters / took
            print(f"  {processes:>9}  {found.letters:>9,}  {took:>8.1f}  {speed:>9,.0f}  {1e6 / speed:>10,.0f} s")


if __name__ == "__main__":
    main()
