"""A text and its police mentions go in; units and cues in reading order come out, only where they can matter."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from router import cues
from router.directory import Mention
from router.needs import branches, is_literal, needs
from router.phrases import Phrases

Kind = Literal[
    "unit", "accuse", "punish", "report", "official", "deed", "feeling", "collude", "mild", "other", "only", "outrage"
]

BEFORE: Final = 2
AFTER: Final = 5
"""How many clauses around police mentions are read."""


@dataclass(frozen=True, slots=True)
class Token:
    """A unit or a cue at [start, end); `mention` is set for units."""

    start: int
    end: int
    kind: Kind
    mention: Mention | None = None


_LISTS: Final[tuple[tuple[tuple[str, ...], Kind], ...]] = (
    (cues.OTHERS, "other"),
    (cues.REPORT, "report"),
    (cues.PUNISH, "punish"),
    (cues.MILD, "mild"),
    (cues.DEEDS, "deed"),
    (cues.FEELING, "feeling"),
    (cues.OFFICIAL, "official"),
    (cues.COLLUDE, "collude"),
    (cues.ACCUSE, "accuse"),
)
_PATTERNS: Final[tuple[tuple[re.Pattern[str], Kind], ...]] = (
    (cues.POLICE_ONLY, "only"),
    (cues.OUTRAGE, "outrage"),
    (cues.ATTITUDE, "official"),
)
_STOPS: Final = re.compile("[，,。！!？?；;\n\r…]")


def _compiled() -> tuple[Phrases[Kind], Phrases[tuple[int, ...]], tuple[tuple[re.Pattern[str], Kind], ...]]:
    """Cues that are plain words, and patterns behind the words without which they cannot match."""
    words: dict[str, Kind] = {}
    gates: dict[str, list[int]] = {}
    patterns: list[tuple[re.Pattern[str], Kind]] = []
    for pattern, kind in _PATTERNS:
        for branch in branches(pattern.pattern):
            if is_literal(branch) and len(branch) > 1:
                words[branch] = kind
                continue
            keys = needs(branch)
            if not keys:
                raise ValueError(f"no word gives this pattern away: {branch}")
            for key in keys:
                gates.setdefault(key, []).append(len(patterns))
            patterns.append((re.compile(branch), kind))
    for listed, kind in _LISTS:
        words.update(dict.fromkeys(listed, kind))
    return Phrases(words), Phrases({key: tuple(found) for key, found in gates.items()}), tuple(patterns)


_CUES, _GATES, _BEHIND = _compiled()
_POLICE_WORDS: Final = Phrases(
    {key: True for branch in branches(cues.POLICE_ONLY.pattern) for key in needs(branch) or {branch}}
)


def police_only(text: str) -> list[tuple[int, int]]:
    """Where a text that may mention no police has words that only police can be blamed with."""
    if not _POLICE_WORDS.any(text):
        return []
    return [match.span() for match in cues.POLICE_ONLY.finditer(text)]


def names_others(text: str) -> bool:
    """Whether anybody but police is spoken of."""
    return any(kind == "other" for _, _, kind in _CUES.scan(text))


def window(text: str, first: int, last: int) -> tuple[int, int]:
    """The part of `text` from some clauses before `first` to some after `last`."""
    stops = [match.end() for match in _STOPS.finditer(text, 0, first)]
    start = stops[-1 - BEFORE] if len(stops) > BEFORE else 0
    end = len(text)
    for count, match in enumerate(_STOPS.finditer(text, last), 1):
        if count > AFTER:
            end = match.start()
            break
    return start, end


def tokens(text: str, mentions: Sequence[Mention]) -> list[Token]:
    """Units and cues, left to right; a unit's own name beats a cue inside it, a longer cue a shorter."""
    found = [Token(start, end, kind) for start, end, kind in _CUES.scan(text)]
    for at in {at for _, _, behind in _GATES.every(text) for at in behind}:
        pattern, kind = _BEHIND[at]
        found += [Token(match.start(), match.end(), kind) for match in pattern.finditer(text)]
    units = [Token(m.start, m.end, "other" if m.group == "external" else "unit", m) for m in mentions]
    kept: list[Token] = []
    covered = 0
    for token in sorted([*units, *found], key=lambda t: (t.start, t.mention is None, t.start - t.end, t.kind)):
        if token.mention is not None:
            kept.append(token)
            continue
        if token.kind == "only":
            kept.append(token)
        elif token.start >= covered and not any(u.start < token.end and token.start < u.end for u in units):
            kept.append(token)
            covered = token.end
    return kept
