"""A letter's title and body go in; each complaint about police comes out with the units it may mean."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from letters.bureau import Bureau
from letters.messages import Letter
from router import roles
from router.directory import Directory, Mention
from router.names import MISREAD
from router.staff import TITLES, Staff
from router.stance import Complaint, complaints
from router.text import Words

_JOINED: Final = re.compile(
    r"(?:的|里|内|里面|一名|两名|三名|几名|几个|一个|两个|多名|某|某个|个别|部分|有的|一些|那个|这个|那位|"
    r"这位|一位|姓.|值班|出警|处警|办案|接警|接待|执勤|户籍|窗口|领导|新来的"
    r"|副|主管|分管|负责.{0,4}的|叫|名叫|女|男|老|小|年轻|.某某?|、|[a-z]){0,4}"
)
_CHAINED: Final = re.compile(r"(?:的|下属的?|下辖的?|辖区的?|管辖的?|治下|所属的?|、)?")
_STOP: Final = re.compile("[，,。！!？?；;\n\r…]")
_CIVILIAN: Final = re.compile(
    r"(?:邻居|老板|业主|房东|同村|村民|男子|女子|同学|同事|老乡|债务人|欠款人|债主|司机|车主|商家|店主|房客|"
    r"租户|朋友|前夫|丈夫|妻子|经理|员工|老师|医生)(?:的|是|叫|名叫|姓名|：|:)*$"
)
_NO_CHIEF: Final = re.compile(
    r"(?:教育|城管|交通|民政|住建|财政|环保|卫生|水利|人社|税务|工商|林业|农业|规划|土地|国土|邮|电|书|供电|"
    r"司法|审计|统计)$"
)
_OTHER_INSPECTION: Final = re.compile(r"(?:环保|环境|中央|生态|教育|卫生|省委|巡视|城管)$")

_OUR_CHIEF: Final = re.compile(
    "(?:公安|警察|分局|贵|你们?|本局|我们?|投诉|举报|控告|状告|查处|起诉|副)(?:局|的)?$|^$|[，。！？；,.!?;\n]$"
)
_ADDRESSED: Final = re.compile("信箱|热线|接待|您好|你好|好|：|:|，|,")
_NUMBER_BEFORE: Final = re.compile("[0-9a-zA-Z.－栋号-]$")
_NUMBER_AFTER: Final = re.compile("[0-9a-zA-Z.%千元块米号斤多余度伏平万个吨栋室]")
_MISREAD: Final = {word: tuple(after.split()) for word, after in MISREAD.items()}


@dataclass(frozen=True, slots=True)
class Accusation:
    """A complaint and the units it may mean; without `codes`, any unit of the `group` may be meant."""

    codes: frozenset[str]
    group: str
    sure: bool
    persons: tuple[str, ...] = ()
    outside: str = ""


class Reading:
    """Reads letters for complaints about this bureau."""

    def __init__(self, bureau: Bureau, directory: Directory, staff: Staff) -> None:
        self._bureau = bureau
        self._directory = directory
        self._staff = staff

    def of(self, letter: Letter, words: Words) -> Iterator[Accusation]:
        """Complaints in title and body."""
        text = words.text
        mentions = self.mentions(text)
        seen: set[tuple[frozenset[str], str, bool]] = set()
        for complaint in complaints(text, mentions, kind=letter.kind):
            accusation = self._meant(text, complaint, mentions)
            if accusation and (accusation.codes, accusation.group, accusation.sure) not in seen:
                seen.add((accusation.codes, accusation.group, accusation.sure))
                yield accusation

    def mentions(self, text: str) -> list[Mention]:
        """Units and staff in order, with “金鸡派出所的两名民警” and “南康分局金鸡派出所” read as one."""
        found = [m for m in self._directory.scan(text) if not self._misread(text, m)]
        for start, end, member in self._staff.badges_in(text):
            found.append(
                Mention(start, end, text[start:end], "named", frozenset({member.unit}), "person", (member.name,))
            )
        joined: list[Mention] = []
        for mention in sorted(found, key=lambda m: (m.start, -m.end)):
            if joined:
                last = joined[-1]
                if mention.start < last.end:
                    continue
                gap = text[last.end : mention.start]
                own_name = mention.sort in ("named", "similar", "outside") or mention.text == "派出所"
                if (
                    last.group in ("bureau", "external")
                    and mention.group != "person"
                    and own_name
                    and _CHAINED.fullmatch(gap)
                ):
                    joined[-1] = replace(mention, start=last.start)
                    continue
                surname = len(gap) == 1 and mention.text in TITLES.split("|")
                if (surname or _JOINED.fullmatch(gap)) and "、" not in gap and (one := self._as_one(last, mention)):
                    joined[-1] = one
                    continue
            joined.append(mention)
        return joined

    @staticmethod
    def _as_one(last: Mention, mention: Mention) -> Mention | None:
        """A unit and its officer, or an officer and his name, as one mention; None when they are two."""
        if mention.group == "person":
            if last.sort == "named" and last.group != "person" and last.codes != mention.codes:
                return replace(last, end=mention.end, codes=last.codes | mention.codes, persons=mention.persons)
            return replace(mention, start=last.start, group="officer" if last.group == "person" else last.group)
        if (
            mention.sort == "bare"
            and mention.group != "chief"
            and mention.text not in ("派出所", "交警", "分局", "公安局")
        ):
            return replace(last, end=mention.end, group="officer" if last.group == "person" else last.group)
        if last.sort in ("bare", "pointing") and mention.text == last.text:
            return None
        if last.sort == "bare" and last.group == "officer" and mention.sort == "bare" and mention.text == "派出所":
            return replace(mention, start=last.start)
        return None

    def _misread(self, text: str, mention: Mention) -> bool:
        """Words that only look like police of ours: 教育局长, 局长信箱, 环保督察, 电子警察, 110千伏."""
        before, after = text[max(0, mention.start - 4) : mention.start], text[mention.end : mention.end + 6]
        if mention.group == "person":
            return bool(_CIVILIAN.search(text, max(0, mention.start - 6), mention.start))
        if mention.group == "chief":
            if mention.codes:
                return bool(_ADDRESSED.match(after))
            surname = before[-1:]
            ours = _OUR_CHIEF.search(before) or any(
                name.startswith((surname, before[-2:])) for name in self._bureau.chief if surname
            )
            return not ours or bool(_NO_CHIEF.search(before) or _ADDRESSED.match(after))
        if mention.text == "110":
            return bool(_NUMBER_BEFORE.search(before) or _NUMBER_AFTER.match(after))
        if after.startswith(_MISREAD.get(mention.text, ())):
            return True
        if "督察" in mention.text and len(mention.text) <= 3:
            return bool(_OTHER_INSPECTION.search(before))
        return before.endswith(("电子", "司法", "狱", "人民法院法")) and mention.text in ("警察", "警官", "民警")

    def _meant(self, text: str, complaint: Complaint, mentions: list[Mention]) -> Accusation | None:
        """Which units a complaint is about; None when it is about nobody of police."""
        mention = complaint.mention
        if mention is None:
            return self._back(text, len(text), "officer", mentions, sure=False, pointing=False)
        if mention.sort == "outside":
            return Accusation(frozenset(), "", False, outside=mention.text)
        if mention.group == "person":
            police = any(m.group != "person" for m in mentions) or bool(
                re.match(TITLES, text[mention.end : mention.end + 4])
            )
            return Accusation(mention.codes, "", complaint.sure and police and len(mention.codes) == 1, mention.persons)
        if mention.codes:
            sure = complaint.sure and mention.sort == "named" and len(mention.codes) == 1
            return Accusation(mention.codes, "", sure, mention.persons)
        if mention.group in ("command", "chief"):
            return Accusation(frozenset(), mention.group, complaint.sure and mention.group == "command")
        if members := self._staff.titled(text[max(0, mention.start - 2) : mention.end]):
            near = self._before(mention.start, mention.group, mentions, text)
            codes = frozenset(m.unit for m in members)
            if not near or codes & near[-1].codes:
                chosen = codes & near[-1].codes if near else codes
                return Accusation(
                    chosen,
                    "",
                    complaint.sure and len(chosen) == 1,
                    tuple(sorted({m.name for m in members if m.unit in chosen})),
                )
        return self._back(
            text, mention.start, mention.group, mentions, sure=complaint.sure, pointing=mention.sort == "pointing"
        )

    def _before(self, start: int, group: str, mentions: list[Mention], text: str) -> list[Mention]:
        """Units named before `start` that a word of this group can point back at, in order; asked or thanked ones don't count."""
        return [m for m in mentions if m.end <= start and self._fits(m, group) and self._takes_part(text, m)]

    @staticmethod
    def _takes_part(text: str, mention: Mention) -> bool:
        stops = [match.end() for match in _STOP.finditer(text, 0, mention.start)]
        stop = _STOP.search(text, mention.end)
        role = roles.of(
            text[stops[-1] if stops else 0 : mention.start], text[mention.end : stop.start() if stop else len(text)]
        )
        return role in ("subject", "passive", "recipient")

    def _fits(self, mention: Mention, group: str) -> bool:
        if mention.sort == "outside":
            return group in ("station", "officer", "any", "squad")
        if mention.sort not in ("named", "similar") or mention.group in ("bureau", "external"):
            return False
        if group == "station":
            return mention.codes <= self._directory.stations
        if group == "traffic":
            return bool(mention.codes & self._directory.traffic)
        return group != "squad" or mention.codes <= self._directory.squads

    def _back(
        self, text: str, start: int, group: str, mentions: list[Mention], *, sure: bool, pointing: bool
    ) -> Accusation:
        """What a word without a name means: the unit named before it, or any of its kind."""
        before = self._before(start, group, mentions, text)
        if pointing:
            before = [m for m in mentions if m.end <= start and self._fits(m, group)][-1:]
        if before and all(m.sort == "outside" for m in before):
            return Accusation(frozenset(), "", False, outside=before[-1].text)
        codes = frozenset(code for m in before for code in m.codes)
        if codes:
            return Accusation(codes, "", sure and len(codes) == 1)
        if group == "any":
            return Accusation(frozenset(), "", False)
        later = frozenset(c for m in mentions if m.start >= start and self._fits(m, group) for c in m.codes)
        if later and len(later) == 1:
            return Accusation(later, "", False)
        return Accusation(later, group, False)
