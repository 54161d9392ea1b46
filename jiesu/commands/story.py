"""Commands that run a whole jiesu: demo, up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from jiesu.settings import load_settings
from jiesu.terminal import err, house, out
from letters.errors import SettingsError

if TYPE_CHECKING:
    from jiesu.wiring import House

Port = Annotated[int | None, typer.Option(min=1, max=65535, help="Port of the desk on 127.0.0.1.")]


def demo(
    once: Annotated[bool, typer.Option("--once", help="Stop before serving the desk.")] = False,
    port: Port = None,
) -> None:
    """A story in a minute: the bureau's sample records come in by every channel, are labelled and routed, simulated units
    work, and one screen shows what happened; then the desk is served.

    Everything is in a home of its own (var/demo) on the embedded bus, made anew each time.

    Example: `jiesu demo --once`
    """
    from jiesu.demo import fresh_home, play  # here: the other commands need not load scikit-learn
    from jiesu.demo_screen import show_story

    settings = load_settings()
    home = fresh_home(settings.home)
    chosen = settings.model_copy(update={"home": home, "bus": "embedded", "database_url": None, "log": "error"})
    with house(chosen) as jiesu:
        with err.status("starting") as status:
            story = play(jiesu, lambda step: status.update(f"{step} …"))
        show_story(jiesu, story, out)
        if once:
            return
        _serve(jiesu, port)


def up(port: Port = None) -> None:
    """Everything in one process on the embedded bus: every stage and the desk, until stopped.

    Example: `jiesu up --port 8110`
    """
    with house() as jiesu:
        if not jiesu.embedded:
            raise SettingsError(
                "jiesu up is for the embedded bus; on Kafka start jiesu worker (and the desk beside it)"
            )
        jiesu.ready()
        _serve(jiesu, port)


def _serve(jiesu: House, port: int | None) -> None:
    from jiesu.serving import LOOPBACK, serve  # here: the other commands need no web server

    chosen = port or jiesu.settings.port
    serve(jiesu, chosen, started=lambda: out.print(f"The desk: http://{LOOPBACK}:{chosen}/  (Ctrl-C stops)"))


def add_to(app: typer.Typer) -> None:
    """Hang the commands into the program."""
    app.command()(demo)
    app.command()(up)
