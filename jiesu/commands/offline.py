"""Commands of the analyst: train, evaluate, predict (neither bus nor database), and the model registry."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from jiesu.terminal import JsonFlag, err, house, out, print_json, progress_bar, table
from letters.clock import from_ms, to_ms
from letters.errors import JiesuError
from letters.messages import Control
from letters.topics import CONTROL
from storage import archive
from storage import models as registry
from streams.port import Outgoing

if TYPE_CHECKING:
    from jiesu.wiring import House

models = typer.Typer(help="Which model labels: list, promote, rollback.", no_args_is_help=True)

Files = Annotated[list[Path], typer.Argument(help="Labelled letters, .jsonl or .jsonl.gz", exists=True, dir_okay=False)]
ModelFolder = Annotated[Path, typer.Argument(help="A model folder that jiesu train made")]


def train(
    files: Files,
    out_dir: Annotated[Path, typer.Option("--out", help="The model folder to write; its name is the model's name.")],
    seed: Annotated[int, typer.Option(help="The same file and seed give the same bytes.")] = 0,
    precision: Annotated[
        float, typer.Option(min=0.5, max=0.9999, help="Promised precision of automatic labels.")
    ] = 0.95,
    bureau: Annotated[
        Path | None, typer.Option(help="A bureau's folder whose places, units and categories become words.")
    ] = None,
    licence: Annotated[str, typer.Option(help="Licence of the letters, kept on the model's card.")] = "",
    as_json: JsonFlag = False,
) -> None:
    """Train a classifier model offline.

    Example: `jiesu train letters.jsonl.gz --out models/2026-11`
    """
    from classifier.training import train as learn

    done = 0.0
    with progress_bar("training", 100, shown=not as_json) as advance:

        def progress(_step: str, share: float) -> None:
            nonlocal done
            advance((share - done) * 100)
            done = share

        summary = learn(
            files,
            out_dir,
            seed=seed,
            precision=precision,
            dictionary=_words_of(bureau),
            data_licence=licence,
            progress=progress,
        )
    if as_json:
        print_json({"path": str(summary.path), "sha256": summary.sha256, "card": summary.card})
        return
    out.print(f"[bold]{summary.path}[/bold]  sha256 {summary.sha256[:12]}", highlight=False)
    for remark in summary.card.get("remarks", ()):
        err.print(f"note: {remark}", style="yellow", markup=False)
    out.print(f"Next: jiesu evaluate {summary.path} FILE, then jiesu models promote {summary.path}", highlight=False)


def evaluate(
    model: ModelFolder,
    file: Files,
    report: Annotated[
        Path | None, typer.Option(help="Also write an HTML report with its figures into this folder.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """How good a model is on letters with known labels.

    Example: `jiesu evaluate models/2026-11 held-out.jsonl --report report`
    """
    from classifier.evaluation import evaluate as measure
    from classifier.evaluation import write_report
    from classifier.serving import LetterModel

    result = measure(LetterModel.load(model), file)
    if report is not None:
        write_report(result, report)
    if as_json:
        print_json(result)
        return
    shown = table("", *(head for head in ("category", "unit") if head in result))
    heads = [result[head] for head in ("category", "unit") if head in result]
    for name in ("n", "unknown", "accuracy", "macro_f1", "top3", "automatic_share", "automatic_precision", "ece"):
        shown.add_row(name, *(_figure(head.get(name)) for head in heads))
    out.print(shown)
    if report is not None:
        out.print(f"Report: {report}/index.html", highlight=False)


def compare(first: ModelFolder, second: ModelFolder, file: Files, as_json: JsonFlag = False) -> None:
    """Two models on the same letters: which is right more often, and whether that is more than chance (exact paired test).

    Example: `jiesu compare models/2026-11 models/2026-12 held-out.jsonl`
    """
    from classifier.comparison import compare as held_against
    from classifier.serving import LetterModel

    result = held_against(LetterModel.load(first), LetterModel.load(second), file)
    if as_json:
        print_json(result)
        return
    for head in ("category", "unit"):
        if head in result:
            shown = table(head, "")
            for name, value in result[head].items():
                if isinstance(value, int | float):
                    shown.add_row(name, _figure(value))
            out.print(shown)


def learning_curve(
    files: Files,
    seed: Annotated[int, typer.Option(help="Which letters are kept for measuring.")] = 0,
    as_json: JsonFlag = False,
) -> None:
    """What more letters would bring: figures of models trained on growing shares of the letters.

    Example: `jiesu learning-curve letters.jsonl.gz`
    """
    from classifier.learning_curve import learning_curve as curve

    done = 0.0
    with progress_bar("training", 100, shown=not as_json) as advance:

        def progress(_step: str, share: float) -> None:
            nonlocal done
            advance((share - done) * 100)
            done = share

        entries = curve(files, seed=seed, progress=progress)
    if as_json:
        print_json(entries)
        return
    shown = table("letters", "category accuracy", "automatic", "unit accuracy", "automatic")
    for entry in entries:
        cells = [
            _figure((entry.get(head) or {}).get(name))
            for head in ("category", "unit")
            for name in ("accuracy", "automatic_share")
        ]
        shown.add_row(str(entry["letters"]), *cells)
    out.print(shown)


def predict(model: ModelFolder, file: Files, as_json: JsonFlag = False) -> None:
    """Label letters of a file. `--json` prints one JSON object a line.

    Example: `jiesu predict models/2026-11 letters.jsonl --json`
    """
    from classifier.serving import LetterModel
    from classifier.training_files import read

    loaded = LetterModel.load(model)
    samples = read(file, need_labels=False).letters
    shown = table("id", "category", "", "unit", "", "because of")
    for sample, result in zip(samples, loaded.label([sample.text for sample in samples]), strict=True):
        if as_json:
            print_json({"id": sample.id, "category": _head(result.category), "unit": _head(result.unit)})
            continue
        because = result.category or result.unit
        shown.add_row(
            sample.id,
            *_cells(result.category),
            *_cells(result.unit),
            "、".join(text for text, _ in because.evidence[:4]) if because else "",
        )
    if not as_json:
        out.print(shown, markup=False)


@models.command("list")
def list_(as_json: JsonFlag = False) -> None:
    """The models that were promoted once, and which one labels now.

    Example: `jiesu models list`
    """
    with house() as jiesu:
        jiesu.ready()
        with jiesu.database.read() as connection:
            found = registry.registered(connection)
    if as_json:
        print_json([{"name": m.name, "sha256": m.sha256, "labels": m.promoted_at is not None} for m in found])
        return
    if not found:
        out.print("No model yet, so every letter waits for a person. Train one: jiesu train --help", highlight=False)
        return
    shown = table("name", "sha256", "added", "")
    for model in found:
        labels = f"labels since {from_ms(model.promoted_at):%m-%d %H:%M}" if model.promoted_at else ""
        shown.add_row(model.name, model.sha256[:12], f"{from_ms(model.added_at):%Y-%m-%d %H:%M}", labels)
    out.print(shown)


@models.command()
def promote(
    model: Annotated[Path, typer.Argument(help="A model folder, or the name of a model in the registry.")],
    as_json: JsonFlag = False,
) -> None:
    """From now on this model labels; running workers swap between two batches.

    Example: `jiesu models promote models/2026-11`
    """
    with house() as jiesu:
        jiesu.ready()
        name = _promoted(jiesu, model, to_ms(jiesu.clock.now()), "label")
    if as_json:
        print_json({"promoted": name})
    else:
        out.print(f"{name} labels from now on.", highlight=False)


@models.command()
def rollback(as_json: JsonFlag = False) -> None:
    """The model that labelled before labels again.

    Example: `jiesu models rollback`
    """
    with house() as jiesu:
        jiesu.ready()
        with jiesu.database.write() as connection:
            name = registry.rollback(connection, to_ms(jiesu.clock.now()), "cli")
        _tell_workers(jiesu, "rollback", name)
    if as_json:
        print_json({"promoted": name})
    else:
        out.print(f"{name} labels again.", highlight=False)


@models.command()
def shadow(
    model: Annotated[str | None, typer.Argument(help="The name of a model in the registry, or a model folder.")] = None,
    off: Annotated[bool, typer.Option("--off", help="No model labels in the shadow any more.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """A second model labels beside the first, without effect; what it would label otherwise is kept.

    Example: `jiesu models shadow models/2026-12`
    """
    if bool(model) == off:
        raise JiesuError("name a model, or give --off")
    with house() as jiesu:
        jiesu.ready()
        at = to_ms(jiesu.clock.now())
        name = None
        if model:
            name = _promoted(jiesu, Path(model), at, "shadow")
        else:
            with jiesu.database.write() as connection:
                registry.end_shadow(connection, at, "cli")
    if as_json:
        print_json({"shadow": name})
    else:
        out.print(f"{name} labels in the shadow." if name else "No model labels in the shadow.", highlight=False)


@models.command()
def disagreements(
    model: Annotated[str, typer.Argument(help="The shadow model's name.")],
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 100,
    as_json: JsonFlag = False,
) -> None:
    """The letters that a shadow model labelled otherwise. `--json` prints one JSON object a line.

    Example: `jiesu models disagreements 2026-12`
    """
    with house() as jiesu:
        jiesu.ready()
        with jiesu.database.read() as connection:
            found = archive.disagreements(connection, model, limit)
    if as_json:
        for each, channel, number in found:
            print_json({"channel": channel, "source_id": number, **each._asdict()})
        return
    shown = table("letter", "head", "labelled", "shadow says", "sure")
    for each, channel, number in found:
        shown.add_row(f"{channel} {number}", each.head, each.labelled, each.shadow, f"{each.confidence:.2f}")
    out.print(shown if found else f"{model} has disagreed on no letter.")


def _promoted(jiesu: House, model: Path, at: int, role: registry.Role) -> str:
    """Gives the model the role, registering it first when it is a folder; its name."""
    from classifier.serving import LetterModel

    name = str(model)
    loaded = LetterModel.load(model) if model.is_dir() else None  # a damaged folder says so before anything changes
    with jiesu.database.write() as connection:
        if loaded is not None:
            name = registry.register(connection, model, loaded.card, at)
        registry.promote(connection, name, at, "cli", role)
    _tell_workers(jiesu, "promote", name)
    return name


def _tell_workers(jiesu: House, command: Literal["promote", "rollback"], name: str) -> None:
    """Workers ask the registry every second anyway; on Kafka they hear of it at once."""
    if not jiesu.embedded:
        word = Control(command=command, model=name, at=jiesu.clock.now())
        jiesu.bus.publish([Outgoing(CONTROL, None, word.model_dump_json().encode())])


def add_to(app: typer.Typer) -> None:
    """Hang the commands into the program."""
    app.command()(train)
    app.command()(evaluate)
    app.command()(compare)
    app.command(name="learning-curve")(learning_curve)
    app.command()(predict)


def _words_of(bureau: Path | None) -> list[str]:
    """The names a bureau uses: words to the classifier, whatever jieba's dictionary holds."""
    if bureau is None:
        return []
    from letters.bureau_files import read_bureau

    known = read_bureau(bureau)
    words = {name for unit in known.units.values() for name in (unit.name, *unit.aliases)}
    words |= {name for place in known.places for name in (place.name, *place.aliases)}
    words |= {category.name for category in known.categories}
    return sorted(words)


def _figure(value: Any) -> str:
    if value is None:
        return "–"
    return str(value) if isinstance(value, int) else f"{value:.3f}"


def _head(result: Any) -> dict[str, Any] | None:
    if result is None:
        return None
    return {
        "label": result.label,
        "confidence": result.confidence,
        "accepted": result.accepted,
        "alternatives": [{"label": label, "confidence": p} for label, p in result.alternatives],
        "evidence": [{"text": text, "weight": weight} for text, weight in result.evidence],
    }


def _cells(result: Any) -> tuple[str, str]:
    if result is None:
        return "–", ""
    return result.label, f"{result.confidence:.2f}{'' if result.accepted else ' ?'}"
