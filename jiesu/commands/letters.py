"""Commands that look at letters: letters, trace, reconcile."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from connectors.registry import CHANNELS_READ
from jiesu.conservation import prove
from jiesu.life import tell_life
from jiesu.life_case import tell_case
from jiesu.life_text import show_life
from jiesu.terminal import JsonFlag, err, house, out, print_json, table
from letters.clock import from_ms, iso
from letters.errors import JiesuError
from storage.dead import dead_letters
from storage.lookup import LetterLine, find_letters, letter_lines, life_of


class StateChoice(StrEnum):
    """The states a letter can be listed by."""

    dispatched = "dispatched"
    waiting = "waiting"
    merged = "merged"
    escalated = "escalated"
    received = "received"


class UnknownNumber(JiesuError):
    """No letter has the number {number}."""


def letters(
    state: Annotated[StateChoice | None, typer.Option(help="Only letters in this state.")] = None,
    unit: Annotated[str | None, typer.Option(help="Only letters assigned to this unit (12-digit code).")] = None,
    channel: Annotated[str | None, typer.Option(help="Only letters of this channel.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """One line a letter, in the order they came in. `--json` prints one JSON object a line.

    Example: `jiesu letters --state waiting`
    """
    with house() as jiesu:
        jiesu.ready()
        units = jiesu.bureau.units
        if unit is not None and unit not in units:
            raise JiesuError(
                f"the bureau has no unit {unit}; its units are listed in {jiesu.settings.bureau}/units.csv"
            )
        if channel is not None and channel not in CHANNELS_READ:
            raise JiesuError(f"there is no channel {channel}; the channels are {', '.join(CHANNELS_READ)}")
        with jiesu.database.read() as connection:
            lines = letter_lines(
                connection, state=state.value if state else None, unit=unit, channel=channel, limit=limit
            )
            if as_json:
                for line in lines:
                    print_json(_facts(line))
                return
            shown = table("letter", "channel", "number", "arrived", "kind", "category", "host", "co-units", "state")
            for line in lines:
                names = [units[code].name if code in units else code for code in line.co_units]
                shown.add_row(
                    str(line.letter_id)[:8],
                    line.channel,
                    line.source_id,
                    from_ms(line.arrived_at).strftime("%m-%d %H:%M"),
                    line.kind,
                    line.category or "–",
                    units[line.host].name if line.host and line.host in units else line.host or "–",
                    "、".join(names) or "–",
                    line.state,
                )
    if not shown.row_count:
        out.print("No letters" + (f" in state {state.value}" if state else "") + ". Feed some: jiesu feed --help")
        return
    out.print(shown)
    out.print(f"{shown.row_count} letters. One letter's whole life: [bold]jiesu trace NUMBER[/bold]")


def trace(
    number: Annotated[str, typer.Argument(help="A letter_id or a source number.")], as_json: JsonFlag = False
) -> None:
    """One letter's whole life: raw record, normalization, labels with evidence, every rule tried, assignments, clocks,
    progress, notices. Personal data is masked.

    Example: `jiesu trace NK-2026-000123`
    """
    with house() as jiesu:
        jiesu.ready()
        with jiesu.database.read() as connection:
            found = find_letters(connection, number, CHANNELS_READ)
            if not found:
                key = number.encode()
                refused = [dead for dead in dead_letters(connection, jiesu.sealer, limit=100_000) if dead.key == key]
                hint = (
                    f" But {len(refused)} refused record(s) came under it: jiesu dead show {refused[0].dead_id}"
                    if refused
                    else " Give a letter_id or a source number, as jiesu letters prints them."
                )
                raise UnknownNumber(f"No letter has the number {number}.{hint}")
            kept = [life_of(connection, letter) for letter in found]
            lives = [{**tell_life(life, jiesu), "case": tell_case(life, jiesu, connection)} for life in kept]
    if as_json:
        print_json(lives[0] if len(lives) == 1 else lives)
        return
    if len(lives) > 1:
        err.print(f"{len(lives)} channels use the number {number}; all are shown.")
    for life in lives:
        show_life(life, out)


def reconcile(as_json: JsonFlag = False) -> None:
    """Prove that nothing was lost: every record read is one letter, revision, repeat or dead letter, and every letter
    stands somewhere. Exit code 1, naming the records, when the sums do not add up.

    Example: `jiesu reconcile --json`
    """
    with house() as jiesu:
        jiesu.ready()
        sums = prove(jiesu)
    if as_json:
        print_json(sums.facts())
    else:
        shown = table("", "records")
        shown.add_row("read from the intake topics", str(sums.read))
        for name in ("letters", "revisions", "repeats", "dead"):
            shown.add_row(f"  {name}", str(getattr(sums, name)))
        shown.add_row("letters", str(sums.letters))
        for name in ("dispatched", "waiting", "escalated", "merged"):
            shown.add_row(f"  {name}", str(getattr(sums, name)))
        out.print(shown)
        if sums.unread or sums.pending:
            out.print(
                f"On the way: {sums.unread} records not read yet, {sums.pending} letters between two stages."
                " Run: jiesu run --until-idle"
            )
        for line in sums.unaccounted:
            out.print(f"LOST: {line}", style="red", markup=False)
        out.print(
            "It adds up: nothing is lost, nothing is invented." if sums.adds_up else "It does NOT add up.",
            style="green" if sums.adds_up else "bold red",
        )
    if not sums.adds_up:
        raise typer.Exit(1)


def add_to(app: typer.Typer) -> None:
    """Hang the commands into the program."""
    app.command()(letters)
    app.command()(trace)
    app.command()(reconcile)


def _facts(line: LetterLine) -> dict[str, object]:
    return {
        "letter_id": str(line.letter_id),
        "channel": line.channel,
        "source_id": line.source_id,
        "arrived_at": iso(from_ms(line.arrived_at)),
        "kind": line.kind,
        "category": line.category,
        "host": line.host,
        "co_units": list(line.co_units),
        "state": line.state,
    }
