"""Personal data in free text goes in, the same text with it masked comes out (invariant 11).

Lengths are kept, so that evidence and spans found in the original still point to the same words.
"""

from __future__ import annotations

import re
from typing import Final

# ID numbers first: their digits would otherwise be taken for a phone number and half of them left standing.
_ID_NUMBER: Final = re.compile(r"(?<![0-9０-９])[0-9]{6}(?:19|20)[0-9]{9}[0-9Xx](?![0-9])|(?<![0-9])[0-9]{15}(?![0-9])")
_PHONE: Final = re.compile(
    r"(?<![0-9])1[3-9][0-9](?:[ -]?[0-9]{4}){2}(?![0-9])|(?<![0-9])0[0-9]{2,3}-?[0-9]{7,8}(?![0-9])"
)
_CARD: Final = re.compile(r"(?<![0-9])[0-9]{16,19}(?![0-9])")
_EMAIL: Final = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_WIDE: Final = str.maketrans("０１２３４５６７８９", "0123456789")


def _stars(match: re.Match[str]) -> str:
    found = match.group()
    shown = 3 if len(found) < 15 else 6
    return found[:shown] + "*" * (len(found) - shown - 2) + found[-2:]


def _hidden(match: re.Match[str]) -> str:
    return "*" * len(match.group())


def mask_text(text: str) -> str:
    """Phone, ID and card numbers and mail addresses masked; full-width digits are seen too."""
    narrow = text.translate(_WIDE)
    if narrow == text:
        return _masked(text)
    masked = _masked(narrow)
    return "".join(new if new == "*" else old for old, new in zip(text, masked, strict=True))


def _masked(text: str) -> str:
    text = _ID_NUMBER.sub(_stars, text)
    text = _CARD.sub(_hidden, text)
    text = _PHONE.sub(_stars, text)
    return _EMAIL.sub(_hidden, text)
