"""A bureau as frozen values: units, places, categories, policy, danger phrases; read from files by `letters.bureau_files`.

Everything a rule may look at is here, with one hash a file, so that a decision can name what it saw (invariant 8).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from typing import Literal

UnitKind = Literal["bureau", "command", "inspection", "petition", "section", "squad", "station", "external"]
"""分局, 指挥中心, 督察, 信访, 科室, 大队/中队, 派出所; `external` is a body outside the bureau that may be named (12345 …)."""

PlaceLevel = Literal["district", "town", "community", "village", "road", "landmark"]


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit (单位) of the directory. `code` has 12 digits; `lines` are the business lines (业务条线) it answers for."""

    code: str
    name: str
    kind: UnitKind
    parent: str | None = None
    aliases: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    supervisor: str | None = None
    """Who looks into complaints about it, when that is not the inspection unit."""


@dataclass(frozen=True, slots=True)
class Place:
    """A named place (地名) and the unit whose jurisdiction (管辖) it lies in."""

    name: str
    level: PlaceLevel
    unit: str
    within: str | None = None
    aliases: tuple[str, ...] = ()
    code: str | None = None
    """Statistical code of the place, 6, 9 or 12 digits."""
    area: str | None = None
    """Its outline as WKT in degrees (lng lat), where the bureau has one."""


@dataclass(frozen=True, slots=True)
class Category:
    """A category (类别) of the taxonomy. `host` says who hosts it: the station of the place, or the unit of its business line."""

    name: str
    definition: str
    line: str | None = None
    host: Literal["place", "line", "inspection", "desk"] = "place"
    assist: tuple[str, ...] = ()
    """Business lines that assist the host (协办)."""
    police: bool = True
    """False for matters outside the bureau's remit (非警务)."""
    complaint: bool = False
    """True where the letter complains about police work (投诉民警)."""


@dataclass(frozen=True, slots=True)
class Within:
    """A time limit: so many minutes of natural time, or so many working days (工作日)."""

    clock: Literal["natural", "working"]
    natural: timedelta = timedelta()
    working_days: int = 0
    remind_before: timedelta | None = None


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """Which deadlines a letter gets; an empty tuple matches everything; the first row that matches counts."""

    name: str
    channels: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    urgencies: tuple[str, ...] = ()
    sign: Within | None = None
    contact: Within | None = None
    feedback: Within | None = None
    finish: Within | None = None
    finish_from_upstream: bool = False
    """True where the source's own deadline field (12345 deadlineDate) sets the finish."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What the bureau promises and how sure the machine must be."""

    rows: tuple[PolicyRow, ...]
    category_confidence: float
    unit_confidence: float
    """Least calibrated confidence at which a label dispatches without a person; 0.95 unless the bureau says otherwise."""
    settings: Mapping[str, object] = field(default_factory=dict)
    """Further sections of policy.yaml (reminders, casework …), read by who owns them."""


@dataclass(frozen=True, slots=True)
class DangerPhrase:
    """A phrase (险情用语) that goes to the command centre at once. `pattern` is literal text unless `regex`."""

    pattern: str
    kind: str
    regex: bool = False
    unless: tuple[str, ...] = ()
    """Words that, standing near it, make this phrase harmless (“一旦…爆炸”), beside the bureau's `danger_negations`."""


@dataclass(frozen=True, slots=True)
class StaffMember:
    """Someone who works in the bureau: needed to recognise a complaint by name or badge number."""

    name: str
    unit: str
    badge_no: str | None = None
    duty: str | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """A bureau's own routing rule (如 “出租车纠纷 → 交管大队”), valid from/to inclusive where given."""

    name: str
    host: str
    reason: str
    categories: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    co_units: tuple[str, ...] = ()
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True)
class Bureau:
    """One bureau. The unit codes in `command_centre`, `inspection`, `petition_office` and `mailbox_team` (which keeps
    the duty desk) are in `units`."""

    name: str
    code: str
    area_code: str
    command_centre: str
    inspection: str
    petition_office: str
    mailbox_team: str
    units: Mapping[str, Unit]
    categories: tuple[Category, ...]
    places: tuple[Place, ...]
    policy: Policy
    danger: tuple[DangerPhrase, ...] = ()
    danger_negations: tuple[str, ...] = ()
    staff: tuple[StaffMember, ...] = ()
    rules: tuple[Rule, ...] = ()
    chief: tuple[str, ...] = ()
    """Names of the bureau's chief and deputies: a complaint about them is decided above (上级处理)."""
    unit_codes: Mapping[str, str] = field(default_factory=dict)
    """Other systems' unit codes (e.g. a 110 record's) → ours, where they differ."""
    versions: Mapping[str, str] = field(default_factory=dict)
    """sha256 of each file, by file name."""

    @cached_property
    def category(self) -> Mapping[str, Category]:
        """Categories by name."""
        return {category.name: category for category in self.categories}

    @cached_property
    def line_units(self) -> Mapping[str, str]:
        """The unit that answers for each business line; the first in the directory's order."""
        lines: dict[str, str] = {}
        for unit in self.units.values():
            for line in unit.lines:
                lines.setdefault(line, unit.code)
        return lines

    @cached_property
    def children(self) -> Mapping[str, tuple[str, ...]]:
        """Codes of the units directly under each unit."""
        found: dict[str, list[str]] = {}
        for unit in self.units.values():
            if unit.parent:
                found.setdefault(unit.parent, []).append(unit.code)
        return {parent: tuple(codes) for parent, codes in found.items()}

    def under(self, code: str) -> Iterator[str]:
        """The unit itself and every unit under it."""
        yield code
        for child in self.children.get(code, ()):
            yield from self.under(child)
