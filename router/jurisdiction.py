"""Place × business line (属地 × 条线) goes in, the unit that hosts and those that assist come out."""

from __future__ import annotations

from letters.bureau import Category
from router.case import Case

STATION_WORDS = ("属地", "派出所", "属地派出所", "place", "station")
"""How a category's `assist` names the station of the place instead of a business line."""


def host_of(case: Case, category: Category) -> tuple[str, ...]:
    """Units that may host a letter of this category here; several when its place is ambiguous, none when unknown."""
    if not category.police or category.host == "desk":
        return ()
    if category.host == "inspection" or category.complaint:
        return (case.bureau.inspection,)
    if category.host == "line":
        unit = case.bureau.line_units.get(category.line or "")
        return (unit,) if unit else ()
    return (case.ground.unit,) if case.ground.unit else case.ground.units


def helpers_of(case: Case, category: Category, host: str) -> tuple[str, ...]:
    """Units that assist (协办): those of the category's `assist` lines, and the station of the place where it says so."""
    found: list[str] = []
    for line in category.assist:
        unit = case.ground.unit if line in STATION_WORDS else case.bureau.line_units.get(line)
        if unit and unit != host and case.reachable(unit):
            found.append(unit)
    return tuple(dict.fromkeys(found))


def resolve_unit(case: Case, said: str | None) -> str | None:
    """The unit that a code, another system's code, a name or an alias means; None unless exactly one."""
    if not said:
        return None
    said = said.strip()
    code = said if said in case.bureau.units else case.bureau.unit_codes.get(said)
    if code in case.bureau.units:
        return code
    codes = case.directory.resolve(said)
    return next(iter(codes)) if len(codes) == 1 else None
