"""Each channel's whole mapping: a record with every field filled, and the letter and writer that it must become."""

from __future__ import annotations

from uuid import NAMESPACE_URL, uuid5

import pytest

from connectors import CHANNELS_READ
from connectors.registry import CONNECTORS
from letters.topics import CHANNELS
from tests.mutations import RECORDS

LETTERS = {
    "12345": {
        "kind": "感谢",
        "title": "身份证办得快",
        "body": "我儿子行动不便，民警上门办证。\n谢谢！",
        "arrived_at": "2025-04-22T09:12:30+08:00",
        "place": {"text": "唐江镇卢屋村口", "area_code": "360703", "lng": 114.75, "lat": 25.66},
        "urgency": "紧急",
        "confidential": True,
        "accused": [{"unit_name": "唐江派出所"}],
        "suggested_unit": {"code": "360703000000", "name": "南康公安分局"},
        "upstream_category": {"code": "0101", "name": "公安/户籍"},
        "upstream_due": "2025-04-30T18:00:00+08:00",
        "related": [
            {"relation": "duplicate_of", "channel": "12345", "source_id": "GZ20250420000001"},
            {"relation": "urges", "channel": "12345", "source_id": "GZ20250421000002"},
        ],
        "supervised": True,
        "via": "电话",
        "writer": {"name": "李某某", "phone": "13812345678"},
    },
    "110": {
        "kind": "报警",
        "body": "东山街道有摩托车深夜炸街，吵得睡不着。",
        "arrived_at": "2025-04-22T23:15:00+08:00",
        "place": {"text": "东山街道文峰路", "lng": 114.77, "lat": 25.65},
        "urgency": "紧急",
        "suggested_unit": {"code": "360703510000"},
        "upstream_category": {"code": "300100"},
        "related": [{"relation": "linked", "channel": "110", "source_id": "3607032025042200011"}],
        "writer": {"name": "钟某", "sex": "男", "phone": "0797-6612345"},
    },
    "12389": {
        "kind": "举报",
        "body": "报警后两小时才到，态度也不好。",
        "arrived_at": "2025-04-22T10:00:00+08:00",
        "place": {"text": "凤岗镇圩上"},
        "accused": [{"unit_code": "360703560000", "unit_name": "凤岗派出所", "person": "赵某", "badge_no": "036123"}],
        "avoid": ["凤岗派出所", "赵某"],
        "upstream_category": {"name": "接处警不规范"},
        "attachments": [{"name": "录音.mp3", "sha256": "ab" * 32, "url": "https://files.example/1"}],
        "writer": {"name": "王某", "email": "wang@example.com"},
    },
    "petition": {
        "kind": "求助",
        "body": "二十七年前走失的妹妹至今没有消息，请求继续查找。",
        "arrived_at": "2025-04-22T00:00:00+08:00",
        "place": {"text": "龙岭镇", "area_code": "360703"},
        "people": 3,
        "accused": [{"unit_name": "龙岭派出所", "person": "孙某", "duty": "民警"}],
        "upstream_category": {"code": "0305"},
        "upstream_due": "2025-06-21T00:00:00+08:00",
        "related": [{"relation": "duplicate_of", "channel": "petition", "source_id": "XF20240101009"}],
        "threat": "不解决就去上访",
        "via": "来信",
        "writer": {"name": "刘某", "phone": "13900001111", "id_number": "11010519491231002X"},
    },
    "mailbox": {
        "kind": "投诉",
        "title": "违停",
        "body": "两条路上天天乱停车，\r\n消防车都进不来。",
        "arrived_at": "2025-04-22T09:12:30+08:00",
        "confidential": True,
        "accused": [{"unit_name": "交管大队"}],
        "upstream_category": {"name": "投诉"},
        "attachments": [
            {"name": "1.jpg", "media_type": "image/jpeg", "sha256": "cd" * 32, "url": "https://files.example/2"}
        ],
        "via": "微信",
        "writer": {
            "name": "陈某",
            "sex": "女",
            "phone": "13900002222",
            "id_number": "11010519491231002X",
            "email": "chen@example.com",
            "address": "镜坝镇某小区3栋",
        },
    },
}
NUMBERS = {"12345": "GZ20250422000123", "110": "3607032025042200017", "12389": "JB2025000321"}
NUMBERS |= {"petition": "XF20250422001", "mailbox": "MB-90017"}
DEFAULTS = {
    "title": "",
    "place": {"text": ""},
    "urgency": "一般",
    "confidential": False,
    "people": 1,
    "accused": [],
    "avoid": [],
    "related": [],
    "supervised": False,
    "attachments": [],
}


@pytest.mark.parametrize("channel", CHANNELS)
def test_every_field_lands_where_the_contract_says(read, channel):
    parsed = read(channel)
    expected = DEFAULTS | LETTERS[channel]
    writer = expected.pop("writer")
    expected |= {
        "schema_version": 1,
        "letter_id": str(uuid5(NAMESPACE_URL, f"urn:jiesu:letter:{channel}:{NUMBERS[channel]}")),
        "channel": channel,
        "source_id": NUMBERS[channel],
        "revision": 1,
        "received_at": "2025-04-23T08:00:00+08:00",
    }
    assert parsed.letter.model_dump(mode="json", exclude_none=True) == expected
    assert parsed.writer.model_dump(mode="json", exclude_none=True) == {"marks": [], **writer}


def test_the_channels_of_the_contract_are_read():
    assert set(CHANNELS) <= set(CHANNELS_READ)


def test_the_sample_fills_every_field_of_the_contract():
    for channel, sample in RECORDS:
        assert set(sample) == set(CONNECTORS[channel].known)


@pytest.mark.parametrize("channel", CHANNELS)
def test_required_fields_are_enough(read, record, channel):
    required = CONNECTORS[channel].required
    parsed = read(channel, **{name: ... for name in record(channel) if name not in required})
    assert parsed.writer is None
    assert parsed.letter.title == ""


@pytest.mark.parametrize("nothing", [None, "", "  ", "\u3000"])
@pytest.mark.parametrize("channel", CHANNELS)
def test_null_blank_and_absent_are_the_same(read, record, channel, nothing):
    required = CONNECTORS[channel].required
    bare = {name: ... for name in record(channel) if name not in required}
    assert read(channel, **(bare | dict.fromkeys(bare, nothing))) == read(channel, **bare)


@pytest.mark.parametrize(
    ("channel", "field", "value", "kind"),
    [
        ("12345", "callerType", "表扬", "感谢"),
        ("12345", "callerType", "咨询", "咨询"),
        ("12345", "callerType", "别的", "其他"),
        ("12345", "callerType", None, "其他"),
        ("110", "bjlbdm", "500000", "求助"),
        ("110", "bjlbdm", 500000, "求助"),
        ("110", "bjlbdm", "900112", "举报"),
        ("110", "bjlbdm", "950101", "投诉"),
        ("110", "bjlbdm", "950201", "投诉"),
        ("110", "bjlbdm", "100100", "报警"),
        ("110", "bjlbdm", "900200", "报警"),
        ("110", "bjlbdm", None, "报警"),
        ("petition", "purposeCode", "申诉", "投诉"),
        ("petition", "purposeCode", "求决", "求助"),
        ("petition", "purposeCode", "检举控告", "举报"),
        ("petition", "purposeCode", "意见建议", "建议"),
        ("petition", "purposeCode", "99", "其他"),
        ("petition", "purposeCode", None, "其他"),
        ("mailbox", "typeid", "感谢", "感谢"),
        ("mailbox", "typeid", "其它", "其他"),
    ],
)
def test_kinds(read, channel, field, value, kind):
    assert read(channel, **{field: value}).letter.kind == kind


@pytest.mark.parametrize(
    ("channel", "field", "value", "urgency"),
    [
        ("12345", "pilotLight", "特急", "特急"),
        ("12345", "pilotLight", "红灯", "一般"),
        ("110", "jqjb", "1", "特急"),
        ("110", "jqjb", 1, "特急"),
        ("110", "jqjb", "3", "一般"),
        ("110", "jqjb", "9", "一般"),
    ],
)
def test_urgency(read, channel, field, value, urgency):
    assert read(channel, **{field: value}).letter.urgency == urgency


def test_title_and_body_are_kept_to_the_character(read):
    words = "  １２３ＡＢ，\r\n\t𠮷㐂\u200b①\u3000\n"
    letter = read("12345", title=words, majorContent=words).letter
    assert (letter.title, letter.body) == (words, words)


@pytest.mark.parametrize(
    ("lng", "lat"),
    [(0, 0), (25.66, 114.75), ("114.75", None), ("东经", "北纬"), (1e308, 25), ("nan", "nan"), (114.75, 91)],
)
def test_impossible_coordinates_are_left_to_the_raw_record(read, lng, lat):
    place = read("12345", lng=lng, lat=lat).letter.place
    assert (place.text, place.lng, place.lat) == ("唐江镇卢屋村口", None, None)


@pytest.mark.parametrize("value", ["1", 1, True, "是", "TRUE"])
def test_flags_that_are_set(read, value):
    assert read("12345", isSecret=value).letter.confidential


@pytest.mark.parametrize("value", ["0", 0, False, "否", None])
def test_flags_that_are_not(read, value):
    assert not read("12345", isSecret=value).letter.confidential


@pytest.mark.parametrize(
    ("secrecy", "confidential"), [("公开", False), (None, False), ("保密", True), ("不公开", True)]
)
def test_a_wish_for_secrecy_is_never_lost_to_a_spelling(read, secrecy, confidential):
    assert read("mailbox", secrecy=secrecy).letter.confidential is confidential


def test_a_record_does_not_relate_to_itself(read):
    found = read("12345", oldOrderNum="GZ20250422000123", urgeOrderNum="A1、A2").letter.related
    assert [(one.relation, one.source_id) for one in found] == [("urges", "A1"), ("urges", "A2")]


def test_a_list_may_come_as_json_text_in_a_cell(read):
    listed = '[{"name":"录音.mp3","sha256":"' + "ab" * 32 + '","url":"https://files.example/1"}]'
    as_text = read("12389", zj=listed, hbsq='["凤岗派出所","赵某"]')
    assert as_text == read("12389")


def test_numbers_may_come_as_numbers(read):
    by_text = read("110", jjdbh="202504220001", bjsj="20250422091230", bjdh="13812345678", gxdwdm="360703510000")
    by_number = read("110", jjdbh=202504220001, bjsj=20250422091230, bjdh=13812345678, gxdwdm=360703510000)
    assert by_text == by_number


@pytest.mark.parametrize(("amount", "people"), [("12", 12), ("12人", 12), (0, 1), (None, 1)])
def test_people(read, amount, people):
    assert read("petition", petitionManAmount=amount).letter.people == people


def test_the_writers_own_address_is_no_place(read):
    assert read("mailbox").letter.place.text == ""
