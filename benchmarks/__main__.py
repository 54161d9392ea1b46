"""Every benchmark, one after the other, each in a process of its own: `make bench`, or some by name.

python -m benchmarks [NAME …]
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

NAMES = {
    "classifier": [],
    "routing": [],
    "embedded": [],
    "million": [],
    "archive": [],
    "stage_on_kafka": ["services"],
    "kafka_flow": ["services"],
    "casework": ["services"],
}
"""Each module with what it needs beside Python."""


def main() -> int:
    """Runs them; the number that failed."""
    wanted = sys.argv[1:] or list(NAMES)
    if unknown := [name for name in wanted if name not in NAMES]:
        print(f"no benchmark {', '.join(unknown)}; there are {', '.join(NAMES)}")
        return 2
    failed = 0
    for name in wanted:
        print(f"\n== {name}", flush=True)
        if "services" in NAMES[name] and not Path("var/services.env").exists():
            print("left out: it needs a real Kafka and PostgreSQL; run make services first")
            continue
        failed += subprocess.run([sys.executable, "-m", f"benchmarks.{name}"]).returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main())
