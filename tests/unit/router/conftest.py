"""An invented bureau, as values: 临江市公安局青溪分局 with seven stations, its squads, staff and places."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

import pytest

from letters.bureau import (
    Bureau,
    Category,
    DangerPhrase,
    Place,
    Policy,
    PolicyRow,
    Rule,
    StaffMember,
    Unit,
    UnitKind,
)
from letters.clock import SHANGHAI
from letters.ids import letter_id
from letters.messages import HeadLabel, Label, Letter
from router import Router

AT = datetime(2026, 11, 22, 9, 30, tzinfo=SHANGHAI)

ROOT, COMMAND, INSPECTION, PETITION, MAILBOX = (f"3699030{n}0000" for n in range(5))
TRAFFIC, TRAFFIC_ONE, VEHICLES = "369903130000", "369903130100", "369903130700"
CRIME, ORDER, HOUSEHOLD, DRUGS, NET, BORDER, LAW, JAIL = (f"3699034{n}0000" for n in range(8))
STATIONS = {name: f"3699035{n}0000" for n, name in enumerate(("金鸡", "云桥", "龙潭", "东山", "三江", "白石", "城南"))}


def _unit(code: str, name: str, kind: UnitKind, *lines: str, parent: str | None = ROOT, **more: object) -> Unit:
    return Unit(code=code, name=name, kind=kind, parent=parent, lines=lines, **more)  # type: ignore[arg-type]


UNITS = (
    _unit(ROOT, "临江市公安局青溪分局", "bureau", parent="369900000000", aliases=("青溪分局", "青溪区公安局")),
    _unit(COMMAND, "指挥中心", "command", "指挥"),
    _unit(INSPECTION, "督察大队", "inspection", "督察", aliases=("督察",)),
    _unit(PETITION, "信访科", "petition", "信访"),
    _unit(MAILBOX, "局长信箱专班", "section", "信箱"),
    _unit(TRAFFIC, "交通警察大队", "squad", "交管", aliases=("交警", "交警大队")),
    _unit(TRAFFIC_ONE, "交警大队一中队", "squad", parent=TRAFFIC, aliases=("城区中队",)),
    _unit(VEHICLES, "车辆管理所", "squad", "车驾管", parent=TRAFFIC),
    _unit(CRIME, "刑侦大队", "squad", "刑侦"),
    _unit(ORDER, "治安大队", "squad", "治安"),
    _unit(HOUSEHOLD, "户政科", "section", "户政", parent=ORDER),
    _unit(DRUGS, "禁毒大队", "squad", "禁毒"),
    _unit(NET, "网安大队", "squad", "网安"),
    _unit(BORDER, "出入境管理大队", "squad", "出入境"),
    _unit(LAW, "法制大队", "squad", "法制"),
    _unit(JAIL, "看守所", "section"),
    *(_unit(code, f"{name}派出所", "station") for name, code in STATIONS.items()),
    _unit("369900000000", "临江市公安局", "external", parent=None, aliases=("市公安局", "市局")),
)

PLACES = (
    Place("青溪区", "district", ROOT, aliases=("青溪",), code="369903"),
    *(
        Place(f"{name}镇", "town", STATIONS[name], "青溪区", (name,), f"36990310{n}")
        for n, name in enumerate(("金鸡", "云桥", "龙潭", "东山", "三江", "白石"))
    ),
    Place("城南街道", "town", STATIONS["城南"], "青溪区", ("城南",), "369903001"),
    Place("新民村", "village", STATIONS["金鸡"], "金鸡镇", code="369903100201"),
    Place("新民村", "village", STATIONS["云桥"], "云桥镇", code="369903101201"),
    Place("太平村", "village", STATIONS["龙潭"], "龙潭镇"),
    Place("荷塘社区", "community", STATIONS["城南"], "城南街道"),
    Place("迎宾大道", "road", STATIONS["城南"], "城南街道"),
    Place("迎宾大道", "road", STATIONS["东山"], "东山镇"),
    Place("木器城", "landmark", STATIONS["城南"], "城南街道", ("木器大市场",)),
)

CATEGORIES = (
    Category("户政", "户口、身份证", "户政", "place", ("户政",)),
    Category("治安", "打架、赌博", "治安", "place"),
    Category("噪音扰民", "生活噪声", "治安", "place"),
    Category("交通管理", "违停、拥堵", "交管", "line"),
    Category("飙车炸街", "夜间飙车", "交管", "line", ("治安", "属地")),
    Category("刑事案件", "抢劫、盗窃", "刑侦", "line"),
    Category("接处警投诉", "出警慢", "督察", "inspection", complaint=True),
    Category("队伍作风投诉", "态度", "督察", "inspection", complaint=True),
    Category("感谢表扬", "感谢", None, "desk"),
    Category("非警务事项", "供水供电", None, "desk", police=False),
)

DANGER = (
    *(DangerPhrase(word, "轻生自杀") for word in ("轻生", "跳楼", "割腕", "不想活了", "活不下去了", "遗书")),
    DangerPhrase("自杀", "轻生自杀"),
    *(DangerPhrase(word, "扬言报复") for word in ("扬言报复", "同归于尽", "报复社会", "血洗")),
    DangerPhrase("扬言.{0,12}(报复|杀|砍|炸|烧)", "扬言报复", regex=True),
    *(DangerPhrase(word, "杀人伤害") for word in ("持刀", "砍人", "杀人", "杀了他", "开枪")),
    *(DangerPhrase(word, "爆炸纵火") for word in ("炸药", "爆炸", "纵火", "自焚")),
    *(DangerPhrase(word, "现行警情") for word in ("正在打架", "正在抢劫", "救命", "正在家暴")),
    DangerPhrase("(孩子|小孩|儿子|女儿|孙子).{0,6}(走丢|走失|不见了|失踪)", "走失", regex=True),
)
NEGATIONS = (
    *("去年", "前年", "年前", "曾经", "已处理", "已抓获", "已找到", "谣言", "辟谣", "演练", "电影", "游戏"),
    *("预防", "防止", "宣传", "消除", "案例"),
)

STAFF = (
    StaffMember("佘乐山", STATIONS["金鸡"], "379588", "民警"),
    StaffMember("匡望舒", STATIONS["金鸡"], "379581", "所长"),
    StaffMember("茅春和", STATIONS["云桥"], "379301", "所长"),
    StaffMember("谢景行", TRAFFIC, "379133", "大队长"),
    StaffMember("褚听澜", INSPECTION, "379014", "大队长"),
)

RULES = (
    Rule("出租车纠纷", TRAFFIC, "出租车纠纷由交警大队牵头", ("交通管理", "治安"), ("出租车", "的士")),
    Rule(
        "展会秩序",
        TRAFFIC_ONE,
        "展会期间由一中队驻点",
        (),
        (),
        ("木器城",),
        (),
        (STATIONS["城南"],),
        date(2026, 11, 1),
        date(2026, 11, 30),
    ),
)


@pytest.fixture(scope="session")
def bureau() -> Bureau:
    return Bureau(
        name="临江市公安局青溪分局",
        code=ROOT,
        area_code="369903",
        command_centre=COMMAND,
        inspection=INSPECTION,
        petition_office=PETITION,
        mailbox_team=MAILBOX,
        units={unit.code: unit for unit in UNITS},
        categories=CATEGORIES,
        places=PLACES,
        policy=Policy((PolicyRow("全部"),), 0.95, 0.95),
        danger=DANGER,
        danger_negations=NEGATIONS,
        staff=STAFF,
        rules=RULES,
        chief=("欧阳砚秋",),
        unit_codes={"362122130000": TRAFFIC},
        versions={"units.csv": "a1", "danger.yaml": "b2"},
    )


@pytest.fixture(scope="session")
def router(bureau: Bureau) -> Router:
    return Router(bureau)


@pytest.fixture(scope="session")
def write() -> Callable[..., Letter]:
    """A letter with this body, everything else as ordinary as can be."""

    def make(body: str = "您好", *, channel: str = "mailbox", kind: str = "求助", **more: object) -> Letter:
        source = str(more.pop("source_id", "1"))
        return Letter(
            letter_id=letter_id(channel, source),
            channel=channel,
            source_id=source,
            kind=kind,
            body=body,
            arrived_at=AT,
            received_at=AT,
            **more,
        )  # type: ignore[arg-type]

    return make


@pytest.fixture(scope="session")
def label() -> Callable[..., Label]:
    """What a classifier says: a category and a unit, each (label, confidence), accepted from 0.95 on."""

    def head(said: tuple[str, float] | None, others: tuple[tuple[str, float], ...]) -> HeadLabel | None:
        if said is None:
            return None
        alternatives = [{"label": name, "confidence": share} for name, share in (said, *others)]
        return HeadLabel(label=said[0], confidence=said[1], accepted=said[1] >= 0.95, alternatives=alternatives)  # type: ignore[arg-type]

    def make(
        category: tuple[str, float] | None = None,
        unit: tuple[str, float] | None = None,
        others: tuple[tuple[str, float], ...] = (),
    ) -> Label:
        return Label(letter_id=letter_id("mailbox", "1"), category=head(category, others), unit=head(unit, ()))

    return make
