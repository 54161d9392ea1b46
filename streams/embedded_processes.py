"""Which processes live: a process id goes in, when that process began comes out, so that a reused id is not taken for it."""

from __future__ import annotations

import os
import platform
from contextlib import suppress
from functools import lru_cache
from pathlib import Path


@lru_cache(maxsize=1)
def machine() -> str:
    """This machine since its last boot, and this process's view of process ids (a container has its own)."""
    parts = [platform.node()]
    with suppress(OSError):
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text().strip())
        parts.append(str(Path("/proc/self/ns/pid").stat().st_ino))
    return " ".join(parts)


def born(pid: int) -> int | None:
    """When the process began, in clock ticks since boot; None when none lives, 0 where the system does not say."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        if Path("/proc/self/stat").exists():
            return None
        return 0 if _answers(pid) else None
    fields = stat.rpartition(b")")[2].split()
    return None if fields[0] in (b"Z", b"X") else int(fields[19])


def _answers(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def here() -> tuple[str, int, int]:
    """This process: its machine, its id and when it began."""
    return machine(), os.getpid(), born(os.getpid()) or 0


def gone(where: str, pid: int, since: int) -> bool:
    """Whether this process is known to be dead; one on another machine never is."""
    return where == machine() and born(pid) != since
