"""Every way a training file, a training run or a model folder can be wrong: facts come in, a sentence to act on goes out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from letters.errors import JiesuError


class ClassifierError(JiesuError):
    """The classifier cannot do what was asked."""


class TrainingFileError(ClassifierError):
    """The training file cannot be used: each problem names its line."""

    def __init__(self, problems: Sequence[str], *, total: int | None = None) -> None:
        self.problems = list(problems)
        self.total = len(self.problems) if total is None else total
        shown = "\n".join(self.problems)
        more = self.total - len(self.problems)
        tail = f"\n… and {more} more problems" if more > 0 else ""
        super().__init__(f"{self.total} problem(s) in the training file(s):\n{shown}{tail}")


class NothingToLearnError(ClassifierError):
    """The letters hold no label that can be learned."""


class ModelError(ClassifierError):
    """The model folder cannot be used."""

    def __init__(self, path: Path, what: str) -> None:
        self.path = path
        super().__init__(f"{path}: {what}")


class ModelMissingError(ModelError):
    """There is no model folder here."""


class ModelDamagedError(ModelError):
    """The model folder was truncated or changed after it was written."""


class ModelTooNewError(ModelError):
    """The model was written by a newer version of jiesu."""
