"""Valid records go in, broken and half-broken ones come out, always the same for one seed: what a hostile day brings.

`mutated` mixes records left as they are, changed field by field, written in other encodings and forms, and damaged byte
by byte. Most get a number of their own, so that they do not all count as revisions of each other.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Any
from xml.sax.saxutils import escape

Record = tuple[str, dict[str, Any]]
Raw = tuple[str, bytes, tuple[tuple[str, bytes], ...]]

NUMBERS = {"110": "jjdbh", "12345": "orderNum", "12389": "bh", "petition": "petitionCaseNo", "mailbox": "id"}

RECORDS: list[Record] = [
    (
        "12345",
        {
            "orderNum": "GZ20250422000123",
            "callTime": "2025-04-22 09:12:30",
            "callerName": "李某某",
            "callerPhone": "13812345678",
            "sourceType": "电话",
            "callerType": "表扬",
            "reflectName": "唐江派出所",
            "pilotLight": "紧急",
            "questionCode": "0101",
            "questionName": "公安/户籍",
            "isSecret": "1",
            "address": "唐江镇卢屋村口",
            "areaCode": "360703",
            "organizationCode": "360703000000",
            "organizationName": "南康公安分局",
            "title": "身份证办得快",
            "majorContent": "我儿子行动不便，民警上门办证。\n谢谢！",
            "deadlineDate": "2025-04-30 18:00:00",
            "oldOrderNum": "GZ20250420000001",
            "urgeOrderNum": "GZ20250421000002",
            "isSupervise": 1,
            "lng": "114.75",
            "lat": 25.66,
        },
    ),
    (
        "110",
        {
            "jjdbh": "3607032025042200017",
            "bjsj": "20250422231500",
            "bjnr": "东山街道有摩托车深夜炸街，吵得睡不着。",
            "bjdh": "0797-6612345",
            "bjrxm": "钟某",
            "bjrxb": "1",
            "afdz": "东山街道文峰路",
            "jjdwdm": "360703000001",
            "gxdwdm": "360703510000",
            "bjlbdm": "300100",
            "bjxldm": "300101",
            "jqjb": "2",
            "gljjdbh": "3607032025042200011",
            "jd": 114.77,
            "wd": 25.65,
            "hphm": "赣B12345",
        },
    ),
    (
        "12389",
        {
            "bh": "JB2025000321",
            "jbsj": "2025-04-22 10:00:00",
            "jbnr": "报警后两小时才到，态度也不好。",
            "jbrxm": "王某",
            "jbrlxfs": "wang@example.com",
            "sfsm": "1",
            "bjbdw": "凤岗派出所",
            "bjbdwdm": "360703560000",
            "bjbrxm": "赵某",
            "bjbrjh": "036123",
            "wjlx": "接处警不规范",
            "sfsj": "上月底",
            "sfdd": "凤岗镇圩上",
            "zj": [{"name": "录音.mp3", "sha256": "ab" * 32, "url": "https://files.example/1"}],
            "hbsq": "凤岗派出所、赵某",
        },
    ),
    (
        "petition",
        {
            "petitionCaseNo": "XF20250422001",
            "registerDate": "2025-04-22",
            "overview": "二十七年前走失的妹妹至今没有消息，请求继续查找。",
            "petitionTypeCode": "来信",
            "purposeCode": "求决",
            "contentTypeCode": "0305",
            "petitionerName": "刘某",
            "petitionerPhone": "+86 139 0000 1111",
            "petitionerIdNo": "11010519491231002x",
            "petitionManAmount": 3,
            "repeatNo": "XF20240101009",
            "queryCode": "Q8842",
            "attributionAreaCode": "360703",
            "address": "龙岭镇",
            "reflectedObject": "龙岭派出所民警孙某",
            "reflectedDuty": "",
            "threatContent": "不解决就去上访",
            "copyOfficeIds": "12,15",
            "deadlineDate": "2025-06-21",
        },
    ),
    (
        "mailbox",
        {
            "id": "MB-90017",
            "submitted_at": "2025-04-22T09:12:30+08:00",
            "introduce": "两条路上天天乱停车，\r\n消防车都进不来。",
            "zhuti": "违停",
            "typeid": "投诉",
            "name": "陈某",
            "sex": "女",
            "cardid": "110105491231002",
            "shouji": "１３９００００２２２２",
            "email": "chen@example.com",
            "addr": "镜坝镇某小区3栋",
            "secrecy": "保密",
            "unit": "交管大队",
            "upload": [
                {"name": "1.jpg", "media_type": "image/jpeg", "sha256": "cd" * 32, "url": "https://files.example/2"}
            ],
            "via": "微信",
        },
    ),
]
"""One valid record a channel with every field of the contract filled."""

JSON = (("content-type", b"application/json; charset=utf-8"),)
GB18030 = (("content-type", b"application/json; charset=gb18030"),)

_STRANGE: list[Any] = [
    None, "", "   ", "\u3000", 0, 1, -1, 7.5, 1e300, True, False, [], {}, ["x"], {"a": 1}, [["深"] * 3], "null", "无",
    "0", "是", "2025-02-30 10:00:00", "2025-02-30", "20250230101010", "04/05/2025", "2099-01-01 00:00:00", "2099-01-01",
    "20990101000000", "2099-01-01T00:00:00Z", "1970-01-01 00:00:00", "19700101000000", "1970-01-01", "1970-01-01T00:00:00Z",
    "2025-04-22T09:12:30", "9999-12-31", "\x00", "a\x00b",
    "\ud800", "𠮷野家", "①＂〇", "-" * 2000, "张三、李四和唐江派出所", "<script>alert(1)</script>", "'; DROP TABLE letters; --",
    "{\"a\":", "[{\"name\":1}]", 10**30, "999999999999999999999", "１２３４５", "\u202e反", "\ufeff",
]  # fmt: skip


def mutated(records: Sequence[Record], n: int, seed: int) -> Iterator[Raw]:
    """`n` raw records: channel, bytes and headers."""
    random = Random(seed)
    ways = [_as_it_is, _changed, _changed, _changed, _changed_often, _encoded, _other_form, _damaged, _damaged]
    for count in range(n):
        channel, record = random.choice(list(records))
        record = dict(record)
        if random.random() < 0.9:
            record[NUMBERS[channel]] = f"{record[NUMBERS[channel]]}-{seed}-{count}"
        way = _enormous if random.random() < 0.001 else random.choice(ways)
        yield channel, *way(random, channel, record)


def as_json(record: dict[str, Any], charset: str = "utf-8") -> bytes:
    """The record as upstream would write it; lone surrogates stay escaped."""
    text = json.dumps(record, ensure_ascii=False)
    try:
        return text.encode(charset)
    except UnicodeEncodeError:
        return json.dumps(record).encode()


def as_xml(record: dict[str, Any], declared: str = "UTF-8") -> bytes:
    """A petition in its XML form."""
    fields = "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in record.items() if value is not None)
    text = f'<?xml version="1.0" encoding="{declared}"?>\n<petition>{fields}</petition>\n'
    return text.encode(declared, "backslashreplace")


Made = tuple[bytes, tuple[tuple[str, bytes], ...]]


def _as_it_is(random: Random, channel: str, record: dict[str, Any]) -> Made:
    return as_json(record), random.choice([JSON, (), (("trace", b"1"), *JSON)])


def _changed(random: Random, channel: str, record: dict[str, Any]) -> Made:
    name = random.choice(list(record))
    how = random.randrange(5)
    if how == 0:
        del record[name]
    elif how == 1:
        record[name] = record[random.choice(list(record))]
    elif how == 2:
        record[f"x{random.randrange(99)}"] = random.choice(_STRANGE)
    else:
        record[name] = random.choice(_STRANGE)
    return as_json(record), JSON


def _changed_often(random: Random, channel: str, record: dict[str, Any]) -> Made:
    for _ in range(random.randrange(2, 6)):
        if record:
            _changed(random, channel, record)
    return as_json(record), JSON


def _encoded(random: Random, channel: str, record: dict[str, Any]) -> Made:
    choices: list[Callable[[], Made]] = [
        lambda: (as_json(record, "gb18030"), GB18030),
        lambda: (as_json(record, "gb18030"), JSON),
        lambda: (as_json(record), GB18030),
        lambda: (b"\xef\xbb\xbf" + as_json(record), JSON),
        lambda: (as_json(record, "utf-16"), JSON),
        lambda: (as_json(record), (("Content-Type", b'Application/JSON;charset="GBK"'),)),
        lambda: (as_json(record), (("content-type", random.randbytes(12)),)),
        lambda: (as_json(record), (("content-type", b"application/json; charset=latin-1"),)),
        lambda: (as_json(record), (("content-type", b"text/csv; row=7; cells=3; columns=4"),)),
    ]
    return random.choice(choices)()


def _other_form(random: Random, channel: str, record: dict[str, Any]) -> Made:
    text = as_json(record).decode()
    name = NUMBERS[channel]
    xml = (("content-type", b"application/xml"),)
    bomb = b'<?xml version="1.0"?><!DOCTYPE p [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><petition><overview>&b;</overview></petition>'
    choices: list[Callable[[], Made]] = [
        lambda: (as_xml(record), xml),
        lambda: (as_xml(record, "gb18030"), (("content-type", b"application/xml; charset=gb18030"),)),
        lambda: (as_xml(record, "gb18030"), xml),
        lambda: (as_xml(record), JSON),
        lambda: (as_xml(record).replace(b"</petition>", b"<overview>2</overview></petition>"), xml),
        lambda: (bomb, xml),
        lambda: (b"<a>" * random.randrange(1, 3000), xml),
        lambda: (f"[{text}]".encode(), JSON),
        lambda: (f"{text}{text}".encode(), JSON),
        lambda: ((text[:-1] + f', "{name}": "again"}}').encode(), JSON),
        lambda: ((text[:-1] + ', "x": NaN}').encode(), JSON),
        lambda: ((text[:-1] + ', "x": ' + "9" * 5000 + "}").encode(), JSON),
        lambda: ((text[:-1] + ', "x": ' + "[" * 4000 + "]" * 4000 + "}").encode(), JSON),
        lambda: (random.choice([b"", b" ", b"null", b"[]", b"{}", b'"x"', b"\x00", b"7", b"\xef\xbb\xbf"]), JSON),
    ]
    return random.choice(choices)()


def _damaged(random: Random, channel: str, record: dict[str, Any]) -> Made:
    form = as_xml(record) if channel == "petition" and random.random() < 0.3 else as_json(record)
    value = bytearray(form)
    for _ in range(random.randrange(1, 4)):
        at = random.randrange(len(value) + 1)
        length = random.randrange(1, 12)
        how = random.randrange(5)
        if how == 0 and at < len(value):
            value[at] ^= 1 << random.randrange(8)
        elif how == 1:
            value[at:at] = random.randbytes(length)
        elif how == 2:
            del value[at : at + length]
        elif how == 3:
            value[at:at] = value[at : at + length * 8]
        else:
            del value[at:]
    return bytes(value), JSON


def _enormous(random: Random, channel: str, record: dict[str, Any]) -> Made:
    record[random.choice(list(record))] = "长" * random.choice([20_000, 150_000, 300_000, 400_000])
    return as_json(record), JSON
