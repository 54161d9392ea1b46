"""Each reason for which a record is refused: the code, the field, and a message that names both sides and no one."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from connectors import read_record
from connectors.registry import CONNECTORS
from letters.errors import InvalidRecord
from letters.topics import CHANNELS

FIELDS = [
    ("12345", "orderNum", ..., "missing_field"),
    ("12345", "orderNum", None, "missing_field"),
    ("12345", "majorContent", " \n\u3000", "missing_field"),
    ("110", "bjsj", "", "missing_field"),
    ("12345", "orderNum", 1.5e17, "wrong_type"),
    ("12345", "orderNum", True, "wrong_type"),
    ("12345", "orderNum", ["1"], "wrong_type"),
    ("12345", "orderNum", "1" * 201, "too_long"),
    ("12345", "orderNum", "a\tb", "bad_value"),
    ("12345", "orderNum", "2.02504E+17", "bad_value"),
    ("12345", "majorContent", 12, "wrong_type"),
    ("12345", "majorContent", {"a": 1}, "wrong_type"),
    ("12345", "majorContent", "a\x00b", "nul_character"),
    ("12345", "majorContent", "a\ud800b", "lone_surrogate"),
    ("12345", "callerName", ["张三"], "wrong_type"),
    ("12345", "address", "长" * 1001, "too_long"),
    ("12345", "title", "长" * 2001, "too_long"),
    ("12345", "majorContent", "长" * 160_001, "too_long"),
    ("12345", "isSecret", "maybe", "bad_value"),
    ("12345", "isSecret", 2, "bad_value"),
    ("12345", "isSecret", [1], "wrong_type"),
    ("12345", "lng", [114], "wrong_type"),
    ("12345", "callTime", "2025-02-30 09:12:30", "bad_time"),
    ("12345", "callTime", "2025-04-22 24:00:00", "bad_time"),
    ("12345", "callTime", "2025-04-22", "bad_time"),
    ("12345", "callTime", "04/05/2025", "bad_time"),
    ("12345", "callTime", "2025/04/22 09:12:30", "bad_time"),
    ("12345", "callTime", "２０２５-04-22 09:12:30", "bad_time"),
    ("12345", "callTime", 1745284350, "wrong_type"),
    ("12345", "callTime", "1970-01-01 08:00:00", "ancient_time"),
    ("12345", "callTime", "2025-04-24 08:00:01", "future_time"),
    ("12345", "deadlineDate", "2025-02-30", "bad_time"),
    ("12345", "deadlineDate", "下周", "bad_time"),
    ("12345", "deadlineDate", "9999-12-31", "future_time"),
    ("110", "bjsj", "2025-04-22 09:12:30", "bad_time"),
    ("110", "bjsj", "20250431091230", "bad_time"),
    ("110", "bjsj", 20250422, "bad_time"),
    ("petition", "registerDate", "2025-04-22 09:12:30", "bad_time"),
    ("petition", "registerDate", "2025-04-25", "future_time"),
    ("petition", "petitionManAmount", "许多", "bad_value"),
    ("petition", "petitionManAmount", 2.5, "wrong_type"),
    ("petition", "petitionManAmount", -3, "bad_value"),
    ("mailbox", "submitted_at", "2025-04-22T09:12:30", "no_offset"),
    ("mailbox", "submitted_at", "2025-04-22T25:12:30+08:00", "bad_time"),
    ("mailbox", "submitted_at", "2025-04-22T09:12:30+20:00", "bad_time"),
    ("mailbox", "submitted_at", "昨天", "bad_time"),
    ("mailbox", "upload", "图片", "bad_value"),
    ("mailbox", "upload", {"name": "x"}, "wrong_type"),
    ("mailbox", "upload", ["x"], "wrong_type"),
    ("mailbox", "upload", [{"name": 7}], "wrong_type"),
    ("mailbox", "upload", [{"name": "x"}] * 1001, "too_long"),
    ("12389", "hbsq", 7, "wrong_type"),
    ("12389", "hbsq", ["a", 7], "wrong_type"),
]


@pytest.mark.parametrize(("channel", "field", "value", "reason"), FIELDS)
def test_a_field_that_breaks_the_contract(refused, channel, field, value, reason):
    refusal = refused(channel, **{field: value})
    assert refusal.reason == reason
    assert field in refusal.field if reason != "missing_field" else refusal.field == field
    assert str(refusal).startswith(field)
    assert "expected" in str(refusal)
    if field != CONNECTORS[channel].number:
        assert refusal.source_id


@pytest.mark.parametrize("channel", CHANNELS)
def test_every_required_field_is_required(refused, channel):
    for name in CONNECTORS[channel].required:
        assert (refused(channel, **{name: None}).reason, refused(channel, **{name: ...}).field) == (
            "missing_field",
            name,
        )


BYTES = [
    ("12345", b"", None, "empty_record"),
    ("12345", b"\xef\xbb\xbf \n", None, "empty_record"),
    ("12345", b"{", None, "not_json"),
    ("12345", b'{"a": NaN}', None, "not_json"),
    ("12345", b'{"a": -Infinity}', None, "not_json"),
    ("12345", b'{"a": 1}{"a": 1}', None, "not_json"),
    ("12345", b'{"a": "x\ny"}', None, "not_json"),
    ("12345", b'{"a": ' + b"9" * 5000 + b"}", None, "not_json"),
    ("12345", b'{"orderNum": "1"\x00}', None, "nul_character"),
    ("12345", b"[]", None, "not_object"),
    ("12345", b'"x"', None, "not_object"),
    ("12345", b"null", None, "not_object"),
    ("12345", b'{"orderNum": "1", "orderNum": "1"}', None, "duplicate_key"),
    ("12345", b'{"x": {"y": 1, "y": 2}}', None, "duplicate_key"),
    ("12345", b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", None, "too_deep"),
    ("12345", b'{"a": ' + b"[" * 64 + b"]" * 64 + b"}", None, "too_deep"),
    ("12345", '{"majorContent": "好"}'.encode("gb18030"), None, "bad_encoding"),
    ("12345", '{"majorContent": "好"}'.encode("utf-16"), None, "bad_encoding"),
    ("12345", b'{"majorContent": "\xff"}', "application/json; charset=gb18030", "bad_encoding"),
    ("12345", b"{}", "application/json; charset=latin-1", "bad_charset"),
    ("12345", b"{}", "application/octet-stream", "bad_content_type"),
    ("12345", b"<petition/>", "application/xml", "bad_content_type"),
    ("12345", b"a,b", "text/csv; charset=utf-8; row=17; cells=2; columns=4", "bad_row"),
    ("12345", b" " * (1024 * 1024 + 1), None, "too_large"),
    ("petition", b"<petition>", "application/xml", "bad_xml"),
    ("petition", b"<petitions><petition/></petitions>", "application/xml", "bad_xml"),
    ("petition", b"<petition/><petition/>", "application/xml", "bad_xml"),
    ("petition", b"<petition>&nbsp;</petition>", "application/xml", "bad_xml"),
    ("petition", b"{}", "application/xml", "bad_xml"),
    ("petition", b"<petition/>", "application/xml", "missing_field"),
    ("petition", b'<!DOCTYPE petition SYSTEM "file:///etc/passwd"><petition/>', "application/xml", "forbidden_xml"),
    ("petition", b'<!DOCTYPE p [<!ENTITY a "aaaa">]><petition>&a;</petition>', None, "forbidden_xml"),
    ("petition", b"<petition><overview>1</overview><overview>2</overview></petition>", None, "duplicate_key"),
    ("petition", b"<petition><petitionCaseNo><b>1</b></petitionCaseNo></petition>", None, "wrong_type"),
    ("petition", b"<petition>" + b"<a>" * 100 + b"</a>" * 100 + b"</petition>", None, "too_deep"),
    ("petition", b'<?xml version="1.0" encoding="big5"?><petition/>', None, "bad_charset"),
    ("petition", '<?xml version="1.0" encoding="gb18030"?><petition>好</petition>'.encode(), None, "bad_encoding"),
    ("sms", b"{}", None, "unknown_channel"),
]


@pytest.mark.parametrize(("channel", "value", "content_type", "reason"), BYTES)
def test_bytes_that_are_no_record(refused_bytes, channel, value, content_type, reason):
    refusal = refused_bytes(channel, value, content_type)
    assert refusal.reason == reason
    assert "expected" in str(refusal)


def test_a_body_of_ten_megabytes_is_told_its_size(refused):
    refusal = refused("12345", majorContent="x" * 10_000_000)
    assert refusal.reason == "too_large"
    assert "expected at most 1,048,576" in str(refusal)


def test_a_long_letter_is_a_letter(read):
    assert len(read("12345", majorContent="万言书" * 50_000).letter.body) == 150_000


def test_a_day_of_difference_between_clocks_is_no_future(read):
    assert read("12345", callTime="2025-04-24 08:00:00").letter.arrived_at.day == 24


def test_the_row_of_a_table_is_told(refused_bytes):
    refusal = refused_bytes("12345", b"a,b", "text/csv; charset=utf-8; row=17; cells=2; columns=4")
    assert str(refusal) == "row 17 has 2 cells, expected 4 as in the header"


@pytest.mark.parametrize(
    "secret",
    [
        "13812345678",
        "138 1234 5678",
        "0797-6612345",
        "11010519491231002X",
        "110105491231002",
        "张三丰",
        "救救我的孩子吧",
        "help me",
    ],
)
@pytest.mark.parametrize(
    ("channel", "field"), [("12345", "callTime"), ("12345", "isSecret"), ("mailbox", "submitted_at")]
)
def test_no_message_gives_anyone_away(refused, channel, field, secret):
    assert secret not in str(refused(channel, **{field: secret}))


def test_what_was_found_is_shown_where_it_is_harmless(refused):
    assert '"2025-02-30 09:12:30"' in str(refused("12345", callTime="2025-02-30 09:12:30"))
    assert '"20250230091230"' in str(refused("110", bjsj="20250230091230"))
    assert '"2025-04-22T09:12:30"' in str(refused("mailbox", submitted_at="2025-04-22T09:12:30"))


def test_a_phone_or_id_number_never_refuses(read):
    strange = [0, 1.5e10, True, ["138"], {"a": 1}, "无", "\x00", "\ud800", "9" * 5000, "1381234567"]
    for value in strange:
        writer = read("petition", petitionerPhone=value, petitionerIdNo=value).writer
        assert writer.marks == ("phone", "id_number")
        assert writer.phone


def test_a_naive_moment_is_a_mistake_of_ours(record, now):
    with pytest.raises(ValueError, match="offset"):
        read_record("110", json.dumps(record("110")).encode(), (), received_at=now.replace(tzinfo=None))


def test_the_future_is_measured_from_when_it_was_read(record, now):
    value = json.dumps(record("110")).encode()
    with pytest.raises(InvalidRecord):
        read_record("110", value, (), received_at=now - timedelta(days=3))
