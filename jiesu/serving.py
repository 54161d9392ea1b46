"""`jiesu up`: every stage in one thread and the desk in another, until a signal; both stop in order."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable
from types import FrameType

import uvicorn

from desk.app import build_app
from jiesu.installation import LocalInstallation
from jiesu.wiring import House
from letters.errors import JiesuError, SettingsError
from streams.binding import Binding, Stopped, run_for_ever

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
    bindings: list[Binding] = []
    try:
        bindings = jiesu.bindings(stop)
        run_for_ever(bindings, stop)
    except Stopped:
        pass
    except JiesuError as error:
        for binding in bindings:
            jiesu.observer.stopped(binding.stage.name, error)
        return
    finally:
        for binding in bindings:
            binding.leave()
    for binding in bindings:
        jiesu.observer.stopped(binding.stage.name, None)


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
