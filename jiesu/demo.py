"""The demo: the bureau's sample records go in, a home of their own with letters, decisions and units' work comes out."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from bureaus.invented import generate
from classifier.serving import LetterModel
from classifier.training import train
from connectors.errors import FileRefused
from connectors.registry import CHANNELS_READ
from jiesu.commands.bus import split_for
from jiesu.demo_days import Days, live_through
from jiesu.wiring import House
from letters.clock import SystemClock, to_ms
from storage import models
from streams.port import Outgoing

_LETTERS = 4000
_SEED = 20261120
MODEL_NAME = "invented"

Say = Callable[[str], None]


@dataclass(slots=True)
class Story:
    """What happened, for the last screen."""

    fed: dict[str, int] = field(default_factory=dict)
    refused_files: list[str] = field(default_factory=list)
    model: str = ""
    handled: dict[str, int] = field(default_factory=dict)
    reports: int = 0
    days: Days | None = None


def sample_files(bureau: Path) -> list[tuple[str, Path]]:
    """The bureau's sample files with their channels; the file's name begins with its channel's."""
    found = []
    for path in sorted((bureau / "samples").iterdir()):
        channel = next((name for name in CHANNELS_READ if path.name.startswith(name)), None)
        if channel and path.suffix in (".jsonl", ".csv", ".xlsx", ".xml"):
            found.append((channel, path))
    return found


def play(jiesu: House, say: Say) -> Story:
    """The whole story on a fresh home."""
    story = Story()
    say("making topics and tables")
    jiesu.prepare()
    say("training the classifier on invented letters (kept for the next demo)")
    story.model = _model(jiesu)
    records: list[tuple[str, Outgoing]] = []
    for channel, path in sample_files(jiesu.settings.bureau):
        try:
            found = [(channel, message) for message in split_for(path, channel)]
        except FileRefused as error:
            story.refused_files.append(f"{path.name}: {error}")
            continue
        story.fed[path.name] = len(found)
        records += found
    try:
        story.days = live_through(jiesu, records, say)
    finally:
        jiesu.clock = SystemClock()
        jiesu.__dict__.pop("officers", None)  # built with the simulated clock
    story.handled, story.reports = story.days.handled, story.days.reports
    return story


def fresh_home(home: Path) -> Path:
    """An empty home for the demo below the installation's own; what an earlier demo left there is removed."""
    demo = home / "demo"
    if demo.exists():
        shutil.rmtree(demo)
    demo.mkdir(parents=True)
    return demo


def _model(jiesu: House) -> str:
    """The model trained on the invented letters, kept beside the demo's home under the hash of what it learned from."""
    rows = [*generate(jiesu.bureau, _LETTERS, _SEED, templates="train")]
    text = "".join(json.dumps(row, ensure_ascii=False, sort_keys=True) + "\n" for row in rows)
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    folder = jiesu.settings.home.parent / "demo-models" / digest / MODEL_NAME
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        letters = folder.parent / "letters.jsonl"
        letters.write_text(text, encoding="utf-8")
        train([letters], folder)
    model = LetterModel.load(folder)
    at = to_ms(jiesu.clock.now())
    with jiesu.database.write() as connection:
        name = models.register(connection, folder, model.card, at)
        models.promote(connection, name, at, "demo")
    return f"{name} ({model.sha256[:12]}), learned from {len(rows)} invented letters"
