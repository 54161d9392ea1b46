"""Words about police go in; whether the writer complains about them, and where, comes out.

A small grammar, not a model: each clause is read left to right as units, other people, accusing verbs and conduct. Conduct
is blamed on whoever the clause is about; `roles` tells a unit that is asked for help, reported to, thanked or used as a
landmark from one that acts. What stays doubtful comes out as unsure, and a person decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from router import cues, roles
from router.directory import Mention
from router.phrases import Phrases
from router.roles import Role

Kind = Literal["unit", "accuse", "punish", "report", "official", "deed", "feeling", "collude", "mild", "other", "only"]

_CLAUSE: Final = re.compile(r"[^，,。！!？?；;\n\r…]+")
_TABLE: Final[dict[str, Kind]] = {}
for _words, _kind in (
    (cues.OTHERS, "other"),
    (cues.REPORT, "report"),
    (cues.PUNISH, "punish"),
    (cues.MILD, "mild"),
    (cues.DEEDS, "deed"),
    (cues.FEELING, "feeling"),
    (cues.OFFICIAL, "official"),
    (cues.COLLUDE, "collude"),
    (cues.ACCUSE, "accuse"),
):
    _TABLE.update(dict.fromkeys(_words, _kind))  # type: ignore[arg-type]
_CUES: Final = Phrases(_TABLE)
_OF: Final = re.compile(r"(?:的)(?:就是|是|这个|那个|这些|那些|某些|部分|个别|你们|我们|当地)?$")
_TROUBLE: Final = re.compile("(?:的|存在|有关)?(?:问题|情况|乱象)")
FAR: Final = 3
"""How many clauses after a unit was the subject conduct without a subject of its own is still blamed on it."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """One complaint: about the unit mentioned, or about police without saying which (`mention` is None)."""

    mention: Mention | None
    sure: bool
    phrase: str


@dataclass(frozen=True, slots=True)
class _Token:
    start: int
    end: int
    kind: Kind
    mention: Mention | None = None


@dataclass(slots=True)
class _Topic:
    """What the text is about at this point."""

    mention: Mention | None
    role: Role
    clause: int


def complaints(text: str, mentions: Sequence[Mention], *, filed: bool) -> list[Complaint]:
    """Complaints in plain `text`, whose police `mentions` are given; `filed` when its kind is 投诉 or 举报."""
    return list(_Reader(text, filed).read(_tokens(text, mentions)))


def _tokens(text: str, mentions: Sequence[Mention]) -> list[_Token]:
    """Units and cues, left to right; a unit's own name beats a cue inside it, a longer cue a shorter."""
    found = [_Token(m.start, m.end, "other" if m.group == "external" else "unit", m) for m in mentions]
    found += [_Token(match.start(), match.end(), "only") for match in cues.POLICE_ONLY.finditer(text)]
    found += [_Token(match.start(), match.end(), "official") for match in cues.ATTITUDE.finditer(text)]
    found += [_Token(start, end, kind) for start, end, kind in _CUES.scan(text)]
    units = [token for token in found if token.mention]
    kept: list[_Token] = []
    for token in sorted(found, key=lambda t: (t.start, t.mention is None, t.start - t.end)):
        if (
            token.mention is None
            and token.kind != "only"
            and any(u.start < token.end and token.start < u.end for u in units)
        ):
            continue
        if kept and token.mention is None and token.start < kept[-1].end and kept[-1].mention is None:
            if token.kind == "only":
                kept.append(token)
            continue
        kept.append(token)
    return kept


class _Reader:
    """Reads one text; the state is what a reader keeps in mind."""

    def __init__(self, text: str, filed: bool) -> None:
        self._text = text
        self._filed = filed
        self._topic: _Topic | None = None
        self._last: Mention | None = None
        """The last unit that acted or was reported to: what only police can do is blamed on it."""
        self._verb: _Token | None = None
        """An accusing verb still waiting for its object."""
        self._clause = 0
        self._others = False
        self._subjects: list[Mention] = []

    def read(self, tokens: list[_Token]) -> Iterator[Complaint]:
        at = 0
        accused = False
        for match in _CLAUSE.finditer(self._text):
            start, end = match.span()
            inside: list[_Token] = []
            while at < len(tokens) and tokens[at].start < end:
                if tokens[at].start >= start:
                    inside.append(tokens[at])
                at += 1
            for complaint in self._read_clause(start, end, inside):
                accused = True
                yield complaint
            self._clause += 1
        if not accused and self._filed and self._subjects and not self._others and not cues.PRAISE.search(self._text):
            # A letter filed as a complaint that names a unit as its subject and nobody else is about that unit.
            yield Complaint(self._subjects[0], False, "按投诉件提交，只提到该单位")

    def _read_clause(self, start: int, end: int, tokens: list[_Token]) -> Iterator[Complaint]:
        text = self._text
        clause = text[start:end]
        if self._verb is not None and not roles.waits(text, self._verb.end, start):
            self._verb = None
        colluding = any(token.kind == "collude" for token in tokens)
        acting = False
        bad: _Token | None = None
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
                case "other":
                    self._others = True
                    if self._verb and self._verb.start >= start and not after.startswith("的"):
                        self._verb = None
                    if roles.becomes_subject(before, acting):
                        self._topic, acting = None, False
                case "accuse" | "punish" | "report":
                    if roles.is_accusing(text, token.start, token.end, token.kind):
                        self._verb = token
                case _:
                    blamed = self._conduct(token, before, after, clause)
                    if blamed:
                        yield blamed
                    elif token.kind in ("official", "deed", "only", "feeling") and not roles.cancelled(
                        before, after, text[token.start : token.end]
                    ):
                        bad = token

    def _unit(
        self, mention: Mention, before: str, after: str, bad: _Token | None, colluding: bool, clause: str
    ) -> tuple[Role, list[Complaint]]:
        """A unit in its clause: what part it plays, and whether that already accuses it."""
        text = self._text
        role = roles.of(before, after)
        found: list[Complaint] = []
        if role == "fake":
            self._topic = None
            return role, found
        if role == "place":
            return role, found
        verb, self._verb = self._verb, None
        if verb is not None:
            gap = text[verb.end : mention.start]
            if roles.is_object(gap, after):
                if verb.kind != "report":
                    self._verb = verb if after[:1] in tuple("、和与及或") else None
                    self._focus(mention, "subject")
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
        if role == "subject":
            self._subjects.append(mention)
        return role, found

    def _focus(self, mention: Mention, role: Role) -> None:
        if mention.group == "chief" and role != "subject":
            return
        self._topic = _Topic(mention, role, self._clause)
        if role not in ("request", "praise"):
            self._last = mention

    def _conduct(self, token: _Token, before: str, after: str, clause: str) -> Complaint | None:
        """Whether words of conduct are blamed on police here."""
        word = self._text[token.start : token.end]
        if roles.cancelled(before, after, word):
            return None
        topic = self._topic
        near = topic is not None and topic.clause == self._clause
        if token.kind == "only":
            if topic is None and self._last is None:
                return Complaint(None, False, clause)
            mention = topic.mention if topic else self._last
            return Complaint(mention, near and topic is not None and topic.role != "request", clause)
        if topic is None or topic.mention is None:
            return None
        if topic.mention.group == "chief" and not near:
            return None
        away = self._clause - topic.clause
        acts = topic.role in ("subject", "passive")
        if topic.role in ("request", "praise") and not (topic.role == "praise" and token.kind == "official" and near):
            return None
        match token.kind:
            case "official":
                if near or away <= FAR:
                    return Complaint(topic.mention, near, clause)
            case "deed":
                if near and acts and not roles.done_to_others(before, after):
                    return Complaint(topic.mention, True, clause)
                if away == 1 and topic.role == "subject" and not roles.done_to_others(before, after):
                    return Complaint(topic.mention, False, clause)
            case "feeling":
                if near or away <= 2:
                    return Complaint(topic.mention, near, clause)
            case "mild":
                if away <= 2 and (self._filed or cues.IMPATIENT.search(clause)):
                    return Complaint(topic.mention, False, clause)
            case _:
                pass
        return None
