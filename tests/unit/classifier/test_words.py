"""The fast roads (rjieba, the folding table, hashed words) are held to their slow references."""

from __future__ import annotations

import unicodedata

import jieba
import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from classifier import words
from classifier.ngrams import BUCKETS, Batch, dictionary_words
from classifier.text import LetterText, code_points, fold, folding_table

jieba.setLogLevel(60)
CHINESE = "我住在青河镇幸福小区三栋楼上邻居深夜打麻将扰民请派出所尽快处理身份证办理居住证红绿灯坏了"
TEXTS = st.text(alphabet=CHINESE + "，。！ \nabcXYZ0123456789+#&._%-/@", max_size=60)


@settings(max_examples=300, deadline=None)
@example("c#")
@example("abc#1")
@example("学C++和AT&T")
@given(TEXTS)
def test_words_are_those_of_jieba(text: str) -> None:
    assert words.cut(text) == list(jieba.lcut(text))


@settings(max_examples=100, deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=5))
def test_the_words_of_a_batch_are_those_of_its_letters(texts: list[str]) -> None:
    batch = Batch([LetterText(text, text[::-1]) for text in texts])
    start, end = batch.tokens()
    found = ["".join(map(chr, batch.raw[a:b])) for a, b in zip(start, end, strict=True)]
    expected = ["\n"] + [word for text in batch.texts for word in [*words.cut(text), "\n"]]
    assert found == expected


def test_added_words_reach_both_tokenizers() -> None:
    name = "青河鼎盛苑"
    assert name not in words.cut(f"我住{name}三栋")
    words.add_words([name])
    assert name in words.cut(f"我住{name}三栋")
    assert name in words.cut_reference(f"我住{name}三栋", [name])


@settings(max_examples=300, deadline=None)
@given(st.characters(min_codepoint=0x20, max_codepoint=0x2FFF, exclude_categories=["Cs"]))
def test_folding_is_nfkc_and_lower_case_of_the_first_character(char: str) -> None:
    folded = unicodedata.normalize("NFKC", char).lower()
    expected = folded[:1] if folded and unicodedata.category(folded[0])[0] in "LN" else " "
    assert fold(char) == (expected if unicodedata.category(char)[0] != "C" else " ")


@given(st.text(max_size=50))
def test_folding_keeps_length_whatever_the_text(text: str) -> None:
    assert len(fold(text)) == len(text)


def test_broken_surrogates_do_not_stop_a_batch() -> None:
    assert Batch([LetterText("\ud800", "正文")]).codes.size == len("\n\ud800\n正文\n\n")


def test_dictionary_words_are_found_by_look_up() -> None:
    batch = Batch([LetterText("", "身份证")])
    allowed = dictionary_words(["身份证"])
    three = batch.hashed(3)
    assert allowed[three[three != 0].astype(np.int64) + BUCKETS].all()


def test_separators_fold_to_zero() -> None:
    assert not folding_table().take(code_points("，。 \n\t!?（）“”")).any()
