"""Complaints and letters that only look like one: what the words of a letter mean for recusal (回避).

Every text is invented: `complaints.txt` names the units that must learn nothing, `harmless.txt` must not be held back.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from letters.bureau import Bureau
from letters.messages import Letter
from router import Router

CASES = Path(__file__).parent / "recusal"


def _cases(file: str) -> list[str]:
    lines = (CASES / file).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def _names(bureau: Bureau, router: Router, letter: Letter) -> set[str]:
    recusal = router.recusal(letter)
    return {bureau.units[code].name for code in recusal.units} if recusal else set()


@pytest.mark.parametrize("case", [case for case in _cases("complaints.txt") if not case.startswith("*")])
def test_a_unit_complained_about_is_kept_out(
    case: str, bureau: Bureau, router: Router, write: Callable[..., Letter]
) -> None:
    accused, _, text = case.partition(" | ")
    for kind in ("求助", "其他", "投诉"):
        kept_out = _names(bureau, router, write(text, kind=kind))
        assert set(accused.split(",")) <= kept_out


@pytest.mark.parametrize("text", [case for case in _cases("complaints.txt") if case.startswith("*")])
def test_a_complaint_about_some_police_keeps_out_all_who_may_be_meant(
    text: str, router: Router, write: Callable[..., Letter]
) -> None:
    recusal = router.recusal(write(text.removeprefix("* | ")))
    assert recusal is not None
    assert not recusal.sure
    assert len(recusal.units) >= 3


@pytest.mark.parametrize("text", _cases("harmless.txt"))
def test_asking_thanking_and_passing_by_is_no_complaint(
    text: str, router: Router, write: Callable[..., Letter]
) -> None:
    assert router.recusal(write(text)) is None


def test_the_suite_is_large_and_of_both_kinds() -> None:
    assert len(_cases("complaints.txt")) >= 300
    assert len(_cases("harmless.txt")) >= 300
