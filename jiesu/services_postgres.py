"""A PostgreSQL server of Debian's as a daemon: a folder goes in, a server that answers on loopback comes out."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Final

from letters.errors import JiesuError

Say = Callable[[str], None]

POSTGRES_SETTINGS: Final[dict[str, str]] = {
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "wal_compression": "on",
    "synchronous_commit": "on",
    "jit": "off",
}
"""For a machine of a few GB: checkpoints seldom enough for bursts, and never a commit that a crash could take back;
docker-compose.yml sets the same."""

PREFERRED_PORT: Final = 25432
USER: Final = "jiesu"
_ACCOUNT: Final = "postgres"


class Postgres:
    """A server with its data in `folder`, or beside it where the account that must run it cannot enter."""

    def __init__(self, folder: Path) -> None:
        self._noted = folder.with_name("pg.folder")
        self.folder = Path(self._noted.read_text().strip()) if self._noted.exists() else folder

    @property
    def url(self) -> str:
        """Its address as JIESU_DATABASE_URL."""
        return f"postgresql+psycopg://{USER}@127.0.0.1:{self.port}/{USER}"

    @property
    def port(self) -> int:
        """The port it was given at its last start."""
        file = self.folder.with_name(self.folder.name + ".port")
        return int(file.read_text()) if file.exists() else PREFERRED_PORT

    def start(self, say: Say = lambda _: None) -> None:
        """Start it and wait until it answers; nothing to do when it runs."""
        self._choose_folder(say)
        if self.running():
            say(f"PostgreSQL runs already on port {self.port}")
            return
        if not (self.folder / "PG_VERSION").exists():
            say(f"making a PostgreSQL cluster in {self.folder}")
            self._run("initdb", "-D", str(self.folder), "-A", "trust", "-U", USER, "-E", "UTF8", "--locale=C.UTF-8")
        port = self.port if _free(self.port) else _free_port()
        self.folder.with_name(self.folder.name + ".port").write_text(str(port))
        say(f"starting PostgreSQL on 127.0.0.1:{port}")
        options = {
            "port": str(port),
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "''",
        } | POSTGRES_SETTINGS
        words = " ".join(f"-c {name}={value}" for name, value in options.items())
        log = self.folder / "server.log"
        self._run("pg_ctl", "-D", str(self.folder), "-l", str(log), "-w", "-t", "60", "-o", words, "start")
        listed = self._run("psql", *self._address(port), "-d", "postgres", "-Atc", "SELECT datname FROM pg_database")
        if USER not in listed.split():
            self._run("createdb", *self._address(port), USER)
        say(f"PostgreSQL answers on 127.0.0.1:{port}")

    def stop(self, say: Say = lambda _: None) -> None:
        """Stop it; nothing to do when it does not run."""
        if not self.running():
            say("PostgreSQL does not run")
            return
        say(f"stopping PostgreSQL on port {self.port}")
        self._run("pg_ctl", "-D", str(self.folder), "-w", "-m", "fast", "stop")

    def running(self) -> bool:
        """Whether the server of this folder runs: pg_ctl looks at its own process file."""
        if not (self.folder / "PG_VERSION").exists():
            return False
        return self._call("pg_ctl", "-D", str(self.folder), "status").returncode == 0

    def _address(self, port: int) -> list[str]:
        return ["-h", "127.0.0.1", "-p", str(port), "-U", USER]

    def _choose_folder(self, say: Say) -> None:
        """PostgreSQL refuses to run as root, and its own account must be able to reach the data."""
        if os.geteuid() != 0 or (self.folder / "PG_VERSION").exists():
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        shutil.chown(self.folder, _ACCOUNT, _ACCOUNT)
        entered = subprocess.run([*_as_account(), "test", "-w", str(self.folder)], capture_output=True, check=False)
        if entered.returncode == 0:
            return
        self.folder.rmdir()
        outside = Path("/var/tmp") / f"jiesu-pg-{sha256(str(self.folder).encode()).hexdigest()[:12]}" / "pg"  # noqa: S108
        say(f"the account {_ACCOUNT} cannot enter {self.folder}: using {outside}")
        outside.mkdir(parents=True, exist_ok=True)
        for made in (outside.parent, outside):
            shutil.chown(made, _ACCOUNT, _ACCOUNT)
        self._noted.write_text(str(outside))
        self.folder = outside

    def _run(self, tool: str, *arguments: str) -> str:
        done = self._call(tool, *arguments)
        if done.returncode:
            log = self.folder / "server.log"
            told = log.read_text(errors="replace")[-1500:] if tool == "pg_ctl" and log.exists() else ""
            raise JiesuError(f"{tool} failed (exit code {done.returncode}): {done.stdout}{done.stderr}{told}".rstrip())
        return done.stdout

    def _call(self, tool: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        # the server inherits what pg_ctl writes to, so pipes would stay open as long as it runs: files instead
        prefix = _as_account() if os.geteuid() == 0 else []
        with tempfile.TemporaryFile("w+") as out:
            done = subprocess.run(
                [*prefix, str(_binaries() / tool), *arguments],
                stdout=out,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                cwd="/",
                check=False,
            )
            out.seek(0)
            return subprocess.CompletedProcess(done.args, done.returncode, out.read(), "")


def _as_account() -> list[str]:
    return ["runuser", "-u", _ACCOUNT, "--"]


def _binaries() -> Path:
    """The newest PostgreSQL that Debian has installed, or the one on the PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    if on_path := shutil.which("initdb"):
        return Path(on_path).parent
    raise JiesuError("PostgreSQL is not installed: apt-get install postgresql")


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
