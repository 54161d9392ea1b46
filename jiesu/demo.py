"""The demo: the bureau's sample records go in, a home of their own with letters, decisions and units' work comes out."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from bureaus.invented import generate
from classifier.serving import LetterModel
from classifier.training import train
from connectors.errors import FileRefused
from connectors.registry import CHANNELS_READ
from jiesu.commands.bus import publish_all, split_for
from jiesu.wiring import House
from letters import topics
from letters.clock import to_ms
from letters.messages import Assignment, Progress, Step
from storage import models
from streams.binding import run_until_idle
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
    for channel, path in sample_files(jiesu.settings.bureau):
        say(f"feeding {path.name}")
        try:
            fed = publish_all(jiesu.bus, split_for(path, channel))
        except FileRefused as error:
            story.refused_files.append(f"{path.name}: {error}")
            continue
        story.fed[path.name] = fed
    say("reading, labelling, routing")
    bindings = jiesu.bindings()
    try:
        story.handled = run_until_idle(bindings)
        say("units sign, call the writer and report")
        story.reports = publish_all(jiesu.bus, _units_at_work(jiesu))
        run_until_idle(bindings)
    finally:
        for binding in bindings:
            binding.close()
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


def _units_at_work(jiesu: House) -> Iterator[Outgoing]:
    """Each host signs and calls; every third one also reports feedback. The units are simulated, their messages real."""
    steps: tuple[tuple[Step, int, str], ...] = (
        ("signed", 4, ""),
        ("contacted", 15, "已电话联系来信人，核实情况。"),
        ("feedback", 55, "已到现场处理，情况属实，正在办理。"),
    )
    for unit in jiesu.bureau.units.values():
        if unit.kind == "external":
            continue
        for number, record in enumerate(jiesu.bus.scan(topics.assignments(unit.code))):
            assignment = Assignment.model_validate_json(record.value)
            if assignment.role != "host":
                continue
            for step, minutes, text in steps[: 3 if number % 3 == 0 else 2]:
                report = Progress(
                    assignment_id=assignment.assignment_id,
                    step=step,
                    at=assignment.assigned_at + timedelta(seconds=minutes),
                    by="模拟民警",
                    text=text,
                    progress_id=str(uuid5(NAMESPACE_URL, f"demo:{assignment.assignment_id}:{step}")),
                )
                yield Outgoing(
                    topics.progress(unit.code),
                    str(assignment.assignment_id).encode(),
                    report.model_dump_json().encode(),
                )
