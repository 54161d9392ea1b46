"""The entries of taxonomy, policy, danger and rules go in; categories, promises, phrases and rules come out, checked."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final, Literal, TypeVar, cast, get_args

from letters.bureau import Category, DangerPhrase, Policy, PolicyRow, Rule, Within
from letters.bureau_directory import Directory
from letters.bureau_durations import REMEDY, parse_natural, parse_within
from letters.bureau_tables import Entry, Fields, suggestion
from letters.messages import Kind, Urgency
from letters.topics import CHANNELS

TAXONOMY: Final = "taxonomy.yaml"
POLICY: Final = "policy.yaml"
DANGER: Final = "danger.yaml"
RULES: Final = "rules.yaml"

_T = TypeVar("_T")

STEPS: Final = ("sign", "contact", "feedback", "finish")
HOSTS: Final = {"place": "属地", "line": "条线", "inspection": "督察", "desk": "专班"}


def _same(*names: str) -> Fields:
    return {name: name for name in names}


TAXONOMY_FIELDS: Final = _same("categories")
CATEGORY_FIELDS: Final = _same("name", "definition", "line", "host", "assist", "police", "complaint")
POLICY_FIELDS: Final = _same("confidence", "rows", "settings")
ROW_FIELDS: Final = _same("name", "channels", "kinds", "urgencies", *STEPS, "finish_from_upstream", "remind")
DANGER_FIELDS: Final = _same("phrases", "negations")
PHRASE_FIELDS: Final = _same("kind", "words", "patterns", "unless")
RULES_FIELDS: Final = _same("rules")
RULE_FIELDS: Final = _same(
    "name", "host", "reason", "categories", "words", "places", "channels", "co_units", "valid_from", "valid_to"
)


def read_categories(entry: Entry, directory: Directory) -> tuple[Category, ...]:
    """The taxonomy in the file's order."""
    categories: dict[str, Category] = {}
    known_lines = directory.known_lines()
    for item in entry.entries("categories", CATEGORY_FIELDS):
        name, definition = item.text("name", required=True), item.text("definition", required=True)
        line, assist = item.text("line"), item.words("assist")
        host = item.choice("host", HOSTS, "place")
        for field, used in (("line", (line,) if line else ()), ("assist", assist)):
            for word in used if directory.readable else ():
                if word not in known_lines:
                    near = suggestion(word, known_lines)
                    item.wrong(
                        field, f"no unit answers for the business line “{word}”{near}; add it to 业务条线 of one"
                    )
        if host == "line" and line is None:
            item.wrong("host", f"category “{name}” is hosted by its line but has none; add line or write host: place")
        if name is None or definition is None:
            continue
        if name in categories:
            item.wrong("name", f"category “{name}” stands twice; delete one")
            continue
        police, complaint = item.flag("police", True), item.flag("complaint", False)
        chosen = cast(Literal["place", "line", "inspection", "desk"], host)
        categories[name] = Category(name, definition, line, chosen, assist, police, complaint)
    if not categories and not entry.problems.in_file(TAXONOMY):
        entry.wrong("categories", "there is no category; add at least one under categories:")
    return tuple(categories.values())


def read_policy(entry: Entry) -> Policy:
    """The clocks and thresholds; the last row matches every letter."""
    confidence = entry.section("confidence", _same("category", "unit"))
    category = confidence.share("category", 0.95) if confidence else 0.95
    unit = confidence.share("unit", 0.95) if confidence else 0.95
    settings = entry.section("settings", None)
    rows = []
    names: set[str] = set()
    items = entry.entries("rows", ROW_FIELDS)
    for at, item in enumerate(items):
        row = _policy_row(item)
        everything = not (row.channels or row.kinds or row.urgencies)
        if row.name in names:
            item.wrong("name", f"policy row “{row.name}” stands twice; give each row its own name")
        names.add(row.name)
        if everything and at < len(items) - 1:
            after = items[at + 1].line
            item.wrong(
                "name",
                f"policy row “{row.name}” matches everything, so the rows from line {after} on never"
                " count; move it to the end",
            )
        if at == len(items) - 1 and not everything:
            item.wrong(
                "name",
                "there is no default row: the last row must match every letter; add one at the end"
                " without channels, kinds and urgencies",
            )
        rows.append(row)
    if not items and not entry.problems.in_file(POLICY):
        entry.wrong("rows", "there is no default row: no row at all; add one under rows: with only a name and limits")
    return Policy(tuple(rows), category, unit, _plain(settings.values) if settings else {})


def _policy_row(item: Entry) -> PolicyRow:
    remind: dict[str, timedelta] = {}
    reminders = item.section("remind", _same(*STEPS))
    for step in reminders.values if reminders else ():
        if reminders and (text := reminders.text(step)):
            if step not in item.values and not (step == "finish" and item.flag("finish_from_upstream", False)):
                reminders.wrong(step, f"a reminder before {step}, but the row sets no {step}; delete it or add {step}")
            before = _parsed(reminders, step, text, parse_natural)
            if before is not None:
                remind[step] = before
    limits: dict[str, Within | None] = {}
    for step in STEPS:
        text = item.text(step)
        within = _parsed(item, step, text, parse_within) if text else None
        if within is not None and (before := remind.get(step)):
            if within.clock == "natural" and before >= within.natural:
                item.wrong(step, f"the reminder before {step} is not shorter than {step} itself; shorten it")
            within = Within(within.clock, within.natural, within.working_days, before)
        limits[step] = within
    from_upstream = item.flag("finish_from_upstream", False)
    return PolicyRow(
        item.text("name", required=True) or "",
        _known(item, "channels", CHANNELS),
        _known(item, "kinds", get_args(Kind)),
        _known(item, "urgencies", get_args(Urgency)),
        limits["sign"],
        limits["contact"],
        limits["feedback"],
        limits["finish"],
        from_upstream,
    )


def _parsed(item: Entry, name: str, text: str, parse: Callable[[str], _T]) -> _T | None:
    try:
        return parse(text)
    except ValueError:
        item.wrong(name, f"{name} “{text}” is no time limit that can stand here; {REMEDY}")
        return None


def _known(item: Entry, name: str, known: tuple[str, ...]) -> tuple[str, ...]:
    """The words of a list field, each of which must be known."""
    words = item.words(name)
    one = name.removesuffix("ies") + "y" if name.endswith("ies") else name.removesuffix("s")
    for word in words:
        if word not in known:
            near = suggestion(word, known)
            item.wrong(name, f"unknown {one} “{word}”{near}; use one of {', '.join(known)}")
    return words


def _plain(value: object) -> Mapping[str, object]:
    """Settings without the YAML library's own types, so that they compare and copy like any mapping."""

    def plain(found: object) -> object:
        if isinstance(found, Mapping):
            return {str(key): plain(inner) for key, inner in found.items()}
        if isinstance(found, list):
            return [plain(inner) for inner in found]
        if isinstance(found, bool):
            return found
        for kind in (int, float, str):
            if isinstance(found, kind):
                return kind(found)
        return found

    return cast(Mapping[str, object], plain(value))


def read_danger(entry: Entry) -> tuple[tuple[DangerPhrase, ...], tuple[str, ...]]:
    """The danger phrases and the words that weigh against them."""
    phrases: dict[str, DangerPhrase] = {}
    for item in entry.entries("phrases", PHRASE_FIELDS):
        kind, unless = item.text("kind", required=True) or "", item.words("unless")
        for field, regex in (("words", False), ("patterns", True)):
            for pattern in item.words(field):
                if regex and not _compiles(item, field, pattern):
                    continue
                if pattern in phrases:
                    item.wrong(
                        field, f"danger phrase “{pattern}” stands already under “{phrases[pattern].kind}”; keep one"
                    )
                phrases.setdefault(pattern, DangerPhrase(pattern, kind, regex, unless))
    if not phrases and not entry.problems.in_file(DANGER):
        entry.wrong("phrases", "there is no danger phrase; the command centre would hear of nothing, add some")
    return tuple(phrases.values()), entry.words("negations")


def _compiles(item: Entry, name: str, pattern: str) -> bool:
    try:
        empty = re.compile(pattern).search("")
    except re.error as error:
        item.wrong(name, f"pattern “{pattern}” is no regular expression ({error}); correct it or move it to words")
        return False
    if empty:
        item.wrong(name, f"pattern “{pattern}” matches an empty letter; it would alarm at every one, tighten it")
        return False
    return True


def read_rules(
    entry: Entry, directory: Directory, categories: Mapping[str, Category] | None, places: set[str]
) -> tuple[Rule, ...]:
    """The bureau's own rules in their order; `categories` None when the taxonomy could not be read."""
    rules = []
    names: set[str] = set()
    for item in entry.entries("rules", RULE_FIELDS):
        name, reason = item.text("name", required=True), item.text("reason", required=True)
        host, co_units = directory.resolve(item, "host"), directory.resolve_words(item, "co_units")
        named = item.words("categories") if categories is None else _known(item, "categories", tuple(categories))
        words, where, channels = item.words("words"), item.words("places"), _known(item, "channels", CHANNELS)
        for place in where if places else ():
            if place not in places:
                near = suggestion(place, places)
                item.wrong("places", f"unknown place “{place}”{near}; use a name or alias of gazetteer.csv")
        if not (named or words or where or channels):
            item.wrong("name", f"rule “{name}” has no condition and would take every letter; add categories or words")
        start, end = item.day("valid_from"), item.day("valid_to")
        if start and end and end < start:
            item.wrong("valid_to", f"rule “{name}” ends on {end}, before it starts on {start}; correct the dates")
        if name in names:
            item.wrong("name", f"rule “{name}” stands twice; give each rule its own name")
        if name and reason and host:
            names.add(name)
            rules.append(Rule(name, host, reason, named, words, where, channels, co_units, start, end))
    return tuple(rules)
