"""Someone's own bureau begins from the statistical tables and loads once the other files stand beside them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bureaus.derive_places import main, place_name
from letters.bureau_files import read_bureau
from letters.errors import BureauError

NANKANG = Path(__file__).parents[3] / "bureaus" / "nankang"


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    tables = {
        "areas.csv": 'code,name,cityCode,provinceCode\n360703,"南康区",3607,36\n',
        "streets.csv": 'code,name,areaCode\n360703100,"唐江镇",360703\n360704100,"别处镇",360704\n',
        "villages.csv": 'code,name,streetCode,areaCode\n360703100208,"唐西村委会",360703100,360703\n',
    }
    for name, text in tables.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_skeletons_hold_one_station_a_town_and_lack_only_what_a_person_must_write(dist: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    main([str(dist), "360703", str(mine)])
    for name in ("taxonomy.yaml", "policy.yaml", "danger.yaml", "bureau.yaml"):
        shutil.copy(NANKANG / name, mine / name)
    with pytest.raises(BureauError) as caught:
        read_bureau(mine)
    # What is left to do: the offices of bureau.yaml and the business lines.
    assert {problem.split(":")[0] for problem in caught.value.problems} == {"bureau.yaml", "taxonomy.yaml"}
    assert "唐江镇,乡镇街道,唐江派出所,南康区,,360703100" in (mine / "gazetteer.csv").read_text(encoding="utf-8-sig")
    with pytest.raises(SystemExit, match="exists already"):
        main([str(dist), "360703", str(mine)])


def test_an_unknown_district_is_named(dist: Path, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="no district 360799"):
        main([str(dist), "360799", str(tmp_path / "mine")])


@pytest.mark.parametrize(
    ("committee", "expected"),
    [
        ("苏步西街居委会", ("苏步西街社区", "社区")),
        ("文星社区居委会", ("文星社区", "社区")),
        ("塘兴社区居民委员会", ("塘兴社区", "社区")),
        ("西华村委会", ("西华村", "村")),
        ("三村村委会", ("三村村", "村")),
    ],
)
def test_committees_become_places(committee: str, expected: tuple[str, str]) -> None:
    assert place_name(committee) == expected
