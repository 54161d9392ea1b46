"""Masking (invariant 11): no phone, ID or card number, no mail address survives, and no other character moves."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from letters.masking import mask_text

WIDE = str.maketrans("0123456789", "０１２３４５６７８９")

words = st.text(
    st.one_of(
        st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), st.sampled_from("，。！？：；“”（）、 \n\t,:;()/")
    )
)
mobile = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)
id_number = st.from_regex(r"[1-8][0-9]{5}(19|20)[0-9]{2}(0[1-9]|1[0-2])[0-3][0-9][0-9]{3}[0-9X]", fullmatch=True)
old_id_number = st.from_regex(r"[1-8][0-9]{14}", fullmatch=True)
card = st.from_regex(r"6[0-9]{15,18}", fullmatch=True)
email = st.from_regex(r"[a-z0-9]{1,12}@[a-z0-9]{1,8}\.(com|cn|com\.cn)", fullmatch=True)
secret = st.one_of(mobile, id_number, old_id_number, card, email)


@given(st.text())
def test_the_length_is_kept_whatever_the_text(text: str) -> None:
    """Evidence and spans found in the original still point to the same words."""
    assert len(mask_text(text)) == len(text)


@given(st.text())
def test_a_character_stays_or_becomes_a_star(text: str) -> None:
    assert all(new in (old, "*") for old, new in zip(text, mask_text(text), strict=True))


@given(words, secret, words, secret, words)
def test_nothing_personal_survives_and_the_words_around_it_do(
    before: str, one: str, between: str, other: str, after: str
) -> None:
    assume(between.strip())
    text = before + one + between + other + after
    shown = mask_text(text)
    assert one not in shown
    assert other not in shown
    assert not re.search(r"1[3-9][0-9]{9}|[0-9]{17}[0-9Xx]|[0-9]{15}", shown)
    start = len(before) + len(one)
    assert shown[: len(before)] == before
    assert shown[start : start + len(between)] == between
    assert shown[len(text) - len(after) :] == after


@given(words, st.one_of(mobile, id_number, card), words)
def test_full_width_digits_are_seen_too(before: str, number: str, after: str) -> None:
    wide = number.translate(WIDE)
    assert wide not in mask_text(before + wide + after)


@given(st.text(st.sampled_from("0123456789Xx ０１３-电话@.a"), max_size=60))
def test_masking_twice_is_masking_once(text: str) -> None:
    once = mask_text(text)
    assert mask_text(once) == once


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("我的电话是13812345678，请回电", "我的电话是138******78，请回电"),
        ("身份证362101198001011234", "身份证362101**********34"),
        ("电话138 1234 5678", "电话138********78"),
        ("电话138-1234-5678", "电话138********78"),
        ("座机0797-6612345", "座机079*******45"),
        ("卡号6222021234567890123", "卡号*******************"),
        ("邮箱zhang.san@example.com，谢谢", "邮箱*********************，谢谢"),
        ("电话１３８１２３４５６７８", "电话１３８******７８"),
    ],
)
def test_what_is_left_of_a_number(text: str, shown: str) -> None:
    assert mask_text(text) == shown


@pytest.mark.parametrize(
    "text", ["订单20250422001", "2025年4月22日9时12分", "赣B12345", "110、12345、12389", "第3栋1402室"]
)
def test_other_numbers_stay_readable(text: str) -> None:
    assert mask_text(text) == text


@pytest.mark.parametrize(
    "number",
    [
        "+8613812345678",
        "8613812345678",
        "138.1234.5678",
        "138　1234　5678",
        "138–1234–5678",
        "1 3 8 1 2 3 4 5 6 7 8",
        "362101 19800101 1234",
        "0797 6612345",
        "(0797)6612345",
        "０７９７－６６１２３４５",
    ],
)
def test_a_number_is_seen_however_it_is_written(number: str) -> None:
    masked = mask_text(f"请拨打{number}联系我")
    digits = [sign for sign in masked if sign.isdigit()]
    assert len(digits) <= 8
    assert len(masked) == len(f"请拨打{number}联系我")


@pytest.mark.parametrize("plain", ["2026年10月1日", "工单GZ202610080421", "110 2026-10-11 09:30", "12345", "7栋2001室"])
def test_what_is_no_personal_number_stays(plain: str) -> None:
    assert mask_text(plain) == plain
