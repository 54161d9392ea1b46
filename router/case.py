"""One letter before the rules: what was sent, what is known of it, and what the rules answer with."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from letters.bureau import Bureau, Category
from letters.decisions import Danger, Recusal
from letters.messages import HeadLabel, Label, Letter, State
from router.directory import Directory
from router.earlier import Earlier
from router.gazetteer import Ground
from router.recusal import Finding

ABOVE: Final = "上级处理"
"""Flag for the duty desk: nobody in the bureau may look into this; it goes to the authority above."""
OUTSIDE: Final = "外单位"
"""Flag: the police complained about belong to another bureau."""


@dataclass(frozen=True, slots=True)
class Passed:
    """The rule does not apply, and why."""

    reason: str
    facts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fired:
    """The rule decides. `host` and `co_units` are unit codes."""

    outcome: State
    reason: str
    host: str | None = None
    co_units: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    transfer: str | None = None
    candidates: tuple[str, ...] = ()
    """Codes that come before all other candidates, likeliest first."""
    facts: dict[str, str] = field(default_factory=dict)


Verdict = Passed | Fired


@dataclass(frozen=True, slots=True)
class Case:
    """What a rule may look at."""

    bureau: Bureau
    directory: Directory
    letter: Letter
    label: Label | None
    at: datetime
    round_: int
    earlier: Earlier | None
    writer_known: bool
    danger: Danger | None
    finding: Finding
    recusal: Recusal | None
    """The letter's own, or the one its earlier letter hands on."""
    ground: Ground
    words: str
    """Title and body in plain form."""
    category: Category | None
    """The category, where the classifier is sure of it and the taxonomy has it."""

    @property
    def head(self) -> HeadLabel | None:
        """What the classifier says of the category."""
        return self.label.category if self.label else None

    def likely(self) -> dict[str, float]:
        """Every category the classifier holds possible and how sure it is (0–1)."""
        if self.head is None:
            return {}
        found = {alternative.label: alternative.confidence for alternative in self.head.alternatives}
        return found | {self.head.label: self.head.confidence}

    def reachable(self, code: str) -> bool:
        """Whether `code` is a unit that can work on this letter and may learn of it."""
        unit = self.bureau.units.get(code)
        return unit is not None and unit.kind not in ("bureau", "external") and not self.excluded(code)

    def excluded(self, code: str) -> bool:
        """Whether the unit, or one above it, is recused."""
        if self.recusal is None:
            return False
        seen: set[str] = set()
        current: str | None = code
        while current and current not in seen:
            if current in self.recusal.units:
                return True
            seen.add(current)
            unit = self.bureau.units.get(current)
            current = unit.parent if unit else None
        return False

    def name(self, code: str) -> str:
        """A unit's name; its code when the directory lacks it."""
        unit = self.bureau.units.get(code)
        return unit.name if unit else code
