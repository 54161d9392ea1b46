"""The command line: arguments go in, tables or JSON come out; an error is one clear sentence and a non-zero exit."""

from __future__ import annotations

import sys

import typer

from jiesu.commands import (
    archive,
    bus,
    dead,
    decide,
    decision,
    figures,
    follow_up,
    installation,
    letters,
    offline,
    story,
)
from jiesu.terminal import err
from letters.errors import JiesuError

app = typer.Typer(
    name="jiesu",
    help="接诉: the intake hub of a police bureau's 局长信箱·接诉即办.\n\nStart with `jiesu demo --once`, then `jiesu letters`.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)
for group in (story, bus, letters, figures, offline, archive, installation):
    group.add_to(app)
app.add_typer(dead.app, name="dead")
for officers in (decide, follow_up):
    officers.add_to(decision.app)
app.add_typer(decision.app, name="decide")
app.add_typer(offline.models, name="models")
app.add_typer(installation.db, name="db")


def main() -> None:
    """The program's entry."""
    try:
        app()
    except JiesuError as error:
        err.print(f"jiesu: {error}", style="red", markup=False, highlight=False, soft_wrap=True)
        sys.exit(1)
    except BrokenPipeError:
        # The reader of our output (head, jq) has seen enough.
        sys.stderr.close()
        sys.exit(0)
    except KeyboardInterrupt:
        err.print("jiesu: stopped; what was begun is done again next time", style="yellow")
        sys.exit(130)


if __name__ == "__main__":
    main()
