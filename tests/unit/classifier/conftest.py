"""Invented letters: sentences put together by lot, police business, no word from any real letter."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from classifier.serving import LetterModel
from classifier.training import train

TROUBLES = {
    "户政": [
        "身份证丢失补办",
        "户口迁移材料",
        "新生儿落户",
        "居住证续签",
        "改名申请",
        "户籍证明",
        "办证窗口排队",
        "临时身份证",
    ],
    "交管": [
        "红绿灯损坏",
        "货车违停",
        "电子警察误拍",
        "驾驶证换证",
        "路口拥堵",
        "摩托车炸街",
        "斑马线不清",
        "占道停车",
    ],
    "治安": ["深夜打麻将", "邻居养狗咬人", "聚众赌博", "烧烤摊吵闹", "广场舞扰民", "楼上噪音", "小区盗窃", "醉汉闹事"],
}
TOWNS = ["安和", "福林", "青河", "石塘", "云岭", "竹溪", "望湖", "长亭"]
PHRASES = [
    "希望尽快处理",
    "已经反映多次",
    "给大家带来不便",
    "请领导关心",
    "附近老人孩子多",
    "每天都这样",
    "不知道找谁",
    "谢谢",
]


def invent(count: int, *, seed: int = 1, dated: bool = False, first: int = 0) -> list[dict[str, Any]]:
    """Letters with a category and a unit: a town's station, for traffic the county's squad."""
    rng = random.Random(seed)
    out = []
    for number in range(first, first + count):
        category = rng.choice(sorted(TROUBLES))
        town = rng.choice(TOWNS)
        unit = "交警大队" if category == "交管" else f"{town}派出所"
        parts = rng.sample(TROUBLES[category], 2) + rng.sample(PHRASES, 3)
        rng.shuffle(parts)
        noise = "".join(rng.choice("甲乙丙丁戊己庚辛壬癸") for _ in range(6))
        record = {
            "id": f"t{number}",
            "title": f"关于{rng.choice(TROUBLES[category])}的问题",
            "body": f"我住在{town}镇{noise}小区，" + "，".join(parts) + f"。{noise[::-1]}。",
            "category": category,
            "unit": unit,
        }
        if dated:
            record["date"] = f"2025-{1 + number * 11 // (first + count):02d}-{1 + number % 28:02d}"
        out.append(record)
    return out


def write(path: Path, records: list[dict[str, Any]]) -> Path:
    path.write_text("\n".join(json.dumps(record, ensure_ascii=False) for record in records) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def letters_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("letters") / "letters.jsonl", invent(600))


@pytest.fixture(scope="session")
def model_folder(letters_file: Path) -> Path:
    out = letters_file.parent / "model"
    train([letters_file], out)
    return out


@pytest.fixture(scope="session")
def model(model_folder: Path) -> LetterModel:
    return LetterModel.load(model_folder)


@pytest.fixture(scope="session")
def later_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("later") / "later.jsonl", invent(200, seed=2, first=5000))


@pytest.fixture(name="invent")
def _invent() -> Any:
    return invent


@pytest.fixture(name="write")
def _write() -> Any:
    return write
