"""`jiesu up`: every stage in one thread and the desk in another, until a signal; both stop in order."""

from __future__ import annotations

import signal
import socket
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

import structlog
import uvicorn

from desk.app import build_app
from jiesu.installation import LocalInstallation
from jiesu.wiring import House
from letters.errors import JiesuError, SettingsError
from streams.binding import Binding, Stopped, run_for_ever
from streams.clock import Ticking
from streams.topology import TOPOLOGY

log = structlog.get_logger()
LOOPBACK = "127.0.0.1"


def serve(jiesu: House, port: int, *, started: Callable[[], object]) -> None:
    """Runs until SIGTERM or Ctrl-C. When a stage stops for good, the desk stays up and says why on its pages."""
    listener = _listen(port)
    stop = threading.Event()
    stages = threading.Thread(target=_run_stages, args=(jiesu, stop), name="stages")
    config = uvicorn.Config(build_app(LocalInstallation(jiesu)), log_config=None, access_log=False)
    server = uvicorn.Server(config)

    def halt(_number: int, _frame: FrameType | None) -> None:
        stop.set()
        server.should_exit = True

    stages.start()
    started()
    try:
        # uvicorn installs its own handlers inside run(); ours come first and tell the stages as well.
        server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
        signal.signal(signal.SIGTERM, halt)
        signal.signal(signal.SIGINT, halt)
        server.run(sockets=[listener])
    finally:
        stop.set()
        stages.join()
        listener.close()


def _run_stages(jiesu: House, stop: threading.Event) -> None:
    bindings: list[Binding | Ticking] = []
    reason: JiesuError | None = None
    try:
        bindings = jiesu.bindings(stop)
        run_for_ever(bindings, stop, hourly=jiesu.tidy)
    except Stopped:
        pass
    except JiesuError as error:
        reason = error
    except Exception as error:
        # Else the pages would go on saying that all is well while nothing is read any more.
        where = [f"{at.filename}:{at.lineno} {at.name}" for at in traceback.extract_tb(error.__traceback__)[-6:]]
        log.error("the stages broke", action="stages_broke", error=type(error).__name__, where=where)
        reason = JiesuError(f"{type(error).__name__}, which no rule foresaw; please report it with jiesu's log")
    finally:
        for binding in bindings:
            with suppress(JiesuError):
                binding.leave()
    for name in dict.fromkeys([*(flow.stage for flow in TOPOLOGY), *(binding.stage.name for binding in bindings)]):
        jiesu.observer.stopped(name, reason)


def _listen(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
    except OSError:
        listener.close()
        raise SettingsError(
            f"port {port} of {LOOPBACK} is taken by another program; choose one with --port N or JIESU_PORT"
        ) from None
    return listener
