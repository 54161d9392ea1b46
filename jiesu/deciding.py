"""What a person types goes in, an event of casework or the sentence that says what is wrong comes out; and its result."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

from casework.events import Actor
from connectors.registry import CHANNELS_READ
from jiesu.wiring import House
from letters.bureau import Bureau
from letters.errors import JiesuError
from letters.messages import UnitRef
from storage.lookup import find_letters


class OfficerRole(StrEnum):
    """Who decides: 值守员, 信箱专班, 领导, 督察, 承办单位."""

    duty_officer = "duty_officer"
    mailbox_team = "mailbox_team"
    leader = "leader"
    inspection = "inspection"
    unit = "unit"


class UnknownUnit(JiesuError):
    """The bureau has no unit “{word}”; give a code, name or alias of units.csv."""


class UnknownNumber(JiesuError):
    """No letter has the number {number}; jiesu letters prints them."""


class SeveralLetters(JiesuError):
    """{count} channels use the number {number}; name the letter by its letter_id: {ids}."""


def unit_ref(bureau: Bureau, word: str) -> UnitRef:
    """The unit of a code, name or alias."""
    for unit in bureau.units.values():
        if word in (unit.code, unit.name, *unit.aliases):
            return UnitRef(code=unit.code, name=unit.name)
    raise UnknownUnit(word=word)


def actor(bureau: Bureau, by: str, role: OfficerRole, unit: str | None) -> Actor:
    """Who decides. Without a unit named, the office that the role belongs to: recusal is asked of it as well."""
    if not by.strip():
        raise JiesuError("who decides? give a name with --by")
    homes = {
        OfficerRole.duty_officer: bureau.mailbox_team,
        OfficerRole.mailbox_team: bureau.mailbox_team,
        OfficerRole.leader: bureau.code,
        OfficerRole.inspection: bureau.inspection,
    }
    if unit is None and role not in homes:
        raise JiesuError("which unit? give it with --unit")
    code = unit_ref(bureau, unit).code if unit else homes[role]
    return Actor(role=role.value, unit=code, name=by.strip())


def letter_of(jiesu: House, number: str) -> UUID:
    """The one letter that a number means."""
    with jiesu.database.read() as connection:
        found = find_letters(connection, number, CHANNELS_READ)
    if not found:
        raise UnknownNumber(number=number)
    if len(found) > 1:
        raise SeveralLetters(count=len(found), number=number, ids=", ".join(map(str, found)))
    return found[0]
