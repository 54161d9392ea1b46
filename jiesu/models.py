"""The promoted model for workers: the registry goes in, a loaded model comes out, swapped between two batches."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import structlog

from storage import models
from storage.database import Database

if TYPE_CHECKING:
    from classifier.serving import LetterModel

log = structlog.get_logger()

_ASK_EVERY: Final = 1.0


class PromotedModel:
    """Asks the registry at most once a second; a model is loaded when its name or hash changes."""

    def __init__(self, database: Database, cache: Path) -> None:
        self._database = database
        self._cache = cache
        self._asked = float("-inf")
        self._loaded: LetterModel | None = None

    def current(self) -> LetterModel | None:
        """The promoted model; None while there is none. `TryLater` when the database does not answer."""
        now = time.monotonic()
        if now - self._asked < _ASK_EVERY:
            return self._loaded
        with self._database.read() as connection:
            promoted = models.promoted(connection)
            if promoted is None:
                self._loaded = None
            elif self._loaded is None or (self._loaded.name, self._loaded.sha256) != promoted:
                from classifier.serving import LetterModel  # here: most commands label nothing

                folder = models.unpack(connection, promoted[0], self._cache)
                self._loaded = LetterModel.load(folder)
                log.info("model loaded", action="model_loaded", model=promoted[0], sha256=promoted[1])
        self._asked = now
        return self._loaded
