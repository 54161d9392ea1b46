"""Who wrote is readable with the bureau's key and for the letter it belongs to, and in no other way (invariant 11)."""

from __future__ import annotations

import base64
from multiprocessing import get_context
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from letters.errors import SettingsError
from letters.messages import Writer
from storage.sealing import SealBroken, Sealer, load_key

WRITER = Writer(name="李某某", phone="13812345678", id_number="110105194912310021", marks=("id_number",))
LETTER, OTHER = "1c1f8a54-0c4c-5d0e-9d7c-0a5a3d4c0001", "1c1f8a54-0c4c-5d0e-9d7c-0a5a3d4c0002"

text = st.none() | st.text(max_size=40)


@given(st.builds(Writer, name=text, sex=text, phone=text, id_number=text, email=text, address=text))
def test_every_writer_comes_back_as_sealed(writer: Writer) -> None:
    sealer = Sealer(bytes(range(32)))
    assert sealer.open(sealer.seal(writer, LETTER), LETTER) == writer


def test_a_token_shows_nothing_and_never_repeats(sealer: Sealer) -> None:
    one, two = sealer.seal(WRITER, LETTER), sealer.seal(WRITER, LETTER)
    assert one != two, "equal tokens would tell which letters have the same writer"
    for token in (one, two):
        inside = base64.urlsafe_b64decode(token)
        assert b"13812345678" not in inside
        assert "李".encode() not in inside


def test_another_key_opens_nothing(sealer: Sealer) -> None:
    with pytest.raises(SealBroken):
        Sealer(bytes(32)).open(sealer.seal(WRITER, LETTER), LETTER)


def test_a_token_moved_to_another_letter_does_not_open(sealer: Sealer) -> None:
    with pytest.raises(SealBroken):
        sealer.open(sealer.seal(WRITER, LETTER), OTHER)


def test_no_byte_of_a_token_can_be_altered_or_cut(sealer: Sealer) -> None:
    sealed = sealer.seal_bytes(b"personal", b"x")
    for at in range(len(sealed)):
        altered = bytearray(sealed)
        altered[at] ^= 1
        with pytest.raises(SealBroken):
            sealer.open_bytes(bytes(altered), b"x")
    for length in range(len(sealed)):
        with pytest.raises(SealBroken):
            sealer.open_bytes(sealed[:length], b"x")


@pytest.mark.parametrize("token", ["", "x", "ÄÖ", "AQ==", "AAAA", "a" * 400])
def test_what_is_no_token_is_told_apart(sealer: Sealer, token: str) -> None:
    with pytest.raises(SealBroken):
        sealer.open(token, LETTER)


def test_the_first_start_makes_a_key_that_only_its_owner_reads(tmp_path: Path) -> None:
    home = tmp_path / "new" / "home"
    key = load_key(None, home)
    assert len(key) == 32
    assert (home / "key").stat().st_mode & 0o777 == 0o600
    assert load_key(None, home) == key
    assert [path.name for path in home.iterdir()] == ["key"], "no second copy of the key lies about"


def test_a_key_that_others_can_read_is_refused_with_the_remedy(tmp_path: Path) -> None:
    load_key(None, tmp_path)
    (tmp_path / "key").chmod(0o644)
    with pytest.raises(SettingsError, match="chmod 600"):
        load_key(None, tmp_path)


@pytest.mark.parametrize("content", [b"", b"not base64 at all", base64.b64encode(b"short"), b"\xff" * 44])
def test_a_damaged_key_file_is_named(tmp_path: Path, content: bytes) -> None:
    load_key(None, tmp_path)
    (tmp_path / "key").write_bytes(content)
    with pytest.raises(SettingsError, match=r"key|32"):
        Sealer(load_key(None, tmp_path))


def test_a_key_may_come_from_the_settings(tmp_path: Path) -> None:
    assert load_key(base64.b64encode(bytes(range(32))).decode(), tmp_path) == bytes(range(32))
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(SettingsError, match="base64"):
        load_key("no key!", tmp_path)
    with pytest.raises(SettingsError, match="32"):
        Sealer(load_key(base64.b64encode(b"too short").decode(), tmp_path))


def read_when_told(home: Path, go: Event, keys: Queue[bytes]) -> None:
    go.wait()
    keys.put(load_key(None, home))


def test_processes_that_start_together_agree_on_one_key(tmp_path: Path) -> None:
    processes = get_context("fork")
    for turn in range(10):
        go, keys = processes.Event(), processes.Queue()
        started = [processes.Process(target=read_when_told, args=(tmp_path / str(turn), go, keys)) for _ in range(4)]
        for process in started:
            process.start()
        go.set()
        assert len({keys.get(timeout=30) for _ in started}) == 1
        for process in started:
            process.join(30)
            assert process.exitcode == 0
