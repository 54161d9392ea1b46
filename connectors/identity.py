"""Phones, ID numbers, sex and mail addresses: text as written goes in, its normal form and whether it is one come out.

A bad one never refuses a letter: it is kept as written and named in `Writer.marks`.
"""

from __future__ import annotations

import re
from datetime import date
from operator import mul
from typing import Final

from letters.messages import Writer

_WIDE: Final = str.maketrans("０１２３４５６７８９＋－（）Ｘｘ＃　", "0123456789+-()Xx# ")
_DASHES: Final = re.compile(r"[‐‑‒–—―−－]")
_BETWEEN: Final = re.compile(r"[、，,;；/\n]+")
_MOBILE: Final = re.compile(r"(?:\+?86|0086)?(1[3-9][0-9]{9})")
_LANDLINE: Final = re.compile(
    r"(?:(?:\+?86|0086)-?0?|0)?(10|2[0-9]|[3-9][0-9]{2})-?([2-8][0-9]{6,7})(?:-([0-9]{1,6}))?"
)
_LOCAL_LINE: Final = re.compile(r"([2-8][0-9]{6,7})(?:-([0-9]{1,6}))?")
_SERVICE: Final = re.compile(
    r"1[0-2][0-9]|12[0-9]{3}|100[0-9]{2}|9[56][0-9]{3,4}|[48]00-?[0-9]{3}-?[0-9]{4}|106[0-9]{5,12}"
)
_ABROAD: Final = re.compile(r"(?:\+|00)(?!86)([1-9][0-9]{6,14})")
_EXTENSION: Final = re.compile(r"(?:转|分机|ext\.?|x|#)", re.IGNORECASE)
_EMAIL: Final = re.compile(r"[^@\s,;<>\"]{1,64}@[^@\s,;<>\"]{1,190}\.[^@\s,;<>\".]{2,63}")

_ID: Final = re.compile(r"[0-9]{17}[0-9X]")
_OLD_ID: Final = re.compile(r"[0-9]{15}")
_BLANKS: Final = re.compile(r"[\s\-]")
_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK: Final = "10X98765432"
_PROVINCES: Final = frozenset(
    str(code)
    for first, last in ((11, 15), (21, 23), (31, 37), (41, 46), (50, 54), (61, 65), (71, 71), (81, 83))
    for code in range(first, last + 1)
)
_OLDEST_BIRTH: Final = 1880

_SEX: Final = {
    "1": "男",
    "2": "女",
    "男": "男",
    "女": "女",
    "男性": "男",
    "女性": "女",
    "m": "男",
    "f": "女",
    "male": "男",
    "female": "女",
}
_SEX_UNKNOWN: Final = frozenset({"0", "9", "未知", "未说明", "未说明的性别", "不详", "保密"})


def phone(written: str) -> tuple[str, bool]:
    """A mobile, landline, service or foreign number in normal form (`13812345678`, `0797-6612345-801`), and True; or as
    written, and False. Several numbers in one field come out with 、 between them."""
    if len(written) == 11 and written.isascii() and written.isdigit() and _MOBILE.fullmatch(written):
        return written, True
    plain = _DASHES.sub("-", written.translate(_WIDE))
    found = [_one_phone(part) for part in _BETWEEN.split(plain) if part.strip()]
    if not found or None in found:
        return written, False
    return "、".join(part for part in found if part), True


def id_number(written: str, today: date) -> tuple[str, bool]:
    """A resident's ID number (公民身份号码, GB 11643) with 18 characters, and True; or as written, and False.

    The 15-digit form, in use until 2012, gets its century and check digit."""
    plain = written
    if not _ID.fullmatch(plain):
        plain = _BLANKS.sub("", _DASHES.sub("-", written.translate(_WIDE))).upper()
    if _OLD_ID.fullmatch(plain):
        plain = plain[:6] + "19" + plain[6:]
        plain += _check_digit(plain)
    if not _ID.fullmatch(plain) or plain[:2] not in _PROVINCES:
        return written, False
    try:
        born = date(int(plain[6:10]), int(plain[10:12]), int(plain[12:14]))
    except ValueError:
        return written, False
    if born.year < _OLDEST_BIRTH or born > today or _check_digit(plain[:17]) != plain[17]:
        return written, False
    return plain, True


def sex(written: str) -> tuple[str | None, bool]:
    """男 or 女 (GB/T 2261.1: 1, 2) and True; None where it is said to be unknown; or as written, and False."""
    plain = written.strip().lower().translate(_WIDE)
    if plain in _SEX_UNKNOWN:
        return None, True
    known = _SEX.get(plain)
    return (known, True) if known else (written, False)


def email(written: str) -> tuple[str, bool]:
    """A mail address, and whether it looks like one."""
    return written, _EMAIL.fullmatch(written) is not None


def writer(
    *,
    today: date,
    name: str | None = None,
    sex_: str | None = None,
    phone_: str | None = None,
    id_number_: str | None = None,
    email_: str | None = None,
    address: str | None = None,
) -> Writer | None:
    """Who wrote, from the fields as written; None when nothing is known."""
    marks: list[str] = []
    good = True
    if sex_:
        sex_, good = sex(sex_)
        if not good:
            marks.append("sex")
    if phone_:
        phone_, good = phone(phone_)
        if not good:
            marks.append("phone")
    if id_number_:
        id_number_, good = id_number(id_number_, today)
        if not good:
            marks.append("id_number")
    if email_:
        email_, good = email(email_)
        if not good:
            marks.append("email")
    if not (name or sex_ or phone_ or id_number_ or email_ or address):
        return None
    return Writer(
        name=name,
        sex=sex_,
        phone=phone_,
        id_number=id_number_,
        email=email_,
        address=address,
        marks=tuple(marks),
    )


def _one_phone(part: str) -> str | None:
    number = _EXTENSION.sub("-", part)
    number = re.sub(r"[\s.]", "", number)
    number = re.sub(r"[()]", "-", number)
    number = re.sub(r"-+", "-", number).strip("-")
    joined = number.replace("-", "")
    mobile = _MOBILE.fullmatch(joined)
    if mobile:
        return mobile.group(1)
    if _SERVICE.fullmatch(number):
        return joined
    landline = _LANDLINE.fullmatch(number)
    if landline and (number.startswith(("0", "+", "86")) or "-" in number):
        area, local, extension = landline.groups()
        return f"0{area}-{local}" + (f"-{extension}" if extension else "")
    local_line = _LOCAL_LINE.fullmatch(number)
    if local_line:
        return number
    abroad = _ABROAD.fullmatch(joined)
    return f"+{abroad.group(1)}" if abroad else None


def _check_digit(first17: str) -> str:
    total = sum(map(mul, first17.encode(), _WEIGHTS)) - ord("0") * sum(_WEIGHTS)
    return _CHECK[total % 11]
