"""Personal data in free text goes in, the same text with it masked comes out (invariant 11).

Lengths are kept, so that evidence and spans found in the original still point to the same words. Writers space and
punctuate numbers as they like: what counts is the row of digits, whatever single signs stand between them.
"""

from __future__ import annotations

import re
from typing import Final

_BETWEEN: Final = r"[ .·\-–—_/　]?"
"""What may stand between two digits of one number."""


def _digits(*groups: str) -> str:
    return _BETWEEN.join(groups)


_EDGE: Final = r"(?<![0-9])"
_END: Final = r"(?![0-9])"
_D: Final = "[0-9]"
# ID numbers first: their digits would otherwise be taken for a phone number and half of them left standing.
_ID_NUMBER: Final = re.compile(
    _EDGE
    + "(?:"
    + _digits(*[_D] * 6, "(?:1" + _BETWEEN + "9|2" + _BETWEEN + "0)", *[_D] * 9, "[0-9Xx]")
    + "|"
    + _digits(*[_D] * 15)
    + ")"
    + _END
)
_CARD: Final = re.compile(_EDGE + r"[0-9](?:[ \-]?[0-9]){15,18}" + _END)
_MOBILE: Final = re.compile(r"(?<![0-9])(?:(?:\+|00)?86[ \-]?)?" + _digits("1", "[3-9]", *[_D] * 9) + _END)
_LANDLINE: Final = re.compile(r"(?<![0-9])[(（]?0[0-9]{2,3}[)）]?[ \-–—]?[2-9][0-9]{2,3}[ \-]?[0-9]{4}" + _END)
_EMAIL: Final = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_WIDE: Final = str.maketrans("０１２３４５６７８９Ｘｘ－＋", "0123456789Xx-+")


def _stars(match: re.Match[str]) -> str:
    """The first signs (an ID number's district) and the last two stay, so that two numbers can be told apart."""
    found = match.group()
    shown = 6 if sum(sign.isdigit() for sign in found) >= 15 else 3
    return found[:shown] + "*" * (len(found) - shown - 2) + found[-2:]


def _hidden(match: re.Match[str]) -> str:
    return "*" * len(match.group())


def mask_text(text: str) -> str:
    """Phone, ID and card numbers and mail addresses masked; full-width digits are seen too."""
    narrow = text.translate(_WIDE)
    masked = _ID_NUMBER.sub(_stars, narrow)
    masked = _MOBILE.sub(_stars, masked)
    masked = _CARD.sub(_hidden, masked)
    masked = _LANDLINE.sub(_stars, masked)
    masked = _EMAIL.sub(_hidden, masked)
    if narrow == text:
        return masked
    return "".join(new if new == "*" else old for old, new in zip(text, masked, strict=True))
