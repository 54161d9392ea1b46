"""Where a letter happened: names, fields, homonyms, denials, outlines; every text is invented."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from letters.bureau import Bureau
from letters.messages import Letter, Place
from router.gazetteer import Gazetteer, Ground
from router.text import Words

Find = Callable[..., Ground]


@pytest.fixture(scope="module")
def gazetteer(bureau: Bureau) -> Gazetteer:
    return Gazetteer(bureau)


@pytest.fixture
def find(gazetteer: Gazetteer, write: Callable[..., Letter]) -> Find:
    def of(body: str = "您好", **more: object) -> Ground:
        letter = write(body, **more)
        return gazetteer.of(letter, Words.of(letter))

    return of


def _unit(bureau: Bureau, ground: Ground) -> str | None:
    return bureau.units[ground.unit].name if ground.unit else None


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("金鸡镇有人半夜放炮", "金鸡派出所"),
        ("我家住金鸡，楼下很吵", "金鸡派出所"),
        ("家住在云桥镇新民村三组", "云桥派出所"),
        ("云桥圩上有人摆摊，新民村的人", "云桥派出所"),
        ("荷塘社区3栋扰民", "城南派出所"),
        ("荷塘居委会门口", "城南派出所"),
        ("太平村有人偷牛", "龙潭派出所"),
        ("木器城二楼打架", "城南派出所"),
        ("木器大市场停车难", "城南派出所"),
        ("城南街道迎宾大道有人飙车", "城南派出所"),
        ("不是在金鸡，是在三江镇", "三江派出所"),
        ("并非龙潭镇，而在东山镇", "东山派出所"),
        ("我是白石人，现在住在三江镇，楼上漏水", "三江派出所"),
        ("从金鸡坐车，在龙潭镇被偷了手机", "龙潭派出所"),
        ("金 鸡 镇圩上", "金鸡派出所"),
        ("金雞鎮圩上", "金鸡派出所"),
        ("请三江派出所帮忙", "三江派出所"),
    ],
)
def test_a_named_place_has_its_station(text: str, unit: str, bureau: Bureau, find: Find) -> None:
    assert _unit(bureau, find(text)) == unit


@pytest.mark.parametrize(
    "text",
    [
        "您好",
        "天下太平",
        "公园里金鸡独立的老人",
        "我叫李东山，身份证丢了",
        "不在金鸡",
        "滨海省大河县金鸡镇有人打架",
        "山东山里",
        "三江路上堵车",
        "东山新区的房子",
        "云桥大酒店的优惠券",
    ],
)
def test_words_that_only_look_like_a_place_are_none(text: str, find: Find) -> None:
    assert find(text).units == ()


def test_a_homonym_without_context_is_ambiguous(bureau: Bureau, find: Find) -> None:
    ground = find("新民村有人赌博")
    assert ground.unit is None
    assert {bureau.units[code].name for code in ground.units} == {"金鸡派出所", "云桥派出所"}
    assert "不止一处" in ground.reason


def test_two_places_of_equal_weight_are_ambiguous(find: Find) -> None:
    ground = find("金鸡镇和三江镇的交界处")
    assert ground.unit is None
    assert len(ground.units) == 2


def test_fields_speak_before_text(bureau: Bureau, find: Find) -> None:
    assert _unit(bureau, find("我在金鸡镇上班", place=Place(text="白石镇街上12号"))) == "白石派出所"
    assert _unit(bureau, find("我在金鸡镇上班", place=Place(area_code="369903103"))) == "东山派出所"


def test_text_settles_what_fields_leave_open(bureau: Bureau, find: Find) -> None:
    assert _unit(bureau, find("云桥镇圩日堵车", place=Place(text="新民村口"))) == "云桥派出所"


def test_an_area_code_settles_a_homonym(bureau: Bureau, find: Find) -> None:
    assert _unit(bureau, find("被盗", place=Place(text="新民村", area_code="369903101"))) == "云桥派出所"


def test_contradicting_fields_stay_open(find: Find) -> None:
    ground = find("被盗", place=Place(text="白石镇", area_code="369903101"))
    assert ground.unit is None
    assert "矛盾" in ground.reason


@pytest.mark.parametrize(
    "place", [Place(text="滨海省大河县金鸡镇"), Place(area_code="110105001"), Place(area_code="110105")]
)
def test_places_of_other_districts_are_not_ours(place: Place, find: Find) -> None:
    ground = find("金鸡镇有人打架", place=place)
    assert ground.units == ()
    assert "不在本局辖区" in ground.reason


def test_the_code_of_the_whole_city_says_nothing(bureau: Bureau, find: Find) -> None:
    assert _unit(bureau, find("金鸡镇有人打架", place=Place(area_code="369900"))) == "金鸡派出所"


@pytest.fixture(scope="module")
def drawn(bureau: Bureau) -> Gazetteer:
    """金鸡 and 云桥 with outlines that touch at 114.75° east."""
    square = "POLYGON(({w} 25.6,{e} 25.6,{e} 25.8,{w} 25.8,{w} 25.6))"
    edges = {"金鸡镇": (114.55, 114.75), "云桥镇": (114.75, 114.95)}
    places = tuple(
        replace(p, area=square.format(w=edges[p.name][0], e=edges[p.name][1])) if p.name in edges else p
        for p in bureau.places
    )
    return Gazetteer(replace(bureau, places=places))


@pytest.mark.parametrize(
    ("lng", "lat", "units"),
    [
        (114.65, 25.7, ["金鸡派出所"]),
        (114.85, 25.7, ["云桥派出所"]),
        (114.7501, 25.7, ["云桥派出所", "金鸡派出所"]),
        (116.4, 39.9, []),
        (0.0, 0.0, []),
        (25.7, 114.65, []),
        (float("nan"), 25.7, []),
    ],
)
def test_a_point_lies_on_a_units_ground_in_either_datum(
    lng: float, lat: float, units: list[str], bureau: Bureau, drawn: Gazetteer, write: Callable[..., Letter]
) -> None:
    letter = write(place=Place(lng=lng, lat=lat))
    assert [bureau.units[code].name for code in drawn.of(letter, Words.of(letter)).units] == units


def test_text_settles_a_point_on_the_border(bureau: Bureau, drawn: Gazetteer, write: Callable[..., Letter]) -> None:
    letter = write("金鸡镇圩上", place=Place(lng=114.7501, lat=25.7))
    assert _unit(bureau, drawn.of(letter, Words.of(letter))) == "金鸡派出所"
