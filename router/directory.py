"""The bureau's units go in; what a text calls them comes out: names, short forms, bare words like 派出所, near misses.

A `Mention` says which units a word may mean. Nothing here decides whether the writer complains: see `stance`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from letters.bureau import Bureau, Unit
from router.names import BARE, POINTING, SYNONYMS
from router.phrases import Phrases
from router.text import distance_at_most_one, plain

Sort = Literal["named", "pointing", "bare", "similar", "outside"]
"""How a word names a unit: by name, by pointing back (该所), by kind alone (民警), nearly, or one elsewhere."""


@dataclass(frozen=True, slots=True)
class Mention:
    """A place in a text that speaks of police: `codes` are the units it may mean, empty when it does not say."""

    start: int
    end: int
    text: str
    sort: Sort
    codes: frozenset[str]
    group: str
    """station, squad, traffic, officer, command, chief, bureau, external, person: what the word can refer to."""
    persons: tuple[str, ...] = ()
    """Staff named here."""


_NAME_BEFORE: Final = re.compile(r"[\u4e00-\u9fff]{2,6}$")
_ELSEWHERE: Final = re.compile(
    r"([\u4e00-\u9fff]{2,4}?(?<![小社辖片景校园我本该全业新城老市郊这]))(?:县|区|市|旗)(?:公安局|公安分局|"
    r"分局|公安)?$"
)
_OTHER_BODY: Final = re.compile(
    "(?:交通|教育|城管|环保|环境|财政|民政|住建|卫生|人社|税务|水利|农业|林业|规划|国土|资源|监督管理|执法|运输|"
    "司法|税|生态)(?:局|厅|委|办|部门)的?$"
)
_UNKNOWN: Final = re.compile(
    "(?:^|[，。！？；：、“\n\r ,;:!?(（到在去向给被由和与对是找请让往经市县区镇乡]|投诉|举报|反映|控告|感谢|"
    "报警|联系|实名)"
    "((?!举报|投诉|反映|控告|感谢|联系|建议|希望|请求|报警|质疑|表扬|起诉|状告|申诉|检举|实名)"
    "(?:(?![我你他她它们这那该本贵是的了在到去向给被由和与对找请让时天晚早后前就都也才又还不没有人个家次说因为所以当辖附近相关属管村里街社基层公安一二三四五六七八九十某各来看见])[\u4e00-\u9fff]){2,4})(?:边防|"
    ""
    ""
    ""
    ""
    ""
    ""
    ""
    ""
    ""
    ""
    ""
    ""
    ""
    ""
    ""
    ""
    ""
    ""
    ""
    ""
    ""
    ""
    ""
    ""
    "水上|公安)?$"
)
"""A name of two to four characters, after a word that cannot belong to it: a station that is not ours."""
_FULL_STATION: Final = re.compile(r"(?:^|局|分局)([\u4e00-\u9fff]{1,8}?)(?:公安)?派出所$")
_NO_SHORT: Final = re.compile("[有以属在说谓需得见述指致作用学租住产]|长期")
"""“金鸡所有”, “金鸡所在” are no 金鸡所."""


def _own_name(unit: Unit, roots: tuple[str, ...]) -> str:
    """The unit's name without the bureau's in front: 赣州市公安局南康分局金鸡派出所 → 金鸡派出所."""
    name = plain(unit.name)
    for root in roots:
        if name.startswith(root) and len(name) > len(root) + 1:
            name = name[len(root) :]
    _, cut, tail = name.rpartition("分局")
    if cut and len(tail) >= 2:
        return tail
    _, cut, tail = name.rpartition("公安局")
    return tail if cut and len(tail) >= 2 else name


class Directory:
    """The bureau's names, compiled once."""

    def __init__(self, bureau: Bureau) -> None:
        self.bureau = bureau
        districts = [plain(place.name) for place in bureau.places if place.level == "district"]
        self.own_areas = frozenset(area for name in [*districts, plain(bureau.name)] for area in _stems(name))
        roots = tuple(
            sorted(
                {plain(u.name) for u in bureau.units.values() if u.kind == "bureau"} | {plain(bureau.name)},
                key=len,
                reverse=True,
            )
        )
        forms: dict[str, set[str]] = {}
        self._cores: dict[str, dict[str, set[str]]] = {}
        for unit in bureau.units.values():
            for form in self._forms(unit, roots):
                forms.setdefault(form, set()).add(unit.code)
        for place in bureau.places:
            host = bureau.units.get(place.unit)
            if place.level == "town" and host is not None and host.kind == "station":
                for stem in _stems(plain(place.name)):
                    forms.setdefault(f"{stem}派出所", {host.code})
                    self._cores.setdefault("派出所", {}).setdefault(stem, set()).add(host.code)
        self.names: dict[str, frozenset[str]] = {form: frozenset(codes) for form, codes in forms.items()}
        self.traffic = frozenset(
            u.code for u in bureau.units.values() if re.search("交警|交管|交通警察|交通管理|车管|车辆管理", u.name)
        ) | frozenset(
            u.code for u in bureau.units.values() if any("交" in line for line in u.lines) and u.kind != "external"
        )
        self.stations = frozenset(u.code for u in bureau.units.values() if u.kind == "station")
        self.squads = frozenset(u.code for u in bureau.units.values() if u.kind in ("squad", "section"))
        table: dict[str, tuple[Sort, frozenset[str], str]] = {}
        for word, group in BARE.items():
            table[word] = ("bare", frozenset(), group)
        for word, group in POINTING.items():
            table[word] = ("pointing", frozenset(), group)
        for form, codes in self.names.items():
            if len(form) >= 2:
                table[form] = ("named", codes, self._group(codes))
        people: dict[str, frozenset[str]] = {}
        for member in bureau.staff:
            name = plain(member.name)
            people[name] = people.get(name, frozenset()) | {member.unit}
        root = frozenset(code for code, unit in bureau.units.items() if unit.kind == "bureau")
        table.update({name: ("named", codes, "person") for name, codes in people.items() if len(name) > 1})
        table.update({plain(name): ("named", root, "chief") for name in bureau.chief if len(name) > 1})
        self._phrases = Phrases(table)
        areas = "|".join(sorted(map(re.escape, self.own_areas), key=len, reverse=True))
        tail = "(?:区|县|市)?(?:公安局|公安分局|分局|公安)?的?$"
        self._own_area = re.compile(f"(?:{areas}){tail}" if areas else "(?!)")

    def _group(self, codes: frozenset[str]) -> str:
        kinds = {self.bureau.units[code].kind for code in codes}
        if kinds <= {"bureau"}:
            return "bureau"
        if kinds <= {"external"}:
            return "external"
        return "station" if kinds <= {"station"} else "squad"

    def _forms(self, unit: Unit, roots: tuple[str, ...]) -> Iterator[str]:
        """Everything people may call `unit`."""
        own = _own_name(unit, roots)
        yield from {plain(unit.name), own, *(plain(alias) for alias in unit.aliases)}
        if unit.kind == "external":
            return
        for name in {own, *(plain(alias) for alias in unit.aliases)}:
            if match := _FULL_STATION.search(name):
                for stem in _stems(match.group(1)):
                    self._cores.setdefault("派出所", {}).setdefault(stem, set()).add(unit.code)
                    yield f"{stem}派出所"
                    yield f"{stem}公安派出所"
                    yield f"{stem}派所"
                    yield f"{stem}边防派出所"
                    if len(stem) >= 2:
                        yield f"{stem}所"
                continue
            if suffix := next((s for s in ("大队", "中队", "科", "室", "中心", "所") if name.endswith(s)), None):
                core = name.removesuffix(suffix)
                if len(core) >= 2:
                    self._cores.setdefault(suffix, {}).setdefault(core, set()).add(unit.code)
            if "中队" in name:
                if "大队" in name:
                    yield name.replace("大队", "")
                for a, b in (("一", "1"), ("二", "2"), ("三", "3"), ("四", "4"), ("五", "5"), ("六", "6")):
                    if f"{a}中队" in name:
                        yield from (name.replace(f"{a}中队", f"{b}中队"), name.replace(f"{a}中队", f"第{a}中队"))
                yield from (name.replace(long, "交警") for long in ("交通警察", "交管") if long in name)
                continue
            for row in SYNONYMS:
                if any(name == word or name.endswith(word) for word in row):
                    yield from row

    def scan(self, text: str) -> Iterator[Mention]:
        """Every mention of police in plain `text`, left to right."""
        for named, end, (sort, codes, group) in self._phrases.scan(text):
            word = text[named:end]
            if group == "person" or (group == "chief" and codes):
                yield Mention(named, end, word, sort, codes, group, (word,))
                continue
            area = self._own_area.search(text, max(0, named - 12), named) if sort == "named" else None
            start = area.start() if area else named
            if sort == "named":
                if word.endswith("所") and not word.endswith("派出所") and _NO_SHORT.match(text, end):
                    continue
                if _OTHER_BODY.search(text, max(0, start - 8), start):
                    continue
                if (match := _ELSEWHERE.search(text, max(0, start - 12), start)) and not self._ours(match.group(1)):
                    yield Mention(start, end, word, "outside", frozenset(), group)
                    continue
            elif word == "派出所" and (nearly := self._named_nearly(text, start, end)):
                yield nearly
                continue
            yield Mention(start, end, word, sort, codes, group)

    def _ours(self, area: str) -> bool:
        return any(area.endswith(own) or own.endswith(area) for own in self.own_areas)

    def _named_nearly(self, text: str, start: int, end: int) -> Mention | None:
        """What stands before a bare 派出所 when it looks like a name of ours mistyped, or like one from elsewhere."""
        before = _NAME_BEFORE.search(text, max(0, start - 6), start)
        if not before:
            return None
        name = before.group()
        if codes := self.near(name, "派出所"):
            return Mention(start, end, text[max(0, start - 3) : end], "similar", codes, "station")
        if (match := _ELSEWHERE.search(text, max(0, start - 12), start)) and not self._ours(match.group(1)):
            return Mention(start, end, text[start - 3 : end], "outside", frozenset(), "station")
        if unknown := _UNKNOWN.search(text, max(0, start - 7), start):
            return Mention(
                start - len(unknown.group(1)), end, unknown.group(1) + "派出所", "outside", frozenset(), "station"
            )
        return None

    def near(self, before: str, suffix: str) -> frozenset[str]:
        """Units whose core name is one slip away from the end of `before`, which stands in front of `suffix`."""
        found: set[str] = set()
        for core, codes in self._cores.get(suffix, {}).items():
            for size in {len(core) - 1, len(core), len(core) + 1}:
                if size < 2 or size > len(before):
                    continue
                part = before[-size:]
                if part != core and set(part) & set(core) and distance_at_most_one(part, core):
                    found |= codes
        return frozenset(found)

    def near_whole(self, name: str) -> frozenset[str]:
        """Units whose name is one slip away from a whole field, such as 户正科."""
        found: set[str] = set()
        for suffix in self._cores:
            if name.endswith(suffix) and 2 <= len(name) - len(suffix) <= 10:
                found |= self.near(name.removesuffix(suffix), suffix)
        return frozenset(found)

    def resolve(self, name: str | None) -> frozenset[str]:
        """Units with exactly this name, alias or short form; empty when none has."""
        if not name:
            return frozenset()
        return self.names.get(plain(name.strip()), frozenset())


def _stems(name: str) -> set[str]:
    """A place's name with and without its kind: 金鸡镇 → 金鸡镇, 金鸡; never shorter than two characters."""
    found = {name}
    stem = re.sub(r"(?:街道办事处|街道|镇|乡|县|区|市|分局|公安局)$", "", name)
    stem = re.sub(r"^.*公安局", "", stem)
    if len(stem) >= 2:
        found.add(stem)
    return {item for item in found if item}
