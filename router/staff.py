"""The bureau's staff list goes in; whom a name, a badge number or a surname with a title means comes out."""

from __future__ import annotations

import re
from typing import Final

from letters.bureau import Bureau, StaffMember
from router.text import plain

TITLES: Final = (
    "副所长|所长|教导员|指导员|副大队长|大队长|副中队长|中队长|副队长|队长|警官|民警|辅警|协警|警长|干警|"
    "副局长|局长|政委|科长|副科长|主任|副主任|警察"
)
_TITLED: Final = re.compile(rf"([\u4e00-\u9fff])(?:姓|某某?|x{{1,2}})?({TITLES})", re.I)
_BADGE: Final = re.compile(r"(?:警号|编号)[^0-9a-zA-Z，。]{0,4}([0-9a-zA-Z]{4,10})")
_DUTY_WORDS: Final = ("民警", "警官", "警察", "辅警", "协警", "干警", "警长")
"""Titles that any officer may be called by."""


class Staff:
    """Looks people up; compiled once."""

    def __init__(self, bureau: Bureau) -> None:
        self._badges = {plain(m.badge_no): m for m in bureau.staff if m.badge_no}
        self._by_surname: dict[str, list[StaffMember]] = {}
        for member in bureau.staff:
            self._by_surname.setdefault(plain(member.name)[:1], []).append(member)

    def by_badge(self, badge: str) -> StaffMember | None:
        """Who wears this number, however it is written (警号379581)."""
        digits = re.sub(r"\D", "", plain(badge))
        return self._badges.get(plain(badge).strip()) or self._badges.get(digits)

    def badges_in(self, text: str) -> list[tuple[int, int, StaffMember]]:
        """Where in plain `text` badge numbers of staff stand (警号379588)."""
        if "警号" not in text and "编号" not in text:
            return []
        found = ((match.start(), match.end(), self._badges.get(match.group(1))) for match in _BADGE.finditer(text))
        return [(start, end, member) for start, end, member in found if member]

    def titled(self, text: str) -> list[StaffMember]:
        """Staff that a surname with a title means: 王所长 is a head of that name, 王警官 anyone of it."""
        found: list[StaffMember] = []
        for surname, title in _TITLED.findall(text):
            for member in self._by_surname.get(surname, ()):
                if title in _DUTY_WORDS or (member.duty and title in member.duty):
                    found.append(member)
        return found
