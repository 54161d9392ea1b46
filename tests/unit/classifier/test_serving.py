"""Invented letters come in; what a worker relies on when it serves a model is held here."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from classifier.serving import LetterModel, LetterText
from classifier.training import train

TOPICS = {
    "户政": ["身份证丢了怎么补办", "户口迁移需要哪些材料", "孩子出生如何上户口", "居住证到期想续签"],
    "交管": ["路口红绿灯坏了很久", "大货车违停堵住道路", "电子警察抓拍罚款不服", "驾驶证换证预约不上"],
    "治安": ["楼上深夜打麻将扰民", "邻居养狗咬伤小孩", "小区里有人聚众赌博", "烧烤摊夜里吵闹打架"],
}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> LetterModel:
    rng = random.Random(1)
    folder = tmp_path_factory.mktemp("model")
    lines = []
    for number in range(300):
        category = rng.choice(sorted(TOPICS))
        parts = rng.sample(TOPICS[category], 2)
        lines.append(
            {
                "id": f"t{number}",
                "title": parts[0],
                "body": f"第{number}户住户说：" + "，".join(parts),
                "category": category,
            }
        )
    file = folder / "letters.jsonl"
    file.write_text("\n".join(json.dumps(line, ensure_ascii=False) for line in lines), encoding="utf-8")
    train([file], folder / "m1")
    return LetterModel.load(folder / "m1")


def test_a_letter_gets_its_category(model: LetterModel) -> None:
    (result,) = model.label([LetterText("补办身份证", "身份证丢了，怎么补办？")])
    assert result.category is not None
    assert result.category.label == "户政"
    assert result.unit is None


def test_a_letter_gets_the_same_answer_alone_and_in_a_batch(model: LetterModel) -> None:
    letters = [LetterText("", f"路口红绿灯坏了{n}天，有人打麻将扰民") for n in range(50)]
    together = model.label(letters)
    assert together == [model.label([letter])[0] for letter in letters]
