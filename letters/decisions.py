"""A routing decision as a frozen value: what was seen, every rule tried, who hosts or why a person must decide."""

from __future__ import annotations

from hashlib import sha1
from typing import Final, Literal
from uuid import NAMESPACE_URL, UUID

from pydantic import Field

from letters.messages import Alternative, Label, Message, Moment, Part, State, UnitRef

_DECISION: Final = sha1(NAMESPACE_URL.bytes + b"urn:jiesu:decision:", usedforsecurity=False)


def decision_id(letter: UUID, revision: int, round_: int) -> UUID:
    """uuid5 of `urn:jiesu:decision:<letter_id>:<revision>:<round>`."""
    digest = _DECISION.copy()  # what uuid5 does, with the common beginning hashed once
    digest.update(f"{letter}:{revision}:{round_}".encode())
    return UUID(bytes=digest.digest()[:16], version=5)


class TrailStep(Part):
    """One rule that was tried: whether it fired, and why or why not, in Chinese."""

    rule: str
    fired: bool
    reason: str
    facts: dict[str, str] = Field(default_factory=dict)


class Recusal(Part):
    """Who must learn nothing of this letter (回避), and why. `units` holds every unit under them as well."""

    units: tuple[str, ...]
    persons: tuple[str, ...] = ()
    reason: str
    sure: bool = True
    """False when the match is unsure: the letter goes to the duty desk and the units stay excluded."""


class Danger(Part):
    """A danger phrase (险情用语) found in a letter."""

    kind: str
    phrase: str
    where: Literal["title", "body", "threat"]


class Decision(Message):
    """Who hosts and who assists a letter, or why a person must decide; byte-equal for equal inputs and versions."""

    decision_id: UUID
    letter_id: UUID
    revision: int
    round: int
    outcome: State
    rule: str
    reason: str
    host: UnitRef | None = None
    co_units: tuple[UnitRef, ...] = ()
    category: str | None = None
    candidates: tuple[Alternative, ...] = ()
    """The three likeliest units (code as label) for the duty officer, none of them recused."""
    recusal: Recusal | None = None
    danger: Danger | None = None
    transfer: str | None = None
    """Where the letter should go instead when it is outside the bureau's remit (非警务); an officer confirms."""
    flags: tuple[str, ...] = ()
    """Words for the duty desk, e.g. 上级处理."""
    trail: tuple[TrailStep, ...] = ()
    label: Label | None = None
    versions: dict[str, str] = Field(default_factory=dict)
    decided_at: Moment
