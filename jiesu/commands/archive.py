"""Commands over the archive: replay, what-if."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from connectors.registry import CHANNELS_READ
from jiesu.terminal import JsonFlag, house, out, print_json, progress_bar, table
from letters.clock import SHANGHAI, to_ms
from letters.errors import JiesuError


def replay(
    letter: Annotated[list[str] | None, typer.Argument(help="letter_ids or source numbers; none with --all")] = None,
    all_: Annotated[bool, typer.Option("--all", help="Every decided letter of the archive.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Prove that decisions replay byte for byte: label and decide again with the model, the bureau's files and the time
    that each decision names. Exit code 1, naming the first difference, when one does not.

    Example: `jiesu replay --all`
    """
    from jiesu.replay import Replayer
    from storage.archive import decided_letters, letter_numbers
    from storage.lookup import find_letters

    if bool(letter) == all_:
        raise JiesuError("name letters, or give --all")
    with house() as jiesu:
        jiesu.ready()
        replayer = Replayer(jiesu.database, jiesu.settings.home / "models")
        with jiesu.database.read() as connection:
            ids = []
            for number in letter or ():
                found = find_letters(connection, number, CHANNELS_READ)
                if not found:
                    raise JiesuError(f"no letter has the number {number}; jiesu letters prints them")
                ids += found
            first, last = letter_numbers(connection)
            total = len(ids) or last - first + 1
            with progress_bar("replaying", total, shown=not as_json) as advance:
                result = replayer.replay(decided_letters(connection, ids=ids), done=advance)
    if as_json:
        print_json(
            {
                "letters": result.letters,
                "equal": result.equal,
                "differing": result.differing,
                "impossible": dict(result.impossible),
            }
        )
    else:
        out.print(f"{result.equal} of {result.letters} decisions came out the same, byte for byte.", highlight=False)
        for line in result.differing[:20]:
            out.print(f"DIFFERS: {line}", style="red", markup=False)
        for why, count in result.impossible.items():
            out.print(f"{count} could not be replayed: {why}", style="yellow", markup=False)
    if result.equal != result.letters:
        raise typer.Exit(1)


def what_if(
    model: Annotated[Path | None, typer.Option(help="A model folder to label with.")] = None,
    bureau: Annotated[Path | None, typer.Option(help="A bureau's folder to decide with.")] = None,
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only letters that arrived from this day on.")
    ] = None,
    processes: Annotated[int | None, typer.Option(min=1, help="Processes to use; all cores unless given.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """What another model or another bureau folder would have changed over the archive, by category, unit and load. Nothing
    is written.

    Example: `jiesu what-if --model models/2026-11 --since 2026-01-01`
    """
    from jiesu.what_if import Question
    from jiesu.what_if import what_if as ask
    from storage.archive import letter_numbers

    if model is None and bureau is None:
        raise JiesuError("give another model (--model), another bureau (--bureau) or both")
    with house() as jiesu:
        jiesu.ready()
        with jiesu.database.read() as connection:
            first, last = letter_numbers(connection)
        started = to_ms(since.replace(tzinfo=SHANGHAI)) if since else None
        question = Question(jiesu.settings.database(), jiesu.settings.bureau, model, bureau, started)
        with progress_bar("asking", last - first + 1, shown=not as_json) as advance:
            changes = ask(question, processes=processes, done=advance)
        units = jiesu.bureau.units
    if as_json:
        print_json(
            {
                "letters": changes.letters,
                "accepted": {"before": changes.accepted[0], "after": changes.accepted[1]},
                "category": [{"before": a, "after": b, "letters": n} for (a, b), n in changes.category.most_common()],
                "host": [
                    {"before": a or None, "after": b or None, "letters": n} for (a, b), n in changes.host.most_common()
                ],
                "load": {code or "desk": {"before": a, "after": b} for code, (a, b) in changes.load.items()},
                "examples": changes.examples,
            }
        )
        return

    def name(code: str) -> str:
        return units[code].name if code in units else code or "duty desk"

    share = [count / changes.letters if changes.letters else 0.0 for count in changes.accepted]
    out.print(f"{changes.letters} letters. Labelled without a person: {share[0]:.1%} → {share[1]:.1%}", highlight=False)
    moved = table("category before", "after", "letters")
    for (before, after), count in changes.category.most_common(20):
        moved.add_row(before or "–", after or "–", str(count))
    out.print(moved if moved.row_count else "No letter would get another category.")
    if bureau is not None:
        loads = table("unit", "hosted before", "after", "change")
        for code, (had, has) in sorted(changes.load.items(), key=lambda item: -abs(item[1][1] - item[1][0])):
            loads.add_row(name(code), str(had), str(has), f"{has - had:+d}")
        out.print(loads)
        for line in changes.examples:
            out.print(f"e.g. {line}", markup=False, highlight=False)


def add_to(app: typer.Typer) -> None:
    """Hang the commands into the program."""
    app.command()(replay)
    app.command(name="what-if")(what_if)
