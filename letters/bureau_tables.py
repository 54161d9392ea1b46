"""One bureau file's bytes go in; entries with typed fields and line numbers come out, and every problem is noted.

CSV (UTF-8 with or without BOM, or GB18030 as WPS and Excel save it) and YAML look alike from here on: an `Entry` whose
fields are read by name, in English or by the Chinese heading that stands in the shipped files.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches

from ruamel.yaml import YAML
from ruamel.yaml.constructor import RoundTripConstructor
from ruamel.yaml.error import MarkedYAMLError

Fields = Mapping[str, str]
"""The fields of a file: English name → Chinese heading (equal where there is none)."""


class Problems:
    """What is wrong with a bureau's files, told in the order of files and lines."""

    def __init__(self) -> None:
        self._found: list[tuple[str, int, str]] = []

    def add(self, file: str, line: int, text: str) -> None:
        """Note one problem; `text` says what is wrong, then after a semicolon what to do."""
        self._found.append((file, line, text))

    def __len__(self) -> int:
        return len(self._found)

    def in_file(self, file: str) -> bool:
        """True when this file has a problem already; what refers to it is then not judged."""
        return any(found[0] == file for found in self._found)

    def lines(self) -> list[str]:
        """Each problem as `file:line: what is wrong; what to do`, once."""
        return [f"{file}:{line}: {text}" for file, line, text in sorted(dict.fromkeys(self._found))]


def suggestion(word: str, known: Iterable[str]) -> str:
    """` (did you mean “…”?)` when a known word is near, else an empty string."""
    near = get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f" (did you mean “{near[0]}”?)" if near else ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A CSV row or a YAML mapping. Reading a field that is not what it should be notes a problem and gives None."""

    file: str
    line: int
    values: Mapping[str, object]
    problems: Problems
    lines: Mapping[str, int] = field(default_factory=dict)

    def at(self, name: str) -> int:
        """The line this field stands on."""
        return self.lines.get(name, self.line)

    def wrong(self, name: str, text: str) -> None:
        """Note a problem with one field."""
        self.problems.add(self.file, self.at(name), text)

    def text(self, name: str, *, required: bool = False) -> str | None:
        """The field as text without surrounding blanks; None when it is empty."""
        value = self.values.get(name)
        if isinstance(value, bool | list | dict):
            self.wrong(name, f"{name} is no text; write one value, in quotes if YAML reads it as something else")
            return None
        found = "" if value is None else str(value).strip()
        if required and not found:
            self.wrong(name, f"{name} is empty; fill it in")
        return found or None

    def words(self, name: str) -> tuple[str, ...]:
        """Several values: a YAML list, or a CSV cell split at `|`."""
        value = self.values.get(name)
        if value is None or value == "":
            return ()
        if isinstance(value, dict | bool):
            self.wrong(name, f"{name} is no list; write it as [一, 二]")
            return ()
        parts = value if isinstance(value, list) else str(value).replace("｜", "|").split("|")
        if any(isinstance(part, dict | list | bool) for part in parts):
            self.wrong(name, f"{name} holds something that is no text; write a plain list such as [一, 二]")
            return ()
        found = tuple(text for part in parts if (text := "" if part is None else str(part).strip()))
        for twice in {word for word in found if found.count(word) > 1}:
            self.wrong(name, f"{name} lists “{twice}” twice; delete one")
        return found

    def flag(self, name: str, default: bool) -> bool:
        """A yes or no: 是/否, true/false."""
        value = self.values.get(name)
        if value is None or value == "":
            return default
        found = _FLAGS.get(str(value).strip().lower())
        if found is None:
            self.wrong(name, f"{name} is “{value}”; write true (是) or false (否)")
            return default
        return found

    def choice(self, name: str, allowed: Mapping[str, str], default: str | None = None) -> str | None:
        """One of `allowed` (English word → Chinese word, either may be written)."""
        value = self.text(name, required=default is None)
        if value is None:
            return default
        for english, chinese in allowed.items():
            if value in (english, chinese):
                return english
        known = [f"{english} ({chinese})" if chinese != english else english for english, chinese in allowed.items()]
        near = suggestion(value, [*allowed, *allowed.values()])
        self.wrong(name, f"{name} “{value}” is not known{near}; use one of {', '.join(known)}")
        return default

    def day(self, name: str) -> date | None:
        """A date such as 2026-10-01; None when empty or wrong."""
        text = self.text(name)
        if text is None:
            return None
        try:
            return date.fromisoformat(text.replace("/", "-"))
        except ValueError:
            self.wrong(name, f"{name} “{text}” is no date; write year-month-day such as 2026-10-01")
            return None

    def share(self, name: str, default: float) -> float:
        """A number between 0 and 1."""
        value = self.values.get(name)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            self.wrong(name, f"{name} “{value}” is no share; write a number between 0 and 1 such as 0.95")
            return default
        return float(value)

    def entries(self, name: str, fields: Fields | None) -> list[Entry]:
        """The mappings of a list field, each as an entry with its own lines."""
        value = self.values.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            self.wrong(name, f"{name} is no list; start each of its items with “- ”")
            return []
        found = []
        for at, item in enumerate(value):
            line = value.lc.item(at)[0] + 1 if hasattr(value, "lc") else self.at(name)
            if isinstance(item, dict):
                found.append(_yaml_entry(self.file, line, item, self.problems, fields))
            else:
                self.problems.add(self.file, line, f"“{item}” in {name} has no fields; write it as “- name: …”")
        return found

    def section(self, name: str, fields: Fields | None) -> Entry | None:
        """A mapping inside this one."""
        value = self.values.get(name)
        if value is None:
            return None
        if not isinstance(value, dict):
            self.wrong(name, f"{name} is “{value}”; write its fields below it, two blanks to the right")
            return None
        return _yaml_entry(self.file, self.at(name), value, self.problems, fields)


_FLAGS = {"true": True, "yes": True, "是": True, "1": True, "false": False, "no": False, "否": False, "0": False}


_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")
_COMMENT = re.compile(r'^[ \t]*"?#[^\r\n]*', re.MULTILINE)


def decode(file: str, content: bytes, problems: Problems) -> str | None:
    """The text of a file in UTF-8 (with or without BOM) or GB18030; None, with a problem noted, for any other."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        problems.add(file, 1, "the file is UTF-16 (“Unicode text”); save it as CSV UTF-8 (逗号分隔)")
        return None
    if content.startswith(b"PK\x03\x04"):
        problems.add(file, 1, "the file is a workbook (.xlsx) under another name; save it as CSV UTF-8 (逗号分隔)")
        return None
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if strange := _CONTROL.search(text):
            line = text.count("\n", 0, strange.start()) + 1
            code = f"U+{ord(strange.group()):04X}"
            problems.add(file, line, f"the line holds a control character ({code}); delete it or save the file again")
            return None
        return text
    problems.add(file, 1, "the file is neither UTF-8 nor GB18030; save it as UTF-8")
    return None


def read_csv(file: str, content: bytes, fields: Fields, required: Iterable[str], problems: Problems) -> list[Entry]:
    """The rows of a CSV file below its heading row; lines whose first cell starts with # are comments."""
    text = decode(file, content, problems)
    if text is None:
        return []
    # A comment may hold quotation marks, which would swallow the rows below; an empty line keeps the line numbers.
    text = _COMMENT.sub("", text)
    # WPS in some locales saves with semicolons or tabs; the heading row tells.
    heading = next((line for line in text.splitlines() if line.strip(",;\t ")), "")
    delimiter = max(",;\t", key=heading.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    columns: list[str | None] | None = None
    rows: list[Entry] = []
    last = 0
    try:
        for cells in reader:
            line, last = last + 1, reader.line_num
            if not any(cell.strip() for cell in cells):
                continue
            if columns is None:
                columns = _columns(file, line, cells, fields, required, problems)
                if columns is None:
                    return []
                continue
            if any(cell.strip() for cell in cells[len(columns) :]):
                problems.add(file, line, f"the row has {len(cells)} cells, the heading {len(columns)}; quote commas")
                continue
            values = {name: cell for name, cell in zip(columns, cells, strict=False) if name}
            rows.append(Entry(file, line, values, problems))
    except csv.Error as error:
        problems.add(file, reader.line_num, f"the row cannot be read ({error}); look for a quotation mark left open")
        return []
    if columns is None:
        problems.add(file, 1, f"the file has no heading row; write {','.join(fields.values())}")
    return rows


def _columns(
    file: str, line: int, cells: list[str], fields: Fields, required: Iterable[str], problems: Problems
) -> list[str | None] | None:
    """The English field of each column; None when one that is required is missing."""
    english = {heading: name for name, heading in fields.items()} | {name: name for name in fields}
    columns: list[str | None] = []
    for cell in (cell.strip() for cell in cells):
        name = english.get(cell)
        if cell and name is None:
            problems.add(file, line, f"unknown column “{cell}”{suggestion(cell, english)}; rename or delete it")
        elif name and name in columns:
            problems.add(file, line, f"column “{cell}” stands twice; delete one")
        columns.append(name)
    missing = [fields[name] for name in required if name not in columns]
    for heading in missing:
        problems.add(file, line, f"column “{heading}” is missing; add it to the heading row")
    return None if missing else columns


class _Constructor(RoundTripConstructor):
    """Leaves dates as they are written, so that an impossible one is told with its line."""


_Constructor.add_constructor("tag:yaml.org,2002:timestamp", lambda _, node: node.value)


def read_yaml(file: str, content: bytes, fields: Fields, problems: Problems) -> Entry | None:
    """The mapping a YAML file holds; None, with a problem noted, when it holds none."""
    text = decode(file, content, problems)
    if text is None:
        return None
    yaml = YAML(typ="rt")
    yaml.Constructor = _Constructor
    try:
        loaded = yaml.load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        # ruamel explains at length how to allow duplicate keys; a bureau must not.
        problem = (error.problem or "not YAML").strip().splitlines()[0]
        problems.add(file, mark.line + 1 if mark else 1, f"the file cannot be read here: {problem}; correct this line")
        return None
    except Exception as error:  # the library itself stumbles (KeyError, AttributeError …) over odd tags and keys
        problems.add(file, 1, f"the file holds a value that cannot be read: {error}; correct or quote it")
        return None
    if not isinstance(loaded, dict):
        problems.add(file, 1, f"the file holds no fields; it needs {', '.join(fields)}")
        return None
    return _yaml_entry(file, 1, loaded, problems, fields)


def _yaml_entry(
    file: str, line: int, mapping: dict[object, object], problems: Problems, fields: Fields | None
) -> Entry:
    """A YAML mapping as an entry; `fields` None takes every key."""
    values: dict[str, object] = {}
    lines: dict[str, int] = {}
    english = None if fields is None else {zh: name for name, zh in fields.items()} | {name: name for name in fields}
    for key, value in mapping.items():
        at = mapping.lc.key(key)[0] + 1 if hasattr(mapping, "lc") else line
        name = str(key)
        if english is not None:
            if name not in english:
                problems.add(file, at, f"unknown field “{name}”{suggestion(name, english)}; rename or delete it")
                continue
            name = english[name]
        values[name], lines[name] = value, at
    return Entry(file, line, values, problems, lines)
