"""Recusal from a record's own fields: they bind whatever the channel and kind of the letter."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from letters.bureau import Bureau
from letters.messages import Accused, Letter
from router import Router

A = Accused
SURE = [
    ("金鸡派出所", A(unit_code="369903500000")),
    ("金鸡派出所", A(unit_name="金鸡派出所")),
    ("金鸡派出所", A(unit_name="金鸡所")),
    ("金鸡派出所", A(unit_name="金鸡镇派出所")),
    ("金鸡派出所", A(unit_name="青溪区公安局金鸡派出所")),
    ("金鸡派出所", A(unit_name="临江市公安局青溪分局金鸡派出所户籍窗口")),
    ("金鸡派出所", A(unit_name="金 鸡 派 出 所")),
    ("金鸡派出所", A(unit_name="金雞派出所")),
    ("金鸡派出所", A(unit_name="金鸡派岀所")),
    ("金鸡派出所", A(person="佘乐山")),
    ("金鸡派出所", A(person="民警佘乐山")),
    ("金鸡派出所", A(person="佘乐山（金鸡派出所）")),
    ("金鸡派出所", A(person="王某", duty="金鸡派出所民警")),
    ("金鸡派出所", A(badge_no="379588")),
    ("金鸡派出所", A(badge_no="警号：379588")),
    ("金鸡派出所", A(badge_no="３７９５８８")),
    ("金鸡派出所", A(person="匡所长")),
    ("交通警察大队", A(unit_code="362122130000")),
    ("交通警察大队", A(unit_name="交警大队")),
    ("交通警察大队", A(unit_name="交管大队")),
    ("交通警察大队", A(unit_name="交警")),
    ("交警大队一中队", A(unit_name="交警一中队")),
    ("交警大队一中队", A(unit_name="城区中队")),
    ("车辆管理所", A(unit_name="车管所")),
    ("户政科", A(unit_name="户籍科")),
    ("督察大队", A(unit_name="警务督察大队")),
    ("督察大队", A(person="褚听澜")),
    ("指挥中心", A(unit_name="110指挥中心")),
    ("临江市公安局青溪分局", A(unit_name="青溪分局")),
]
UNSURE = [
    ("金鸡派出所", A(unit_name="金基派出所")),
    ("户政科", A(unit_name="户正科")),
    ("金鸡派出所", A(unit_name="派出所")),
    ("云桥派出所", A(person="派出所民警")),
    ("交警大队一中队", A(person="一名民警")),
    ("龙潭派出所", A(badge_no="999999")),
]
NOBODY_OF_OURS = [
    A(unit_name="幸福物业公司"),
    A(unit_name="区教育局"),
    A(unit_name="政务服务中心"),
    A(person="楼上邻居"),
    A(person="王二"),
    A(unit_name="大河县水东派出所"),
    A(unit_name="水东派出所"),
    A(unit_name="金鸡派出所旁边的烧烤店"),
    A(unit_name="区城管大队"),
    A(unit_name="临江市公安局"),
    A(),
]
CHANNELS = [("110", "求助"), ("12345", "表扬"), ("12389", "举报"), ("petition", "求助"), ("mailbox", "感谢")]


def _letter(write: Callable[..., Letter], channel: str, kind: str, accused: Accused) -> Letter:
    return write("您好，请处理", channel=channel, kind="感谢" if kind == "表扬" else kind, accused=(accused,))


@pytest.mark.parametrize(("channel", "kind"), CHANNELS)
@pytest.mark.parametrize(("unit", "accused"), SURE)
def test_an_accused_unit_and_all_under_it_are_recused(
    unit: str, accused: Accused, channel: str, kind: str, bureau: Bureau, router: Router, write: Callable[..., Letter]
) -> None:
    recusal = router.recusal(_letter(write, channel, kind, accused))
    code = next(u.code for u in bureau.units.values() if u.name == unit)
    assert recusal is not None
    assert recusal.sure
    assert set(recusal.units) == set(bureau.under(code)) - {"369900000000"}


@pytest.mark.parametrize(("unit", "accused"), UNSURE)
def test_an_unsure_match_is_recused_as_well(
    unit: str, accused: Accused, bureau: Bureau, router: Router, write: Callable[..., Letter]
) -> None:
    recusal = router.recusal(_letter(write, "mailbox", "求助", accused))
    assert recusal is not None
    assert not recusal.sure
    assert unit in {bureau.units[code].name for code in recusal.units}


@pytest.mark.parametrize("accused", NOBODY_OF_OURS)
def test_others_are_no_reason_for_recusal(accused: Accused, router: Router, write: Callable[..., Letter]) -> None:
    assert router.recusal(_letter(write, "mailbox", "投诉", accused)) is None


@pytest.mark.parametrize("name", ["金鸡派出所", "金鸡所的民警", "佘乐山", "请不要转给金鸡派出所"])
def test_whom_the_writer_asks_to_keep_out_is_kept_out(
    name: str, bureau: Bureau, router: Router, write: Callable[..., Letter]
) -> None:
    recusal = router.recusal(write("情况反映", channel="12389", avoid=(name,)))
    assert recusal is not None
    assert [bureau.units[code].name for code in recusal.units] == ["金鸡派出所"]


def test_several_accused_are_all_recused(bureau: Bureau, router: Router, write: Callable[..., Letter]) -> None:
    recusal = router.recusal(
        write("情况反映", accused=(A(unit_name="金鸡派出所"), A(person="茅春和")), avoid=("交警一中队",))
    )
    assert recusal is not None
    assert {bureau.units[code].name for code in recusal.units} == {"金鸡派出所", "云桥派出所", "交警大队一中队"}
    assert recusal.persons == ("茅春和",)
