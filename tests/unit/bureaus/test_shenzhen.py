"""The larger example is sound and does not drift from the files it shares with nankang."""

from __future__ import annotations

from pathlib import Path

import pytest

from letters.bureau_files import read_bureau

BUREAUS = Path(__file__).parents[3] / "bureaus"


def test_loads_with_a_station_for_each_street() -> None:
    bureau = read_bureau(BUREAUS / "shenzhen")
    streets = [place for place in bureau.places if place.level == "town"]
    assert len(streets) == 79
    assert len({place.unit for place in streets}) == 79
    assert len(bureau.places) > 800
    districts = {code for code in bureau.children[bureau.code] if bureau.units[code].kind == "bureau"}
    assert {bureau.units[place.unit].parent for place in streets} == districts


@pytest.mark.parametrize("name", ["taxonomy.yaml", "policy.yaml", "danger.yaml"])
def test_shared_files_are_equal(name: str) -> None:
    assert (BUREAUS / "shenzhen" / name).read_bytes() == (BUREAUS / "nankang" / name).read_bytes()
