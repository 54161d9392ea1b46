"""`python -m jiesu.reference [--check]`: settings, commands, topology and messages go in, docs/reference and docs/schemas come out.

Neither bus nor database nor a bureau's files are needed.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Final

from jiesu.reference_asyncapi import asyncapi
from jiesu.reference_commands import commands_page
from jiesu.reference_pages import metrics_page, reasons_page, settings_page, topics_page
from jiesu.reference_schemas import schemas

DOCS: Final = Path(__file__).resolve().parents[1] / "docs"
_GENERATED: Final = ("schemas/*.json", "reference/*.md", "asyncapi.yaml")
"""Files that only this program writes: one that it no longer makes is stale."""


def documents() -> dict[str, str]:
    """Every generated file by its path below docs/."""
    return {
        **schemas(),
        "asyncapi.yaml": asyncapi(),
        "reference/settings.md": settings_page(),
        "reference/commands.md": commands_page(),
        "reference/topics.md": topics_page(),
        "reference/reasons.md": reasons_page(),
        "reference/metrics.md": metrics_page(),
    }


def stale(docs: Path = DOCS) -> list[str]:
    """Generated files that are missing, differ from what the code says, or are no longer made; paths below `docs`."""
    wanted = documents()
    differ = [name for name, text in wanted.items() if _text(docs / name) != text]
    return sorted([*differ, *(_standing(docs) - wanted.keys())])


def write(docs: Path = DOCS) -> list[str]:
    """Bring the files up to date; those that changed."""
    changed = stale(docs)
    wanted = documents()
    for name in changed:
        path = docs / name
        if name in wanted:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(wanted[name], encoding="utf-8")
        else:
            path.unlink()
    return changed


def main(arguments: list[str] | None = None) -> int:
    """The command line; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m jiesu.reference", description="Make the reference pages.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 when a file is stale")
    given = parser.parse_args(arguments)
    found = stale() if given.check else write()
    for name in found:
        sys.stdout.write(f"docs/{name} {'is stale: run make docs' if given.check else 'written'}\n")
    return 1 if given.check and found else 0


def _standing(docs: Path) -> set[str]:
    return {path.relative_to(docs).as_posix() for pattern in _GENERATED for path in docs.glob(pattern)}


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


if __name__ == "__main__":
    sys.exit(main())
