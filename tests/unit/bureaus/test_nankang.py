"""The shipped example bureau is sound, complete and quick to load."""

from __future__ import annotations

import re
import time
from functools import cache
from pathlib import Path

import pytest

from letters.bureau import Bureau
from letters.bureau_files import read_bureau

FOLDER = Path(__file__).parents[3] / "bureaus" / "nankang"

ASKED_FOR = {
    "户政", "交通管理", "治安", "刑事案件", "出入境", "养犬", "噪音扰民", "飙车炸街", "诈骗", "接处警投诉", "执法办案投诉",
    "队伍作风投诉", "线索举报", "感谢表扬", "非警务事项",
}  # fmt: skip


@cache
def nankang() -> Bureau:
    return read_bureau(FOLDER)


def test_loads_without_a_problem_and_names_its_versions() -> None:
    bureau = nankang()
    assert bureau.area_code == "360703"
    assert set(bureau.versions) == {path.name for path in FOLDER.glob("*.*") if path.suffix in (".csv", ".yaml")}
    for code in (bureau.command_centre, bureau.inspection, bureau.petition_office, bureau.mailbox_team):
        assert code in bureau.units


def test_loads_within_300_ms() -> None:
    read_bureau(FOLDER)
    best = min(_seconds() for _ in range(3))
    assert best < 0.3


def _seconds() -> float:
    start = time.process_time()
    read_bureau(FOLDER)
    return time.process_time() - start


def test_each_of_the_twenty_towns_has_a_station_of_its_own() -> None:
    bureau = nankang()
    towns = [place for place in bureau.places if place.level == "town" and place.name.endswith(("镇", "乡", "街道"))]
    assert len(towns) == 20
    stations = {bureau.units[town.unit] for town in towns}
    assert len(stations) == 20
    assert {station.kind for station in stations} == {"station"}


def test_every_community_and_village_resolves_to_a_station() -> None:
    bureau = nankang()
    small = [place for place in bureau.places if place.level in ("community", "village")]
    assert len(small) == 357
    assert {bureau.units[place.unit].kind for place in small} == {"station"}
    towns = {place.name for place in bureau.places if place.level == "town"}
    assert {place.within for place in small} <= towns


def test_unit_codes_have_the_true_form() -> None:
    bureau = nankang()
    own = [unit for unit in bureau.units.values() if unit.kind != "external"]
    assert all(unit.code.startswith("360703") and len(unit.code) == 12 for unit in own)
    inside = set(bureau.under(bureau.code))
    assert {unit.code for unit in own} == inside


def test_taxonomy_holds_what_the_bureau_needs() -> None:
    bureau = nankang()
    assert set(bureau.category) >= ASKED_FOR
    assert all(category.definition for category in bureau.categories)
    for category in bureau.categories:
        assert category.host in ("place", "desk", "inspection") or category.line in bureau.line_units
    assert not bureau.category["非警务事项"].police
    assert {name for name, category in bureau.category.items() if category.complaint} == {
        "接处警投诉",
        "执法办案投诉",
        "队伍作风投诉",
    }


def test_people_speak_of_units_by_short_names() -> None:
    bureau = nankang()
    names = {name: unit.name for unit in bureau.units.values() for name in (unit.name, *unit.aliases)}
    assert names["金鸡所"] == names["金鸡派出所"] == "金鸡派出所"
    assert names["交警大队"] == names["交警"] == "交管大队"


def test_the_mailbox_promises_ten_and_thirty_minutes_and_four_days() -> None:
    row = next(row for row in nankang().policy.rows if row.name == "局长信箱")
    assert row.sign
    assert row.contact
    assert row.feedback
    assert [within.natural.total_seconds() / 60 for within in (row.sign, row.contact, row.feedback)] == [10, 30, 5760]
    petition = next(row for row in nankang().policy.rows if "petition" in row.channels)
    assert petition.sign
    assert petition.finish
    assert (petition.sign.natural.days, petition.finish.natural.days) == (15, 60)
    assert nankang().policy.settings["casework"]["extension_days"] == 30  # type: ignore[index]


def phrase_in(text: str) -> str | None:
    """The first danger phrase in a text that none of its own `unless` words stands beside."""
    for phrase in nankang().danger:
        for match in re.finditer(phrase.pattern if phrase.regex else re.escape(phrase.pattern), text):
            around = text[max(0, match.start() - 12) : match.end() + 12]
            if not any(word in around for word in phrase.unless):
                return match.group()
    return None


@pytest.mark.parametrize(
    "text",
    [
        "我要自杀", "他扬言要炸学校", "有人持刀砍人", "他说要杀人", "楼下刚刚发生爆炸", "我儿子被绑架了", "孩子走丢了",
        "六岁的女儿走丢两个小时了", "有人站在楼顶要跳楼", "他喝了农药倒在地上", "我不想活了", "劫持了一名女子", "他要放火烧房子",
        "带炸药去政府", "我和他同归于尽", "有人拿着菜刀追我", "正在打人，快来", "救命，快来人", "他割腕了", "扬言报复社会",
        "我就死在你们门口", "有人上吊", "被砍了好几刀", "拧开煤气", "孙子不见了", "这是现行警情", "正在砸车窗",
    ],
)  # fmt: skip
def test_danger_is_in_the_list(text: str) -> None:
    assert phrase_in(text)


@pytest.mark.parametrize(
    "text",
    [
        "改装摩托整夜炸街，吵到学校门口", "烧烤摊在派出所对面", "孩子发烧去医院", "像一颗定时炸弹", "信息大爆炸的时代",
        "道德绑架业主",
        "这是老人的救命钱", "抓住救命稻草", "慢性自杀", "本人质疑这个结论", "一旦漏气就会爆炸", "只许州官放火", "柱子上吊装模板",
        "岗位被砍了两个", "采石场的炸药用量", "我妹妹二十七年前走散了",
    ],
)  # fmt: skip
def test_figures_of_speech_are_not(text: str) -> None:
    assert phrase_in(text) is None
