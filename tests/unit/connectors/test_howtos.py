"""The how-tos hold: the sixth channel is built from its page as written, and the upstream page names every field."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from connectors.reasons import REASONS
from connectors.registry import CONNECTORS

ROOT = Path(__file__).parents[3]
HOWTO = ROOT / "docs" / "howto"

TRY = """
import json, sys
from datetime import datetime
from pathlib import Path
import connectors
from connectors import CHANNELS_READ, read_record
from connectors.files import split_file
from letters.clock import SHANGHAI
from letters.errors import InvalidRecord
from letters.ids import letter_id

now = datetime(2025, 4, 23, tzinfo=SHANGHAI)
assert Path(connectors.__file__).is_relative_to(Path.cwd()), connectors.__file__
[fed] = split_file(Path("messages.jsonl"), "sms")
parsed = read_record("sms", fed.value, fed.headers, received_at=now)
try:
    read_record("sms", json.dumps({"xxbh": "DX0008", "fssj": "2025-04-22 09:12:30"}).encode(), (), received_at=now)
except InvalidRecord as refusal:
    print(json.dumps({
        "channels": CHANNELS_READ,
        "key": fed.key.decode(),
        "computed": parsed.letter.letter_id == letter_id("sms", "DX0007"),
        "letter": parsed.letter.model_dump(mode="json"),
        "writer": parsed.writer.model_dump(mode="json"),
        "refusal": f"{refusal.reason}: {refusal}",
    }))
"""


def _blocks(page, language):
    return re.findall(rf"```{language}\n(.*?)```", (HOWTO / page).read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture(scope="module")
def sixth(tmp_path_factory):
    """What a copy of the connectors says once the page's file and line are added."""
    folder = tmp_path_factory.mktemp("sixth")
    shutil.copytree(ROOT / "connectors", folder / "connectors", ignore=shutil.ignore_patterns("__pycache__"))
    file, line = _blocks("sixth-channel.md", "python")
    [sample] = _blocks("sixth-channel.md", "json")
    (folder / "connectors" / "sms.py").write_text(file, encoding="utf-8")
    registry = folder / "connectors" / "registry.py"
    before = registry.read_text(encoding="utf-8")
    last = '    "mailbox",\n'
    assert before.count(last) == 1
    assert line.count("\n") == 1
    registry.write_text(before.replace(last, last + line), encoding="utf-8")
    (folder / "messages.jsonl").write_text(sample, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", TRY],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)]), "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_sixth_channel_is_one_file_and_one_line(sixth):
    assert sixth["channels"] == [*CONNECTORS, "sms"]
    assert (sixth["key"], sixth["computed"]) == ("DX0007", True)
    letter = sixth["letter"]
    assert (letter["channel"], letter["source_id"], letter["urgency"]) == ("sms", "DX0007", "紧急")
    assert (letter["body"], letter["arrived_at"]) == ("文峰路红绿灯坏了", "2025-04-22T09:12:30+08:00")
    assert (letter["kind"], letter["via"], letter["title"]) == ("其他", "短信", "")
    assert (sixth["writer"]["phone"], sixth["writer"]["marks"]) == ("13900001111", [])


def test_its_page_shows_the_true_refusal(sixth):
    [shown] = _blocks("sixth-channel.md", "text")
    assert sixth["refusal"] == shown.strip()


def test_the_upstream_page_names_every_field_and_no_other():
    page = (HOWTO / "upstream-system.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \|", page, re.MULTILINE)
    named = {channel: set() for channel in CONNECTORS}
    for channel, cell in rows:
        if channel in named:
            named[channel] |= set(re.findall(r"`(\w+)`", cell))
    assert named == {channel: set(connector.known) for channel, connector in CONNECTORS.items()}
    for channel, connector in CONNECTORS.items():
        required = " ".join(f"`{name}`" for name in connector.required)
        example = connector.known[connector.time].kind.example
        assert f"| `{channel}` | {required} | `{example}` |" in page


def test_the_upstream_page_names_true_reasons():
    page = (HOWTO / "upstream-system.md").read_text(encoding="utf-8")
    section = page.split("## What is refused")[1]
    reasons = re.findall(r"\| `(\w+)` \|$", section, re.MULTILINE)
    assert len(reasons) >= 8
    assert set(reasons) <= set(REASONS)


def test_every_reason_has_a_meaning_of_one_line():
    for reason, meaning in REASONS.items():
        assert re.fullmatch(r"[a-z_]+", reason)
        assert "\n" not in meaning
        assert meaning.endswith(".")
