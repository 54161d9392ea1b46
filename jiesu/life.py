"""One letter's rows go in, its whole life comes out as plain facts, personal data masked."""

from __future__ import annotations

import json
from typing import Any

from jiesu.wiring import House
from letters.clock import from_ms, iso
from letters.masking import mask_text
from storage.lookup import UNDECIDED, Life, latest_document, read_place

_TEXTS = ("title", "body", "threat", "text")


def tell_life(life: Life, jiesu: House) -> dict[str, Any]:
    """What `jiesu trace --json` prints. The writer stays sealed; only the marks of broken fields are told."""
    decisions = [
        {"at": _time(entry.at), "actor": entry.actor, **json.loads(entry.document)}
        for entry in life.ledger
        if entry.event == "decided"
    ]
    letter = masked(latest_document(life))
    token = letter.pop("writer", None)
    if token:
        letter["writer"] = "sealed"
        letter["marks"] = list(jiesu.sealer.open(token, str(life.letter.letter_id)).marks)
    return {
        "letter_id": str(life.letter.letter_id),
        "state": life.case.state if life.case else UNDECIDED,
        "letter": letter,
        "records": [{**read_place(row), "read_at": _time(row.read_at)} for row in life.reads],
        "revisions": life.letter.revision,
        "decisions": decisions,
        "assignments": [masked(json.loads(row.document)) for row in life.assignments],
        "progress": [
            {
                **masked(json.loads(row.document)),
                "unit": row.unit,
                "received_at": _time(row.received_at),
                "refused": row.refused,
            }
            for row in life.progress
        ],
        "notices": [{**masked(json.loads(row.document)), "unit": row.unit} for row in life.notices],
    }


def masked(document: dict[str, Any]) -> dict[str, Any]:
    """A message with the free text in it masked."""
    shown = dict(document)
    for name in _TEXTS:
        if isinstance(shown.get(name), str):
            shown[name] = mask_text(shown[name])
    return shown


def _time(ms: int) -> str:
    return iso(from_ms(ms))
