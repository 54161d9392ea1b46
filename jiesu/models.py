"""The promoted model for workers: the registry goes in, a loaded model comes out, swapped between two batches."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import structlog
from sqlalchemy import Connection

from letters.errors import JiesuError, TryLater
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
        self._loaded: dict[models.Role, LetterModel | None] = {"label": None, "shadow": None}

    def current(self) -> LetterModel | None:
        """The promoted model; None while there is none. `TryLater` when the database does not answer."""
        self._ask()
        return self._loaded["label"]

    def shadow(self) -> LetterModel | None:
        """The model that labels beside it without effect; None where none does."""
        self._ask()
        return self._loaded["shadow"]

    def ask_again(self) -> None:
        """A promotion was announced: the next batch asks the registry whatever the time."""
        self._asked = float("-inf")

    def _ask(self) -> None:
        now = time.monotonic()
        if now - self._asked < _ASK_EVERY:
            return
        with self._database.read() as connection:
            for role in self._loaded:
                self._loaded[role] = self._of(connection, role)
        self._asked = now

    def _of(self, connection: Connection, role: models.Role) -> LetterModel | None:
        promoted = models.promoted(connection, role)
        if promoted is None:
            return None
        for loaded in self._loaded.values():
            if loaded is not None and (loaded.name, loaded.sha256) == promoted:
                return loaded
        try:
            model = load_registered(connection, promoted[0], self._cache)
        except TryLater:
            raise
        except (JiesuError, OSError) as error:
            # No letter is to blame for a model: the one in use goes on, and where there is none the letters wait.
            log.error("model does not load", action="model_broken", role=role, model=promoted[0], why=str(error))
            if role == "label" and self._loaded[role] is None:
                raise TryLater(
                    f"the promoted model {promoted[0]} does not load ({error}); promote another: jiesu models promote NAME"
                ) from error
            return self._loaded[role]
        log.info("model loaded", action="model_loaded", role=role, model=promoted[0], sha256=promoted[1])
        return model


def load_registered(connection: Connection, name: str, cache: Path) -> LetterModel:
    """A model of the registry, unpacked below `cache` and loaded."""
    from classifier.serving import LetterModel  # here: most commands label nothing

    return LetterModel.load(models.unpack(connection, name, cache))
