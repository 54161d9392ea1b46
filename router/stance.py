"""Words about police go in; whether the writer complains about them, and where, comes out.

A small grammar, not a model: each clause is read left to right as units, other people, accusing verbs and conduct. Conduct
is blamed on whoever the clause is about; `roles` tells a unit that is asked for help, reported to, thanked or used as a
landmark from one that acts. What stays doubtful comes out as unsure, and a person decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from router import acts, cues, roles
from router.directory import Mention
from router.names import BARE
from router.roles import Role
from router.tokens import Token, names_others, police_only, tokens, window

_CLAUSE: Final = re.compile(r"[^，,。！!？?；;\n\r…]+")
_OF: Final = re.compile(r"(?:的)(?:就是|是|这个|那个|这些|那些|某些|部分|个别|你们|我们|当地)?$")
_LISTED: Final = re.compile("[、和与及或/]|以及|还有|或者|还是|跟|同")
_TROUBLE: Final = re.compile("(?:的|存在|有关)?(?:问题|情况|乱象)")
_OPEN: Final = re.compile("^$|(?:时|的时候|期间|过程中|后)$")
"""A predicate that leaves open what they do: the next clause says it."""
FAR: Final = 3
"""How many clauses after a unit was the subject conduct without a subject of its own is still blamed on it."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """One complaint: about the unit mentioned, or about police without saying which (`mention` is None)."""

    mention: Mention | None
    sure: bool
    phrase: str


@dataclass(slots=True)
class _Topic:
    """What the text is about at this point."""

    mentions: tuple[Mention, ...]
    role: Role
    clause: int


def complaints(text: str, mentions: Sequence[Mention], *, kind: str) -> list[Complaint]:
    """Complaints in plain `text`, whose police `mentions` are given, in a letter of this `kind`."""
    places = [(m.start, m.end) for m in mentions] or police_only(text)
    if not places:
        return []
    start, end = window(text, places[0][0], places[-1][1])
    if end - start < len(text):
        mentions = [replace(m, start=m.start - start, end=m.end - start) for m in mentions]
        part = text[start:end]
    else:
        part = text
    found = list(_Reader(part, kind).read(tokens(part, mentions), text))
    return [
        replace(c, mention=replace(c.mention, start=c.mention.start + start, end=c.mention.end + start))
        if c.mention and start
        else c
        for c in found
    ]


def _next_clause(text: str, end: int) -> str:
    """The clause after the one that ends at `end`, in the same sentence."""
    if end >= len(text) or text[end] not in "，,":
        return ""
    match = _CLAUSE.search(text, end)
    return match.group() if match else ""


class _Reader:
    """Reads one text; the state is what a reader keeps in mind."""

    def __init__(self, text: str, kind: str) -> None:
        self._text = text
        self._filed = kind in ("投诉", "举报")
        self._thanks = kind == "感谢"
        self._asks = kind in ("咨询", "建议")
        self._topic: _Topic | None = None
        self._last: Mention | None = None
        """The last unit that acted or was reported to: what only police can do is blamed on it."""
        self._verb: Token | None = None
        """An accusing verb still waiting for its object."""
        self._clause = 0
        self._listed: Token | None = None
        """The verb whose object was just named: “投诉甲所、乙所” accuses both."""
        self._words = ""
        self._actors: list[tuple[Mention, int]] = []
        """Police subjects so far and the clause each acted in."""
        self._bare_subject = False
        """Whether the last clause ended on its police subject, so that the next one says what they do."""
        self._subjects: list[Mention] = []

    def read(self, tokens: list[Token], whole: str) -> Iterator[Complaint]:
        """Every complaint in the part read; `whole` is the text it is from."""
        at = 0
        accused = False
        for match in _CLAUSE.finditer(self._text):
            start, end = match.span()
            inside: list[Token] = []
            while at < len(tokens) and tokens[at].start < end:
                if tokens[at].start >= start:
                    inside.append(tokens[at])
                at += 1
            for complaint in self._read_clause(start, end, inside):
                accused = True
                yield complaint
            self._clause += 1
        if not accused and self._filed and self._subjects and not names_others(whole) and not acts.praised(whole):
            # A letter filed as a complaint that names a unit as its subject and nobody else is about that unit.
            yield Complaint(self._subjects[0], False, "按投诉件提交，只提到该单位")

    def _read_clause(self, start: int, end: int, tokens: list[Token]) -> Iterator[Complaint]:
        text = self._text
        clause = self._words = text[start:end]
        if self._verb is not None and not roles.waits(text, self._verb.end, start):
            self._verb = None
        colluding = any(token.kind == "collude" for token in tokens)
        blamed_here = taken_back = False
        acting = False
        bad: Token | None = None
        for token in tokens:
            before = text[start : token.start]
            after = text[token.end : end]
            match token.kind:
                case "unit":
                    mention = token.mention
                    assert mention is not None  # noqa: S101 - a unit token is made from a mention
                    role, found = self._unit(mention, before, after, bad, colluding, clause)
                    acting = role in ("subject", "passive") or acting
                    yield from found
                    blamed_here = blamed_here or bool(found)
                case "other":
                    if self._verb and self._verb.start >= start and not after.startswith("的"):
                        self._verb = None
                    telling = (
                        self._topic is not None
                        and self._topic.role == "recipient"
                        and self._topic.clause == self._clause
                    )
                    if not telling and roles.becomes_subject(before, acting):
                        self._topic, acting = None, False
                case "accuse" | "punish" | "report":
                    if roles.is_accusing(text, token.start, token.end, token.kind):
                        self._verb = token
                    elif token.kind == "accuse" and roles.is_denied(before):
                        taken_back = True
                case _:
                    blamed = list(self._conduct(token, before, after, clause))
                    yield from blamed
                    blamed_here = blamed_here or bool(blamed)
                    if not blamed and roles.cancelled(before, after, text[token.start : token.end]):
                        taken_back = True
                    elif not blamed and token.kind != "mild":
                        bad = token

        if not blamed_here and not taken_back:
            yield from self._unusual(start, end, tokens, clause)

    def _unusual(self, start: int, end: int, tokens: list[Token], clause: str) -> Iterator[Complaint]:
        """What police do in this clause when no listed word tells: anything but ordinary work is doubtful."""
        topic = self._topic
        if topic is None or (topic.clause != self._clause and self._others_speak(start, tokens)):
            return
        first, last = topic.mentions[0], topic.mentions[-1]
        if topic.clause == self._clause and topic.role in ("subject", "passive"):
            before, predicate = self._text[start : first.start], self._text[last.end : end]
        elif 0 < self._clause - topic.clause <= 2 and topic.role != "request" and (they := cues.THEY.match(clause)):
            before, predicate = "", clause[they.end() :]
        elif self._clause - topic.clause == 1 and self._bare_subject and not cues.OWN.match(clause):
            before, predicate = "", clause
        else:
            return
        self._bare_subject = topic.clause == self._clause and topic.role == "subject" and bool(_OPEN.search(predicate))
        if first.group in ("chief", "bureau") or (topic.role == "passive" and acts.done_by_law(predicate)):
            return
        if self._thanks or (self._asks and not acts.harmful(predicate)):
            return
        following = _next_clause(self._text, end)
        if not acts.ordinary(
            before,
            predicate.strip(),
            following,
            self._filed or any(m.codes and m.text not in BARE for m in topic.mentions),
        ):
            for mention in topic.mentions:
                yield Complaint(mention, False, clause)

    def _others_speak(self, start: int, tokens: list[Token]) -> bool:
        """Whether somebody else is the first to act in the clause."""
        first = next((token for token in tokens if token.kind in ("other", "unit")), None)
        return (
            first is not None
            and first.kind == "other"
            and roles.becomes_subject(self._text[start : first.start], False)
        )

    def _unit(
        self, mention: Mention, before: str, after: str, bad: Token | None, colluding: bool, clause: str
    ) -> tuple[Role, list[Complaint]]:
        """A unit in its clause: what part it plays, and whether that already accuses it."""
        text = self._text
        role = roles.of(before, after)
        found: list[Complaint] = []
        topic = self._topic
        if topic and topic.clause == self._clause and _LISTED.fullmatch(text[topic.mentions[-1].end : mention.start]):
            role, self._verb = topic.role, self._verb or self._listed
            topic.mentions = (*topic.mentions, mention)
            return role, [Complaint(mention, True, clause)] if self._listed else found
        if role == "fake" or roles.is_slandered(before):
            topic, self._topic = self._topic, None
            if topic and topic.clause == self._clause and topic.role == "subject":
                # Police who pose as other police (辅警冒充民警).
                return "subject", [Complaint(m, True, clause) for m in topic.mentions]
            return "fake", found
        if roles.in_vain(after):
            found.append(Complaint(mention, False, clause))
        if roles.is_sued(before, after) or (role == "request" and roles.owes(after)) or roles.is_missing(before, after):
            self._focus(mention, "subject")
            return "subject", [Complaint(mention, True, clause)]
        if role == "place":
            return role, found
        verb, self._verb = self._verb, None
        if verb is not None:
            gap = text[verb.end : mention.start]
            if roles.is_object(gap, after):
                if verb.kind != "report":
                    self._focus(mention, "subject")
                    self._listed = verb
                    sure = len(gap) < 16 if verb.kind == "accuse" else not gap
                    return "subject", [Complaint(mention, sure, clause)]
                if self._filed or _TROUBLE.match(after):
                    found.append(Complaint(mention, False, clause))
                role = "subject"
        if bad is not None and bad.end <= mention.start and _OF.search(text[bad.end : mention.start]):
            self._focus(mention, "subject")
            return "subject", [Complaint(mention, True, clause)]
        if colluding:
            found.append(Complaint(mention, False, clause))
        self._focus(mention, role)
        if role == "subject" and not acts.asked(after):
            self._subjects.append(mention)
        return role, found

    def _focus(self, mention: Mention, role: Role) -> None:
        if mention.group == "chief" and role != "subject":
            return
        self._topic = _Topic((mention,), role, self._clause)
        self._listed = None
        if role not in ("request", "praise"):
            self._last = mention
        if role == "subject":
            self._actors.append((mention, self._clause))

    def _conduct(self, token: Token, before: str, after: str, clause: str) -> Iterator[Complaint]:
        """Whether words of conduct are blamed on police here, and on whom."""
        word = self._text[token.start : token.end]
        if roles.cancelled(before, after, word):
            return
        topic = self._topic
        near = topic is not None and topic.clause == self._clause
        if token.kind == "only":
            if topic is None and self._last is None and not self._police_meant(word, before):
                return
            mentions = topic.mentions if topic else (self._last,)
            sure = near and topic is not None and topic.role != "request"
        elif topic is None or not self._blamed(topic, token, before, after):
            return
        else:
            mentions, sure = topic.mentions, near and token.kind != "mild"
            if token.kind == "outrage" or word in cues.EITHER:
                # “甲所说移交了，乙队说没收到，到底谁在撒谎”: whoever spoke may be meant.
                mentions += tuple(m for m, clause_ in self._actors if self._clause - clause_ <= FAR)
                sure = sure and len(mentions) == 1
        for mention in mentions:
            yield Complaint(mention, sure and mention is not None, clause)

    def _police_meant(self, word: str, before: str) -> bool:
        """Whether conduct that others share (立案, 执法, 保护伞) is blamed on police in a text that names none so far."""
        if "警" in word or "刑讯" in word:
            return True
        if "保护伞" in word:
            return self._filed or bool(cues.CRIME.search(self._text))
        return not names_others(self._text) and bool(cues.CASE.search(self._text)) and not cues.COURT.search(before)

    def _blamed(self, topic: _Topic, token: Token, before: str, after: str) -> bool:
        """Whether conduct of this kind falls on what the text was last about."""
        away = self._clause - topic.clause
        if topic.mentions[0].group == "chief" and away:
            return False
        if topic.role == "request":
            return not away and roles.wished_again(before)
        if topic.role == "praise" and (away or token.kind != "official"):
            return False
        acts = topic.role in ("subject", "passive")
        match token.kind:
            case "official":
                return away <= FAR
            case "deed":
                if roles.done_to_others(before, after):
                    return False
                return (not away and acts) or (away == 1 and topic.role == "subject")
            case "feeling" | "outrage":
                return away <= 2
            case "mild":
                return away <= 2 and (self._filed or bool(cues.IMPATIENT.search(self._words)))
            case _:
                return False
