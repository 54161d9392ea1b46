"""The desk's first page and its health pages: figures without text or names, and a plain word when something does not answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from starlette.testclient import TestClient

from desk.app import build_app
from desk.port import Line, Overview
from letters.errors import TryLater


@dataclass
class Standing:
    """An installation that says what it is told to say."""

    stages: dict[str, str] = field(default_factory=lambda: {"intake": "working", "route": "working"})
    adds_up: bool = True
    answers: bool = True

    def overview(self) -> Overview:
        if not self.answers:
            raise TryLater("the database sqlite:///jiesu.sqlite3 does not answer: database is locked")
        line = Line("<b>M1</b>", "mailbox", "求助", "户政", "户政科", "已派单", "2026-11-01 09:00")
        sums = {"read": 3, "letters": 2, "dead": 1, "dispatched": 1, "waiting": 1, "escalated": 0, "merged": 0}
        sums |= {"revisions": 0, "repeats": 0, "unread": 0, "pending": 0}
        return Overview("南康分局", sums, self.adds_up, self.stages, [line], [("intake.110", "bad_time", 1)])

    def health(self) -> Mapping[str, str]:
        return self.stages

    def metrics(self) -> bytes:
        return b"jiesu_records_total 3\n"


def desk(installation: Standing) -> TestClient:
    return TestClient(build_app(installation))


def test_the_first_page_shows_where_everything_stands_and_escapes_what_others_wrote() -> None:
    page = desk(Standing()).get("/")
    assert page.status_code == 200
    for shown in ("南康分局", "户政科", "已派单", "intake.110", "bad_time"):
        assert shown in page.text
    assert "<b>M1</b>" not in page.text
    assert "&lt;b&gt;M1&lt;/b&gt;" in page.text


def test_sums_that_do_not_add_up_are_seen() -> None:
    assert desk(Standing()).get("/").text != desk(Standing(adds_up=False)).get("/").text


@pytest.mark.parametrize(
    ("stages", "healthy", "ready"),
    [
        ({"intake": "working", "route": "working"}, 200, 200),
        ({"intake": "waiting: disk full", "route": "working"}, 200, 503),
        ({"intake": "stopped: nearly all refused", "route": "working"}, 503, 503),
        ({}, 200, 503),
    ],
    ids=["working", "waiting", "stopped", "starting"],
)
def test_health_tells_waiting_from_stopped(stages: dict[str, str], healthy: int, ready: int) -> None:
    asked = desk(Standing(stages=stages))
    assert asked.get("/healthz").status_code == healthy
    assert asked.get("/readyz").status_code == ready
    assert asked.get("/healthz").json() == {"stages": stages}


def test_a_database_that_does_not_answer_gives_a_page_that_says_so() -> None:
    page = desk(Standing(answers=False)).get("/")
    assert page.status_code == 503
    assert "database is locked" in page.text


@pytest.mark.parametrize("path", ["/", "/healthz", "/metrics", "/static/desk.css", "/nothing"])
def test_every_answer_forbids_foreign_content_and_frames(path: str) -> None:
    headers = desk(Standing()).get(path).headers
    assert "default-src 'self'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"


def test_no_page_describes_the_programs_insides() -> None:
    for path in ("/docs", "/redoc", "/openapi.json"):
        assert desk(Standing()).get(path).status_code == 404
    assert desk(Standing()).get("/metrics").text == "jiesu_records_total 3\n"
