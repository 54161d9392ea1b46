"""What the commands of `jiesu decide` share: their options, and a decision carried out and told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from casework.events import Actor, Event
from jiesu.deciding import OfficerRole, actor, letter_of
from jiesu.terminal import err, house, out, print_json
from jiesu.wiring import House
from letters.errors import JiesuError
from streams.officers import Officers, Settled

app = typer.Typer(help="Officers' decisions: assign, label, merge, review, call back, close …", no_args_is_help=True)

Number = Annotated[str, typer.Argument(help="A letter_id or a source number.")]
By = Annotated[str, typer.Option("--by", help="Who decides: your name.")]
Why = Annotated[str, typer.Option("--reason", help="Why; it stands in the ledger.")]
Seen = Annotated[
    int | None, typer.Option("--expect", min=0, help="The version you saw (jiesu trace); refused when it is no more.")
]
Unit = Annotated[str | None, typer.Option("--unit", help="Your unit: code, name or alias; the role's own otherwise.")]
Host = Annotated[str, typer.Option("--host", help="The host (主办): code, name or alias.")]
Helpers = Annotated[list[str] | None, typer.Option("--co", help="A co-unit (协办); may be given several times.")]
Duty = Annotated[OfficerRole, typer.Option("--role", help="In which role.")]


def settle(
    number: str,
    by: str,
    role: OfficerRole,
    unit: str | None,
    as_json: bool,
    act: Callable[[House, Officers, Actor, Any], Settled],
) -> None:
    with house() as jiesu:
        jiesu.ready()
        who = actor(jiesu.bureau, by, role, unit)
        letter = letter_of(jiesu, number)
        try:
            settled = act(jiesu, jiesu.officers, who, letter)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(map(str, first["loc"]))
            raise JiesuError(f"{where}: {first['msg']}") from None
        name = jiesu.bureau.units[settled.host].name if settled.host else "–"
    if as_json:
        print_json(settled._asdict())
        return
    out.print(
        f"{number}: stage {settled.stage}, state {settled.state}, host {name}, version {settled.version}",
        highlight=False,
        markup=False,
    )
    if not settled.sent:
        err.print(
            "The bus does not answer; what units must hear is kept and sent by the running clock.", style="yellow"
        )


def happen(
    number: str,
    by: str,
    role: OfficerRole,
    unit: str | None,
    expect: int | None,
    as_json: bool,
    make: Callable[[House, Actor], Event],
) -> None:
    settle(
        number,
        by,
        role,
        unit,
        as_json,
        lambda jiesu, officers, who, letter: officers.decide(letter, make(jiesu, who), expected=expect),
    )
