"""Routing one labelled letter on one core: `python -m benchmarks.routing [--json]`.

Letters are invented: two in five name police, as in a police bureau's own mailbox. Times are processor time of this
process, the best of several rounds. Other work on the same core still slows them, so that jieba cuts the same letters in
the same run: its time on the machine of the promise is known, and the promise is kept where the ratio is.
"""

from __future__ import annotations

import json
import platform
import random
import sys
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

import jieba

from letters.bureau_files import read_bureau
from letters.clock import SHANGHAI
from letters.ids import letter_id
from letters.messages import Alternative, HeadLabel, Label, Letter, Place
from router import Router
from router.text import Words

AT = datetime(2026, 11, 22, 9, 30, tzinfo=SHANGHAI)
GAZETTEER_US, DECIDE_US = 50, 150
"""What is promised for one letter."""
JIEBA_US = 633
"""What `jieba.lcut` takes for one such letter on the machine that the promises were made for."""

SCENES = (
    "我家住在{town}，楼下的烧烤店每天营业到凌晨两三点，客人喝酒划拳，音响放得很大，老人孩子根本没法休息。",
    "昨天晚上十一点左右，几辆改装摩托车在{town}的街上来回飙车，轰鸣声整条街都听得见，很吓人。",
    "我父亲今年七十八岁，身份证已经过期，因为中风卧床不能出门，子女都在外地打工，想问能不能上门办理。",
    "小区门口经常有车辆乱停乱放，把消防通道都堵住了，万一发生火情后果不堪设想，物业贴过通知但是没有效果。",
    "我在网上看到一个兼职刷单的广告，先后转了六笔钱，一共三万多元，对方现在联系不上了。",
    "女儿明年要上小学，户口还在外省，想迁到{town}来，请问需要准备哪些材料，能不能网上办理。",
    "邻居在楼道里养了两条大狗，从来不牵绳，昨天差点咬到放学的孩子，我去说了几次他都不听。",
    "村里有人在自家后院开棋牌室，经常有人赌到天亮，输了钱就吵架打架，影响很不好。",
)
POLICE = (
    "请{town}派出所的民警上门处理一下，谢谢。",
    "{town}派出所民警来过两次，走了以后又恢复原样，希望能想个长久的办法。",
    "我已经向{town}派出所报案，民警做了笔录，想问一下现在的进展。",
    "建议交警大队在路口加派警力，晚上十点以后巡逻。",
    "感谢民警上次帮忙调解，这次又来麻烦你们了。",
)
COMPLAINTS = (
    "{town}派出所接警后迟迟不来，打电话问，值班的人态度很差，说让我自己协商。",
    "交警大队的人只会贴条罚款，从来不疏导交通，投诉了也没有下文。",
)
CLOSING = ("希望领导重视，尽快给予答复。", "盼复，谢谢！", "以上情况属实，请核实处理。", "期待你们的回复。")


def letters(towns: Sequence[str], count: int) -> list[Letter]:
    """Invented letters of about 290 characters; the same ones every time."""
    draw = random.Random(7)
    made = []
    for number in range(count):
        town = draw.choice(towns)
        parts = [scene.format(town=town) for scene in draw.sample(SCENES, 5)]
        if number % 5 < 2:
            parts.insert(
                draw.randrange(1, 6), draw.choice(POLICE if number % 5 else (*POLICE, *COMPLAINTS)).format(town=town)
            )
        body = "尊敬的局长：您好！" + "".join(parts) + draw.choice(CLOSING)
        source = str(number)
        made.append(
            Letter(
                letter_id=letter_id("mailbox", source),
                channel="mailbox",
                source_id=source,
                kind="求助",
                title=f"反映{town}的问题",
                body=body,
                arrived_at=AT,
                received_at=AT,
                place=Place(text=f"{town}老街{number % 90}号" if number % 3 else ""),
            )
        )
    return made


def label(letter: Letter, categories: Sequence[str]) -> Label:
    """What a classifier would say, sure of two letters in three."""
    draw = random.Random(int(letter.source_id))
    names = draw.sample(list(categories), 3)
    sure = draw.random() < 0.67
    shares = (0.97, 0.01, 0.01) if sure else (0.5, 0.2, 0.1)
    three = tuple(Alternative(label=name, confidence=share) for name, share in zip(names, shares, strict=True))
    head = HeadLabel(label=names[0], confidence=shares[0], accepted=sure, alternatives=three)
    return Label(letter_id=letter.letter_id, category=head)


def cpu_us(work: Callable[[int], object], count: int, rounds: int = 15) -> float:
    """Microseconds of CPU time a call, the best round."""
    best = float("inf")
    for _ in range(rounds):
        start = time.process_time()
        for at in range(count):
            work(at)
        best = min(best, time.process_time() - start)
    return best / count * 1e6


def measure(count: int = 500) -> dict[str, float]:
    """Microseconds a letter, by step."""
    bureau = read_bureau(Path(__file__).parents[1] / "bureaus" / "nankang")
    start = time.process_time()
    router = Router(bureau)
    compiled = time.process_time() - start
    batch = letters([place.name for place in bureau.places if place.level == "town"], count)
    labels = [label(letter, [c.name for c in bureau.categories if not c.complaint]) for letter in batch]
    words = [Words.of(letter) for letter in batch]
    jieba.setLogLevel("ERROR")
    jieba.initialize()
    gazetteer, danger, recusal = router.steps()
    return {
        "letters": float(count),
        "characters": sum(len(letter.title) + len(letter.body) for letter in batch) / count,
        "compile_ms": compiled * 1e3,
        "jieba_us": cpu_us(lambda at: jieba.lcut(batch[at].body), count, rounds=5),
        "plain_us": cpu_us(lambda at: Words.of(batch[at]), count),
        "gazetteer_us": cpu_us(lambda at: gazetteer.of(batch[at], words[at]), count),
        "danger_us": cpu_us(lambda at: danger.find(batch[at], words[at]), count),
        "recusal_us": cpu_us(lambda at: recusal.find(batch[at], words[at]), count),
        "decide_us": cpu_us(lambda at: router.decide(batch[at], labels[at], at=AT), count),
    }


def main() -> None:
    found = measure()
    if "--json" in sys.argv:
        print(json.dumps({"machine": platform.processor() or platform.machine(), **found}))
    else:
        for name, value in found.items():
            print(f"{name:>14} {value:10.1f}")
        print(f"promised: gazetteer {GAZETTEER_US} µs, decide {DECIDE_US} µs a letter where jieba takes {JIEBA_US} µs")
    slower = max(found["jieba_us"] / JIEBA_US, 1.0)
    if found["gazetteer_us"] > GAZETTEER_US * slower or found["decide_us"] > DECIDE_US * slower:
        sys.exit("slower than promised")


if __name__ == "__main__":
    main()
