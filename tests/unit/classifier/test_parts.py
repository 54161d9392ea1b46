"""The parts of the recipe: names of units, near-duplicates, splits, thresholds, ridge, the estimator."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from classifier import ridge
from classifier.estimator import LetterClassifier
from classifier.label_names import read_names
from classifier.near_duplicates import groups
from classifier.ngrams import Batch
from classifier.places import gather
from classifier.splitting import grouped_folds, is_timed, plan
from classifier.text import LetterText
from classifier.thresholds import NEVER, fitted_threshold

UNITS = [
    f"青河市{district}{rest}"
    for district in ("东山区", "西林区", "北塘县")
    for rest in ("教育局", "交通管理局", "柳湾镇人民政府", "石桥镇人民政府", "梅岭街道办事处")
]


def test_districts_and_kinds_are_read_off_the_names() -> None:
    names = read_names(UNITS)
    assert names is not None
    assert len(names.districts) == 3
    by_label = dict(zip(UNITS, names.kind_of, strict=True))
    assert len({by_label[u] for u in UNITS if u.endswith("教育局")}) == 1
    assert by_label["青河市东山区教育局"] != by_label["青河市东山区柳湾镇人民政府"]
    assert names.own_name[UNITS.index("青河市东山区柳湾镇人民政府")] == "柳湾"
    assert set(names.district_name) == {"东山", "西林", "北塘"}


@pytest.mark.parametrize(
    "labels", [["360703010000", "360703020000", "360703030000"] * 5, ["户政", "交管", "治安", "刑侦"] * 4]
)
def test_codes_and_plain_categories_tell_nothing(labels: list[str]) -> None:
    assert read_names(sorted(set(labels))) is None


def test_names_are_found_where_they_stand_and_nowhere_else() -> None:
    names = read_names(UNITS)
    places, own, _ = gather(names.own_name, names.district_name, names.district_of)
    letters = [LetterText("柳湾镇路灯", "北塘县的事"), LetterText("柳", "湾"), LetterText("", "没有地名")]
    hits = places.hits(Batch(letters))
    assert {places.names[k] for k in np.flatnonzero(hits[0])} == {"柳湾", "北塘"}
    assert not hits[1:].any()
    assert own[UNITS.index("青河市东山区教育局")] == -1


def test_near_duplicates_share_a_group() -> None:
    text = "青河镇幸福小区三栋楼下烧烤摊每天营业到凌晨两点，油烟和噪音让老人孩子无法入睡，多次投诉无人处理。"
    letters = [
        LetterText("烧烤摊扰民", text),
        LetterText("举报烧烤摊", "尊敬的领导：" + text + "谢谢！"),
        LetterText("身份证", "身份证丢失以后怎样在外地补办，需要带什么材料，要等多少天才能拿到新的证件，请给予答复。"),
    ]
    found = groups(letters)
    assert found[0] == found[1] != found[2]


def test_groups_stay_in_one_fold() -> None:
    group = np.repeat(np.arange(100), 3)
    fold = grouped_folds(group, np.tile([0, 1, 0], 100), seed=0)
    assert all(len(set(fold[group == k])) == 1 for k in range(100))
    assert len(set(fold)) == 10


def test_one_large_group_does_not_swallow_a_label() -> None:
    fold = grouped_folds(np.zeros(50, dtype=int), np.repeat([0, 1], 25), seed=0)
    assert len(set(fold)) == 10


def test_windows_need_dates_that_differ() -> None:
    assert is_timed([f"2025-01-{1 + k % 28:02d}" for k in range(300)])
    assert not is_timed(["2025-01-01"] * 300)
    assert not is_timed([""] * 300)
    cuts = plan(True, np.arange(300), np.zeros(300, dtype=int), 0).windows
    assert cuts == sorted(cuts)
    assert cuts[-1] == 300


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000))
def test_the_threshold_keeps_its_promise_on_other_letters(seed: int) -> None:
    rng = np.random.default_rng(seed)
    confidence = np.round(rng.beta(4, 1, 4000), 4)
    right = rng.random(4000) < confidence
    threshold = fitted_threshold(confidence[:2000], right[:2000], 0.95)
    taken = confidence[2000:] >= threshold
    assert taken.sum() > 100
    assert right[2000:][taken].mean() > 0.9  # chance alone moves 700 letters by two points


def test_a_head_that_cannot_keep_the_promise_labels_nothing() -> None:
    confidence = np.linspace(0.5, 1, 1000)
    assert fitted_threshold(confidence, np.arange(1000) % 2 == 0, 0.95) == NEVER


def _random_problem() -> tuple[sparse.csr_matrix, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    dense = rng.random((60, 200)) * (rng.random((60, 200)) < 0.2)
    labels = rng.integers(0, 3, 60)
    return sparse.csr_matrix(dense.astype(np.float32)), ridge.targets(labels, 3), ridge.balance(labels, 1.0)


def test_held_out_scores_are_those_of_training_without_the_fold() -> None:
    features, y, weight = _random_problem()
    gram = ridge.kernel(features)
    fold = np.arange(10, 20)
    whole = ridge.fit(features, gram, y, weight, alpha=1.0, folds=[fold])
    rest = np.setdiff1d(np.arange(60), fold)
    alone = ridge.fit(features[rest], gram[np.ix_(rest, rest)], y[rest], weight[rest], alpha=1.0)
    np.testing.assert_allclose(whole.held_out[fold], features[fold] @ alone.weights, atol=1e-3)


def test_windows_are_scored_by_the_letters_before_them() -> None:
    features, y, weight = _random_problem()
    gram = ridge.kernel(features)
    whole = ridge.fit(features, gram, y, weight, alpha=1.0, windows=[30, 60])
    alone = ridge.fit(features[:30], gram[:30, :30], y[:30], weight[:30], alpha=1.0)
    np.testing.assert_allclose(whole.held_out[30:], features[30:] @ alone.weights, atol=1e-3)
    assert not whole.has_score[:30].any()


def test_refining_reaches_the_exact_weights() -> None:
    features, y, weight = _random_problem()
    exact = ridge.fit(features, ridge.kernel(features), y, weight, alpha=1.0).weights
    found = ridge.refine(features, y, weight, np.zeros_like(exact), alpha=1.0, rounds=100, tolerance=1e-5)
    np.testing.assert_allclose(found, exact, atol=1e-3)


@pytest.fixture(scope="module")
def data() -> tuple[list[str], list[str]]:
    topics = {"户政": "身份证补办户口迁移", "交管": "红绿灯违停罚款驾驶证", "治安": "打麻将噪音赌博斗殴"}
    rng = np.random.default_rng(0)
    labels = [sorted(topics)[k] for k in rng.integers(0, 3, 200)]
    return [
        "".join(rng.permutation(list("请领导处理" + topics[label])))[:12] + topics[label][:4] for label in labels
    ], labels


def test_the_estimator_is_a_scikit_learn_citizen(data: tuple[list[str], list[str]]) -> None:
    texts, labels = data
    estimator = LetterClassifier(alpha=2.0)
    copy = clone(estimator)
    assert copy.get_params() == estimator.get_params()
    with pytest.raises(NotFittedError):
        estimator.predict(texts)
    assert estimator.fit(texts, labels) is estimator
    assert list(estimator.classes_) == ["交管", "户政", "治安"]
    chance = estimator.predict_proba(texts)
    assert chance.shape == (200, 3)
    assert (chance.sum(axis=1) <= 1 + 1e-9).all()
    assert estimator.score(texts, labels) > 0.95
    assert (estimator.predict(texts) == estimator.classes_[chance.argmax(axis=1)]).all()
    assert set(vars(LetterClassifier())) == set(LetterClassifier().get_params())


def test_the_estimator_keeps_labels_of_any_kind(data: tuple[list[str], list[str]]) -> None:
    texts, labels = data
    numbers = [sorted(set(labels)).index(label) for label in labels]
    fitted = LetterClassifier().fit([("", text) for text in texts], numbers)
    assert fitted.classes_.tolist() == [0, 1, 2]
    assert fitted.predict(texts[:3]).dtype == fitted.classes_.dtype


@pytest.mark.parametrize(
    ("texts", "labels", "words"),
    [
        (["a"], ["x", "y"], "one label a letter"),
        ([], [], "nothing to fit"),
        ("one string", ["x"], "list of letters"),
        ([3, 4], ["x", "y"], "letter 0 is int"),
        (["身份证补办"] * 40, ["同一个"] * 40, "two labels"),
    ],
)
def test_the_estimator_says_what_is_wrong(texts, labels, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        LetterClassifier().fit(texts, labels)


def test_scikit_learns_own_checks_pass_as_far_as_text_goes() -> None:
    from sklearn.utils.estimator_checks import check_estimator

    results = check_estimator(LetterClassifier(), on_fail=None, on_skip=None)
    assert results
    assert [r["check_name"] for r in results if r["status"] == "failed"] == []


def test_strange_text_is_told_from_letters(model) -> None:
    from classifier.serving import LetterText

    vocabulary = model.model.vocabulary
    letter = LetterText("身份证丢失补办", "我住在青河镇，希望尽快处理")
    strange = LetterText("abc", "xyz qqq 床前明月光")
    share = vocabulary.familiar(Batch([letter, strange, LetterText("", "")]))
    assert share[0] > 0.6 > 0.1 >= share[1]
    assert share[2] == 0
