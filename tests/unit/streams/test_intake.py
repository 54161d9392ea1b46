"""Every record ends as exactly one letter, revision, repeat or dead letter; who wrote stays sealed (invariants 1–4, 6, 11)."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
import structlog

from letters.ids import letter_id
from streams.port import Prepared
from tests.exactness import assert_exact
from tests.unit.streams.conftest import CENTRE, JSON, Town, call, mailbox

PERSON = {"name": "慕容铁柱", "shouji": "13987654321", "cardid": "110105194912310021", "email": "tiezhu@example.com"}


def outcomes(town: Town) -> list[str]:
    return [row[0] for row in town.rows('SELECT outcome FROM intake_records ORDER BY topic, "offset"')]


def test_a_record_becomes_a_letter_with_its_computed_id(town: Town) -> None:
    town.feed("mailbox", mailbox("M1"))
    town.run("intake")
    [letter] = town.messages("letters")
    assert letter["letter_id"] == str(letter_id("mailbox", "M1"))
    assert (letter["revision"], letter["body"]) == (1, "两条路上天天乱停车")
    assert town.records("letters")[0].key == letter["letter_id"].encode()


def test_the_same_again_is_a_repeat_and_a_change_a_revision_whatever_comes_back(town: Town) -> None:
    a, b = mailbox("M1", "甲"), mailbox("M1", "乙")
    town.feed("mailbox", a, b, a, b, dict(reversed(a.items())))
    town.run("intake")
    assert outcomes(town) == ["letter", "revision", "repeat", "repeat", "repeat"]
    town.feed("mailbox", a, mailbox("M1", "丙"), b)
    town.run("intake")
    assert outcomes(town)[5:] == ["repeat", "revision", "repeat"], "what an earlier batch kept is remembered"
    assert [letter["revision"] for letter in town.messages("letters")] == [1, 2, 3]
    assert town.one("SELECT revision FROM letters") == 3
    assert town.rows("SELECT letter_no, revision FROM revisions ORDER BY revision") == [(1, 2), (1, 3)]
    assert town.proof().adds_up


def test_the_same_number_on_two_channels_is_two_letters(town: Town) -> None:
    town.feed("mailbox", mailbox("N1"))
    town.feed("110", call("N1"))
    town.run("intake")
    assert outcomes(town) == ["letter", "letter"]


def test_records_that_are_read_again_change_nothing_and_count_once(town: Town) -> None:
    town.feed("mailbox", mailbox("M1"), mailbox("M1"), mailbox("M2"), b"broken", mailbox("M2", "更正"))
    [stage] = town.house.stages(["intake"])
    records = town.records("intake.mailbox")
    first = stage.prepare(records)
    before = town.rows('SELECT * FROM intake_records ORDER BY "offset"')
    letters = town.rows("SELECT * FROM letters ORDER BY letter_no")
    for part in (records, records[:2], records[3:], records[::2]):
        again = stage.prepare(part)
        assert (again.outgoing, again.dead, again.again) == ([], {}, True)
    assert town.rows('SELECT * FROM intake_records ORDER BY "offset"') == before
    assert town.rows("SELECT * FROM letters ORDER BY letter_no") == letters
    assert len(first.outgoing) == 4
    assert outcomes(town) == ["letter", "repeat", "letter", "dead", "revision"]


def test_a_batch_that_overlaps_what_was_read_handles_only_the_rest(town: Town) -> None:
    town.feed("mailbox", *(mailbox(f"M{n}") for n in range(6)))
    [stage] = town.house.stages(["intake"])
    records = town.records("intake.mailbox")
    stage.prepare(records[:4])
    rest: Prepared = stage.prepare(records)
    assert len(rest.outgoing) == 2
    assert rest.again
    assert town.one("SELECT count(*) FROM letters") == 6


def test_a_topic_that_was_made_anew_is_read_as_new(town: Town) -> None:
    """Offset 0 of a new topic is another record, not one that was read already."""
    [stage] = town.house.stages(["intake"])
    town.feed("mailbox", mailbox("M1"), mailbox("M2"))
    one, two = town.records("intake.mailbox")
    stage.prepare([one])
    stage.prepare([two._replace(offset=one.offset)])
    assert town.one("SELECT count(*) FROM letters") == 2


def test_raw_records_are_kept_byte_for_byte_with_their_headers(town: Town) -> None:
    raw = b'{ "id":"M1",\t"submitted_at":"2026-11-01T09:00:00+08:00",\n "introduce":"\xe4\xba\xba\xef\xbc\xa1", "new":[1.50] }'
    headers = (*JSON, ("trace", b"\xff\x00"))
    town.feed("mailbox", raw, headers=headers)
    town.run("intake")
    kept = town.one("SELECT raw FROM intake_records")
    assert town.house.sealer.unpack_raw(bytes(kept)) == raw
    from storage.intake import headers_from_text

    assert headers_from_text(town.one("SELECT headers FROM intake_records")) == headers


def test_what_cannot_be_read_becomes_a_dead_letter_with_all_that_is_needed_to_mend_it(town: Town) -> None:
    town.feed("mailbox", mailbox("M1"))
    town.feed("mailbox", b"\xff\x00 broken", headers=(*JSON, ("trace", b"\xfe")))
    handled = town.run("intake")
    assert handled["intake"] == 2
    [dead] = town.messages("dead-letters")
    assert base64.b64decode(dead["raw"]) == b"\xff\x00 broken"
    assert (dead["topic"], dead["partition"], dead["offset"], dead["key"]) == ("intake.mailbox", 0, 1, "key")
    assert dead["headers"] == {"content-type": "application/json; charset=utf-8", "trace": "\xfe"}
    assert dead["reason"]
    assert dead["message"]
    assert town.one("SELECT reason FROM dead_letters") == dead["reason"]
    sums = town.proof()
    assert (sums.read, sums.letters, sums.dead, sums.adds_up) == (2, 1, 1, True)


def test_danger_is_told_once_ahead_of_the_batch(town: Town) -> None:
    danger = mailbox("M9", "我不想活了，今晚就跳楼")
    town.feed("mailbox", *(mailbox(f"M{n}") for n in range(5)), danger)
    [stage] = town.house.stages(["intake"])
    prepared = stage.prepare(town.records("intake.mailbox"))
    assert prepared.outgoing[0].topic == f"notices.{CENTRE}", "danger does not queue"
    stage.settle(prepared)
    town.house.bus.publish(prepared.outgoing)
    town.feed("mailbox", danger, {**danger, "zhuti": "补充"})
    town.run()
    [notice] = [each for each in town.messages(f"notices.{CENTRE}") if each["kind"] == "danger"]
    assert notice["letter_id"] == str(letter_id("mailbox", "M9"))
    assert [row[0] for row in town.rows("SELECT state FROM cases ORDER BY letter_no")] == ["waiting"] * 5 + [
        "escalated"
    ]


def test_danger_is_not_told_to_a_command_centre_that_is_complained_about(town: Town) -> None:
    """Recusal is proof against every other rule, and a letter that nobody may get must not stop the stream."""
    town.feed(
        "mailbox",
        mailbox("M1", "指挥中心接警员骂我，我不想活了，今晚就跳楼", unit="指挥中心", typeid="投诉"),
        mailbox("M2"),
    )
    town.run()
    assert town.messages(f"notices.{CENTRE}") == []
    assert town.messages(f"assignments.{CENTRE}") == []
    assert town.rows("SELECT state, host FROM cases ORDER BY letter_no") == [("escalated", None), ("waiting", None)]
    assert town.messages("dead-letters") == []
    sums = town.proof()
    assert (sums.escalated, sums.adds_up) == (1, True)


def test_who_wrote_stands_neither_on_the_topic_nor_in_a_row_nor_in_a_log(village: Town, tmp_path: Path) -> None:
    with structlog.testing.capture_logs() as logs:
        village.feed("mailbox", mailbox("M1", "两条路上天天乱停车", **PERSON))
        village.run()
    [letter] = village.records("letters")
    secrets = [value.encode() for value in PERSON.values()]
    for secret in secrets:
        assert secret not in letter.value
        assert secret.decode() not in str(logs)
    house = village.house
    document = bytes(village.one("SELECT document FROM letters"))
    token = village.messages("letters")[0]["writer"]
    assert house.sealer.open(token, str(letter_id("mailbox", "M1"))).phone == "13987654321"
    house.database.close()
    for file in (tmp_path / "home").glob("jiesu.sqlite3*"):
        content = file.read_bytes()
        assert not [secret for secret in secrets if secret in content]
    assert not [secret for secret in secrets if secret in document]


def test_a_record_that_no_rule_foresaw_is_isolated_and_its_text_not_logged(
    village: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    import streams.intake

    read = streams.intake.read_record

    def breaks(channel: str, value: bytes, headers: object, **more: object) -> object:
        if b"POISON" in value:
            raise ZeroDivisionError(f"cannot digest {value.decode()}")
        return read(channel, value, headers, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(streams.intake, "read_record", breaks)
    poison = mailbox("M5", "POISON 电话13987654321")
    with structlog.testing.capture_logs() as logs:
        village.feed("mailbox", *(mailbox(f"M{n}") for n in range(5)), poison, *(mailbox(f"N{n}") for n in range(5)))
        village.run()
        village.feed("mailbox", mailbox("after"))
        village.run()
    assert village.one("SELECT count(*) FROM letters") == 11
    [dead] = village.messages("dead-letters")
    assert (dead["reason"], dead["offset"]) == ("broke_the_stage", 5)
    assert "ZeroDivisionError" in dead["message"]
    assert b"13987654321" in base64.b64decode(dead["raw"])
    [told] = [entry for entry in logs if entry["action"] == "record_broke_stage"]
    assert told["error"] == "ZeroDivisionError"
    assert "13987654321" not in str(logs)
    assert "POISON" not in str(logs)
    sums = village.proof()
    assert (sums.read, sums.letters, sums.dead, sums.adds_up) == (12, 11, 1, True)
    assert_exact(village.house)
