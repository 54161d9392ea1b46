"""The same record in its forms and encodings is the same letter, and its content the same bytes; anything else is not."""

from __future__ import annotations

import json

import pytest

from connectors import read_record
from letters.topics import CHANNELS
from tests.mutations import as_xml


def _headers(content_type):
    return [("content-type", content_type.encode())]


@pytest.mark.parametrize("channel", CHANNELS)
def test_encodings(read, record, now, channel):
    text = json.dumps(record(channel), ensure_ascii=False)
    forms = [
        (text.encode(), []),
        (text.encode(), _headers("application/json")),
        (text.encode(), [("Content-Type", b'Application/JSON ; Charset="UTF-8"')]),
        (b"\xef\xbb\xbf" + text.encode(), _headers("application/json; charset=utf-8")),
        (text.encode("gb18030"), _headers("application/json; charset=gb18030")),
        (text.encode("gb18030"), _headers("application/json;charset=GB2312")),
        (json.dumps(record(channel)).encode(), []),
        (b"\n " + text.encode() + b"\n", []),
    ]
    for value, headers in forms:
        assert read_record(channel, value, headers, received_at=now) == read(channel)


@pytest.mark.parametrize(
    ("declared", "content_type"),
    [
        ("UTF-8", "application/xml"),
        ("UTF-8", "application/json; charset=utf-8"),
        ("UTF-8", None),
        ("gb18030", "application/xml; charset=gb18030"),
        ("GB18030", "application/xml"),
        ("gb2312", "text/xml"),
    ],
)
def test_a_petition_in_xml(read, record, now, declared, content_type):
    value = as_xml(record("petition"), declared)
    assert read_record("petition", value, _headers(content_type) if content_type else [], received_at=now) == read(
        "petition"
    )


def test_the_headers_charset_counts_before_the_declared_one(read, record, now):
    value = as_xml(record("petition")).decode().encode("gb18030")
    assert read_record("petition", value, _headers("application/xml; charset=gb18030"), received_at=now) == read(
        "petition"
    )


def test_xml_may_hold_entities_of_its_own_cdata_and_unknown_elements(now):
    value = (
        "<petition><petitionCaseNo>1</petitionCaseNo><registerDate>2025-04-22</registerDate>"
        "<overview>a &lt; b<![CDATA[ & <c>]]>&#20320;</overview><more><x>1</x></more><!-- 注 --></petition>"
    )
    parsed = read_record("petition", value.encode(), _headers("application/xml"), received_at=now)
    assert parsed.letter.body == "a < b & <c>你"


def test_unknown_fields_order_and_spaces_are_no_content(read, record, now):
    again = dict(
        reversed(record("12345", orderNum=" GZ20250422000123 ", unknown={"a": [1]}, title="身份证办得快").items())
    )
    assert read_record("12345", json.dumps(again).encode(), [], received_at=now) == read("12345")


@pytest.mark.parametrize("channel", CHANNELS)
def test_every_field_is_content(read, record, channel):
    known = read(channel).content
    for name, value in record(channel).items():
        if value in ("", None) or name in ("callTime", "bjsj", "jbsj", "registerDate", "submitted_at"):
            continue
        other = {
            "isSecret": "0",
            "sfsm": "0",
            "isSupervise": "0",
            "petitionManAmount": 4,
            "lng": 115,
            "lat": 26,
            "jd": 1,
        }
        other |= {"wd": 1, "deadlineDate": "2025-05-01", "zj": [], "upload": []}
        assert read(channel, **{name: other.get(name, f"{value}x")}).content != known, name


def test_the_citizens_words_count_to_the_character(read):
    assert read("12345", majorContent="好").content != read("12345", majorContent="好 ").content


def test_the_moment_of_reading_is_no_content(record, now):
    value = json.dumps(record("110")).encode()
    first = read_record("110", value, [], received_at=now)
    assert first.content == read_record("110", value, [], received_at=now.replace(hour=20)).content
    assert len(first.content) == 16


@pytest.mark.parametrize(
    "told",
    ["2025-04-22T01:12:30Z", "2025-04-22T01:12:30.000Z", "2025-04-22T09:12:30+0800", "2025-04-22 09:12:30+08:00"],
)
def test_the_same_moment_is_the_same_content(read, told):
    assert read("mailbox", submitted_at=told) == read("mailbox")
