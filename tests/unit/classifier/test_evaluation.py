"""Figures, report, comparison and learning curve: what an analyst decides by."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from classifier.comparison import compare
from classifier.evaluation import Evaluation, evaluate, write_report
from classifier.learning_curve import learning_curve, split
from classifier.measures import expected_calibration_error, sign_test
from classifier.serving import LetterModel
from classifier.training import train
from classifier.training_files import read


@pytest.fixture(scope="module")
def result(model: LetterModel, later_file: Path) -> Evaluation:
    return evaluate(model, [later_file])


def test_the_promised_figures_are_there(result: Evaluation) -> None:
    for head in ("category", "unit"):
        assert {
            "n",
            "unknown",
            "accuracy",
            "macro_f1",
            "top3",
            "automatic_share",
            "automatic_precision",
            "ece",
            "all",
        } <= result[head].keys()
    assert result["category"]["n"] == 200
    assert result["category"]["accuracy"] > 0.95
    assert set(result) == {"model", "letters", "category", "unit"}
    json.dumps(result)


def test_an_unknown_label_counts_as_an_error_of_the_machine(model: LetterModel, tmp_path: Path, invent, write) -> None:
    records = [r | {"category": "外事"} for r in invent(20, seed=5)] + invent(20, seed=6, first=100)
    found = evaluate(model, [write(tmp_path / "x.jsonl", records)])["category"]
    assert (found["n"], found["unknown"]) == (20, 20)
    assert found["accuracy"] > 0.9
    assert found["all"]["n"] == 40
    assert found["all"]["automatic_precision"] < 0.75


def test_confidence_means_what_it_says(result: Evaluation) -> None:
    assert result["category"]["ece"] < 0.1
    assert result["unit"]["ece"] < 0.15


def test_calibration_error_of_known_cases() -> None:
    assert expected_calibration_error(np.full(10, 0.75), np.array([True] * 10)) == pytest.approx(0.25)
    assert expected_calibration_error(np.array([1.0, 0.0]), np.array([True, False])) == 0.0


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.text: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in {"src", "href"}]

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_the_report_opens_without_a_network(result: Evaluation, tmp_path: Path) -> None:
    target = write_report(result, tmp_path / "report")
    page = _Page()
    page.feed(target.read_text(encoding="utf-8"))
    text = "".join(page.text)
    assert page.links == []
    assert "script" not in page.tags
    assert page.tags.count("svg") >= 4
    for heading in ("多少信件不必人工过目", "置信度说话算数吗", "容易混淆的标签", "最有把握却错了的信件"):
        assert heading in text
    stored = json.loads((tmp_path / "report" / "evaluation.json").read_text(encoding="utf-8"))
    assert stored["category"] == result["category"]
    assert stored["details"]["unit"]["curve"]


def test_the_report_escapes_letters_and_hides_numbers(model: LetterModel, tmp_path: Path, write) -> None:
    records = [
        {
            "id": f"e{k}",
            "title": "<script>alert(1)</script>",
            "body": "我的电话13800000000，红绿灯损坏",
            "category": "户政",
        }
        for k in range(3)
    ]
    page = write_report(evaluate(model, [write(tmp_path / "x.jsonl", records)]), tmp_path).read_text(encoding="utf-8")
    assert "<script>" not in page
    assert "13800000000" not in page
    assert not re.search(r"https?://(?!www\.w3\.org)", page)


def test_months_show_drift(tmp_path: Path, invent, write) -> None:
    file = write(tmp_path / "x.jsonl", invent(400, dated=True))
    train([file], tmp_path / "m")
    result = evaluate(LetterModel.load(tmp_path / "m"), [file])
    assert len(result.details["category"]["months"]) >= 10
    assert "逐月变化" in write_report(result, tmp_path / "r").read_text(encoding="utf-8")


def test_two_models_are_compared_letter_by_letter(
    model: LetterModel, tmp_path: Path, later_file: Path, letters_file: Path, write
) -> None:
    records = [json.loads(line) for line in letters_file.read_text(encoding="utf-8").splitlines()]
    turned = {"户政": "交管", "交管": "治安", "治安": "户政"}
    worse = write(tmp_path / "w.jsonl", [r | {"category": turned[r["category"]]} for r in records])
    train([worse], tmp_path / "worse")
    found = compare(model, LetterModel.load(tmp_path / "worse"), [later_file])["category"]
    assert found["verdict"] == "the first is better"
    assert found["p"] < 1e-6
    assert found["both_right"] + found["only_first_right"] == round(found["first_accuracy"] * found["n"])
    same = compare(model, model, [later_file])["category"]
    assert (same["p"], same["disagreements"]) == (1.0, 0)


@pytest.mark.parametrize(("first", "second", "p"), [(0, 0, 1.0), (5, 5, 1.0), (0, 5, 0.0625), (1, 9, 0.021484375)])
def test_the_paired_test_is_exact(first: int, second: int, p: float) -> None:
    assert sign_test(first, second) == pytest.approx(p)


def test_the_learning_curve_rises(letters_file: Path) -> None:
    curve = learning_curve([letters_file], shares=(0.1, 1.0))
    assert [entry["letters"] for entry in curve] == [48, 480]
    assert curve[-1]["category"]["accuracy"] >= curve[0].get("category", {"accuracy": 0})["accuracy"]


def test_later_letters_are_kept_for_evaluation(tmp_path: Path, invent, write) -> None:
    training, kept = split(read([write(tmp_path / "x.jsonl", invent(400, dated=True))]).letters)
    assert len(kept) == 80
    assert max(s.date for s in training) <= min(s.date for s in kept)
