"""Names of units and persons: the text of a field goes in, the accused (被反映单位或个人) and other lists come out.

A name reads as a unit when it ends like one (派出所, 大队, 分局, 科, 室, 中心 …; also 公司, 医院 and the like: an
organisation is no person). “唐江派出所民警张三” names both, and “唐江派出所不作为” the station: what surrounds the name stays
in the raw record. “唐江派出所附近的烧烤摊” is no station. Everything else is a person.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from letters.messages import Accused

MOST_TOGETHER: Final = 20
"""Most persons that each get the one unit named beside them."""

_NOBODY: Final = frozenset(
    {"", "无", "没有", "不详", "未知", "不清楚", "不知道", "暂无", "-", "--", "—", "/", "n/a", "null", "none"}
)
_BETWEEN: Final = re.compile(r"[、，,;；/／|\n\r\t]+")
_AND: Final = re.compile(r"以及|及其|和(?![平谐顺田林县静硕政龙])|及|与")
_BRACKETS: Final = re.compile(r"[（(][^（）()]*[）)]$")

_POLICE: Final = (
    "派出所|警务室|警务站|分局|公安局|公安处|交警队|巡警队|大队|中队|支队|总队|看守所|拘留所|车管所|戒毒所|指挥中心"
)
_UNIT: Final = re.compile(
    rf"(?:{_POLICE}|中心|办公室|委员会|管理处|服务站|工作站|收费站|大厅|窗口|专班|公司|集团|医院|学校|学院|大学|中学|小学|幼儿园|银行|"
    r"物业|酒店|宾馆|饭店|工厂|商店|超市|村委|居委|街道|政府|法院|检察院|公安|[所局队科室处股站厅院委部办组店厂])$"
)
_ROLE: Final = (
    "民警|辅警|协警|警察|交警|警员|工作人员|窗口人员|值班人员|接警员|接线员|办案人员|教导员|指导员|副所长|所长|副大队长|大队长|副中队长|"
    "中队长|副队长|队长|副科长|科长|副局长|局长|副主任|主任|副支队长|支队长|副政委|政委"
)
_UNIT_AND_REST: Final = re.compile(rf"(.*(?:{_POLICE}|[科室处股]))(?:的|里的)?({_ROLE})?[:： ]*(.*)", re.DOTALL)
_ROLE_AND_NAME: Final = re.compile(rf"({_ROLE})[:： ]*(.*)", re.DOTALL)
_POLICE_END: Final = re.compile(rf"(?:{_POLICE})$")
_NEARBY: Final = re.compile(
    r"^(?:附近|旁|门口|对面|隔壁|边上|后面|前面|楼下|楼上|辖区|周边|斜对面|[东南西北]侧|[东南西北]面)"
)

_SURNAMES: Final = frozenset(
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金"
    "陆郝孔白崔康毛邱秦江史顾侯邵孟万段雷钱汤尹黎易常武乔贺赖龚文欧明"
)


def pieces(text: str) -> Iterator[str]:
    """The names in a text, in order; words for “nobody” (无, 不详) are none."""
    for part in _BETWEEN.split(text):
        yield from _split_and(part.strip())


def is_unit(name: str) -> bool:
    """Whether a name reads as one of a unit. 王文科 is a person (科 is a given name, 所 and 队 are none), so are 李所 and 王队."""
    plain = _BRACKETS.sub("", name).strip()
    if not _UNIT.search(plain):
        return False
    short = 3 if plain.endswith("科") else 2
    return len(plain) > 1 and not (len(plain) <= short and plain[0] in _SURNAMES and not plain.endswith("公安"))


def accused(text: str | None, duty: str | None = None) -> tuple[Accused, ...]:
    """Who is complained about. A duty (职务) belongs to the only person, or to the only unit; else it stands alone."""
    found = [_accused_one(name) for name in pieces(text)] if text else []
    if duty:
        fitting = [at for at, one in enumerate(found) if one.person and not one.duty]
        fitting = fitting or [at for at, one in enumerate(found) if not one.person and not one.duty]
        if len(fitting) == 1:
            found[fitting[0]] = found[fitting[0]].model_copy(update={"duty": duty})
        else:
            found.append(Accused(duty=duty))
    return tuple(found)


def accused_parts(
    units: str | None, unit_code: str | None, persons: str | None, badge_no: str | None
) -> tuple[Accused, ...]:
    """Who is complained about, from fields of their own: one accused, or one for each name where a field holds several.

    Which of several units a single code names is not known, so the code then stands alone; so do badge numbers that
    are not as many as the persons.
    """
    unit_names = list(pieces(units)) if units else []
    people: list[str | None] = list(pieces(persons)) if persons else []
    badges: list[str | None] = list(pieces(badge_no)) if badge_no else []
    found: list[Accused] = []
    unit, code = (unit_names[0] if unit_names else None), unit_code
    if len(unit_names) > 1 or len(people) > MOST_TOGETHER:
        found = [Accused(unit_name=name) for name in unit_names]
        found += [Accused(unit_code=unit_code)] if unit_code else []
        unit = code = None
    elif not people and len(badges) == 1 and (unit or code):
        people = [None]
    paired = badges if len(badges) == len(people) else [None] * len(people)
    for person, badge in zip(people, paired, strict=True):
        found.append(Accused(unit_code=code, unit_name=unit, person=person, badge_no=badge))
    if not found and (unit or code):
        found.append(Accused(unit_code=code, unit_name=unit))
    if paired is not badges:
        found += [Accused(badge_no=badge) for badge in badges]
    return tuple(found)


def _accused_one(name: str) -> Accused:
    if is_unit(name):
        return Accused(unit_name=name)
    titled = _ROLE_AND_NAME.fullmatch(name)
    if titled and _is_name(titled[2]):
        return Accused(person=titled[2], duty=titled[1])
    both = _UNIT_AND_REST.fullmatch(name)
    if both is None or (both[3].startswith("长") and len(both[1]) <= 3 and name[0] in _SURNAMES):
        return Accused(person=name)
    unit, role, rest = both[1], both[2], both[3].strip()
    person = rest if _is_name(rest) else None
    named = is_unit(unit) and not _NEARBY.match(rest)
    if named and (role or person or _POLICE_END.search(unit)):
        return Accused(unit_name=unit, person=person, duty=role)
    return Accused(person=name)


def _split_and(part: str) -> Iterator[str]:
    """“唐江派出所和凤岗派出所”, “张三和李四” are two; “和平派出所”, “张和平” are one."""
    for match in _AND.finditer(part):
        left, right = part[: match.start()].strip(), part[match.end() :].strip()
        if left and right and (is_unit(left) or (_is_name(left) and _is_name(right))):
            yield from _one(left)
            yield from _split_and(right)
            return
    yield from _one(part)


def _one(name: str) -> Iterator[str]:
    if name.lower() not in _NOBODY:
        yield name


def _is_name(text: str) -> bool:
    return 2 <= len(text) <= 4 and (text[0] in _SURNAMES or "某" in text) and not is_unit(text)
