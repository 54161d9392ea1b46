"""Commands around dead letters (死信): look at them, feed them again after a fix."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer

from jiesu.redrive import redrive_dead
from jiesu.terminal import JsonFlag, house, out, print_json, table
from letters.clock import from_ms, iso
from letters.errors import JiesuError
from storage.dead import Dead, dead_letters

app = typer.Typer(help="Records that could not be read: list, show, redrive.", no_args_is_help=True)

TopicOption = Annotated[str | None, typer.Option(help="Only of this topic, e.g. intake.110.")]
ReasonOption = Annotated[str | None, typer.Option(help="Only with this reason code.")]


class UnknownDead(JiesuError):
    """No dead letter has the id {id}; jiesu dead list prints them (the first eight characters are enough)."""


@app.command("list")
def list_(
    topic: TopicOption = None,
    reason: ReasonOption = None,
    waiting: Annotated[bool, typer.Option("--waiting", help="Only those not fed again yet.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 200,
    as_json: JsonFlag = False,
) -> None:
    """What was refused and why. `--json` prints one JSON object a line.

    Example: `jiesu dead list --topic intake.110 --waiting`
    """
    with house() as jiesu:
        jiesu.ready()
        with jiesu.database.read() as connection:
            found = dead_letters(
                connection, jiesu.sealer, topic=topic, reason=reason, waiting_only=waiting, limit=limit
            )
    if as_json:
        for dead in found:
            print_json(_facts(dead))
        return
    if not found:
        out.print("No dead letters: everything that was fed could be read.")
        return
    shown = table("id", "place", "key", "reason", "what was wrong", "fed again")
    for dead in found:
        shown.add_row(
            str(dead.dead_id)[:8],
            f"{dead.topic}/{dead.partition}/{dead.offset}",
            _text(dead.key),
            dead.reason,
            dead.message,
            from_ms(dead.redriven_at).strftime("%m-%d %H:%M") if dead.redriven_at else "",
        )
    out.print(shown, markup=False)
    more = "" if len(found) < limit else f" (the first {limit}; see --limit)"
    out.print(f"{len(found)} dead letters{more}. One of them: jiesu dead show ID", highlight=False)


@app.command()
def show(
    dead_id: Annotated[str, typer.Argument(help="The id, or its first characters.")], as_json: JsonFlag = False
) -> None:
    """One dead letter with its raw bytes.

    Example: `jiesu dead show 3f2a9c01`
    """
    with house() as jiesu:
        jiesu.ready()
        dead = _find(jiesu, dead_id)
    if as_json:
        print_json({**_facts(dead), "raw": base64.b64encode(dead.raw).decode()})
        return
    for name, value in _facts(dead).items():
        out.print(f"{name}: {value}", markup=False, highlight=False)
    out.print(f"raw ({len(dead.raw)} bytes):", style="bold")
    out.print(dead.raw[:4000].decode("utf-8", "backslashreplace"), markup=False, highlight=False)
    if len(dead.raw) > 4000:
        out.print(f"… {len(dead.raw) - 4000} bytes more; all of them: jiesu dead show {dead_id} --json")


@app.command()
def redrive(
    dead_id: Annotated[list[str] | None, typer.Argument(help="Ids, or their first characters.")] = None,
    all_: Annotated[bool, typer.Option("--all", help="All that were not fed again yet and fit the options.")] = False,
    topic: TopicOption = None,
    reason: ReasonOption = None,
    value: Annotated[Path | None, typer.Option(help="A file with the mended record, for a single id.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Feed dead letters again on the topic they came from: as they stand after a fix of ours, or mended by hand.

    Example: `jiesu dead redrive 3f2a9c01 --value mended.json && jiesu run --until-idle`
    """
    ids = dead_id or []
    if bool(ids) == all_:
        raise JiesuError("name dead letters by id, or give --all (with --topic and --reason to choose)")
    if value is not None and len(ids) != 1:
        raise JiesuError("--value mends one record: give exactly one id")
    with house() as jiesu:
        jiesu.ready()
        if all_:
            with jiesu.database.read() as connection:
                chosen = dead_letters(connection, jiesu.sealer, topic=topic, reason=reason, waiting_only=True)
        else:
            chosen = [_find(jiesu, each) for each in ids]
        fed = redrive_dead(jiesu, chosen, value.read_bytes() if value else None)
    if as_json:
        print_json({"fed": fed})
    else:
        out.print(f"{fed} records fed again. Next: [bold]jiesu run --until-idle[/bold]")


def _find(jiesu: Any, given: str) -> Dead:
    try:
        ids = [UUID(given)]
    except ValueError:
        with jiesu.database.read() as connection:
            ids = [
                dead.dead_id
                for dead in dead_letters(connection, jiesu.sealer)
                if str(dead.dead_id).startswith(given.lower())
            ]
        if len(ids) > 1:
            raise JiesuError(f"{len(ids)} dead letters begin with {given}; give more characters") from None
    with jiesu.database.read() as connection:
        found = dead_letters(connection, jiesu.sealer, ids=ids) if ids else []
    if not found:
        raise UnknownDead(id=given)
    return found[0]


def _facts(dead: Dead) -> dict[str, Any]:
    return {
        "dead_id": str(dead.dead_id),
        "topic": dead.topic,
        "partition": dead.partition,
        "offset": dead.offset,
        "key": _text(dead.key) if dead.key is not None else None,
        "headers": {name: value.decode("latin-1") for name, value in dead.headers},
        "reason": dead.reason,
        "message": dead.message,
        "at": iso(from_ms(dead.at)),
        "redriven_at": iso(from_ms(dead.redriven_at)) if dead.redriven_at else None,
    }


def _text(key: bytes | None) -> str:
    return (key or b"").decode("utf-8", "backslashreplace")
