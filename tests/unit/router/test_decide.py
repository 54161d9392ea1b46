"""The order of the rules, what each decision says, and that it says it again byte for byte."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import NAMESPACE_URL, UUID, uuid5

import pytest

from letters.bureau import Bureau
from letters.clock import SHANGHAI
from letters.decisions import Decision, decision_id
from letters.ids import letter_id
from letters.messages import Accused, Label, Letter, ModelRef, NamedCode, Place, Related
from router import Earlier, Router, likeness, same_matter
from router.engine import VERSION

AT = datetime(2026, 11, 22, 9, 30, tzinfo=SHANGHAI)
STATION, OTHER = "369903500000", "369903510000"
"""金鸡派出所 and 云桥派出所."""
TRAFFIC, INSPECTION, COMMAND, HOUSEHOLD, ORDER = (
    "369903130000",
    "369903020000",
    "369903010000",
    "369903420000",
    "369903410000",
)

Decide = Callable[..., Decision]


@pytest.fixture
def decide(router: Router) -> Decide:
    def of(letter: Letter, label: Label | None = None, **more: object) -> Decision:
        return router.decide(letter, label, at=AT, **more)  # type: ignore[arg-type]

    return of


def _host(decision: Decision) -> str | None:
    return decision.host.name if decision.host else None


def _co_units(decision: Decision) -> list[str]:
    return [unit.name for unit in decision.co_units]


# The order ----------------------------------------------------------------------------------------------------------


def test_danger_comes_before_everything(
    decide: Decide, write: Callable[..., Letter], label: Callable[..., Label]
) -> None:
    letter = write("有人要跳楼，金鸡派出所推诿", suggested_unit=NamedCode(code=STATION))
    decision = decide(letter, label(("治安", 0.99)))
    assert (decision.outcome, decision.rule, _host(decision)) == ("escalated", "danger", "指挥中心")
    assert decision.co_units == ()
    assert decision.danger is not None
    assert decision.recusal is not None
    assert len(decision.trail) == 1


def test_danger_in_a_complaint_about_the_command_centre_goes_above(
    decide: Decide, write: Callable[..., Letter]
) -> None:
    decision = decide(write("接警中心接警员态度恶劣，我要跳楼", accused=(Accused(unit_code=COMMAND),)))
    assert (decision.outcome, decision.host) == ("escalated", None)
    assert "上级处理" in decision.flags


def test_recusal_comes_before_the_unit_upstream_names(decide: Decide, write: Callable[..., Letter]) -> None:
    letter = write(
        "出警慢",
        channel="110",
        kind="投诉",
        accused=(Accused(unit_code=STATION),),
        suggested_unit=NamedCode(code=STATION),
    )
    decision = decide(letter)
    assert (decision.outcome, decision.rule, _host(decision)) == ("dispatched", "recusal", "督察大队")


def test_an_unsure_recusal_waits_with_overseers_as_candidates(
    decide: Decide, bureau: Bureau, write: Callable[..., Letter]
) -> None:
    decision = decide(write("派出所不出警", place=Place(text="金鸡镇")))
    assert (decision.outcome, decision.rule) == ("waiting", "recusal")
    assert [bureau.units[c.label].name for c in decision.candidates] == ["督察大队", "信访科"]


@pytest.mark.parametrize("accused", [INSPECTION, "369903000000"])
def test_a_complaint_about_the_overseer_goes_above(accused: str, decide: Decide, write: Callable[..., Letter]) -> None:
    for channel in ("12389", "mailbox"):
        decision = decide(write("情况反映", channel=channel, accused=(Accused(unit_code=accused),)))
        assert (decision.outcome, decision.host) == ("waiting", None)
        assert "上级处理" in decision.flags


def test_a_complaint_about_the_chief_goes_above(decide: Decide, write: Callable[..., Letter]) -> None:
    for letter in (write("欧阳砚秋收受贿赂", kind="举报"), write("见正文", accused=(Accused(person="欧阳砚秋"),))):
        decision = decide(letter)
        assert decision.outcome == "waiting"
        assert "上级处理" in decision.flags
        assert decision.candidates == ()


def test_misconduct_reports_always_go_to_inspection(decide: Decide, write: Callable[..., Letter]) -> None:
    for accused in (
        (),
        (Accused(unit_name="水东派出所"),),
        (Accused(unit_name="金鸡派出所"),),
        (Accused(unit_name="金基派出所"),),
    ):
        decision = decide(write("民警违纪", channel="12389", kind="举报", accused=accused))
        assert (decision.outcome, _host(decision)) == ("dispatched", "督察大队")


def test_a_complaint_about_police_elsewhere_waits_for_a_person(decide: Decide, write: Callable[..., Letter]) -> None:
    decision = decide(write("投诉大河县水东派出所民警推诿", place=Place(text="金鸡镇")))
    assert (decision.outcome, decision.rule, decision.recusal) == ("waiting", "outside_police", None)
    assert "外单位" in decision.flags
    assert any("水东派出所" in step.reason for step in decision.trail)


def test_upstreams_unit_comes_before_place_and_label(
    decide: Decide, write: Callable[..., Letter], label: Callable[..., Label]
) -> None:
    letter = write("有人打架", channel="110", suggested_unit=NamedCode(code=OTHER), place=Place(text="金鸡镇"))
    decision = decide(letter, label(("交通管理", 0.99)))
    assert (decision.rule, _host(decision)) == ("upstream_unit", "云桥派出所")


@pytest.mark.parametrize(
    "said",
    [
        NamedCode(code=TRAFFIC),
        NamedCode(code="362122130000"),
        NamedCode(name="交警大队"),
        NamedCode(code="9", name="交警"),
        NamedCode(name="交管大队"),
    ],
)
def test_upstreams_unit_is_known_by_code_foreign_code_name_and_alias(
    said: NamedCode, decide: Decide, write: Callable[..., Letter]
) -> None:
    assert _host(decide(write(channel="12345", suggested_unit=said))) == "交通警察大队"


@pytest.mark.parametrize(
    "said",
    [
        NamedCode(code="110105000000"),
        NamedCode(name="区城管局"),
        NamedCode(code="369903000000"),
        NamedCode(name="市公安局"),
    ],
)
def test_a_unit_that_cannot_work_on_it_is_passed_over(
    said: NamedCode, decide: Decide, write: Callable[..., Letter]
) -> None:
    decision = decide(write(channel="12345", suggested_unit=said))
    assert (decision.outcome, decision.rule) == ("waiting", "duty_desk")
    assert any(step.rule == "upstream_unit" and not step.fired and step.reason for step in decision.trail)


def test_a_bureaus_own_rule_comes_before_jurisdiction(
    decide: Decide, write: Callable[..., Letter], label: Callable[..., Label]
) -> None:
    decision = decide(write("金鸡镇的出租车司机拒载"), label(("治安", 0.99)))
    assert (decision.rule, _host(decision)) == ("bureau_rule", "交通警察大队")
    assert "出租车纠纷" in decision.reason


def test_a_bureaus_rule_with_dates_holds_only_on_those_days(router: Router, write: Callable[..., Letter]) -> None:
    letter = write("木器城门口停车混乱")
    inside, after = router.decide(letter, None, at=AT), router.decide(letter, None, at=AT + timedelta(days=10))
    assert (inside.rule, _co_units(inside)) == ("bureau_rule", ["城南派出所"])
    assert after.rule == "duty_desk"


@pytest.mark.parametrize(
    ("category", "host", "co_units"),
    [
        ("户政", "金鸡派出所", ["户政科"]),
        ("治安", "金鸡派出所", []),
        ("交通管理", "交通警察大队", []),
        ("飙车炸街", "交通警察大队", ["治安大队", "金鸡派出所"]),
    ],
)
def test_place_crossed_with_line_names_host_and_co_units(
    category: str,
    host: str,
    co_units: list[str],
    decide: Decide,
    write: Callable[..., Letter],
    label: Callable[..., Label],
) -> None:
    decision = decide(write("金鸡镇的事"), label((category, 0.97)))
    assert (decision.outcome, decision.rule, decision.category) == ("dispatched", "jurisdiction", category)
    assert (_host(decision), _co_units(decision)) == (host, co_units)


def test_an_ambiguous_place_waits_with_every_station_it_may_be(
    decide: Decide, bureau: Bureau, write: Callable[..., Letter], label: Callable[..., Label]
) -> None:
    decision = decide(write("新民村有人赌博"), label(("治安", 0.97)))
    assert decision.outcome == "waiting"
    assert {bureau.units[c.label].name for c in decision.candidates} == {"金鸡派出所", "云桥派出所"}


def test_matters_outside_the_remit_are_proposed_for_transfer(
    decide: Decide, write: Callable[..., Letter], label: Callable[..., Label]
) -> None:
    decision = decide(write("金鸡镇停水"), label(("非警务事项", 0.97)))
    assert (decision.outcome, decision.transfer, decision.host) == ("waiting", "12345", None)


def test_an_unsure_category_waits_even_when_the_place_is_known(
    decide: Decide, bureau: Bureau, write: Callable[..., Letter], label: Callable[..., Label]
) -> None:
    decision = decide(write("金鸡镇的事"), label(("交通管理", 0.5), None, (("治安", 0.3),)))
    assert (decision.outcome, decision.category) == ("waiting", None)
    assert [bureau.units[c.label].name for c in decision.candidates][:2] == ["交通警察大队", "金鸡派出所"]


def test_categories_that_agree_on_the_host_need_not_be_told_apart(
    decide: Decide, write: Callable[..., Letter], label: Callable[..., Label]
) -> None:
    decision = decide(write("金鸡镇的事"), label(("治安", 0.55), None, (("噪音扰民", 0.41),)))
    assert (decision.outcome, _host(decision), decision.category) == ("dispatched", "金鸡派出所", None)


def test_the_classifiers_unit_decides_where_nothing_else_does(
    decide: Decide, write: Callable[..., Letter], label: Callable[..., Label]
) -> None:
    decision = decide(write("换证"), label(("治安", 0.4), ("车辆管理所", 0.97)))
    assert (decision.rule, _host(decision)) == ("classifier_unit", "车辆管理所")
    assert decide(write("换证"), label(None, ("车辆管理所", 0.9))).rule == "duty_desk"
    assert decide(write("换证"), label(None, ("教育局", 0.99))).rule == "duty_desk"


def test_a_station_that_the_place_speaks_against_is_not_believed(
    decide: Decide, write: Callable[..., Letter], label: Callable[..., Label]
) -> None:
    assert decide(write("云桥镇的事"), label(None, ("金鸡派出所", 0.99))).rule == "duty_desk"


def test_what_the_classifier_takes_for_a_complaint_stays_from_those_named(
    decide: Decide, write: Callable[..., Letter], label: Callable[..., Label]
) -> None:
    letter = write("那天在金鸡派出所的事我记一辈子", suggested_unit=NamedCode(code=STATION))
    sure = decide(letter, label(("队伍作风投诉", 0.97)))
    unsure = decide(letter, label(("队伍作风投诉", 0.4), None, (("接处警投诉", 0.3),)))
    assert (sure.outcome, _host(sure)) == ("dispatched", "督察大队")
    assert (unsure.outcome, unsure.host) == ("waiting", None)
    for decision in (sure, unsure):
        assert decision.recusal is not None
        assert STATION in decision.recusal.units


# The same matter ----------------------------------------------------------------------------------------------------


def _earlier(**more: object) -> Earlier:
    return Earlier(letter_id=letter_id("12345", "old"), decision_id=UUID(int=7), host=OTHER, **more)  # type: ignore[arg-type]


def test_the_same_matter_joins_its_open_case_and_reopens_a_closed_one(
    decide: Decide, write: Callable[..., Letter]
) -> None:
    joined = decide(write("金鸡镇"), earlier=_earlier())
    reopened = decide(write("金鸡镇"), earlier=_earlier(open=False, by_officer=True))
    assert (joined.outcome, joined.rule, _host(joined)) == ("merged", "earlier_decision", "云桥派出所")
    assert (reopened.outcome, reopened.rule, _host(reopened)) == ("dispatched", "earlier_decision", "云桥派出所")


def test_like_texts_count_only_when_one_person_wrote_them(decide: Decide, write: Callable[..., Letter]) -> None:
    assert decide(write("金鸡镇"), earlier=_earlier(by="text")).rule == "duty_desk"
    assert decide(write("金鸡镇"), earlier=_earlier(by="text"), writer_known=True).rule == "earlier_decision"


def test_a_complaint_does_not_join_a_case_of_those_complained_about(
    decide: Decide, write: Callable[..., Letter]
) -> None:
    decision = decide(write("投诉云桥派出所推诿"), earlier=_earlier())
    assert (decision.outcome, _host(decision)) == ("dispatched", "督察大队")


def test_urging_an_earlier_complaint_stays_hidden_from_those_complained_about(
    decide: Decide, write: Callable[..., Letter]
) -> None:
    earlier = Earlier(
        letter_id=letter_id("12345", "old"), decision_id=UUID(int=7), host=INSPECTION, excluded=(STATION,)
    )
    decision = decide(
        write("请尽快答复上次的问题", place=Place(text="金鸡镇"), suggested_unit=NamedCode(code=STATION)),
        earlier=earlier,
    )
    assert (decision.outcome, _host(decision)) == ("merged", "督察大队")
    assert decision.recusal is not None
    assert STATION in decision.recusal.units


def test_likeness_of_texts(write: Callable[..., Letter]) -> None:
    first = write("木器城旁边的烧烤店每天营业到凌晨三点，油烟和喧哗让人无法入睡，请处理", source_id="1")
    again = write("木器城旁边的烧烤店每天营业到凌晨三点，油烟和喧哗让人没法入睡，请处理！", source_id="2")
    other = write("请问办理护照需要带什么材料", source_id="3")
    linked = write("催办", source_id="4", related=(Related(relation="urges", channel="mailbox", source_id="3"),))
    assert likeness(first, first) == 1.0
    assert same_matter(again, [other, first]) == (first, likeness(again, first))
    assert same_matter(other, [first, again]) is None
    assert same_matter(linked, [first, other]) == (other, 1.0)
    assert same_matter(first, [first]) is None


# What a decision says -----------------------------------------------------------------------------------------------


def test_equal_inputs_give_equal_bytes(
    bureau: Bureau, write: Callable[..., Letter], label: Callable[..., Label]
) -> None:
    texts = ("金鸡镇的事", "投诉派出所推诿", "有人要跳楼", "新民村有人赌博", "停水")
    for text in texts:
        said = label(("治安", 0.5), ("车辆管理所", 0.3), (("户政", 0.2), ("交通管理", 0.2)))
        one, two = (Router(bureau, versions={"calendar": "c"}).decide(write(text), said, at=AT) for _ in range(2))
        assert one.model_dump_json() == two.model_dump_json()
        assert Decision.model_validate_json(one.model_dump_json()) == one


def test_a_decision_names_its_inputs_and_versions(
    bureau: Bureau, write: Callable[..., Letter], label: Callable[..., Label]
) -> None:
    letter, said = (
        write("金鸡镇的事"),
        label(("治安", 0.97)).model_copy(update={"model": ModelRef(name="m", sha256="ff")}),
    )
    decision = Router(bureau, versions={"calendar": "c"}).decide(letter, said, at=AT, round_=3)
    assert decision.versions == {
        "router": VERSION,
        "units.csv": "a1",
        "danger.yaml": "b2",
        "calendar": "c",
        "model": "m@ff",
    }
    assert list(decision.versions) == sorted(decision.versions)
    assert (decision.label, decision.round, decision.decided_at) == (said, 3, AT)
    assert decision.decision_id == decision_id(letter.letter_id, 1, 3)
    assert decision.decision_id == uuid5(NAMESPACE_URL, f"urn:jiesu:decision:{letter.letter_id}:1:3")


def test_the_trail_tells_every_rule_tried_and_why(decide: Decide, write: Callable[..., Letter]) -> None:
    decision = decide(write("您好"))
    assert [step.rule for step in decision.trail] == [
        "danger",
        "recusal",
        "outside_police",
        "earlier_decision",
        "upstream_unit",
        "bureau_rule",
        "jurisdiction",
        "classifier_unit",
        "duty_desk",
    ]
    assert [step.fired for step in decision.trail] == [False] * 8 + [True]
    for step in decision.trail:
        assert step.reason
        assert any("\u4e00" <= char <= "\u9fff" for char in step.reason)


def test_may_reach_keeps_out_the_accused_and_all_under_it(router: Router, write: Callable[..., Letter]) -> None:
    recusal = router.recusal(write("投诉", accused=(Accused(unit_code=TRAFFIC),)))
    assert not router.may_reach(TRAFFIC, recusal)
    assert not router.may_reach("369903130700", recusal)
    assert router.may_reach(STATION, recusal)
    assert router.may_reach(TRAFFIC, None)
