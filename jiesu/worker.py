"""`jiesu worker` and a unit's rights on Kafka: an installation goes in, a running Faust worker or granted rights come out."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from jiesu.wiring import House, ease_collector
from letters.errors import JiesuError, SettingsError
from letters.messages import Control
from streams import worker
from streams.binding import Stopped
from streams.clock import tick_for_ever
from streams.kafka import KafkaBus
from streams.kafka_url import KafkaSettings
from streams.observing import Observer

log = structlog.get_logger()


def run_worker(jiesu: House, stages: Sequence[str], metrics_port: int | None) -> None:
    """Runs these stages until SIGTERM or SIGINT; raises what made one stop."""
    settings = worker.WorkerSettings(
        kafka=KafkaSettings.from_url(jiesu.settings.bus),
        batch=jiesu.settings.batch,
        instance=jiesu.settings.instance,
        folder=jiesu.home / "faust",
    )

    def follow(word: Control) -> None:
        if word.command == "drain":
            os.kill(os.getpid(), signal.SIGTERM)  # the orderly stop: the batch in hand is finished
        else:
            jiesu.models.ask_again()

    ease_collector()
    with _metrics(jiesu.observer, metrics_port), _clock(jiesu, stages):
        worker.run_worker(jiesu.stages(stages), settings, observer=jiesu.observer, on_control=follow)


def grant_unit(jiesu: House, unit: str, principal: str | None) -> list[str]:
    """Lets a unit's Kafka user read its assignments and notices and write its progress, and nothing else; in words."""
    if unit not in jiesu.bureau.units:
        raise JiesuError(f"the bureau has no unit {unit}; its units are listed in {jiesu.settings.bureau}/units.csv")
    if not isinstance(jiesu.bus, KafkaBus):
        raise SettingsError("rights are kept by Kafka: set JIESU_BUS=kafka://host:port; the embedded bus has no users")
    return jiesu.bus.acl(unit, principal or f"User:{unit}")


@contextmanager
def _clock(jiesu: House, stages: Sequence[str]) -> Iterator[None]:
    """The clock in a thread beside the stages, where `progress` runs: each notice goes out once, however many tick."""
    if stages and "progress" not in stages:
        yield
        return
    stop = threading.Event()

    def tick() -> None:
        try:
            tick_for_ever(jiesu.ticking(stop), stop)
        except Stopped:
            pass
        except Exception as error:
            jiesu.observer.stopped("clock", error)

    thread = threading.Thread(target=tick, name="clock", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@contextmanager
def _metrics(observer: Observer, port: int | None) -> Iterator[None]:
    """`/metrics`, `/healthz` and `/readyz` on the loopback address while the block runs; nothing without a port."""
    if port is None:
        yield
        return

    class Pages(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            health = observer.health()
            stopped = any(state.startswith("stopped") for state in health.values())
            ready = bool(health) and all(state == "working" for state in health.values())
            if self.path == "/metrics":
                self._answer(200, CONTENT_TYPE_LATEST, generate_latest(observer.registry))
            elif self.path in ("/healthz", "/readyz"):
                fine = ready if self.path == "/readyz" else not stopped
                self._answer(200 if fine else 503, "application/json", json.dumps({"stages": health}).encode())
            else:
                self._answer(404, "text/plain", b"there are /metrics, /healthz and /readyz\n")

        def _answer(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: ARG002
            log.debug("asked", action="page", path=self.path)

    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), Pages)
    except OSError:
        raise SettingsError(f"port {port} of 127.0.0.1 is taken; choose another with --metrics-port") from None
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
