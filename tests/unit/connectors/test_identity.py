"""Phones, ID numbers and sex: normal forms, and what is none stays as written."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.identity import email, id_number, phone, sex

TODAY = date(2025, 4, 22)


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("13812345678", "13812345678"),
        ("+86 138 1234 5678", "13812345678"),
        ("0086-138-1234-5678", "13812345678"),
        ("8613812345678", "13812345678"),
        ("１３８１２３４５６７８", "13812345678"),
        ("0797-6612345", "0797-6612345"),
        ("（0797）6612345", "0797-6612345"),
        ("07976612345", "0797-6612345"),
        ("+86 797 6612345", "0797-6612345"),
        ("021 62345678转801", "021-62345678-801"),
        ("6612345", "6612345"),
        ("110", "110"),
        ("12345", "12345"),
        ("400-800-1234", "4008001234"),
        ("+852 9123 4567", "+85291234567"),
        ("13812345678/0797-6612345", "13812345678、0797-6612345"),
    ],
)
def test_phones(written, normal):
    assert phone(written) == (normal, True)
    assert phone(normal) == (normal, True)


@pytest.mark.parametrize(
    "written", ["1381234567", "12812345678", "138123456789", "无", "abc", "13812345678 张三", "0", ""]
)
def test_what_is_no_phone_stays_as_written(written):
    assert phone(written) == (written, False)


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("11010519491231002X", "11010519491231002X"),
        ("11010519491231002x", "11010519491231002X"),
        (" 110105 19491231 002x", "11010519491231002X"),
        ("１１０１０５１９４９１２３１００２Ｘ", "11010519491231002X"),
        ("110105491231002", "11010519491231002X"),
        ("440524188001010014", "440524188001010014"),
    ],
)
def test_id_numbers(written, normal):
    assert id_number(written, TODAY) == (normal, True)


@pytest.mark.parametrize(
    "written",
    [
        "110105194912310021",
        "11010519490231002X",
        "990105194912310029",
        "110105204912310024",
        "E12345678",
        "110105491331002",
    ],
)
def test_what_is_no_id_number_stays_as_written(written):
    assert id_number(written, TODAY) == (written, False)


@settings(deadline=None)
@given(st.text(max_size=30))
def test_nothing_breaks_them(written):
    for normal, good in (phone(written), id_number(written, TODAY), email(written)):
        assert good or normal == written


@pytest.mark.parametrize(
    ("written", "normal", "good"),
    [("1", "男", True), ("女", "女", True), ("F", "女", True), ("9", None, True), ("x", "x", False)],
)
def test_sex(written, normal, good):
    assert sex(written) == (normal, good)


def test_a_bad_one_is_marked_and_the_letter_read(read):
    writer = read("mailbox", cardid="123", shouji="456", email="nowhere", sex="?").writer
    assert writer.marks == ("sex", "phone", "id_number", "email")
    assert (writer.id_number, writer.phone, writer.email, writer.sex) == ("123", "456", "nowhere", "?")


def test_a_report_is_reached_by_phone_or_by_mail(read):
    assert read("12389", jbrlxfs="139 0000 1111").writer.phone == "13900001111"
    assert read("12389", jbrlxfs="a@b.cn").writer.email == "a@b.cn"
