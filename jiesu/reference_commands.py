"""The command line goes in, its reference page comes out: each command with what it does, its options and an example."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from typing import Any, Final

import typer.main

from jiesu.cli import app
from jiesu.reference_markdown import page, table

_EXAMPLE: Final = re.compile(r"^Example: `(?P<example>.+)`$", re.MULTILINE)
_HELP: Final = "--help"


def commands() -> Iterator[tuple[str, Any]]:
    """Every command that does something, by its full name without the program's (`dead list`)."""
    yield from _walk("", typer.main.get_command(app))


def example(command: Any) -> str | None:
    """The example in a command's help."""
    found = _EXAMPLE.search(command.help or "")
    return found["example"] if found else None


def commands_page() -> str:
    """docs/reference/commands.md."""
    return page(
        "Commands",
        "Made by `make docs` from the program itself. Every command has `--help` (or `-h`), exits with code 0 when it did"
        " what it was asked, 1 with one sentence on standard error when it could not, 2 when its arguments are wrong, 130"
        " when it was stopped. With `--json` the facts go to standard output as JSON, everything for people to standard"
        " error. `jiesu --install-completion` teaches the shell to complete them.",
        *(_section(name, command) for name, command in commands()),
    )


def _walk(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    children = getattr(command, "commands", None)
    if children is None:
        yield name, command
        return
    for child, each in children.items():
        yield from _walk(f"{name} {child}".strip(), each)


def _section(name: str, command: Any) -> str:
    does = _EXAMPLE.sub("", command.help or "").strip()
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    options = [each for each in command.params if each.param_type_name == "option" and _HELP not in each.opts]
    usage = " ".join(["jiesu", name, *(["[OPTIONS]"] if options else []), *map(_argument, arguments)])
    lines = [f"## jiesu {name}", "", " ".join(does.split("\n\n")[0].split())]
    lines += ["", *(f"{' '.join(more.split())}\n" for more in does.split("\n\n")[1:])]
    lines += [f"    {usage}", ""]
    if arguments or options:
        rows = [(f"`{_argument(each)}`", each.help or "") for each in arguments]
        rows += [(_option(each), (each.help or "") + _default(each)) for each in options]
        lines += [table(("", ""), rows), ""]
    shown = example(command)
    if shown:
        lines.append(f"Example: `{shown}`")
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _argument(parameter: Any) -> str:
    name = str(parameter.name).rstrip("_").upper()
    name += "…" if parameter.multiple or parameter.nargs != 1 else ""
    return name if parameter.required else f"[{name}]"


def _option(parameter: Any) -> str:
    names = ", ".join(f"`{name}`" for name in (*parameter.opts, *parameter.secondary_opts))
    if parameter.is_flag:
        return names
    choices = _choices(parameter)
    return f"{names} {choices}" if choices else f"{names} {str(parameter.name).upper()}"


def _choices(parameter: Any) -> str:
    kind = parameter.type_descriptor.annotation
    if isinstance(kind, type) and issubclass(kind, Enum):
        return " | ".join(str(each.value) for each in kind)
    return ""


def _default(parameter: Any) -> str:
    if parameter.required:
        return " Required."
    if parameter.is_flag or parameter.default is None:
        return ""
    return f" Default: {parameter.default}."
