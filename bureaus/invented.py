"""A bureau, a number and a seed go in; that many invented letters come out, as training rows or as upstream records.

Nothing here is anyone's letter. Equal arguments give equal letters wherever the same Python runs. Letters from `held-out` templates
share no sentence with those from `train`, so a model is not tested on sentences it has learnt.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from random import Random
from types import MappingProxyType
from typing import Final

from bureaus.composing import Composed, Composer, Templates
from letters.bureau import Bureau
from letters.clock import SHANGHAI, iso

Record = dict[str, object]
DEFAULT_MIX: Final[Mapping[str, float]] = MappingProxyType(
    {"mailbox": 0.4, "12345": 0.3, "110": 0.2, "petition": 0.07, "12389": 0.03}
)
"""Share of each channel among raw records."""

TRAINING_START: Final = datetime(2025, 11, 1, tzinfo=SHANGHAI)
TRAINING_DAYS: Final = 365
RECORDS_START: Final = datetime(2026, 10, 1, tzinfo=SHANGHAI)
RECORDS_DAYS: Final = 45

_CALLER_TYPES: Final = ("求助", "投诉", "举报", "咨询")
_DOORS: Final = ("官网", "微信", "微博", "扫码")
_PURPOSES: Final = ("求决", "申诉", "意见建议")


def generate(bureau: Bureau, n: int, seed: int, *, templates: Templates = "train") -> Iterator[dict[str, str]]:
    """Training rows (records.md, Training and evaluation files), dated one after the other over a year.

    `unit` is the name of the unit that should host. Only complaints about police work come by 12389.
    """
    composer = Composer(bureau, seed, templates)
    draw = composer.random
    for at in range(n):
        on = (TRAINING_START + timedelta(days=TRAINING_DAYS * at / n)).date()
        letter = composer.compose(on=on)
        channel = draw.choices(("mailbox", "12345", "petition", "110"), (5, 3, 1, 1))[0]
        if bureau.category[letter.category].complaint and draw.random() < 0.2:
            channel = "12389"
        yield {
            "id": f"invented-{templates}-{seed}-{at:06d}",
            "title": letter.title,
            "body": letter.body,
            "category": letter.category,
            "unit": letter.host.name,
            "place": letter.where,
            "channel": channel,
            "date": on.isoformat(),
        }


def raw_records(
    bureau: Bureau,
    n: int,
    seed: int,
    mix: Mapping[str, float] = DEFAULT_MIX,
    *,
    bad_share: float = 0.0,
    start: datetime = RECORDS_START,
    days: float = RECORDS_DAYS,
) -> Iterator[tuple[str, Record]]:
    """(channel, upstream record) pairs in order of time, each with a number of its own.

    `bad_share` of them break their contract in a way that a JSON object can: a required field is absent or blank, a
    time does not exist or lies far ahead, a text is no text.
    """
    composer = Composer(bureau, seed, "train")
    draw = composer.random
    channels, weights = tuple(mix), tuple(mix.values())
    for at in range(n):
        channel = draw.choices(channels, weights)[0]
        moment = start + timedelta(days=days * at / n)
        letter = composer.compose(on=moment.date(), complaint=True if channel == "12389" else None)
        record = _SHAPES[channel](letter, f"{seed:04d}{at:08d}", moment.replace(microsecond=0), draw)
        if bad_share and draw.random() < bad_share:
            _spoil(channel, record, draw)
        yield channel, record


def _mailbox(letter: Composed, number: str, at: datetime, draw: Random) -> Record:
    record: Record = {
        "id": f"NV-{number}",
        "submitted_at": iso(at),
        "zhuti": letter.title,
        "introduce": letter.body,
        "typeid": _wish(letter, draw),
        "name": "虚构",
        "shouji": _phone(draw),
        "addr": letter.where,
        "secrecy": "保密" if draw.random() < 0.05 else "公开",
        "via": draw.choice(_DOORS),
    }
    if letter.accused and draw.random() < 0.6:
        record["unit"] = letter.accused.name
    return record


def _hotline(letter: Composed, number: str, at: datetime, draw: Random) -> Record:
    record: Record = {
        "orderNum": f"NV{number}",
        "callTime": f"{at:%Y-%m-%d %H:%M:%S}",
        "callerName": "虚构",
        "callerPhone": _phone(draw),
        "sourceType": draw.choice(("电话", "微信", "网站", "APP")),
        "callerType": _wish(letter, draw),
        "pilotLight": "紧急" if draw.random() < 0.05 else "一般",
        "isSecret": 1 if draw.random() < 0.03 else 0,
        "address": letter.where,
        "title": letter.title,
        "majorContent": letter.body,
        "deadlineDate": f"{at + timedelta(days=7):%Y-%m-%d} 18:00:00",
    }
    if letter.accused and draw.random() < 0.6:
        record["reflectName"] = letter.accused.name
    return record


def _call(letter: Composed, number: str, at: datetime, draw: Random) -> Record:
    record: Record = {
        "jjdbh": number,
        "bjsj": f"{at:%Y%m%d%H%M%S}",
        "bjnr": letter.body,
        "bjdh": _phone(draw),
        "afdz": letter.where,
        "bjlbdm": "950100" if letter.accused else draw.choice(("200300", "300100", "500900", "200900")),
        "jqjb": draw.choice("2334"),
    }
    if draw.random() < 0.6:
        record["gxdwdm"] = letter.place.unit
    return record


def _petition(letter: Composed, number: str, at: datetime, draw: Random) -> Record:
    record: Record = {
        "petitionCaseNo": f"XFNV{number}",
        "registerDate": f"{at:%Y-%m-%d}",
        "overview": letter.body,
        "petitionTypeCode": draw.choice(("来信", "来访", "网上", "来电")),
        "purposeCode": "检举控告" if letter.accused else draw.choice(_PURPOSES),
        "petitionerName": "虚构",
        "petitionerPhone": _phone(draw),
        "petitionManAmount": draw.choice((1, 1, 1, 2, 5)),
        "address": letter.where,
    }
    if letter.accused:
        record["reflectedObject"] = letter.accused.name
    return record


def _misconduct(letter: Composed, number: str, at: datetime, draw: Random) -> Record:
    record: Record = {
        "bh": f"12389NV{number}",
        "jbsj": f"{at:%Y-%m-%d %H:%M:%S}",
        "jbnr": letter.body,
        "sfsm": draw.choice((0, 1)),
        "sfdd": letter.where,
    }
    if letter.accused:
        record["bjbdw"] = letter.accused.name
        if draw.random() < 0.5:
            record["bjbdwdm"] = letter.accused.code
    return record


_SHAPES: Final[Mapping[str, Callable[[Composed, str, datetime, Random], Record]]] = {
    "mailbox": _mailbox,
    "12345": _hotline,
    "110": _call,
    "petition": _petition,
    "12389": _misconduct,
}
_REQUIRED: Final[Mapping[str, tuple[str, str, str]]] = {
    "mailbox": ("id", "submitted_at", "introduce"),
    "12345": ("orderNum", "callTime", "majorContent"),
    "110": ("jjdbh", "bjsj", "bjnr"),
    "petition": ("petitionCaseNo", "registerDate", "overview"),
    "12389": ("bh", "jbsj", "jbnr"),
}
"""Number, time and text of each channel."""


def _spoil(channel: str, record: Record, draw: Random) -> None:
    number, time, text = _REQUIRED[channel]
    match draw.randrange(6):
        case 0:
            del record[text]
        case 1:
            record[text] = "   "
        case 2:
            record[time] = "二〇二六年十月"
        case 3:
            record[time] = str(record[time]).replace("2026", "2099", 1)
        case 4:
            record[text] = {"不是": "文字"}
        case _:
            del record[number]


def _wish(letter: Composed, draw: Random) -> str:
    if letter.accused:
        return "投诉"
    return "感谢" if letter.category == "感谢表扬" else draw.choice(_CALLER_TYPES)


def _phone(draw: Random) -> str:
    return f"139000{draw.randint(0, 99999):05d}"
