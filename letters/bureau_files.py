"""A bureau's files go in as name → bytes, a checked `Bureau` comes out; or one error that names every line to mend.

bureau.yaml units.csv gazetteer.csv taxonomy.yaml policy.yaml danger.yaml      needed
staff.csv rules.yaml unit_codes.csv                                            may be absent
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Final

from letters.bureau import Bureau
from letters.bureau_directory import (
    STAFF,
    STAFF_FIELDS,
    UNIT_CODE_FIELDS,
    UNIT_CODES,
    UNIT_FIELDS,
    UNITS,
    Directory,
    check_superiors,
    read_staff,
    read_unit_codes,
    read_units,
    valid_code,
)
from letters.bureau_places import GAZETTEER, PLACE_FIELDS, read_places
from letters.bureau_rules import (
    DANGER,
    DANGER_FIELDS,
    POLICY,
    POLICY_FIELDS,
    RULES,
    RULES_FIELDS,
    TAXONOMY,
    TAXONOMY_FIELDS,
    read_categories,
    read_danger,
    read_policy,
    read_rules,
)
from letters.bureau_tables import Entry, Fields, Problems, read_csv, read_yaml, suggestion
from letters.errors import BureauError

BUREAU: Final = "bureau.yaml"
BUREAU_FIELDS: Final[Fields] = {
    name: name
    for name in (
        "name",
        "code",
        "area_code",
        "command_centre",
        "inspection",
        "petition_office",
        "mailbox_team",
        "chief",
    )
}
NEEDED: Final = (BUREAU, UNITS, GAZETTEER, TAXONOMY, POLICY, DANGER)
OPTIONAL: Final = (STAFF, RULES, UNIT_CODES)

_CSV: Final[Mapping[str, tuple[Fields, tuple[str, ...]]]] = {
    UNITS: (UNIT_FIELDS, ("code", "name", "kind", "parent")),
    GAZETTEER: (PLACE_FIELDS, ("name", "level", "unit", "within")),
    STAFF: (STAFF_FIELDS, ("name", "unit")),
    UNIT_CODES: (UNIT_CODE_FIELDS, ("code", "unit")),
}
_YAML: Final[Mapping[str, Fields]] = {
    BUREAU: BUREAU_FIELDS,
    TAXONOMY: TAXONOMY_FIELDS,
    POLICY: POLICY_FIELDS,
    DANGER: DANGER_FIELDS,
    RULES: RULES_FIELDS,
}


def read_bureau(folder: Path) -> Bureau:
    """The bureau in this folder; `BureauError` when the folder or anything in its files is not sound."""
    if not folder.is_dir():
        raise BureauError([f"{folder}:0: there is no such folder; name one like bureaus/nankang"])
    # Sub-folders (samples) are none of ours, and names are only compared to explain a missing file.
    found = {path.name: path for path in sorted(folder.iterdir()) if path.suffix in (".yaml", ".yml", ".csv")}
    return parse_bureau({name: path.read_bytes() for name, path in found.items()})


def parse_bureau(files: Mapping[str, bytes]) -> Bureau:
    """The bureau that these files describe; files of other names are ignored.

    Raises `BureauError` with every problem found, each `file:line: what is wrong; what to do`.
    """
    problems = Problems()
    for name in NEEDED:
        if name not in files:
            near = suggestion(name, [other for other in files if other not in NEEDED + OPTIONAL])
            problems.add(name, 0, f"the file is missing{near}; copy it from bureaus/nankang and adapt it")
    tables = {
        name: read_csv(name, files[name], fields, required, problems)
        for name, (fields, required) in _CSV.items()
        if name in files
    }
    trees = {name: read_yaml(name, files[name], fields, problems) for name, fields in _YAML.items() if name in files}

    directory = read_units(tables.get(UNITS, []), problems)
    places = read_places(tables.get(GAZETTEER, []), directory, problems)
    staff = read_staff(tables.get(STAFF, []), directory)
    unit_codes = read_unit_codes(tables.get(UNIT_CODES, []), directory)
    taxonomy, policy, danger, rules = (trees.get(name) for name in (TAXONOMY, POLICY, DANGER, RULES))
    categories = read_categories(taxonomy, directory) if taxonomy else ()
    policy_read = read_policy(policy) if policy else None
    phrases, negations = read_danger(danger) if danger else ((), ())
    by_name = None if problems.in_file(TAXONOMY) else {category.name: category for category in categories}
    names = {word for place in places for word in (place.name, *place.aliases)}
    if problems.in_file(GAZETTEER):
        names = set()
    rules_read = read_rules(rules, directory, by_name, names) if rules else ()
    facts = _bureau_facts(trees.get(BUREAU), directory, problems)

    if len(problems) or facts is None or policy_read is None:
        raise BureauError(problems.lines())
    return Bureau(
        **facts,
        units=directory.units,
        categories=categories,
        places=places,
        policy=policy_read,
        danger=phrases,
        danger_negations=negations,
        staff=staff,
        rules=rules_read,
        chief=trees[BUREAU].words("chief") if trees[BUREAU] else (),
        unit_codes=unit_codes,
        versions={name: sha256(files[name]).hexdigest() for name in sorted({*NEEDED, *OPTIONAL} & files.keys())},
    )


def _bureau_facts(entry: Entry | None, directory: Directory, problems: Problems) -> dict[str, str] | None:
    """Name and codes of the bureau and of the units with a part of their own; None when one is missing."""
    if entry is None:
        return None
    facts: dict[str, str | None] = {"name": entry.text("name", required=True)}
    area = entry.text("area_code", required=True)
    if area is not None and not (len(area) == 6 and area.isascii() and area.isdigit()):
        entry.wrong("area_code", f"area code “{area}” is not 6 digits; write the district's code such as 360703")
    facts["area_code"] = area
    code = entry.text("code", required=True)
    if code is not None and valid_code(entry, "code", code) and directory.readable:
        if code not in directory.units:
            entry.wrong("code", f"the bureau's own code “{code}” is not in units.csv; add its row there")
        else:
            check_superiors(directory, code, problems)
    facts["code"] = code
    for name in ("command_centre", "inspection", "petition_office", "mailbox_team"):
        facts[name] = directory.resolve(entry, name)
    return {name: fact for name, fact in facts.items() if fact is not None} if all(facts.values()) else None
