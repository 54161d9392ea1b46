"""A case that a person must decide goes in; the three likeliest units come out, none of them recused."""

from __future__ import annotations

from letters.bureau import Category
from letters.messages import Alternative
from router.case import Case, Fired
from router.jurisdiction import host_of, resolve_unit

_BY_PLACE: float = 0.5
"""What the place alone is worth when no classifier speaks; shared among the units an ambiguous place may mean."""


def top_three(case: Case, verdict: Fired) -> tuple[Alternative, ...]:
    """Units by how sure the classifier, the place or the source is of them (0–1), best first, the code as label.

    A complaint about police shows only those who may look into it (督察, 信访): a guess at a working unit could be the
    very one complained about.
    """
    scores: dict[str, float] = {}

    def add(code: str | None, score: float) -> None:
        if code and case.reachable(code):
            scores[code] = max(scores.get(code, 0.0), round(score, 6))

    for rank, code in enumerate(verdict.candidates):
        add(code, 1.0 - rank / 100)
    if case.recusal is not None or case.finding.outside:
        add(case.bureau.inspection, 0.9)
        add(case.bureau.petition_office, 0.5)
    else:
        by_host: dict[str, float] = {}
        for name, confidence in case.likely().items():
            category: Category | None = case.bureau.category.get(name)
            for code in host_of(case, category) if category else ():
                by_host[code] = by_host.get(code, 0.0) + confidence
        for code, confidence in by_host.items():
            add(code, min(confidence, 1.0))
        if case.label is not None and case.label.unit is not None:
            head = case.label.unit
            for alternative in head.alternatives:
                add(resolve_unit(case, alternative.label), alternative.confidence)
            add(resolve_unit(case, head.label), head.confidence)
        for code in case.ground.units:
            add(code, _BY_PLACE / len(case.ground.units))
    best = sorted(scores.items(), key=lambda item: (-item[1], item[0]))[:3]
    return tuple(Alternative(label=code, confidence=score) for code, score in best)
