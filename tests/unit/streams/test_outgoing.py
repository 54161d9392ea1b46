"""The last gate before a unit's topic lets nothing about a complaint through to those it complains about (invariant 5)."""

from __future__ import annotations

from uuid import uuid4

import pytest

from letters.decisions import Recusal
from letters.messages import Assignment, Notice, Source, UnitRef
from router import Router
from streams.outgoing import RecusalBreached, assignment_out, notice_out
from streams.port import MESSAGE_ID
from tests.unit.streams.conftest import BUREAU, CENTRE, NOW, OTHER, STATION

TRAFFIC, SQUAD = "360703130000", "360703130100"


@pytest.fixture(scope="module")
def router() -> Router:
    return Router(BUREAU[0])


def recusing(*units: str) -> Recusal:
    return Recusal(units=units, reason="被反映单位")


def unit(code: str) -> UnitRef:
    return UnitRef(code=code, name=BUREAU[0].units[code].name)


def assignment(to: str, host: str, *helpers: str) -> Assignment:
    return Assignment(
        assignment_id=uuid4(), letter_id=uuid4(), unit=unit(to), role="host" if to == host else "assist", host=unit(host),
        co_units=tuple(map(unit, helpers)), source=Source(channel="mailbox", source_id="1"), title="", body="投诉",
        arrived_at=NOW, assigned_at=NOW, reason="", decision=uuid4(),
    )  # fmt: skip


def notice() -> Notice:
    return Notice(notice_id=uuid4(), kind="danger", letter_id=uuid4(), title="险情", text="", at=NOW)


def test_what_nobody_objects_to_leaves_for_its_units_topic_under_its_id(router: Router) -> None:
    made = assignment(STATION, STATION, OTHER)
    out = assignment_out(made, b'{"as": "told"}', recusing(SQUAD), router)
    assert (out.topic, out.key) == (f"assignments.{STATION}", str(made.letter_id).encode())
    assert out.value == b'{"as": "told"}'
    assert out.headers == ((MESSAGE_ID, str(made.assignment_id).encode()),)
    assert notice_out(notice(), CENTRE, None, router).topic == f"notices.{CENTRE}"


@pytest.mark.parametrize(
    ("to", "host", "helpers", "recused"),
    [
        (STATION, STATION, (), (STATION,)),
        (SQUAD, SQUAD, (), (TRAFFIC,)),
        (STATION, STATION, (OTHER,), (OTHER,)),
        (OTHER, STATION, (OTHER,), (STATION,)),
        (OTHER, STATION, (OTHER, SQUAD), (TRAFFIC,)),
    ],
    ids=["itself", "a unit under it", "named as helper", "named as host", "a unit under it named as helper"],
)
def test_a_recused_unit_is_neither_written_to_nor_named(
    router: Router, to: str, host: str, helpers: tuple[str, ...], recused: tuple[str, ...]
) -> None:
    with pytest.raises(RecusalBreached):
        assignment_out(assignment(to, host, *helpers), b"{}", recusing(*recused), router)


def test_an_unsure_match_excludes_just_as_well(router: Router) -> None:
    unsure = recusing(STATION).model_copy(update={"sure": False})
    with pytest.raises(RecusalBreached):
        assignment_out(assignment(STATION, STATION), b"{}", unsure, router)


@pytest.mark.parametrize("recused", [SQUAD, TRAFFIC])
def test_a_notice_about_a_complaint_does_not_reach_it_either(router: Router, recused: str) -> None:
    with pytest.raises(RecusalBreached):
        notice_out(notice(), SQUAD, recusing(recused), router)
