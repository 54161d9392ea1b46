"""What a worker relies on when it serves a model."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.serving import LabelResult, LetterModel, LetterText
from classifier.training_files import read


def test_letters_get_their_category_and_unit(model: LetterModel, later_file) -> None:
    letters = read([later_file]).letters
    results = model.label([s.text for s in letters])
    assert sum(r.category.label == s.category for r, s in zip(results, letters, strict=True)) > 190
    assert sum(r.unit.label == s.unit for r, s in zip(results, letters, strict=True)) > 180


def test_confidence_adds_up_and_alternatives_are_in_order(model: LetterModel, later_file) -> None:
    for result in model.label([s.text for s in read([later_file]).letters[:50]]):
        for head in result:
            values = [value for _, value in head.alternatives]
            assert head.alternatives[0] == (head.label, head.confidence)
            assert values == sorted(values, reverse=True)
            assert sum(values) + head.outside <= 1.001
            assert head.accepted == (
                head.confidence >= model.thresholds()["category" if head is result.category else "unit"]
            )


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.builds(
            LetterText,
            st.text(max_size=20),
            st.text(alphabet="红绿灯坏了身份证补办深夜打麻将在青河镇派出所，。1aB ", max_size=80),
            st.sampled_from(["", "青河镇幸福路"]),
            st.sampled_from(["", "110", "12345"]),
            st.sampled_from(["", "投诉"]),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_a_letter_gets_the_same_bytes_alone_and_in_any_batch(model: LetterModel, letters: list[LetterText]) -> None:
    together = model.label(letters)
    assert repr(together) == repr([model.label([letter])[0] for letter in letters])
    assert repr(model.label(letters[::-1])[::-1]) == repr(together)


def test_batches_larger_than_a_chunk_keep_their_order(model: LetterModel, later_file) -> None:
    letters = [s.text for s in read([later_file]).letters] * 6
    results = model.label(letters, evidence=False)
    assert len(results) == 1200
    assert results[:200] == results[1000:]


def test_no_letters_no_labels(model: LetterModel) -> None:
    assert model.label([]) == []


OUT_OF_SCOPE = [
    LetterText("", ""),
    LetterText("  ", "\n\n"),
    LetterText("hello", "Dear sir, I would like to buy a ticket for the evening concert, please advise."),
    LetterText("", "asdf jkl; qwer zxcv 1234 !!! ????"),
    LetterText("", "㗊㗊㗊龘龘龘靐靐靐"),
    LetterText("低价", "厂家直销优质木地板瓷砖批发零售量大从优联系微信送货上门"),
]


@pytest.mark.parametrize("letter", OUT_OF_SCOPE)
def test_out_of_scope_letters_are_left_to_a_person(model: LetterModel, letter: LetterText) -> None:
    (result,) = model.label([letter])
    assert not result.category.accepted
    assert not result.unit.accepted


@pytest.mark.parametrize("head", ["category", "unit"])
def test_evidence_adds_up_to_the_score_and_points_into_the_letter(model: LetterModel, later_file, head: str) -> None:
    for sample in read([later_file]).letters[:40]:
        letter = sample.text._replace(place="青河镇东街", channel="110", kind="投诉")
        told = model.explain(letter, head)
        assert told.intercept + sum(span.weight for span in told.spans) == pytest.approx(told.utility, abs=1e-3)
        for span in told.spans:
            if span.part != "fields":
                assert getattr(letter, span.part)[span.start : span.end] == span.text


def test_the_reason_is_a_word_a_reader_understands(model: LetterModel) -> None:
    (result,) = model.label([LetterText("咨询", "我的身份证丢失，怎样补办")])
    assert result.category.label == "户政"
    assert any("身份证" in word or "丢失" in word or "补办" in word for word, _ in result.category.evidence)
    assert all(weight > 0 for _, weight in result.category.evidence)


def test_the_town_in_the_place_field_decides_the_station(model: LetterModel) -> None:
    (result,) = model.label([LetterText("深夜打麻将", "楼上噪音，希望尽快处理", place="竹溪镇中心路")])
    assert result.unit.label == "竹溪派出所"


def test_a_head_that_was_not_trained_is_none(tmp_path, invent, write) -> None:
    from classifier.training import train

    file = write(tmp_path / "one.jsonl", [{k: v for k, v in r.items() if k != "unit"} for r in invent(200)])
    train([file], tmp_path / "m")
    (result,) = LetterModel.load(tmp_path / "m").label([LetterText("红绿灯损坏", "路口拥堵")])
    assert isinstance(result, LabelResult)
    assert result.unit is None
    assert result.category is not None
