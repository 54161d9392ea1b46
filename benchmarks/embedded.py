"""Embedded bus and SQLite, one process: invented records in, assignments out; letters a second and resident memory.

python -m benchmarks.embedded [LETTERS]
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.flow import feed_records, prepared_house, promoted_model
from benchmarks.machine import machine
from jiesu.conservation import prove
from streams.binding import run_until_idle

LETTERS = 20_000


def measure(letters: int) -> dict[str, float]:
    """One run in this process; figures of the way from intake topic to assignment topic, and of feeding."""
    with tempfile.TemporaryDirectory() as folder:
        house = prepared_house(home=Path(folder), bus="embedded", database=None)
        promoted_model(house)
        began = time.perf_counter()
        fed = feed_records(house, letters)
        feeding = time.perf_counter() - began
        bindings = house.bindings()
        house.models.current()
        began, cpu = time.perf_counter(), time.process_time()
        run_until_idle(bindings)
        took, cpu = time.perf_counter() - began, time.process_time() - cpu
        sums = prove(house)
        assert sums.adds_up, sums.unaccounted
        assert sums.read == fed
        for binding in bindings:
            binding.close()
        house.close()
    return {
        "letters": fed,
        "fed_per_second": fed / feeding,
        "letters_per_second": fed / took,
        "cpu_us_per_letter": cpu / fed * 1e6,
        "resident_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "dispatched": sums.dispatched,
        "waiting": sums.waiting,
    }


def main() -> None:
    """Measures in a fresh process, so that memory is this work's alone."""
    if sys.argv[1:2] == ["--child"]:
        sys.stdout.write(json.dumps(measure(int(sys.argv[2]))))
        return
    letters = int(sys.argv[1]) if len(sys.argv) > 1 else LETTERS
    child = subprocess.run(
        [sys.executable, "-m", "benchmarks.embedded", "--child", str(letters)], check=True, stdout=subprocess.PIPE
    )
    print(f"Embedded bus + SQLite, one process. {machine()}")
    for name, value in json.loads(child.stdout).items():
        print(f"  {name:22} {value:>12,.0f}")


if __name__ == "__main__":
    main()
