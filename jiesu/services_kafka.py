"""A single Kafka broker as a child process: a folder and three ports go in, a broker that answers comes out."""

from __future__ import annotations

import base64
import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final
from urllib.parse import quote

from letters.errors import JiesuError
from streams.embedded_processes import born
from streams.kafka_errors import API_VERSIONS
from streams.kafka_url import MAX_MESSAGE_BYTES

Say = Callable[[str], None]

KAFKA_VERSION: Final = "4.1.0"
KAFKA_SETTINGS: Final[dict[str, str]] = {
    "auto.create.topics.enable": "false",
    "group.initial.rebalance.delay.ms": "0",
    "message.max.bytes": str(MAX_MESSAGE_BYTES),
    "offsets.topic.replication.factor": "1",
    "replica.fetch.max.bytes": str(MAX_MESSAGE_BYTES),
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.replication.factor": "1",
}
"""What one broker alone needs, and room for a letter of 10 MB as a dead letter in base64; docker-compose.yml sets the same."""

HEAP: Final = "512m"
PREFERRED_PORTS: Final = (29092, 29093, 29094)
"""For everyone, for the controller, for SASL; others when one of them is taken."""

_POM: Final = f"""<project><modelVersion>4.0.0</modelVersion>
<groupId>jiesu</groupId><artifactId>kafka</artifactId><version>1</version><packaging>pom</packaging><dependencies>
<dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{KAFKA_VERSION}</version></dependency>
<dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
</dependencies></project>
"""
_READY_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 30.0


class Broker:
    """Kafka in KRaft mode in `folder`: one listener open to all, one with SCRAM where access rights hold."""

    def __init__(self, folder: Path, libs: Path, ports: tuple[int, int, int]) -> None:
        self.folder = folder
        self.libs = libs
        self.ports = ports
        self.servers = f"127.0.0.1:{ports[0]}"
        self.url = f"kafka://{self.servers}"
        self._pid_file = folder / "broker.pid"
        self._properties = folder / "server.properties"

    @property
    def sasl_url(self) -> str:
        """The administrator's address on the listener with access rights."""
        return self.sasl_url_of("admin", self._password())

    def sasl_url_of(self, user: str, password: str) -> str:
        """A user's address on the listener with access rights."""
        return (
            f"kafka://{quote(user, safe='')}:{quote(password, safe='')}@127.0.0.1:{self.ports[2]}"
            "?security=SASL_PLAINTEXT&mechanism=SCRAM-SHA-256"
        )

    def start(self, say: Say = lambda _: None) -> None:
        """Start it and wait until it answers; nothing to do when it runs."""
        if (pid := self.pid()) is not None:
            say(f"Kafka runs already on {self.servers} (process {pid})")
            return
        java = _java()
        self.folder.mkdir(parents=True, exist_ok=True)
        self._write_properties()
        if not (self.folder / "data" / "meta.properties").exists():
            say(f"formatting Kafka's store in {self.folder / 'data'}")
            self._format(java)
        say(f"starting Kafka {KAFKA_VERSION} on {self.servers}")
        log = self.folder / "broker.log"
        with log.open("ab") as out:
            process = subprocess.Popen(
                [*java, f"-Xmx{HEAP}", *self._class_path(), "kafka.Kafka", str(self._properties)],
                stdout=out,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        self._pid_file.write_text(json.dumps({"pid": process.pid, "born": born(process.pid)}))
        began = time.monotonic()
        while not _answers(self.ports[0]):
            if process.poll() is not None:
                raise JiesuError(f"Kafka ended at once (exit code {process.returncode}); see {log}:\n{_tail(log)}")
            if time.monotonic() - began > _READY_SECONDS:
                raise JiesuError(f"Kafka does not answer after {_READY_SECONDS:.0f} s; see {log}:\n{_tail(log)}")
            time.sleep(0.1)
        say(f"Kafka answers after {time.monotonic() - began:.1f} s")

    def stop(self, say: Say = lambda _: None) -> None:
        """Stop it in order; nothing to do when it does not run."""
        pid = self.pid()
        if pid is None:
            say("Kafka does not run")
        else:
            say(f"stopping Kafka (process {pid})")
            os.kill(pid, signal.SIGTERM)
            if not self._ended(pid, _STOP_SECONDS):
                say("Kafka does not end by itself: killing it")
                self.kill()
        self._pid_file.unlink(missing_ok=True)

    def kill(self) -> None:
        """End it without warning."""
        if (pid := self.pid()) is not None:
            os.kill(pid, signal.SIGKILL)
            self._ended(pid, _STOP_SECONDS)
        self._pid_file.unlink(missing_ok=True)

    def pid(self) -> int | None:
        """Its process, when it runs and is the one we started."""
        try:
            noted = json.loads(self._pid_file.read_text())
        except (OSError, ValueError):
            return None
        return int(noted["pid"]) if noted["born"] is not None and born(noted["pid"]) == noted["born"] else None

    def _ended(self, pid: int, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while self.pid() is not None:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        with suppress(ChildProcessError):  # not our child when an earlier run started it
            os.waitpid(pid, os.WNOHANG)
        return True

    def _class_path(self) -> list[str]:
        return ["-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", f"{self.libs}/*"]

    def _password(self) -> str:
        file = self.folder / "admin.password"
        if not file.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            file.touch(mode=0o600)
            file.write_text(secrets.token_urlsafe(18))
        return file.read_text()

    def _format(self, java: list[str]) -> None:
        # An id that begins with a dash would be taken for an option: one in 64 brokers did not start.
        cluster = base64.b64encode(uuid.uuid4().bytes, altchars=b"AB").decode().rstrip("=")
        scram = f"SCRAM-SHA-256=[name=admin,password={self._password()}]"
        tool = [*java, *self._class_path(), "kafka.tools.StorageTool", "format", "-t", cluster]
        done = subprocess.run(
            [*tool, "-c", str(self._properties), "--add-scram", scram], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise JiesuError(f"Kafka's store cannot be formatted: {done.stdout[-2000:]}{done.stderr[-2000:]}")

    def _write_properties(self) -> None:
        plain, controller, sasl = self.ports
        settings = KAFKA_SETTINGS | {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.voters": f"1@127.0.0.1:{controller}",
            "controller.listener.names": "CONTROLLER",
            "listeners": f"PLAINTEXT://127.0.0.1:{plain},CONTROLLER://127.0.0.1:{controller},SASL_PLAINTEXT://127.0.0.1:{sasl}",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{plain},SASL_PLAINTEXT://127.0.0.1:{sasl}",
            "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT",
            "inter.broker.listener.name": "PLAINTEXT",
            "sasl.enabled.mechanisms": "SCRAM-SHA-256",
            "listener.name.sasl_plaintext.scram-sha-256.sasl.jaas.config": (
                "org.apache.kafka.common.security.scram.ScramLoginModule required;"
            ),
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "allow.everyone.if.no.acl.found": "false",
            "super.users": "User:ANONYMOUS;User:admin",
            "log.dirs": str(self.folder / "data"),
            "group.min.session.timeout.ms": "1000",  # tests kill workers and shall not wait long for others to notice
        }
        self._properties.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))


def fetch_jars(folder: Path, say: Say) -> Path:
    """The folder of Kafka's jars, fetched by Maven the first time (43 MB)."""
    libs = folder / "libs"
    if (libs / f"kafka_2.13-{KAFKA_VERSION}.jar").exists():
        return libs
    if shutil.which("mvn") is None:
        raise JiesuError("Maven is needed to fetch Kafka: apt-get install maven openjdk-17-jre-headless")
    _java()
    say(f"fetching Kafka {KAFKA_VERSION} by Maven (43 MB, once)")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pom.xml").write_text(_POM)
    partial = folder / "libs.partial"
    shutil.rmtree(partial, ignore_errors=True)
    copy = ["dependency:copy-dependencies", f"-DoutputDirectory={partial}", "-DincludeScope=runtime"]
    done = subprocess.run(
        ["mvn", "-q", "-B", "-f", str(folder / "pom.xml"), *copy], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise JiesuError(f"Maven could not fetch Kafka:\n{(done.stdout + done.stderr)[-2000:]}")
    shutil.rmtree(libs, ignore_errors=True)
    partial.rename(libs)
    return libs


def settled_ports(folder: Path) -> tuple[int, int, int]:
    """The ports that the broker in `folder` had, or will have: the usual ones, or free ones where those are taken."""
    running = Broker(folder, folder / "libs", (0, 0, 0)).pid() is not None
    properties = folder / "server.properties"
    if properties.exists():
        found = dict(re.findall(r"(PLAINTEXT|CONTROLLER|SASL_PLAINTEXT)://127\.0\.0\.1:(\d+)", properties.read_text()))
        before = (int(found["PLAINTEXT"]), int(found["CONTROLLER"]), int(found["SASL_PLAINTEXT"]))
        if running or all(map(_free, before)):
            return before
    return PREFERRED_PORTS if all(map(_free, PREFERRED_PORTS)) else free_ports()


def free_ports() -> tuple[int, int, int]:
    """Three loopback ports that nobody listens on now."""
    sockets = [socket.socket() for _ in range(3)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        first, second, third = (int(each.getsockname()[1]) for each in sockets)
        return first, second, third
    finally:
        for each in sockets:
            each.close()


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            connection.sendall(API_VERSIONS)
            return len(connection.recv(8)) > 0
    except OSError:
        return False


def _java() -> list[str]:
    """The Java to run Kafka with; `JiesuError` when it is missing or older than 17."""
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    if java is None or not Path(java).exists():
        raise JiesuError("Kafka needs Java 17 or newer: apt-get install openjdk-17-jre-headless")
    told = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    version = re.search(r'version "(\d+)', told)
    if version is None or int(version.group(1)) < 17:
        raise JiesuError(f"Kafka needs Java 17 or newer, and {java} is {told.splitlines()[0] if told else 'broken'}")
    return [java]


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-15:])
