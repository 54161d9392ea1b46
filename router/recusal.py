"""A letter goes in; who must learn nothing of it (回避) comes out, from its fields and from its words.

信访工作条例 §28 and §30: what a citizen says about a unit or an officer is not handed to that unit or officer. Fields bind
whatever the kind of letter; words are weighed by `stance`. A match that is unsure still excludes, and a person decides.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from letters.bureau import Bureau
from letters.decisions import Recusal
from letters.messages import Accused, Label, Letter
from router.directory import Directory, Mention
from router.earlier import Earlier
from router.reading import Reading
from router.roles import is_place
from router.staff import Staff
from router.text import Words, plain

LIKELY: Final = 0.5
"""From this summed confidence on, a complaint about police that the classifier suspects is treated as an unsure match."""


_COMPLAINTS_OF_110: Final = ("9501", "9502")
"""群众投诉 and 警务监督: what a 110 record's category says is a complaint about police work."""


def registered_complaint(letter: Letter) -> bool:
    """Whether the source files the record as a complaint about police, whatever its words say."""
    code = letter.upstream_category.code if letter.upstream_category else None
    return letter.channel == "12389" or (letter.channel == "110" and (code or "").startswith(_COMPLAINTS_OF_110))


@dataclass(frozen=True, slots=True)
class Finding:
    """What one letter says about police: the recusal, the units accused themselves, and what is only to be noted."""

    recusal: Recusal | None = None
    accused: tuple[str, ...] = ()
    outside: str = ""
    """A police unit complained about that is not ours (外单位)."""
    note: str = ""


@dataclass(slots=True)
class _Gathered:
    """What has been found so far."""

    sure: set[str] = field(default_factory=set)
    unsure: set[str] = field(default_factory=set)
    persons: list[str] = field(default_factory=list)
    whys: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    asked: set[str] = field(default_factory=set)

    def add(self, codes: Iterable[str], sure: bool, why: str) -> None:
        codes = set(codes)
        if codes:
            (self.sure if sure else self.unsure).update(codes)
            if why not in self.whys:
                self.whys.append(why)


class RecusalRules:
    """The bureau's names and staff, compiled once."""

    def __init__(self, bureau: Bureau, directory: Directory) -> None:
        self._bureau = bureau
        self._directory = directory
        self._staff = Staff(bureau)
        self._reading = Reading(bureau, directory, self._staff)
        self._order = {code: rank for rank, code in enumerate(bureau.units)}
        self._root = frozenset(code for code, unit in bureau.units.items() if unit.kind == "bureau")
        self._everyone = directory.stations | directory.squads - {bureau.mailbox_team, bureau.petition_office}

    def find(self, letter: Letter, words: Words) -> Finding:
        """The letter's own recusal, from fields and words."""
        got = _Gathered()
        for accused in letter.accused:
            self._field(got, accused)
        for name in letter.avoid:
            self._words_of_a_field(got, name, "来信人申请回避")
        self._text(got, letter, words)
        if registered_complaint(letter):
            self._registered(got, letter, words)
        return self._finding(got)

    def widened(
        self, finding: Finding, letter: Letter, words: Words, label: Label | None, earlier: Earlier | None
    ) -> Recusal | None:
        """The letter's recusal, widened by what its earlier letter hides and by what the classifier suspects."""
        own = finding.recusal
        if earlier is not None and earlier.excluded:
            hidden = self._sorted({*earlier.excluded, *(own.units if own else ())})
            if own is None:
                return Recusal(
                    units=hidden, reason="与此前反映本局单位问题的来信为同一事项", sure=earlier.by == "source"
                )
            return own.model_copy(update={"units": hidden})
        if own is not None or label is None or label.category is None:
            return own
        head = label.category
        likely = {a.label: a.confidence for a in head.alternatives} | {head.label: head.confidence}
        complaint = {name for name, category in self._bureau.category.items() if category.complaint}
        accepted = head.accepted and head.label in complaint
        if not accepted and sum(likely[name] for name in sorted(complaint & likely.keys())) < LIKELY:
            return None
        units = self._mentioned(letter, words) or self._everyone
        return Recusal(
            units=self._sorted(self._under(units)),
            reason=f"机器判断为“{head.label}”，反映的是公安工作" if accepted else "机器判断可能是对公安工作的投诉",
            sure=accepted,
        )

    def _registered(self, got: _Gathered, letter: Letter, words: Words) -> None:
        """A record that its source itself files as a complaint about police: whoever it names or is meant for may be the
        one meant. The inspection unit is where such a record goes, so naming it alone accuses nobody."""
        units = set(self._mentioned(letter, words))
        said = letter.suggested_unit
        for word in (said.code, said.name) if said else ():
            if word:
                units |= self._by_code(word) or self._directory.resolve(word)
        units -= self._root | {self._bureau.inspection}
        if units:
            got.add(units, True, f"按投诉公安工作登记，涉及{self._told(frozenset(units))}")

    def _mentioned(self, letter: Letter, words: Words) -> frozenset[str]:
        """Units that a letter about police names or that its source assigns: each may be the one meant."""
        found = {code for mention in self._directory.scan(words.text) for code in mention.codes}
        if found:
            said = letter.suggested_unit
            for word in (said.code, said.name) if said else ():
                found |= self._by_code(word) or self._directory.resolve(word)
        return frozenset(found) - self._root

    def _field(self, got: _Gathered, accused: Accused) -> None:
        """One accused of the record: its code, its name, its person, badge and duty, each enough by itself."""
        found = False
        if codes := self._by_code(accused.unit_code):
            got.add(codes, True, f"来文写明反映{self._names(codes)}")
            found = True
        if accused.badge_no and (member := self._staff.by_badge(accused.badge_no)):
            got.add({member.unit}, True, f"来文写明反映{self._names({member.unit})}民警（警号）")
            got.persons.append(member.name)
            found = True
        for words in (accused.unit_name, accused.person, accused.duty):
            if words:
                found |= self._words_of_a_field(got, words, "来文写明反映")
        if not found and accused.badge_no:
            got.add(self._everyone, False, "来文写明反映一名民警，警号不在名册")

    def _words_of_a_field(self, got: _Gathered, words: str, why: str) -> bool:
        """Names in a field that exists to hold those complained about."""
        text = plain(words)
        found = False
        bare: list[Mention] = []
        for mention in self._reading.mentions(text):
            if is_place(text, mention.end):
                return False
            got.persons += mention.persons
            if mention.codes and mention.sort == "named":
                several = len(mention.codes) > 1 and not mention.persons
                got.add(mention.codes, not several, f"{why}{self._names(mention.codes)}")
                found = True
            elif mention.sort == "similar":
                got.add(mention.codes, False, f"{why}“{text}”，与{self._names(mention.codes)}名称相近")
                found = True
            elif mention.sort == "outside":
                got.outside.append(text)
                found = True
            elif mention.group != "any":
                bare.append(mention)
        if not found and (near := self._directory.near_whole(text)):
            got.add(near, False, f"{why}“{text}”，与{self._names(near)}名称相近")
            found = True
        if not found and (members := self._staff.titled(text)):
            units = {member.unit for member in members}
            got.add(units, len(units) == 1, f"{why}“{text}”，名册中有相符的人")
            found = True
        if not found and bare:
            got.add(self._of_group({m.group for m in bare}), False, f"{why}“{text}”，未写明是哪个单位")
            found = True
        return found

    def _text(self, got: _Gathered, letter: Letter, words: Words) -> None:
        """Complaints in title and body."""
        named = frozenset(got.sure)
        for accusation in self._reading.of(letter, words):
            if accusation.outside:
                got.outside.append(accusation.outside)
            codes = accusation.codes
            if accusation.group and not (named and self._can_mean(accusation.group, named)):
                codes |= self._of_group({accusation.group})
            got.add(codes, accusation.sure, f"来信反映{self._told(codes)}的问题")
            got.persons += accusation.persons

    def _can_mean(self, group: str, named: frozenset[str]) -> bool:
        """Whether a bare word of this kind can mean a unit that the record itself accuses."""
        return group in ("officer", "any") or bool(named & self._of_group({group}))

    def _told(self, codes: frozenset[str]) -> str:
        """Whom a letter is about, in a few words."""
        return self._names(codes) if len(codes) <= 3 else "本局民警（未写明单位）"

    def _of_group(self, groups: set[str]) -> frozenset[str]:
        """Every unit that bare words of these kinds may mean."""
        found: frozenset[str] = frozenset()
        for group in sorted(groups):
            found |= {
                "station": self._directory.stations,
                "traffic": self._directory.traffic,
                "squad": self._directory.squads,
                "command": frozenset({self._bureau.command_centre}),
                "chief": self._root,
            }.get(group, self._everyone)
        return found

    def _by_code(self, code: str | None) -> frozenset[str]:
        if not code:
            return frozenset()
        ours = code if code in self._bureau.units else self._bureau.unit_codes.get(code)
        return frozenset({ours}) if ours and ours in self._bureau.units else frozenset()

    def _finding(self, got: _Gathered) -> Finding:
        if not (got.sure or got.unsure or got.outside):
            return Finding()
        external = {c for c in got.sure | got.unsure if self._bureau.units[c].kind == "external"}
        got.sure -= external
        got.unsure -= external
        got.outside += sorted(self._bureau.units[code].name for code in external)
        outside = "、".join(dict.fromkeys(got.outside))
        note = f"来信反映的“{outside}”不在本局单位目录（外单位），本局单位无须回避" if outside else ""
        accused = got.sure | got.unsure
        if not accused:
            return Finding(outside=outside, note=note)
        recusal = Recusal(
            units=self._sorted(self._under(accused)),
            persons=tuple(dict.fromkeys(got.persons)),
            reason="；".join(got.whys),
            sure=bool(got.sure) and not got.unsure - set(self._under(got.sure)),
        )
        return Finding(recusal, self._sorted(accused), outside, note)

    def _under(self, codes: Iterable[str]) -> set[str]:
        return {
            below
            for code in codes
            for below in self._bureau.under(code)
            if self._bureau.units[below].kind != "external"
        }

    def _sorted(self, codes: Iterable[str]) -> tuple[str, ...]:
        return tuple(sorted(set(codes), key=lambda code: (self._order.get(code, len(self._order)), code)))

    def _names(self, codes: Iterable[str]) -> str:
        return "、".join(self._bureau.units[code].name for code in self._sorted(codes))
