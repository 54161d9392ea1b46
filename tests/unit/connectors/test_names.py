"""Who is complained about: units and persons as they are named, since recusal rests on it."""

from __future__ import annotations

import pytest

from connectors.names import accused, accused_parts


def _told(found):
    return [tuple(one.model_dump(exclude_none=True).items()) for one in found]


@pytest.mark.parametrize(
    "name",
    [
        "唐江派出所",
        "交管大队",
        "交管大队三中队",
        "南康分局",
        "法制科",
        "督察室",
        "指挥中心",
        "户政科",
        "和平派出所",
        "太和县公安局",
        "南康分局（户政）",
        "政务大厅户籍窗口",
        "龙华所",
        "某某物业公司",
        "南康公安",
        "人和派出所",
    ],
)
def test_units(name):
    assert _told(accused(name)) == [(("unit_name", name),)]


@pytest.mark.parametrize(
    "name", ["张三", "王某某", "张和平", "王文科", "李所", "李科长", "李大队长", "欧阳和平", "唐江派出所附近的烧烤摊"]
)
def test_persons(name):
    assert _told(accused(name)) == [(("person", name),)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("唐江派出所、凤岗派出所", [("唐江派出所", None, None), ("凤岗派出所", None, None)]),
        ("唐江派出所和凤岗派出所", [("唐江派出所", None, None), ("凤岗派出所", None, None)]),
        ("张三和李四", [(None, "张三", None), (None, "李四", None)]),
        ("唐江派出所民警张三", [("唐江派出所", "张三", "民警")]),
        ("唐江派出所 李四", [("唐江派出所", "李四", None)]),
        ("唐江派出所所长李某", [("唐江派出所", "李某", "所长")]),
        ("唐江派出所不作为", [("唐江派出所", None, None)]),
        ("唐江派出所及其民警张三", [("唐江派出所", None, None), (None, "张三", "民警")]),
        ("法制科民警", [("法制科", None, "民警")]),
        ("无", []),
        ("不详", []),
        ("，、 ；", []),
    ],
)
def test_names_in_a_text(text, expected):
    assert [(one.unit_name, one.person, one.duty) for one in accused(text)] == expected


def test_a_duty_belongs_to_the_person():
    assert [(one.person, one.unit_name, one.duty) for one in accused("唐江派出所、张三", "所长")] == [
        (None, "唐江派出所", None),
        ("张三", None, "所长"),
    ]
    assert [one.duty for one in accused(None, "所长")] == ["所长"]
    assert [(one.unit_name, one.duty) for one in accused("唐江派出所", "所长")] == [("唐江派出所", "所长")]
    assert [(one.person, one.duty) for one in accused("张三、李四", "所长")] == [
        ("张三", None),
        ("李四", None),
        (None, "所长"),
    ]


def test_fields_of_their_own_make_one_accused():
    assert _told(accused_parts("唐江派出所", "360703510000", "张三", "036001")) == [
        (("unit_code", "360703510000"), ("unit_name", "唐江派出所"), ("person", "张三"), ("badge_no", "036001"))
    ]
    assert accused_parts(None, None, None, None) == ()
    assert _told(accused_parts(None, None, None, "036001")) == [(("badge_no", "036001"),)]
    assert _told(accused_parts("唐江派出所", None, None, "036001")) == [
        (("unit_name", "唐江派出所"), ("badge_no", "036001"))
    ]


def test_several_names_in_them_make_several():
    found = accused_parts("唐江派出所", "360703510000", "张三、李四", "036001,036002")
    assert [(one.unit_code, one.person, one.badge_no) for one in found] == [
        ("360703510000", "张三", "036001"),
        ("360703510000", "李四", "036002"),
    ]
    found = accused_parts("唐江派出所、凤岗派出所", "360703510000", "张三", "036001")
    assert [(one.unit_name, one.unit_code, one.person, one.badge_no) for one in found] == [
        ("唐江派出所", None, None, None),
        ("凤岗派出所", None, None, None),
        (None, "360703510000", None, None),
        (None, None, "张三", "036001"),
    ]
