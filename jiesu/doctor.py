"""An installation goes in; for each of its parts one finding in words comes out, with the remedy where it is unsound."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import NamedTuple

from jiesu.wiring import House
from letters.errors import JiesuError
from storage import models, schema
from streams.same_matter import same_matter_days
from streams.topology import all_topics


class Finding(NamedTuple):
    """What was found of one part."""

    part: str
    sound: bool
    says: str


def examine(jiesu: House, *, bureau_only: bool = False) -> list[Finding]:
    """Every part is looked at, also when another one is broken."""
    parts: list[tuple[str, Callable[[House], tuple[bool, str]]]] = [("bureau", _bureau)]
    if not bureau_only:
        parts += [
            ("home", _home),
            ("key", _key),
            ("database", _database),
            ("bus", _bus),
            ("model", _model),
            ("calendar", _calendar),
        ]
    findings = []
    for name, look in parts:
        try:
            sound, says = look(jiesu)
        except (JiesuError, OSError) as error:
            sound, says = False, str(error)
        findings.append(Finding(name, sound, says))
    return findings


def _bureau(jiesu: House) -> tuple[bool, str]:
    bureau = jiesu.bureau
    _ = jiesu.rules  # casework's own settings are read here: a wrong one is named like any other fault of the bureau
    same_matter_days(bureau.policy)
    return True, (
        f"{bureau.name}: {len(bureau.units)} units, {len(bureau.categories)} categories, {len(bureau.places)} places,"
        f" {len(bureau.danger)} danger phrases, from {jiesu.settings.bureau}"
    )


def _home(jiesu: House) -> tuple[bool, str]:
    home = jiesu.settings.home
    home.mkdir(parents=True, exist_ok=True)
    if not os.access(home, os.W_OK):
        return False, f"{home.absolute()} cannot be written; set JIESU_HOME to a folder that can"
    space = os.statvfs(home)
    free = space.f_bavail * space.f_frsize / 2**30
    if free < 1:
        return False, f"{home.absolute()} has only {free:.1f} GiB left; make room or move JIESU_HOME"
    return True, f"{home.absolute()}, {free:.0f} GiB free"


def _key(jiesu: House) -> tuple[bool, str]:
    jiesu.sealer.open_bytes(jiesu.sealer.seal_bytes(b"doctor"))
    if jiesu.settings.key:
        return True, "personal data is sealed under JIESU_KEY"
    return True, (
        f"personal data is sealed under {jiesu.settings.home / 'key'}: keep a copy of this file apart from the database,"
        " without it nobody can read who wrote"
    )


def _database(jiesu: House) -> tuple[bool, str]:
    current = schema.current_version(jiesu.database)
    if current != schema.newest_version():
        return False, f"{jiesu.database} has schema {current or 'none'}; run: jiesu db upgrade"
    return True, f"{jiesu.database}, schema {current}"


def _bus(jiesu: House) -> tuple[bool, str]:
    wanted = {topic.name for topic in all_topics(jiesu.bureau)}
    missing = sorted(wanted - set(jiesu.bus.topics()))
    if missing:
        return False, f"{jiesu.bus.name} lacks {len(missing)} topics ({', '.join(missing[:3])} …); run: jiesu topics"
    return True, f"{jiesu.bus.name}, all {len(wanted)} topics of the bureau"


def _model(jiesu: House) -> tuple[bool, str]:
    with jiesu.database.read() as connection:
        promoted = models.promoted(connection)
    if promoted is None:
        return True, "none yet, so letters that no rule can place wait for a person; see jiesu train and jiesu models"
    loaded = jiesu.models.current()
    return loaded is not None, f"{promoted[0]} ({promoted[1][:12]}) loads and labels"


def _calendar(jiesu: House) -> tuple[bool, str]:
    return True, f"working days by {jiesu.calendar.version}; deadlines past its last year are provisional"
