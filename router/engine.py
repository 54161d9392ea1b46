"""A letter and its label go in, one decision with its whole trail comes out; every rule is in `rules`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from letters.bureau import Bureau
from letters.decisions import Danger, Decision, Recusal, TrailStep, decision_id
from letters.messages import Alternative, Label, Letter, UnitRef
from router import rules
from router.candidates import top_three
from router.case import Case, Fired
from router.danger import DangerRules
from router.directory import Directory
from router.earlier import Earlier
from router.gazetteer import Gazetteer
from router.recusal import RecusalRules
from router.text import Words

VERSION: Final = "1"
"""Raised whenever a rule, a word list or their order changes: a decision names the rules that made it."""

_NONE: Final[Mapping[str, str]] = MappingProxyType({})


class Router:
    """The bureau's rules, compiled once. Pure: equal inputs and versions give a byte-equal decision."""

    def __init__(self, bureau: Bureau, *, versions: Mapping[str, str] = _NONE) -> None:
        self.bureau = bureau
        self._versions = {"router": VERSION} | dict(bureau.versions) | dict(versions)
        self._directory = Directory(bureau)
        self._danger = DangerRules(bureau)
        self._recusal = RecusalRules(bureau, self._directory)
        self._gazetteer = Gazetteer(bureau)

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
            trail.append(TrailStep(rule=rule.name, fired=fired, reason=verdict.reason, facts=verdict.facts))
            if isinstance(verdict, Fired):
                return self._decision(case, rule.name, verdict, tuple(trail))
        raise AssertionError("the last rule always fires")

    def _decision(self, case: Case, rule: str, verdict: Fired, trail: tuple[TrailStep, ...]) -> Decision:
        letter = case.letter
        versions = dict(self._versions)
        if case.label is not None and case.label.model is not None:
            versions["model"] = f"{case.label.model.name}@{case.label.model.sha256}"
        return Decision(
            decision_id=decision_id(letter.letter_id, letter.revision, case.round_),
            letter_id=letter.letter_id,
            revision=letter.revision,
            round=case.round_,
            outcome=verdict.outcome,
            rule=rule,
            reason=verdict.reason,
            host=self._ref(verdict.host) if verdict.host else None,
            co_units=tuple(
                self._ref(code)
                for code in dict.fromkeys(verdict.co_units)
                if code != verdict.host and case.reachable(code)
            ),
            category=case.category.name if case.category else None,
            candidates=self._candidates(case, verdict),
            recusal=case.recusal,
            danger=case.danger,
            transfer=verdict.transfer,
            flags=verdict.flags,
            trail=trail,
            label=case.label,
            versions=dict(sorted(versions.items())),
            decided_at=case.at,
        )

    def _candidates(self, case: Case, verdict: Fired) -> tuple[Alternative, ...]:
        return top_three(case, verdict) if verdict.outcome == "waiting" else ()

    def _ref(self, code: str) -> UnitRef:
        return UnitRef(code=code, name=self.bureau.units[code].name)
