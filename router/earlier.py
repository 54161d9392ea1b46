"""Two letters go in; whether they are about the same matter (同一事项) comes out, with what an earlier decision said."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, Literal
from uuid import UUID

from letters.messages import Letter, Part
from router.text import plain

NEAR_SAME: Final = 0.8
"""Least share of common three-character pieces at which two texts of one writer are one matter."""

_WORDS: Final = re.compile(r"[^\w]+")


class Earlier(Part):
    """What was decided on the same matter before; found by who has a database, judged here."""

    letter_id: UUID
    decision_id: UUID
    host: str
    """Code of the host unit."""
    co_units: tuple[str, ...] = ()
    category: str | None = None
    excluded: tuple[str, ...] = ()
    """Units recused from the earlier letter: its matter stays hidden from them whatever this letter says."""
    by: Literal["source", "text"] = "source"
    """How the two belong together: the source's own link (oldOrderNum, gljjdbh, repeatNo) or near-same text."""
    by_officer: bool = False
    """True where a person decided it, not a rule."""
    open: bool = True
    """True while the earlier case is being worked on: this letter joins it instead of starting another."""


def pieces(text: str) -> frozenset[str]:
    """The three-character pieces of a text without marks; a text too short for one is its own only piece."""
    bare = _WORDS.sub("", plain(text))
    return frozenset(bare[i : i + 3] for i in range(len(bare) - 2)) or frozenset({bare})


def likeness(a: Letter, b: Letter) -> float:
    """Jaccard share (0–1) of common pieces of title and body."""
    mine, theirs = pieces(a.title + a.body), pieces(b.title + b.body)
    return len(mine & theirs) / len(mine | theirs)


def same_matter(
    letter: Letter, candidates: Iterable[Letter], *, least: float = NEAR_SAME
) -> tuple[Letter, float] | None:
    """The candidate most like `letter` and how alike (0–1), None when none reaches `least`.

    The caller offers only letters of the same writer. Links drawn by the source need no likeness and come first.
    """
    linked = {(link.channel, link.source_id) for link in letter.related}
    best: tuple[Letter, float] | None = None
    for other in candidates:
        if other.letter_id == letter.letter_id:
            continue
        if (other.channel, other.source_id) in linked:
            return other, 1.0
        score = likeness(letter, other)
        if score >= least and (best is None or (score, str(other.letter_id)) > (best[1], str(best[0].letter_id))):
            best = (other, score)
    return best
