"""Commands of the operator: db, doctor."""

from __future__ import annotations

from typing import Annotated

import typer

from jiesu.doctor import examine
from jiesu.terminal import JsonFlag, house, out, print_json, progress_bar
from storage import schema

db = typer.Typer(help="The database's schema: upgrade, check.", no_args_is_help=True)


@db.command()
def upgrade(as_json: JsonFlag = False) -> None:
    """Bring the database's schema to this program's version; harmless to repeat, and with several at once.

    Example: `jiesu db upgrade`
    """
    with house() as jiesu, progress_bar("upgrading", None, shown=not as_json):
        before, after = schema.upgrade(jiesu.database)
    if as_json:
        print_json({"before": before, "after": after})
    else:
        out.print(f"schema {after}" + (" (it was already)" if before == after else f" (before: {before or 'none'})"))


@db.command()
def check(as_json: JsonFlag = False) -> None:
    """Whether the database has the schema that this program needs; exit code 1 when not.

    Example: `jiesu db check`
    """
    with house() as jiesu:
        current = schema.current_version(jiesu.database)
        differences = schema.differences(jiesu.database) if current == schema.newest_version() else []
    sound = current == schema.newest_version() and not differences
    if as_json:
        print_json({"current": current, "newest": schema.newest_version(), "differences": differences, "sound": sound})
    elif current != schema.newest_version():
        out.print(f"schema {current or 'none'}, this program needs {schema.newest_version()}: run jiesu db upgrade")
    else:
        out.print("\n".join(differences) if differences else f"schema {current}, as it should be")
    if not sound:
        raise typer.Exit(1)


def doctor(
    bureau_only: Annotated[bool, typer.Option("--bureau-only", help="Check the bureau's files alone.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Is this installation sound: settings, bureau files, key, bus, database, model, calendar; in words, with the remedy.

    Example: `jiesu doctor`
    """
    with house() as jiesu:
        findings = examine(jiesu, bureau_only=bureau_only)
    if as_json:
        print_json([finding._asdict() for finding in findings])
    else:
        for finding in findings:
            mark = "[green]✓[/green]" if finding.sound else "[red]✗[/red]"
            out.print(f"{mark} [bold]{finding.part}[/bold]", highlight=False)
            out.print(f"  {finding.says}", markup=False, highlight=False, soft_wrap=True)
    if not all(finding.sound for finding in findings):
        raise typer.Exit(1)


def add_to(app: typer.Typer) -> None:
    """Hang the commands into the program."""
    app.command()(doctor)
