"""What was found, for a message: any value goes in, a short description that gives no one away comes out.

Only short codes and times are shown as they stand; whatever could be a phone or ID number, a name or the letter's own
words is told by its type and length (design.md, invariant 11: messages go to logs).
"""

from __future__ import annotations

import re
from typing import Final

_HARMLESS: Final = re.compile(r"[A-Za-z0-9_:/.+ \-年月日时分秒]{1,32}")
_PERSONAL: Final = re.compile(r"(?<![0-9])(?:[0-9]{15}|[0-9]{17,}[Xx]?|1[0-9]{10}|0[0-9]{9,11}|[0-9]{7,8})(?![0-9])")
_DATE: Final = re.compile(r"(?:19|20)[0-9]{2}[-/.][0-9]{1,2}[-/.][0-9]{1,2}|\b(?:19|20)[0-9]{6}(?:[0-9]{6})?\b")


def shown(value: object) -> str:
    """At most 40 characters or so."""
    if isinstance(value, str):
        return _text(value)
    if value is None:
        return "nothing"
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, int):
        return "a whole number"
    if isinstance(value, float):
        return "a number with a fraction or exponent"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, dict):
        return f"an object of {len(value)}"
    return f"a {type(value).__name__}"


def field_name(name: str) -> str:
    """A field's name as found: shown when it looks like a name, since a broken record may hold text in its place."""
    return name if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,39}", name) else f"a name of {len(name)} characters"


def _text(text: str) -> str:
    if not text.strip():
        return "blank text"
    short = len(text) <= 6 or any(character.isdigit() for character in text)
    if short and _HARMLESS.fullmatch(text):
        rest = _DATE.sub("d", text).replace(" ", "").replace("-", "")
        if not _PERSONAL.search(rest):
            return f'"{text}"'
    return f"text of {len(text):,} characters"
