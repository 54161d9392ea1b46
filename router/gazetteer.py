"""A letter goes in; the places it names and the unit whose ground they lie on come out, or why that stays open.

Record fields speak before text; a homonym is settled by the town named beside it or reported as ambiguous; a place that
the writer denies (“不是在金鸡”) does not count. Short names need words beside them that make them places.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from letters.bureau import Bureau, Place
from letters.messages import Letter
from router.areas import Areas
from router.phrases import Phrases
from router.text import Words, plain

Source = Literal["coordinates", "area_code", "address", "title", "body"]

_KIND: Final = re.compile(
    r"(?:街道办事处|街道|镇|乡|社区居民委员会|社区居委会|居委会|社区|村民委员会|村委会|行政村|自然村|村|圩)$"
)
_DENIED: Final = re.compile(
    r"(?:不是|并非|并不是|不在|没在|不属于|不归|非|而不是|除了|除|不住|不住在|并不在|没有在|不属|别去|"
    r"不去)(?:在|住在|发生在|我们|我|属)?(?:本|我)?区?$"
)
_HERE: Final = re.compile(
    r"(?:在|位于|地点|地址|住址|家住|住在|住|地处|现场|发生于|辖区|坐落)[：:是为在]?[\u4e00-\u9fff]{0,4}$"
)
_PASSING: Final = re.compile(
    r"(?:老家|户籍|户口|籍贯|来自|出生|原籍|祖籍|娘家|从|途经|路过|经过|往|去往|开往|距离?|相邻|毗邻|靠近|"
    r"邻近|嫁到|去过)(?:是|在|地)?$"
)
_BORN: Final = re.compile(r"(?:人(?!民|行|口|家|工|流|群|多|少)|籍|户籍|老家)")
_UNIT_AFTER: Final = re.compile(r"(?:公安)?(?:派出所|派所|所|交警|中队|警务)")
_LEFT_OK: Final = re.compile(
    r"(?:^|[^\u4e00-\u9fff]|[在到去住于从往自来回经至是的和与跟及由属归向过离近了县区市镇乡省道我们着]|反映|"
    r"投诉|举报|请问|关于|本家|街道|社区|经过|隔壁|附近|建议|希望|感谢|报警)$"
)
_RIGHT_OK: Final = re.compile(
    r"(?:$|[^\u4e00-\u9fff]|[镇乡村圩组屯坊街的有在这某一附近境内辖片上人]|社区|小区|派出所|交警|路段|中学|"
    r"小学|医院|卫生院|高速|车站|收费|开发区|工业|政府|市场|大桥|居民|百姓|农贸|辖区|地区|方向|老街|幼儿园|"
    r"广场|公园|新区)"
)
_ROAD_AFTER: Final = re.compile(
    r"(?:东|南|西|北|中|一|二|三)?(?:路(?!段)|街(?!道|上)|大道|巷|弄|湖|河|山庄|花园|大厦|大?酒店|大?饭店|"
    r"宾馆|商行|超市|"
    r"奖|牌|新区|区(?!域|别|间|的|内))"
)
_TOWN_AFTER: Final = re.compile("镇|乡|街道|派出所|交警|圩|辖区")
_VILLAGE_AFTER: Final = re.compile(r"(?:村|社区|小组|组|屯|坊|圩|居委|大队部|自然村|小学|村民|居民)")
_FOREIGN: Final = re.compile(r"([\u4e00-\u9fff]{2,4}?(?<![小社辖片景校园我本该全业新城老市郊这]))(?:县|区)$")
_FOREIGN_START: Final = re.compile(r"(?:^|省|市|州)([\u4e00-\u9fff]{2,3})(?:县|区)")


@dataclass(frozen=True, slots=True)
class Hit:
    """One place name in a text and what speaks for it; `entries` are the places of that name."""

    start: int
    end: int
    text: str
    entries: tuple[Place, ...]
    weight: float
    denied: bool = False


@dataclass(frozen=True, slots=True)
class Ground:
    """Where a letter happened: `unit` when that is certain, else the `units` it may be, likeliest first."""

    unit: str | None = None
    units: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    source: Source | None = None
    around: tuple[str, ...] = ()
    """Canonical names of the places found and of what they lie in, for rules that name places."""
    reason: str = "记录和正文中没有找到本辖区的地名"


NOWHERE: Final = Ground()


@dataclass(frozen=True, slots=True)
class _Form:
    places: tuple[Place, ...]
    short: bool
    """A name without its kind (金鸡 for 金鸡镇) or of two characters: counts only beside words that make it a place."""
    town: bool


class Gazetteer:
    """The bureau's places, compiled once."""

    def __init__(self, bureau: Bureau) -> None:
        self._bureau = bureau
        self._areas = Areas(bureau)
        self._units = {code for code, unit in bureau.units.items() if unit.kind not in ("bureau", "external")}
        self._by_code = {place.code: place for place in bureau.places if place.code and place.unit in self._units}
        own = {plain(p.name) for p in bureau.places if p.level == "district"} | {plain(bureau.name)}
        self._own = tuple(sorted({re.sub(r"(?:公安局|分局|县|区|市)+$", "", name)[-2:] for name in own}))
        full: dict[str, list[Place]] = {}
        short: dict[str, list[Place]] = {}
        for place in bureau.places:
            if place.unit not in self._units or place.level == "district":
                continue
            for name in {plain(place.name), *(plain(alias) for alias in place.aliases)}:
                if len(name) < 2:
                    continue
                stem = _KIND.sub("", name)
                (short if len(name) == 2 else full).setdefault(name, []).append(place)
                if place.level in ("town", "community", "village") and stem != name and len(stem) >= 2:
                    (full if len(stem) > 2 else short).setdefault(stem, []).append(place)
                    if place.level == "community":
                        full.setdefault(stem + "居委会", []).append(place)
        table: dict[str, _Form] = {}
        for name, places in short.items():
            towns = [place for place in places if place.level == "town"]
            table[name] = _Form(tuple(towns or places), True, bool(towns))
        for name, places in full.items():
            table[name] = _Form(tuple(dict.fromkeys(places)), False, any(p.level == "town" for p in places))
        self._phrases = Phrases(table)

    def hits(self, text: str, *, address: bool = False) -> Iterator[Hit]:
        """Every place named in plain `text`, with what speaks for and against it."""
        for start, end, form in self._phrases.scan(text):
            before, after = text[max(0, start - 10) : start], text[end : end + 5]
            if form.short and not self._is_place(before, after, form.town, address):
                continue
            foreign = _FOREIGN.search(before)
            if foreign and not any(own in foreign.group(1) for own in self._own):
                continue
            weight = 1.0 if form.short else 1.5
            if _HERE.search(before):
                weight += 2.0
            if _PASSING.search(before) or _BORN.match(after):
                weight = 0.3
            if _UNIT_AFTER.match(after):
                weight = min(weight, 0.5)
            yield Hit(start, end, text[start:end], form.places, weight, bool(_DENIED.search(before)))

    @staticmethod
    def _is_place(before: str, after: str, town: bool, address: bool) -> bool:
        if _ROAD_AFTER.match(after):
            return False
        left, right = bool(_LEFT_OK.search(before)), bool(_RIGHT_OK.match(after))
        if town:
            return left or bool(_TOWN_AFTER.match(after)) or (address and right)
        return (left or address) and bool(_VILLAGE_AFTER.match(after))

    def of(self, letter: Letter, words: Words) -> Ground:
        """The unit whose ground the letter is about. Fields first: area code, point and address; then title and body."""
        place = letter.place
        if place.area_code and self._elsewhere(place.area_code):
            return Ground(source="area_code", reason=f"行政区划代码{place.area_code}不在本局辖区")
        address = words.address
        if address and (start := _FOREIGN_START.search(address)) and not any(own in address for own in self._own):
            return Ground(source="address", reason=f"地址写的是{start.group(0).lstrip('省市州')}，不在本局辖区")
        fields = [
            self._area_code(place.area_code),
            self._point(place.lng, place.lat),
            self._settle(list(self.hits(address, address=True)), "address") if address else NOWHERE,
        ]
        ground = _agreed([found for found in fields if found.units])
        if ground.unit:
            return ground
        hits = list(self.hits(words.text))
        if ground.units:
            narrowed = self._settle([hit for hit in hits if {p.unit for p in hit.entries} & set(ground.units)], "body")
            return narrowed if narrowed.unit in ground.units else ground
        return self._settle(hits, "title" if hits and hits[0].start < words.title_end else "body")

    def _elsewhere(self, code: str) -> bool:
        """Whether an area code is another district's; a whole city's or province's code (…00) says nothing."""
        own = self._bureau.area_code
        return len(code) >= 6 and bool(own) and code[:6] != own[:6] and not code[:6].endswith("00")

    def _area_code(self, code: str | None) -> Ground:
        if not code or len(code) < 9:
            return NOWHERE
        place = self._by_code.get(code) or self._by_code.get(code[:12]) or self._by_code.get(code[:9])
        if place is None:
            return NOWHERE
        reason = f"行政区划代码{code}是{place.name}"
        return Ground(place.unit, (place.unit,), (place.name,), "area_code", _around([place]), reason)

    def _point(self, lng: float | None, lat: float | None) -> Ground:
        units = self._areas.units_at(lng, lat)
        if not units:
            return NOWHERE
        if len(units) > 1:
            return Ground(None, units, source="coordinates", reason="坐标落在两个辖区的交界处")
        return Ground(units[0], units, source="coordinates", reason="坐标落在辖区内")

    def _settle(self, hits: list[Hit], source: Source) -> Ground:
        """One unit out of several names, or an honest “ambiguous”."""
        hits = [hit for hit in hits if not hit.denied]
        if not hits:
            return NOWHERE
        around = _around([place for hit in hits for place in hit.entries])
        sure: dict[str, float] = {}
        names: dict[str, list[str]] = {}
        open_hits: list[tuple[Hit, set[str]]] = []
        for hit in hits:
            units = {place.unit for place in hit.entries}
            if len(units) == 1:
                unit = next(iter(units))
                sure[unit] = sure.get(unit, 0.0) + hit.weight
                names.setdefault(unit, []).append(hit.text)
            else:
                open_hits.append((hit, units))
        for hit, units in open_hits:
            both = units & sure.keys()
            if len(both) == 1:
                unit = both.pop()
                sure[unit] += hit.weight
                names[unit].append(hit.text)
        if not sure:
            common = set.intersection(*(units for _, units in open_hits))
            text = open_hits[0][0].text
            if len(common) == 1:
                unit = common.pop()
                return Ground(
                    unit,
                    (unit,),
                    tuple(hit.text for hit, _ in open_hits),
                    source,
                    around,
                    f"“{text}”等地名同在一个辖区",
                )
            several = tuple(sorted(common or set.union(*(units for _, units in open_hits))))
            return Ground(None, several, (text,), source, around, f"“{text}”在辖区内不止一处，正文没有说明是哪一处")
        ranked = sorted(sure, key=lambda unit: (-sure[unit], unit))
        best = ranked[0]
        if len(ranked) > 1 and sure[best] < 1.5 * sure[ranked[1]]:
            named = "、".join(dict.fromkeys(name for unit in ranked for name in names[unit]))
            return Ground(
                None, tuple(ranked), tuple(names[best]), source, around, f"提到几处地名（{named}），分属不同单位"
            )
        where = {"address": "地址", "title": "标题", "body": "正文"}.get(source, source)
        return Ground(
            best, tuple(ranked), tuple(dict.fromkeys(names[best])), source, around, f"{where}提到{names[best][0]}"
        )


def _agreed(fields: list[Ground]) -> Ground:
    """What the fields of a record say together; when they contradict each other that stays open."""
    if len(fields) < 2:
        return fields[0] if fields else NOWHERE
    common = [unit for unit in fields[0].units if all(unit in other.units for other in fields[1:])]
    around = tuple(sorted({name for found in fields for name in found.around}))
    places = tuple(dict.fromkeys(name for found in fields for name in found.places))
    if len(common) == 1:
        certain = next((found for found in fields if found.unit), fields[0])
        return Ground(common[0], (common[0],), places, certain.source, around, certain.reason)
    union = tuple(common) or tuple(dict.fromkeys(unit for found in fields for unit in found.units))
    return Ground(
        None, union, places, fields[0].source, around, "登记的地点互相矛盾：" + "；".join(f.reason for f in fields)
    )


def _around(places: list[Place]) -> tuple[str, ...]:
    return tuple(sorted({name for place in places for name in (place.name, place.within) if name}))
