"""A bureau folder that is not sound is refused with every fault named by file, line and remedy."""
# ruff: noqa: E501

from __future__ import annotations

import re
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from letters.bureau import Within
from letters.bureau_durations import parse_within
from letters.bureau_files import parse_bureau, read_bureau
from letters.errors import BureauError

UNITS = """\
# 说明："引号"也无妨
代码,名称,类型,上级,别名,业务条线
360703000000,南康分局,分局,,区公安局,
360703010000,指挥中心,指挥中心,南康分局,,
360703020000,督察大队,督察,南康分局,督察,
360703030000,信访科,信访,南康分局,,
360703040000,信箱专班,科室,南康分局,,
360703130000,交管大队,大队,南康分局,交警大队|交警,交管
360703130100,一中队,大队,交管大队,,
360703510000,金鸡派出所,派出所,南康分局,金鸡所,
360703520000,唐江派出所,派出所,南康分局,唐江所,
"""
GAZETTEER = """\
地名,级别,管辖单位,所在乡镇,别名,区划代码,范围
南康区,区县,南康分局,,,360703,
东山街道,乡镇街道,金鸡派出所,南康区,东山,360703002,
唐江镇,乡镇街道,唐江所,南康区,唐江,360703100,
金鸡社区,社区,金鸡派出所,东山街道,金鸡,360703002003,
新建村,村,唐江派出所,唐江镇,,,
"""
TAXONOMY = """\
categories:
  - name: 交通管理
    definition: 违停和拥堵
    line: 交管
    host: line
  - name: 治安
    definition: 打架等
"""
POLICY = """\
confidence:
  category: 0.9
rows:
  - name: 信箱
    channels: [mailbox]
    sign: 10分钟
    feedback: 4天
    remind: {feedback: 1天}
  - name: 其他
    finish: 15个工作日
settings:
  casework: {extension_days: 30}
"""
DANGER = """\
phrases:
  - kind: 扬言
    words: [扬言报复]
    patterns: ["喝.{0,3}农药"]
    unless: [果园]
negations: [去年]
"""
RULES = """\
rules:
  - name: 出租车
    words: [出租车]
    categories: [交通管理]
    host: 交管大队
    reason: 牵头处理
    valid_from: 2026-10-01
"""
BUREAU = """\
name: 南康分局
code: "360703000000"
area_code: 360703
command_centre: 指挥中心
inspection: 督察
petition_office: 信访科
mailbox_team: "360703040000"
chief: [欧阳砚秋]
"""
STAFF = "姓名,单位,警号,职务\n匡砚田,金鸡所,379273,所长\n"
UNIT_CODES = "外部代码,单位\n362122510000,唐江所\n"

SOUND = {
    "bureau.yaml": BUREAU,
    "units.csv": UNITS,
    "gazetteer.csv": GAZETTEER,
    "taxonomy.yaml": TAXONOMY,
    "policy.yaml": POLICY,
    "danger.yaml": DANGER,
    "rules.yaml": RULES,
    "staff.csv": STAFF,
    "unit_codes.csv": UNIT_CODES,
}


def files(**changed: str | None) -> dict[str, bytes]:
    """The sound bureau with some files changed; `units_csv="…"` stands for units.csv, None takes a file away."""
    texts: dict[str, str | None] = dict(SOUND)
    for name, text in changed.items():
        stem, _, suffix = name.rpartition("_")
        texts[f"{stem}.{suffix}"] = text
    return {name: text.encode() for name, text in texts.items() if text is not None}


def problems(**changed: str | None) -> list[str]:
    with pytest.raises(BureauError) as caught:
        parse_bureau(files(**changed))
    return caught.value.problems


def test_a_sound_bureau_says_what_its_files_say() -> None:
    bureau = parse_bureau(files())
    assert bureau.units["360703130000"].aliases == ("交警大队", "交警")
    assert bureau.units["360703130100"].parent == "360703130000"
    assert bureau.line_units == {"交管": "360703130000"}
    assert [place.unit for place in bureau.places if place.name == "金鸡社区"] == ["360703510000"]
    assert bureau.policy.category_confidence == 0.9
    assert bureau.policy.unit_confidence == 0.95
    mailbox = bureau.policy.rows[0]
    assert mailbox.feedback == Within("natural", timedelta(days=4), 0, timedelta(days=1))
    assert bureau.policy.rows[1].finish == Within("working", working_days=15)
    assert bureau.policy.settings == {"casework": {"extension_days": 30}}
    assert [(phrase.pattern, phrase.regex) for phrase in bureau.danger] == [("扬言报复", False), ("喝.{0,3}农药", True)]
    assert {phrase.unless for phrase in bureau.danger} == {("果园",)}
    assert bureau.rules[0].host == "360703130000"
    assert bureau.rules[0].valid_from == date(2026, 10, 1)
    assert bureau.staff[0].unit == "360703510000"
    assert bureau.unit_codes == {"362122510000": "360703520000"}
    assert bureau.chief == ("欧阳砚秋",)
    assert bureau.area_code == "360703"


def test_versions_are_the_hashes_of_the_files() -> None:
    given = files()
    bureau = parse_bureau(given | {"notes.yaml": b"anything"})
    assert bureau.versions == {name: sha256(content).hexdigest() for name, content in sorted(given.items())}


def test_optional_files_may_be_absent() -> None:
    bureau = parse_bureau(files(staff_csv=None, rules_yaml=None, unit_codes_csv=None))
    assert bureau.staff == ()
    assert bureau.rules == ()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_tables_as_wps_and_excel_save_them(encoding: str, newline: str, delimiter: str) -> None:
    saved = UNITS.replace(",", delimiter).replace("\n", newline).encode(encoding)
    assert parse_bureau(files() | {"units.csv": saved}).units == parse_bureau(files()).units


def test_english_headings_and_words_mean_the_same() -> None:
    units = UNITS.replace("代码,名称,类型,上级,别名,业务条线", "code,name,kind,parent,aliases,lines")
    units = units.replace(",派出所,", ",station,")
    assert parse_bureau(files(units_csv=units)).units == parse_bureau(files()).units


UNSOUND = [
    ("units_csv", UNITS.replace("代码,名称,类型", "代码,名字,类型"), "units.csv:2: unknown column “名字”"),
    ("units_csv", UNITS.replace("代码,名称,类型", "代码,名字,类型"), "units.csv:2: column “名称” is missing"),
    ("units_csv", UNITS.replace("360703520000", "360703510000"), "units.csv:11: code “360703510000” of “唐江派出所” stands already on line 10"),
    ("units_csv", UNITS.replace(",唐江派出所,", ",金鸡派出所,"), "units.csv:11: name “金鸡派出所” of “金鸡派出所” also means “金鸡派出所” on line 10"),
    ("units_csv", UNITS.replace(",唐江所,", ",唐江所|金鸡所,"), "units.csv:11: alias “金鸡所” of “唐江派出所” also means “金鸡派出所” on line 10"),
    ("units_csv", UNITS.replace("360703520000", "36070352000"), "units.csv:11: code “36070352000” is no 12-digit unit code; it has 11 characters"),
    ("units_csv", UNITS.replace("360703520000", "3.60704E+11"), "units.csv:11: code “3.60704E+11” is no 12-digit unit code; Excel has rounded it"),
    ("units_csv", UNITS.replace("大队,交管大队,", "大队,交管大对,"), "units.csv:9: parent names an unknown unit “交管大对” (did you mean “交管大队”?)"),
    ("units_csv", UNITS.replace("交管大队,大队,南康分局", "交管大队,大队,一中队"), "units.csv:8: the superiors (上级) run in a circle: 交管大队 → 一中队 → 交管大队"),
    ("units_csv", UNITS.replace("信访科,信访,南康分局", "信访科,信访,"), "units.csv:6: unit “信访科” has no superior"),
    ("units_csv", UNITS.replace(",督察,南康分局", ",督查,南康分局"), "units.csv:5: kind “督查” is not known (did you mean “督察”?)"),
    ("units_csv", UNITS + "360703530000,横市所,派出所,南康分局,,,,多了一格\n", "units.csv:12: the row has 8 cells, the heading 6"),
    ("units_csv", UNITS + '360703530000,"横市所,派出所,南康分局\n', "units.csv:12: the row cannot be read"),
    ("units_csv", "", "units.csv:1: the file has no heading row"),
    ("gazetteer_csv", GAZETTEER.replace("唐江派出所,唐江镇", "唐江派处所,唐江镇"), "gazetteer.csv:6: unit names an unknown unit “唐江派处所” (did you mean “唐江派出所”?)"),
    ("gazetteer_csv", GAZETTEER + "新建村,村,金鸡所,唐江镇,,,\n", "gazetteer.csv:7: “新建村” means both “新建村” (line 6) and “新建村” in “唐江镇”"),
    ("gazetteer_csv", GAZETTEER + "新村,村,金鸡所,唐江镇,新建村,,\n", "gazetteer.csv:7: “新建村” means both “新建村” (line 6) and “新村” in “唐江镇”"),
    ("gazetteer_csv", GAZETTEER + "新田村,村,金鸡所,唐缸镇,,,\n", "gazetteer.csv:7: “新田村” lies in an unknown town “唐缸镇” (did you mean “唐江镇”?)"),
    ("gazetteer_csv", GAZETTEER + "新田村,村,金鸡所,,,,\n", "gazetteer.csv:7: “新田村” lies nowhere"),
    ("gazetteer_csv", GAZETTEER + "新田村,村,金鸡所,唐江镇,,36070,\n", "gazetteer.csv:7: place code “36070” of “新田村” is not 6, 9 or 12 digits"),
    ("gazetteer_csv", GAZETTEER + "新田村,村,金鸡所,唐江镇,,360703100,\n", "gazetteer.csv:7: place code “360703100” of “新田村” stands already on line 4"),
    ("gazetteer_csv", GAZETTEER + "新田村,村,金鸡所,唐江镇,,,POLYGON(一二三)\n", "gazetteer.csv:7: the outline of “新田村” is no WKT"),
    ("gazetteer_csv", GAZETTEER + "新田村,村,金鸡所,唐江镇,,,POINT(114 25)\n", "gazetteer.csv:7: the outline of “新田村” is a Point"),
    ("gazetteer_csv", GAZETTEER + '新田村,村,金鸡所,唐江镇,,,"POLYGON((114 25,115 26,115 25,114 26,114 25))"\n', "gazetteer.csv:7: the outline of “新田村” crosses itself"),
    ("gazetteer_csv", GAZETTEER + '新田村,村,金鸡所,唐江镇,,,"POLYGON((25 114,26 114,26 115,25 114))"\n', "gazetteer.csv:7: the outline of “新田村” lies outside China; write longitude first"),
    ("taxonomy_yaml", TAXONOMY.replace("line: 交管", "line: 交通"), "taxonomy.yaml:4: no unit answers for the business line “交通”"),
    ("taxonomy_yaml", TAXONOMY.replace("definition: 打", "define: 打"), "taxonomy.yaml:7: unknown field “define” (did you mean “definition”?)"),
    ("taxonomy_yaml", TAXONOMY.replace("治安", "交通管理"), "taxonomy.yaml:6: category “交通管理” stands twice"),
    ("taxonomy_yaml", TAXONOMY.replace("host: line", "host: lines"), "taxonomy.yaml:5: host “lines” is not known (did you mean “line”?)"),
    ("taxonomy_yaml", TAXONOMY + "    police: 大概\n", "taxonomy.yaml:8: police is “大概”; write true (是) or false (否)"),
    ("taxonomy_yaml", TAXONOMY + "    definition: 再说一遍\n", "taxonomy.yaml:8: the file cannot be read here: found duplicate key"),
    ("taxonomy_yaml", TAXONOMY + "  - [一\n", "taxonomy.yaml:9: the file cannot be read here"),
    ("taxonomy_yaml", "- 一\n", "taxonomy.yaml:1: the file holds no fields"),
    ("taxonomy_yaml", "categories: []\n", "taxonomy.yaml:1: there is no category"),
    ("policy_yaml", POLICY.replace("    finish: 15", "    kinds: [投诉]\n    finish: 15"), "policy.yaml:9: there is no default row"),
    ("policy_yaml", POLICY.replace("    channels: [mailbox]\n", ""), "policy.yaml:4: policy row “信箱” matches everything, so the rows from line 8 on never count"),
    ("policy_yaml", POLICY.replace("mailbox", "mailbx"), "policy.yaml:5: unknown channel “mailbx” (did you mean “mailbox”?)"),
    ("policy_yaml", POLICY.replace("channels: [mailbox]", "kinds: [抱怨]"), "policy.yaml:5: unknown kind “抱怨”"),
    ("policy_yaml", POLICY.replace("10分钟", "十分钟"), "policy.yaml:6: sign “十分钟” is no time limit that can stand here; write a number and a unit"),
    ("policy_yaml", POLICY.replace("{feedback: 1天}", "{feedback: 1个工作日}"), "policy.yaml:8: feedback “1个工作日” is no time limit"),
    ("policy_yaml", POLICY.replace("{feedback: 1天}", "{feedback: 4天}"), "policy.yaml:7: the reminder before feedback is not shorter"),
    ("policy_yaml", POLICY.replace("{feedback: 1天}", "{contact: 1天}"), "policy.yaml:8: a reminder before contact, but the row sets no contact"),
    ("policy_yaml", POLICY.replace("0.9", "95"), "policy.yaml:2: category “95” is no share"),
    ("policy_yaml", "confidence: {}\n", "policy.yaml:1: there is no default row"),
    ("danger_yaml", DANGER.replace("喝.{0,3}农药", "喝(农药"), "danger.yaml:4: pattern “喝(农药” is no regular expression"),
    ("danger_yaml", DANGER.replace("喝.{0,3}农药", "农?药?"), "danger.yaml:4: pattern “农?药?” matches an empty letter"),
    ("danger_yaml", DANGER.replace("words: [扬言报复]", "words: [扬言报复, 扬言报复]"), "danger.yaml:3: words lists “扬言报复” twice"),
    ("danger_yaml", "negations: [去年]\n", "danger.yaml:1: there is no danger phrase"),
    ("rules_yaml", RULES.replace("host: 交管大队", "host: 交惊大队"), "rules.yaml:5: host names an unknown unit “交惊大队” (did you mean “交警大队”?)"),
    ("rules_yaml", RULES.replace("[交通管理]", "[交通]"), "rules.yaml:4: unknown category “交通”"),
    ("rules_yaml", RULES + "    places: [唐缸镇]\n", "rules.yaml:8: unknown place “唐缸镇” (did you mean “唐江镇”?)"),
    ("rules_yaml", RULES.replace("2026-10-01", "2026-13-01"), "rules.yaml:7: valid_from “2026-13-01” is no date"),
    ("rules_yaml", RULES + "    valid_to: 2026-09-30\n", "rules.yaml:8: rule “出租车” ends on 2026-09-30, before it starts on 2026-10-01"),
    ("rules_yaml", "rules:\n  - {name: 全部, host: 交管大队, reason: 无}\n", "rules.yaml:2: rule “全部” has no condition"),
    ("rules_yaml", "rules:\n  - 出租车\n", "rules.yaml:2: “出租车” in rules has no fields"),
    ("staff_csv", STAFF + "邬望舒,唐江所,379273,民警\n", "staff.csv:3: badge number “379273” stands already on line 2"),
    ("staff_csv", STAFF + "邬望舒,横市所,379280,民警\n", "staff.csv:3: unit names an unknown unit “横市所”"),
    ("unit_codes_csv", UNIT_CODES + "360703510000,唐江所\n", "unit_codes.csv:3: foreign code “360703510000” is our own code of “金鸡派出所”"),
    ("bureau_yaml", BUREAU.replace("inspection: 督察\n", ""), "bureau.yaml:1: inspection is empty; fill it in"),
    ("bureau_yaml", BUREAU.replace("360703000000", "360703990000"), "bureau.yaml:2: the bureau's own code “360703990000” is not in units.csv"),
    ("bureau_yaml", BUREAU.replace("area_code: 360703", "area_code: 36070"), "bureau.yaml:3: area code “36070” is not 6 digits"),
    ("bureau_yaml", None, "bureau.yaml:0: the file is missing"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "expected"), UNSOUND, ids=[expected[:60] for _, _, expected in UNSOUND])
def test_each_fault_is_named_by_file_line_and_remedy(name: str, text: str | None, expected: str) -> None:
    found = problems(**{name: text})
    assert any(problem.startswith(expected) for problem in found), found
    assert all("; " in problem for problem in found), found


def test_one_fault_is_told_once_and_does_not_drag_others_in() -> None:
    assert len(problems(units_csv=UNITS.replace("360703510000", "3.60704E+11"))) == 1
    assert len(problems(taxonomy_yaml="categories: [\n")) == 1
    assert len(problems(units_csv=UNITS.replace("交管大队,大队,南康分局", "交管大队,大队,一中队"))) == 1


def test_all_faults_of_all_files_come_together_in_order() -> None:
    found = problems(
        units_csv=UNITS.replace(",督察,南康分局", ",督查,南康分局"),
        danger_yaml=DANGER.replace("喝.{0,3}农药", "喝(农药"),
        staff_csv=STAFF + "邬望舒,横市所,379280,民警\n",
    )
    assert [problem.split(":")[0] for problem in found] == ["danger.yaml", "staff.csv", "units.csv"]


def outlined(town: str, unit: str, west: float, level: str = "乡镇街道", within: str = "南康区") -> str:
    east = west + 0.2
    wkt = f"POLYGON(({west} 25.6, {east} 25.6, {east} 25.8, {west} 25.8, {west} 25.6))"
    return f'{town},{level},{unit},{within},,,"{wkt}"\n'


def test_overlapping_areas_of_two_units_are_refused() -> None:
    found = problems(gazetteer_csv=GAZETTEER + outlined("甲镇", "金鸡所", 114.0) + outlined("乙镇", "唐江所", 114.1))
    assert found == [
        "gazetteer.csv:8: the outlines of “甲镇” (line 7) and “乙镇” overlap though “金鸡派出所” and “唐江派出所” answer for"
        " them; redraw their border"
    ]


def test_areas_may_touch_share_a_unit_or_lie_within_one_another() -> None:
    touching = outlined("甲镇", "金鸡所", 114.0) + outlined("乙镇", "唐江所", 114.2)
    same_unit = outlined("丙镇", "唐江所", 114.3)
    nested = outlined("丁社区", "唐江所", 114.0, "社区", "甲镇")
    parse_bureau(files(gazetteer_csv=GAZETTEER + touching + same_unit + nested))


def test_a_name_may_stand_in_two_towns() -> None:
    bureau = parse_bureau(files(gazetteer_csv=GAZETTEER + "新建村,村,金鸡所,东山街道,,,\n"))
    assert [place.within for place in bureau.places if place.name == "新建村"] == ["唐江镇", "东山街道"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (UNITS.encode("utf-16"), "units.csv:1: the file is UTF-16"),
        (b"PK\x03\x04rest", "units.csv:1: the file is a workbook"),
        (b"\xff\xff\xff\xff\x80", "units.csv:1: the file is neither UTF-8 nor GB18030"),
        (UNITS.replace("唐江派", "唐\0江派").encode(), "units.csv:11: the line holds a control character (U+0000)"),
    ],
)
def test_a_file_in_another_form_says_how_to_save_it(content: bytes, expected: str) -> None:
    with pytest.raises(BureauError) as caught:
        parse_bureau(files() | {"units.csv": content})
    assert len(caught.value.problems) == 1
    assert caught.value.problems[0].startswith(expected)


ODD = [
    b"|",
    b",",
    b'"',
    b"\n",
    b"[",
    b"{",
    b": ",
    b"- ",
    b"#",
    b"!!set x",
    b"*a",
    b"<<: *a",
    b"? [",
    b"\xff",
    b"\x0b",
    b"\xe2\x80\xa8",
]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(sorted(SOUND)),
    st.integers(0, 2000),
    st.integers(0, 40),
    st.sampled_from(ODD) | st.binary(max_size=3),
)
def test_whatever_stands_in_a_file_is_a_bureau_or_a_list_of_problems(name: str, at: int, cut: int, odd: bytes) -> None:
    changed = files()
    at %= len(changed[name])
    changed[name] = changed[name][:at] + odd + changed[name][at + cut :]
    found = None
    try:
        parse_bureau(changed)
    except BureauError as error:
        found = error.problems
    assert found != []
    for problem in found or ():
        assert re.match(r"[a-z_]+\.(csv|yaml):[0-9]+: .+; ", problem), problem


def test_a_missing_file_names_the_one_that_was_meant(tmp_path: Path) -> None:
    for name, content in files(units_csv=None).items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "unit.csv").write_bytes(UNITS.encode())
    (tmp_path / "samples").mkdir()
    with pytest.raises(BureauError) as caught:
        read_bureau(tmp_path)
    assert caught.value.problems == [
        "units.csv:0: the file is missing (did you mean “unit.csv”?); copy it from bureaus/nankang and adapt it"
    ]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BureauError, match="there is no such folder"):
        read_bureau(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("text", "within"),
    [
        ("10分钟", Within("natural", timedelta(minutes=10))),
        ("4 小时", Within("natural", timedelta(hours=4))),
        ("4天", Within("natural", timedelta(days=4))),
        ("15个自然日", Within("natural", timedelta(days=15))),
        ("5个工作日", Within("working", working_days=5)),
        ("30 minutes", Within("natural", timedelta(minutes=30))),
        ("5 working days", Within("working", working_days=5)),
    ],
)
def test_time_limits_as_officials_write_them(text: str, within: Within) -> None:
    assert parse_within(text) == within


@pytest.mark.parametrize("text", ["", "0天", "99999999999天", "4", "天", "-1天", "半天", "4天左右"])
def test_time_limits_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"^"):
        parse_within(text)
