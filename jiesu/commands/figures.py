"""Commands of leaders and analysts over casework: figures, export-training."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from casework.clocks import CLOCK_STEPS
from casework.figures import BUREAU, Figures
from jiesu.deciding import unit_ref
from jiesu.terminal import JsonFlag, err, house, out, print_json, table
from letters.clock import SHANGHAI, from_ms, iso, to_ms
from letters.errors import JiesuError
from letters.masking import mask_text
from letters.messages import Letter
from storage.database import Database
from storage.figures import DAY_MS, day_of, settle_moves, sums_of


def figures(
    start: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day; this month's first.")] = None,
    end: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day, included; today.")] = None,
    unit: Annotated[str | None, typer.Option(help="Only this unit: code, name or alias.")] = None,
    viewer: Annotated[
        str | None, typer.Option(help="As this unit may see them: without cases that it must not know of.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:  # fmt: skip
    """Counts and shares by unit and period (考核通报), as docs/casework-figures.md defines them.

    Example: `jiesu figures --from 2026-11-01 --to 2026-11-30`
    """
    with house() as jiesu:
        jiesu.ready()
        bureau = jiesu.bureau
        today = jiesu.clock.now()
        first = day_of(to_ms((start or today.replace(day=1)).replace(tzinfo=SHANGHAI)))
        last = day_of(to_ms((end or today).replace(tzinfo=SHANGHAI)))
        if last < first:
            raise JiesuError("--to lies before --from")
        only = unit_ref(bureau, unit).code if unit else None
        seen_by = unit_ref(bureau, viewer).code if viewer else None
        while _settle(jiesu.database):
            pass
        with jiesu.database.read() as connection:
            sums = sums_of(connection, first, last, viewer=seen_by)
        names = {code: each.name for code, each in bureau.units.items()}
    found = {code: Figures(counts) for code, counts in sums.items() if only in (None, code)}
    period = {"from": _day(first), "to": _day(last)}
    if as_json:
        print_json(
            {
                **period,
                "units": [
                    {
                        "unit": code or None,
                        "name": names.get(code, "全局"),
                        "counts": dict(each.counts),
                        **_shares(each),
                    }
                    for code, each in sorted(found.items())
                ],
            }
        )
        return
    whole = found.pop(BUREAU, None)
    if whole is not None:
        names_of = {"received": "收件", "merged": "合并", "escalated": "上报转出"}
        told = "  ".join(f"{word} {whole[metric]}" for metric, word in names_of.items())
        out.print(f"{period['from']} – {period['to']}  {told}", highlight=False)
    shown = table(
        "unit", "主办", "协办", "按时签收", "按时联系", "按时反馈", "按时办结", "退单", "参与", "解决", "满意"
    )
    for code, each in sorted(found.items(), key=lambda item: -item[1]["hosted"]):
        shares = _shares(each)
        percents = ["–" if shares[name] is None else f"{shares[name]:.0%}" for name in shares]
        shown.add_row(names.get(code, code), str(each["hosted"]), str(each["assisted"]), *percents)
    out.print(shown if shown.row_count else "No unit has figures in this period.")


def _settle(database: Database) -> int:
    with database.write() as connection:
        return settle_moves(connection)


def _day(number: int) -> str:
    return from_ms(number * DAY_MS).strftime("%Y-%m-%d")


def _shares(each: Figures) -> dict[str, float | None]:
    found = {f"{step}_on_time_share": each.on_time(step) for step in CLOCK_STEPS}
    return found | {
        "return_rate": each.return_rate,
        "participation": each.participation,
        "solution": each.solution,
        "satisfaction": each.satisfaction,
    }


def export_training(
    out_file: Annotated[Path | None, typer.Option("--out", help="The file to write (.jsonl); standard output else.")] = None,
) -> None:  # fmt: skip
    """Officer-confirmed letters as a training file, one JSON object a line: category and host that people settled on,
    personal data masked, the writer's own name as well.

    Example: `jiesu export-training --out confirmed.jsonl`
    """
    from storage.confirmed import confirmed_letters

    count = 0
    with house() as jiesu:
        jiesu.ready()
        units = jiesu.bureau.units
        target = sys.stdout if out_file is None else out_file.open("w", encoding="utf-8")
        try:
            with jiesu.database.read() as connection:
                for each in confirmed_letters(connection):
                    letter = Letter.model_validate_json(each.document)
                    writer = jiesu.sealer.open(letter.writer, str(letter.letter_id)) if letter.writer else None
                    name = writer.name if writer else None
                    row = {
                        "id": str(letter.letter_id),
                        "title": _masked(letter.title, name),
                        "body": _masked(letter.body, name),
                        "category": each.category,
                        "unit": units[each.unit].name if each.unit and each.unit in units else None,
                        "place": _masked(letter.place.text, name),
                        "channel": letter.channel,
                        "date": iso(letter.arrived_at)[:10],
                    }
                    told = {key: value for key, value in row.items() if value is not None}
                    target.write(json.dumps(told, ensure_ascii=False) + "\n")
                    count += 1
        finally:
            if out_file is not None:
                target.close()
    err.print(f"{count} confirmed letters" + (f" in {out_file}" if out_file else ""), highlight=False)


def _masked(said: str, name: str | None) -> str:
    """Without numbers and addresses of the writer, and without the writer's name; every length is kept."""
    text = mask_text(said)
    return text.replace(name, "*" * len(name)) if name and len(name) > 1 else text


def add_to(app: typer.Typer) -> None:
    """Hang the commands into the program."""
    app.command()(figures)
    app.command(name="export-training")(export_training)
