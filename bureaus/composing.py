"""Phrases, a bureau and a seeded random source go in; invented letters with the answer an officer would give come out.

A letter is put together from an opening, one or two events of its category, details, facts, troubles, asides that speak
of something else, a request and a closing; then some words are swapped for colloquial or misspelt ones. The phrases are
plain sentences in `bureaus/phrases/*.yaml`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from random import Random
from typing import Final, Literal, NamedTuple

from ruamel.yaml import YAML

from letters.bureau import Bureau, Place, Unit

Templates = Literal["train", "held-out"]
Template = tuple[str, ...]
"""Literal text and slot names by turns, beginning with text."""

FOLDER: Final = Path(__file__).parent / "phrases"
SHARED: Final = "shared.yaml"
WORDS: Final = "words.yaml"

_SLOT: Final = re.compile(r"\{(\w+)\}")
_SURNAMES: Final = "赖钟曾刘陈黄李张王朱谢何卢邱郭罗幸温廖蔡叶吴徐杨刁蓝申吕"
_RELATIVES: Final = ("母亲", "父亲", "奶奶", "外公", "爱人", "岳父", "女儿", "儿子", "老伴", "大姐", "叔叔")
_ELDERS: Final = ("母亲", "父亲", "奶奶", "外公", "岳父", "老伴", "伯父", "婆婆")
_WHO: Final = ("隔壁邻居", "对面店主", "一个工友", "楼下大姐", "保安", "送外卖的小哥", "路过的群众", "同村的人")
_DAYS: Final = ("三四天", "一个多星期", "十几天", "快一个月", "两个月", "大半年", "四十多天", "整整一年")
_HOURS: Final = ("早上七点多", "上午十点左右", "中午", "下午三点", "傍晚", "晚上八点半", "半夜", "凌晨一点多")
_NIGHTS: Final = ("夜里十一点", "十二点以后", "凌晨一两点", "后半夜", "深夜")
_DAY_WORDS: Final = ("昨天", "前天", "上周五", "上周日", "国庆那几天", "这个月初", "上个月底", "前几天")
_COUNTS: Final = ("两", "三", "四", "五", "六", "七", "好几")
_HUNDREDS: Final = ("三十", "五十", "八十", "一百", "两百", "四百")
_NEAR: Final = ("", "", "", "附近", "旁边", "那边", "一带")


class Composed(NamedTuple):
    """A letter and what should become of it."""

    title: str
    body: str
    category: str
    place: Place
    where: str
    """The place as the writer names it, fit for an address field."""
    accused: Unit | None
    host: Unit


@cache
def words() -> dict[str, dict[str, list[str]]]:
    """The words (things) and short statements (acts) of each category, which train and held-out letters share."""
    loaded: dict[str, dict[str, list[str]]] = YAML(typ="safe", pure=True).load((FOLDER / WORDS).read_text("utf-8"))
    return loaded


@cache
def phrases(templates: Templates) -> tuple[dict[str, dict[str, list[Template]]], dict[str, list[Template]]]:
    """The sentences of each category by part, and the shared ones, cut at their slots."""
    categories: dict[str, dict[str, list[Template]]] = {}
    yaml = YAML(typ="safe", pure=True)
    for path in sorted(FOLDER.glob("*.yaml")):
        if path.name == WORDS:
            continue
        loaded = yaml.load(path.read_text(encoding="utf-8"))
        if path.name == SHARED:
            shared = {part: [_cut(text) for text in texts] for part, texts in loaded[templates].items()}
            continue
        for category, pools in loaded.items():
            categories[category] = {part: [_cut(text) for text in texts] for part, texts in pools[templates].items()}
    return categories, shared


def _cut(text: str | list[str]) -> Template:
    return tuple(_SLOT.split(text)) if isinstance(text, str) else tuple(text)


class Composer:
    """Writes letters for one bureau. Equal bureau, seed and templates give equal letters in the same order."""

    def __init__(self, bureau: Bureau, seed: int, templates: Templates) -> None:
        known, shared = phrases(templates)
        self._bureau = bureau
        self._random = Random(f"{templates}:{seed}")
        self._shared = shared
        self._vocabulary: dict[str, list[str]] = {}
        self._by_category = {
            category.name: known[category.name] for category in bureau.categories if category.name in known
        }
        self._categories = tuple(self._by_category)
        self._stations = tuple(unit for unit in bureau.units.values() if unit.kind == "station")
        small = ("community", "village", "road", "landmark")
        self._places = tuple(
            place for place in bureau.places if place.level in small and bureau.units[place.unit].kind == "station"
        )
        if not self._categories or len(self._stations) < 2 or not self._places:
            raise ValueError(
                "no letters can be invented: the bureau shares no category with bureaus/phrases, or has no places"
            )

    @property
    def random(self) -> Random:
        """The source that all of a letter is drawn from."""
        return self._random

    def compose(self, *, on: date, complaint: bool | None = None) -> Composed:
        """One letter; with `complaint` given, of a category that complains about police work or of one that does not."""
        draw = self._random
        bureau = self._bureau
        name = draw.choice(self._categories)
        while complaint is not None and bureau.category[name].complaint is not complaint:
            name = draw.choice(self._categories)
        place = draw.choice(self._places)
        where = f"{place.within or ''}{place.name}"
        slots = {"station": bureau.units[place.unit].name, "town": place.within or place.name}
        # Some letters leave their place to the address field.
        slots["place"] = draw.choice((where, place.name, place.name)) if draw.random() < 0.85 else "我家这里"
        self._vocabulary = words()[name]
        parts = self._parts(self._by_category[name])
        body = self._swapped("".join(self._filled(template, slots) for template in parts))
        own = self._by_category[name]
        titles = own["titles"] if "topics" in own or draw.random() < 0.5 else self._shared["titles"]
        title = self._filled(draw.choice(titles), slots) if draw.random() < 0.8 else ""
        category = bureau.category[name]
        accused = bureau.units[place.unit] if category.complaint and slots["station"] in body else None
        return Composed(
            title, body, name, place, where, accused, bureau.units[self._host(name, place, title + body, on)]
        )

    def _parts(self, own: Mapping[str, list[Template]]) -> list[Template]:
        """The sentences of a letter in their order; short and long letters both occur."""
        draw, shared = self._random, self._shared
        length = draw.choice((0, 1, 1, 2, 2, 2, 3))
        middle = draw.sample(own["details"], min(len(own["details"]), draw.randint(0, 1 + length // 2)))
        middle += draw.sample(own.get("topics", shared["topics"]), draw.choice((0, 1, 1, 1, 2, 2)))
        middle += draw.sample(shared["facts"], draw.randint(0, 2 + length))
        # A letter of thanks has topics of its own and no troubles.
        middle += draw.sample(shared["troubles"], 0 if "topics" in own else draw.randint(0, 2 + length))
        middle += draw.sample(shared["asides"], draw.choice((0, 1, 1, 2)))
        draw.shuffle(middle)
        events = draw.sample(own["events"], 2 if length == 3 and len(own["events"]) > 2 else 1)
        # Some writers come to the point at once, others at the end.
        if draw.random() < 0.2:
            middle.insert(draw.randrange(len(middle) + 1), events.pop())
        requests = [draw.choice(own["requests"])] if draw.random() < 0.85 else []
        return [draw.choice(shared["openings"]), *events, *middle, *requests, draw.choice(shared["closings"])]

    def _filled(self, template: Template, slots: dict[str, str]) -> str:
        if len(template) == 1:
            return template[0]
        out = list(template)
        for at in range(1, len(out), 2):
            slot = out[at]
            out[at] = slots.get(slot) or self._value(slot, slots)
        return "".join(out)

    def _value(self, slot: str, slots: dict[str, str]) -> str:
        """A value for a slot; people and numbers that the letter keeps are remembered."""
        draw = self._random
        match slot:
            case "time":
                day = (
                    draw.choice(_DAY_WORDS)
                    if draw.random() < 0.6
                    else f"{draw.randint(1, 12)}月{draw.randint(1, 28)}日"
                )
                return day + draw.choice(_HOURS)
            case "money":
                return draw.choice(
                    (
                        f"{draw.randint(2, 99) * 100}元",
                        f"{draw.randint(11, 380) / 10:g}万元",
                        f"{draw.choice('两三四五六七八九')}千多块",
                        f"{draw.choice('一两三五六八')}万多",
                    )
                )
            case "count":
                return draw.choice(_COUNTS)
            case "count2":
                return draw.choice(_HUNDREDS)
            case "days":
                return draw.choice(_DAYS)
            case "night":
                return draw.choice(_NIGHTS)
            case "who":
                return draw.choice(_WHO)
            case "plate":
                return f"{draw.randint(100, 999)}"
            case "phone":
                return f"139000{draw.randint(0, 99999):05d}"
            case "age":
                return str(draw.randint(22, 83))
            case "thing" | "thing2":
                return draw.choice(self._vocabulary["things"])
            case "act":
                return draw.choice(self._vocabulary["acts"])
            case "other" | "other_act":
                other = words()[draw.choice(self._categories)]
                return draw.choice(other["things" if slot == "other" else "acts"])
            case "station2":
                return draw.choice(self._stations).name
            case "old":
                return str(draw.randint(61, 93))
            case "elder":
                slots[slot] = draw.choice(_ELDERS)
            case "relative":
                slots[slot] = draw.choice(_RELATIVES)
            case "surname":
                slots[slot] = draw.choice(_SURNAMES)
            case "name":
                slots[slot] = draw.choice(_SURNAMES) + draw.choice(("先生", "女士", "某某", "师傅"))
            case _:
                raise ValueError(f"bureaus/phrases: unknown slot {{{slot}}}")
        return slots[slot]

    def _swapped(self, body: str) -> str:
        """The body with a few words as people say or misspell them, and now and then without full stops."""
        draw = self._random
        for template in self._shared["swaps"]:
            if draw.random() < 0.12:
                body = body.replace(template[0], template[1], 1)
        if draw.random() < 0.1:
            body = body.replace("。", draw.choice((" ", "，", "\n")))
        return body

    def _host(self, name: str, place: Place, text: str, on: date) -> str:
        """The unit an officer would choose: the bureau's own rule first, then the category's host."""
        bureau = self._bureau
        for rule in bureau.rules:
            if (
                (not rule.categories or name in rule.categories)
                and (not rule.words or any(word in text for word in rule.words))
                and (not rule.places or place.name in rule.places)
                and not rule.channels
                and (rule.valid_from or on) <= on <= (rule.valid_to or on)
            ):
                return rule.host
        category = bureau.category[name]
        if category.host == "inspection":
            return bureau.inspection
        if category.host == "desk":
            return bureau.mailbox_team
        if category.host == "line" and category.line is not None and category.line in bureau.line_units:
            return bureau.line_units[category.line]
        return place.unit
