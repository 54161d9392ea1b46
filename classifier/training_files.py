"""Files of labelled letters (.jsonl, .jsonl.gz) come in; checked letters go out, or every problem with its line.

Files are read as a stream, one line in memory at a time; what stays is the text that training needs.
"""

from __future__ import annotations

import datetime as dt
import gzip
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, NamedTuple

from classifier.errors import TrainingFileError
from classifier.text import LetterText

HEADS = ("category", "unit")
_KNOWN_FIELDS = frozenset({"id", "title", "body", "category", "unit", "place", "channel", "kind", "date"})
_MAX_SHOWN = 50


class Sample(NamedTuple):
    """One labelled letter. A label that the file does not give is the empty string."""

    id: str
    text: LetterText
    category: str
    unit: str
    date: str  # ISO 8601 or empty


@dataclass(slots=True)
class Samples:
    """What the files held: the letters, a hash of the bytes, and what was worth a remark."""

    letters: list[Sample] = field(default_factory=list)
    sha256: str = ""
    remarks: list[str] = field(default_factory=list)
    files: list[dict[str, Any]] = field(default_factory=list)


class _Hashing:
    """Reads raw lines and hashes them on the way, so that a 3 GB file is read once."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.digest = hashlib.sha256()

    def __iter__(self) -> Iterator[bytes]:
        for line in self._stream:
            self.digest.update(line)
            yield line


def _opened(path: Path) -> IO[bytes]:
    if not path.is_file():
        raise TrainingFileError([f"{path}: there is no such file"])
    with path.open("rb") as probe:
        packed = probe.read(2) == b"\x1f\x8b"
    return gzip.open(path, "rb") if packed else path.open("rb")  # type: ignore[return-value]


def _text(record: dict[str, Any], name: str) -> str:
    value = record.get(name)
    if value is None:
        return ""
    if name == "place" and isinstance(value, dict):
        value = value.get("text") or ""
    if isinstance(value, int | float) and not isinstance(value, bool) and name in {"id", "channel", "category", "unit"}:
        return str(value)
    if not isinstance(value, str):
        raise ValueError(f"field {name!r} must be text, not {type(value).__name__}")
    return value


def parse(line: bytes) -> Sample:
    """One line as a sample; a ValueError says in words what is wrong with it."""
    try:
        decoded = line.decode("utf-8")
    except UnicodeDecodeError as error:
        hint = ""
        try:
            line.decode("gb18030")
            hint = "; it reads as GB18030: convert the file, e.g. iconv -f GB18030 -t UTF-8"
        except UnicodeDecodeError:
            pass
        raise ValueError(f"not UTF-8 at byte {error.start + 1}{hint}") from None
    try:
        record = json.loads(decoded)
    except ValueError as error:
        raise ValueError(f"not JSON: {error}") from None
    if not isinstance(record, dict):
        raise ValueError("not a JSON object")
    text = LetterText(*(_text(record, name) for name in ("title", "body", "place", "channel", "kind")))
    if not text.title.strip() and not text.body.strip():
        raise ValueError("neither title nor body has text")
    date = _text(record, "date").strip()
    if date:
        try:
            dt.datetime.fromisoformat(date)
        except ValueError:
            raise ValueError(f"date {date!r} is not ISO 8601 (2025-04-22)") from None
    return Sample(_text(record, "id"), text, _text(record, "category").strip(), _text(record, "unit").strip(), date)


def read(paths: Sequence[Path], *, need_labels: bool = True) -> Samples:
    """Read and check all files. Raises TrainingFileError naming every bad line (the first 50, and how many more)."""
    out = Samples()
    whole = hashlib.sha256()
    problems: list[str] = []
    total = 0
    seen: dict[str, str] = {}
    unknown: dict[str, int] = {}

    def report(where: str, what: str) -> None:
        nonlocal total
        total += 1
        if len(problems) < _MAX_SHOWN:
            problems.append(f"{where}: {what}")

    unlabelled = 0
    for path in paths:
        before = len(out.letters)
        with _opened(path) as stream:
            lines = _Hashing(stream)
            try:
                for number, raw in enumerate(lines, 1):
                    line = raw.removeprefix(b"\xef\xbb\xbf") if number == 1 else raw
                    if not line.strip():
                        continue
                    where = f"{path}:{number}"
                    try:
                        sample = parse(line)
                    except ValueError as error:
                        report(where, str(error))
                        continue
                    if sample.id:
                        if sample.id in seen:
                            report(where, f"id {sample.id!r} already stands at {seen[sample.id]}")
                            continue
                        seen[sample.id] = where
                    if need_labels and not sample.category and not sample.unit:
                        unlabelled += 1
                        report(where, "neither 'category' nor 'unit' has a label")
                        continue
                    out.letters.append(sample)
            except (EOFError, OSError, gzip.BadGzipFile) as error:
                report(str(path), f"cannot be read to its end ({error}): copy the file again")
        whole.update(lines.digest.digest())
        out.files.append({"name": path.name, "sha256": lines.digest.hexdigest(), "letters": len(out.letters) - before})
    del unknown, unlabelled
    if problems:
        raise TrainingFileError(problems, total=total)
    if not out.letters:
        raise TrainingFileError([f"{path}: holds no letters" for path in paths] or ["no training file was given"])
    out.sha256 = whole.hexdigest()
    return out
