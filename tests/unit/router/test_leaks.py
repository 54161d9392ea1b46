"""Over random letters, labels and directories: no decision ever names a unit that must not learn of the letter."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from letters.bureau import Bureau, Unit
from letters.clock import SHANGHAI
from letters.decisions import Decision
from letters.ids import letter_id
from letters.messages import Accused, Alternative, HeadLabel, Label, Letter, NamedCode, Place
from router import Earlier, Router

AT = datetime(2026, 11, 22, 9, 30, tzinfo=SHANGHAI)
ROOT = "369903000000"
FRAGMENTS = (
    "金鸡派出所",
    "云桥所",
    "交警大队",
    "交警一中队",
    "户籍科",
    "督察大队",
    "指挥中心",
    "信访科",
    "派出所",
    "民警",
    "你们所",
    "该所",
    "青溪分局",
    "佘乐山",
    "欧阳砚秋",
    "王所长",
    "投诉",
    "举报",
    "请",
    "感谢",
    "对",
    "向",
    "被",
    "推诿",
    "不作为",
    "态度恶劣",
    "不立案",
    "打人",
    "收钱",
    "邻居",
    "物业",
    "帮忙",
    "附近",
    "有人要跳楼",
    "去年",
    "，",
    "。",
    "\n",
    "金鸡镇",
    "云桥镇",
    "新民村",
    "不是在",
    "的",
    "没有",
)


@st.composite
def bureaus(draw: st.DrawFn, base: Bureau) -> Bureau:
    """The bureau with some units moved under others, and with overseers drawn anew; always a tree."""
    codes = [code for code, unit in base.units.items() if unit.kind != "external"]
    units: dict[str, Unit] = dict(base.units)
    for rank, code in enumerate(codes[1:], 1):
        parent = draw(st.sampled_from(codes[:rank]))
        supervisor = draw(st.sampled_from([None, None, *codes]))
        units[code] = replace(units[code], parent=parent, supervisor=supervisor)
    pick = st.sampled_from(codes)
    return replace(base, units=units, inspection=draw(pick), command_centre=draw(pick), petition_office=draw(pick))


def letters(codes: list[str]) -> st.SearchStrategy[Letter]:
    words = st.lists(st.sampled_from(FRAGMENTS), max_size=12).map("".join)
    name = st.none() | st.sampled_from([f for f in FRAGMENTS if len(f) > 2])
    accused = st.builds(
        Accused,
        unit_code=st.none() | st.sampled_from(codes),
        unit_name=name,
        person=name,
        badge_no=st.none() | st.sampled_from(["379588", "1"]),
    )
    return st.builds(
        Letter,
        letter_id=st.just(letter_id("mailbox", "1")),
        source_id=st.just("1"),
        channel=st.sampled_from(["110", "12345", "12389", "petition", "mailbox"]),
        kind=st.sampled_from(["求助", "咨询", "投诉", "举报", "建议", "感谢", "报警", "其他"]),
        title=words,
        body=words,
        arrived_at=st.just(AT),
        received_at=st.just(AT),
        place=st.builds(Place, text=words, area_code=st.none() | st.sampled_from(["369903", "369903100"])),
        accused=st.lists(accused, max_size=2).map(tuple),
        avoid=st.lists(st.sampled_from(FRAGMENTS), max_size=1).map(tuple),
        suggested_unit=st.none() | st.builds(NamedCode, code=st.none() | st.sampled_from(codes), name=name),
        threat=st.none() | st.sampled_from(["无", "扬言"]),
    )


def labels(categories: list[str], units: list[str]) -> st.SearchStrategy[Label]:
    def head(names: list[str]) -> st.SearchStrategy[HeadLabel]:
        share = st.floats(0, 1)
        return st.builds(
            HeadLabel,
            label=st.sampled_from(names),
            confidence=share,
            accepted=st.booleans(),
            alternatives=st.lists(
                st.builds(Alternative, label=st.sampled_from(names), confidence=share), max_size=3
            ).map(tuple),
        )

    return st.builds(
        Label,
        letter_id=st.just(letter_id("mailbox", "1")),
        category=st.none() | head(categories),
        unit=st.none() | head(units),
    )


def told(decision: Decision) -> list[str]:
    """Every unit that a decision names as one to learn of the letter."""
    host = [decision.host.code] if decision.host else []
    return [*host, *(unit.code for unit in decision.co_units), *(c.label for c in decision.candidates)]


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_decision_names_a_recused_unit(data: st.DataObject, bureau: Bureau) -> None:
    drawn = data.draw(bureaus(bureau)) if data.draw(st.booleans()) else bureau
    codes = [code for code, unit in drawn.units.items() if unit.kind != "external"]
    router = Router(drawn)
    letter = data.draw(letters(codes))
    label = data.draw(
        st.none() | labels([*drawn.category, "没有的类别"], [*codes, *(u.name for u in drawn.units.values()), "教育局"])
    )
    earlier = data.draw(
        st.none()
        | st.builds(
            Earlier,
            letter_id=st.just(UUID(int=1)),
            decision_id=st.just(UUID(int=2)),
            host=st.sampled_from(codes),
            co_units=st.lists(st.sampled_from(codes), max_size=2).map(tuple),
            excluded=st.lists(st.sampled_from(codes), max_size=2).map(tuple),
            by=st.sampled_from(["source", "text"]),
            open=st.booleans(),
        )
    )
    decision = router.decide(letter, label, at=AT, earlier=earlier, writer_known=data.draw(st.booleans()))

    named_by_code = {below for a in letter.accused if a.unit_code for below in drawn.under(a.unit_code)}
    hidden_before = {below for code in (earlier.excluded if earlier else ()) for below in drawn.under(code)}
    for code in told(decision):
        assert router.may_reach(code, decision.recusal)
        assert router.may_reach(code, router.recusal(letter))
        assert code not in named_by_code
        assert code not in hidden_before
        assert drawn.units[code].kind not in ("bureau", "external")
    if decision.outcome in ("dispatched", "merged"):
        assert decision.host is not None
    assert decision.host is None or decision.host not in decision.co_units
    assert decision.trail[-1].fired
    assert not any(step.fired for step in decision.trail[:-1])
    assert all(step.reason for step in decision.trail)
    again = Router(drawn).decide(letter, label, at=AT, earlier=earlier)
    assert again.versions == decision.versions


LIKELY = st.sampled_from("金鸡派出所民警投诉交通大队的不推诿跳楼，。\n 0１岀\u200b𠮷（")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.text(
        alphabet=st.sampled_from("金鸡派出所民警投诉交通大队的不推诿跳楼，。\n 0１岀\u200b𠮷（") | st.characters(),
        max_size=60,
    )
)
def test_any_text_at_all_is_decided_and_decided_alike(text: str, router: Router) -> None:
    letter = Letter(
        letter_id=letter_id("mailbox", "1"),
        channel="mailbox",
        source_id="1",
        kind="其他",
        title=text[:7],
        body=text,
        arrived_at=AT,
        received_at=AT,
    )
    one, two = (router.decide(letter, None, at=AT) for _ in range(2))
    assert one.model_dump_json() == two.model_dump_json()
