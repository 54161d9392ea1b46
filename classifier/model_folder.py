"""Named arrays and a card come in, a folder without pickle goes out; and back, only if not a byte has changed.

The folder holds `model.json` (the card) and one `.npy` file per array. The card lists each array's sha256 and the
sha256 of the whole, which names the model in every label it makes.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.errors import ModelDamagedError, ModelMissingError, ModelTooNewError

FORMAT = 1
CARD = "model.json"


def _canonical(card: Mapping[str, Any]) -> bytes:
    return json.dumps(card, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def save(path: Path, card: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> str:
    """Write the model beside `path` and rename it into place; returns its sha256.

    An existing model folder at `path` is replaced; any other existing file or folder is left alone and refused.
    """
    if path.exists() and not (path / CARD).is_file() and (not path.is_dir() or any(path.iterdir())):
        raise FileExistsError(f"{path} exists and is not a model folder: choose another --out")
    path.parent.mkdir(parents=True, exist_ok=True)
    files = {}
    scratch = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    try:
        for name in sorted(arrays):
            buffer = io.BytesIO()
            np.save(buffer, np.ascontiguousarray(arrays[name]), allow_pickle=False)
            content = buffer.getvalue()
            (scratch / f"{name}.npy").write_bytes(content)
            files[f"{name}.npy"] = hashlib.sha256(content).hexdigest()
        body = {**card, "format": FORMAT, "files": files}
        digest = hashlib.sha256(_canonical(body)).hexdigest()
        text = json.dumps({**body, "sha256": digest}, ensure_ascii=False, sort_keys=True, indent=1)
        (scratch / CARD).write_text(text + "\n", encoding="utf-8")
        scratch.chmod(0o755)
        if path.exists():
            old = Path(tempfile.mkdtemp(prefix=f".{path.name}.old.", dir=path.parent))
            os.replace(path, old / path.name)
            os.replace(scratch, path)
            shutil.rmtree(old)
        else:
            os.replace(scratch, path)
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise
    return digest


def read_card(path: Path) -> dict[str, Any]:
    """The card alone, checked for its version and its own hash."""
    file = path / CARD
    if not file.is_file():
        raise ModelMissingError(path, f"no model here ({CARD} is missing); train one with: jiesu train FILE --out DIR")
    try:
        card = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ModelDamagedError(path, f"{CARD} cannot be read ({error}): restore the folder or train again") from None
    if not isinstance(card, dict) or not isinstance(card.get("format"), int):
        raise ModelDamagedError(path, f"{CARD} is not a model card: restore the folder or train again")
    if card["format"] > FORMAT:
        raise ModelTooNewError(
            path, f"written in model format {card['format']}, this jiesu reads up to {FORMAT}: update jiesu"
        )
    digest = card.pop("sha256", None)
    if hashlib.sha256(_canonical(card)).hexdigest() != digest:
        raise ModelDamagedError(path, f"{CARD} was changed after it was written: restore the folder or train again")
    card["sha256"] = digest
    return card


def load(path: Path) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Card and arrays. Raises ModelMissingError, ModelDamagedError or ModelTooNewError."""
    card = read_card(path)
    arrays = {}
    for name, digest in card["files"].items():
        file = path / name
        try:
            content = file.read_bytes()
        except OSError:
            raise ModelDamagedError(path, f"{name} is missing: restore the folder or train again") from None
        if hashlib.sha256(content).hexdigest() != digest:
            raise ModelDamagedError(path, f"{name} was truncated or changed: restore the folder or train again")
        arrays[file.stem] = np.load(io.BytesIO(content), allow_pickle=False)
    return card, arrays
