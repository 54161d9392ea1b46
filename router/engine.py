"""A letter and its label go in, one decision with its whole trail comes out; every rule is in `rules`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from types import MappingProxyType
from typing import Final

from letters.bureau import Bureau
from letters.decisions import Danger, Decision, Recusal, TrailStep, decision_id
from letters.messages import Label, Letter, UnitRef
from router import acts, calm, cues, names, roles, rules
from router.candidates import top_three
from router.case import Case, Fired, Verdict
from router.danger import DangerRules
from router.directory import Directory
from router.earlier import Earlier
from router.gazetteer import Gazetteer
from router.recusal import RecusalRules
from router.text import Words

RULES: Final = "1"
"""Raised whenever a rule or the order of rules changes."""


def _version() -> str:
    """The rules' number and a hash of every word list they read: a decision names what made it."""
    digest = sha256()
    for part in (acts, calm, cues, names, roles):
        for name in sorted(vars(part)):
            if name.lstrip("_").isupper():
                value = vars(part)[name]
                words = sorted(value) if isinstance(value, frozenset) else getattr(value, "pattern", value)
                digest.update(f"{part.__name__}.{name}={words!r}\n".encode())
    return f"{RULES}+{digest.hexdigest()[:12]}"


VERSION: Final = _version()

SHARED_STEPS: Final = 256
"""How many steps of trails without facts are kept for the next letter."""

_NONE: Final[Mapping[str, str]] = MappingProxyType({})


class Router:
    """The bureau's rules, compiled once. Pure: equal inputs and versions give a byte-equal decision."""

    def __init__(self, bureau: Bureau, *, versions: Mapping[str, str] = _NONE) -> None:
        self.bureau = bureau
        self._versions = dict(sorted(({"router": VERSION} | dict(bureau.versions) | dict(versions)).items()))
        self._refs = {code: UnitRef(code=code, name=unit.name) for code, unit in bureau.units.items()}
        self._steps: dict[tuple[str, str], TrailStep] = {}
        self._directory = Directory(bureau)
        self._danger = DangerRules(bureau)
        self._recusal = RecusalRules(bureau, self._directory)
        self._gazetteer = Gazetteer(bureau)

    def steps(self) -> tuple[Gazetteer, DangerRules, RecusalRules]:
        """The compiled parts, for measuring them one by one."""
        return self._gazetteer, self._danger, self._recusal

    def danger(self, letter: Letter) -> Danger | None:
        """The danger in a letter (险情), None when there is none; cheap, for every letter on intake."""
        return self._danger.find(letter, Words.of(letter))

    def recusal(self, letter: Letter) -> Recusal | None:
        """Who must learn nothing of this letter (信访工作条例 §28, §30); None when nobody is complained about."""
        return self._recusal.find(letter, Words.of(letter)).recusal

    def may_reach(self, unit_code: str, recusal: Recusal | None) -> bool:
        """Whether a unit may learn of a letter with this recusal: neither it nor a unit above it is excluded."""
        if recusal is None:
            return True
        seen: set[str] = set()
        code: str | None = unit_code
        while code and code not in seen:
            if code in recusal.units:
                return False
            seen.add(code)
            unit = self.bureau.units.get(code)
            code = unit.parent if unit else None
        return True

    def decide(
        self,
        letter: Letter,
        label: Label | None,
        *,
        at: datetime,
        round_: int = 1,
        earlier: Earlier | None = None,
        writer_known: bool = False,
    ) -> Decision:
        """The decision on one letter. `at` is the moment it is decided, `round_` counts dispatches of the letter from 1."""
        words = Words.of(letter)
        head = label.category if label else None
        finding = self._recusal.find(letter, words)
        case = Case(
            bureau=self.bureau,
            directory=self._directory,
            letter=letter,
            label=label,
            at=at,
            round_=round_,
            earlier=earlier,
            writer_known=writer_known,
            danger=self._danger.find(letter, words),
            finding=finding,
            recusal=self._recusal.widened(finding, letter, words, label, earlier),
            ground=self._gazetteer.of(letter, words),
            words=words.text,
            category=self.bureau.category.get(head.label) if head and head.accepted else None,
        )
        trail: list[TrailStep] = []
        for rule in rules.ORDER:
            verdict = rule.judge(case)
            fired = isinstance(verdict, Fired)
            trail.append(self._step(rule.name, fired, verdict))
            if isinstance(verdict, Fired):
                return self._decision(case, rule.name, verdict, trail)
        raise AssertionError("the last rule always fires")

    def _decision(self, case: Case, rule: str, verdict: Fired, trail: list[TrailStep]) -> Decision:
        letter = case.letter
        versions = self._versions
        if case.label is not None and case.label.model is not None:
            versions = dict(sorted({**versions, "model": f"{case.label.model.name}@{case.label.model.sha256}"}.items()))
        # One validation of plain values costs half of what a model built part by part does.
        return Decision.model_validate(
            {
                "decision_id": decision_id(letter.letter_id, letter.revision, case.round_),
                "letter_id": letter.letter_id,
                "revision": letter.revision,
                "round": case.round_,
                "outcome": verdict.outcome,
                "rule": rule,
                "reason": verdict.reason,
                "host": self._refs[verdict.host] if verdict.host else None,
                "co_units": [
                    self._refs[code]
                    for code in dict.fromkeys(verdict.co_units)
                    if code != verdict.host and case.reachable(code)
                ],
                "category": case.category.name if case.category else None,
                "candidates": top_three(case, verdict) if verdict.outcome == "waiting" else (),
                "recusal": case.recusal,
                "danger": case.danger,
                "transfer": verdict.transfer,
                "flags": verdict.flags,
                "trail": trail,
                "label": case.label,
                "versions": versions,
                "decided_at": case.at,
            }
        )

    def _step(self, rule: str, fired: bool, verdict: Verdict) -> TrailStep:
        """A step of the trail; the few that most letters share are made once."""
        if verdict.facts:
            return TrailStep(rule=rule, fired=fired, reason=verdict.reason, facts=verdict.facts)
        step = self._steps.get((rule, verdict.reason))
        if step is None:
            step = TrailStep(rule=rule, fired=fired, reason=verdict.reason)
            if len(self._steps) < SHARED_STEPS:
                self._steps[rule, verdict.reason] = step
        return step
