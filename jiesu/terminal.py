"""What commands share on a terminal: facts for programs, tables and progress bars for people, one sentence for errors."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from jiesu.logs import configure_logs
from jiesu.settings import Settings, load_settings

if TYPE_CHECKING:
    from jiesu.wiring import House

JsonFlag = Annotated[bool, typer.Option("--json", help="Print facts as JSON, for programs.")]

_WIDE = 160
"""Columns where the output goes into a file or a program: nobody folds it there."""

out = Console(width=None if sys.stdout.isatty() else _WIDE)
err = Console(stderr=True)


def print_json(facts: Any) -> None:
    """One JSON value on one line."""
    sys.stdout.write(json.dumps(facts, ensure_ascii=False, default=str) + "\n")


def table(*columns: str, title: str | None = None) -> Table:
    """An empty table in the house's look."""
    made = Table(title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for column in columns:
        made.add_column(column, overflow="fold")
    return made


@contextmanager
def house(settings: Settings | None = None) -> Iterator[House]:
    """The parts of this installation, closed at the end."""
    from jiesu.wiring import House  # here, so that --help and mistakes in arguments answer at once

    chosen = settings or load_settings()
    configure_logs(chosen.log)
    built = House(chosen)
    try:
        yield built
    finally:
        built.close()


@contextmanager
def progress_bar(description: str, total: float | None, *, shown: bool = True) -> Iterator[Any]:
    """`advance(n)` moves a bar on standard error; nothing is drawn where that is no terminal."""
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=err,
        transient=True,
        disable=not (shown and err.is_terminal),
    ) as progress:
        task = progress.add_task(description, total=total)
        yield lambda n: progress.advance(task, n)
