"""One letter's case goes in: its stage, running clocks and what people and units did come out as plain facts."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection

from jiesu.wiring import House
from letters.clock import from_ms, iso
from letters.masking import mask_text
from storage.casework import load_cases
from storage.lookup import Life
from streams.case_clocks import clocks_of, fired_from_text
from streams.case_opening import case_of

_NOT_CASEWORK = ("decided", "same_matter")
_WHY = ("reason", "comment", "text", "result")


def tell_case(life: Life, jiesu: House, connection: Connection) -> dict[str, Any] | None:
    """What `jiesu trace --json` prints as `case`; None before the letter is decided."""
    number = life.letter.letter_no
    stored = load_cases(connection, [number], hold=False).get(number)
    if stored is None:
        return None
    case = case_of(stored, jiesu.rules)
    clocks = clocks_of(case, fired_from_text(stored.fired), jiesu.rules)
    return {
        "stage": case.stage,
        "version": stored.version,
        "round": case.round,
        "merged_into": str(case.merged_into) if case.merged_into else None,
        "transferred_to": case.transferred_to,
        "outcome": case.outcome,
        "clocks": [
            {
                "unit": clock.unit,
                "step": clock.step,
                "due_at": iso(clock.due_at),
                "told": sorted(clock.fired),
                "next_at": iso(clock.next_at) if clock.next_at else None,
            }
            for clock in clocks
        ],
        "history": [
            _happened(entry.at, entry.event, entry.actor, json.loads(entry.document))
            for entry in life.ledger
            if entry.event not in _NOT_CASEWORK
        ],
    }


def _happened(at: int, event: str, actor: str, said: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"at": iso(from_ms(at)), "event": event, "by": actor}
    if event == "refused":
        found |= {"event": said["event"]["event"], "refused": said["reason"], "message": said["message"]}
        said = said["event"]
    if "progress" in said:
        found["step"] = said["progress"]["step"]
        said = said["progress"]
    why = next((said[name] for name in _WHY if said.get(name)), None)
    if why:
        found["reason"] = mask_text(why)
    for name in ("category", "passed", "reached", "satisfied", "granted", "upheld", "to", "stage", "case_number"):
        if said.get(name) is not None:
            found[name] = said[name]
    if said.get("host"):
        found["host"] = said["host"]["code"]
    return found
