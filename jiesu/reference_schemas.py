"""The wire messages go in, their JSON Schemas (2020-12) come out, one file a message."""

from __future__ import annotations

import json
from typing import Any, Final

from letters.messages import WIRE, Message

DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
_MOMENT: Final = "ISO 8601 with an offset; what jiesu writes has +08:00"


def schemas() -> dict[str, str]:
    """`schemas/<message>.json` → its text."""
    return {f"schemas/{name}.json": _json(schema(name, model)) for name, model in WIRE.items()}


def schema(name: str, model: type[Message]) -> dict[str, Any]:
    """What a reader takes: fields it does not know are ignored, fields with a default may be absent."""
    made = model.model_json_schema(mode="validation")
    _explain(made)
    return {"$schema": DRAFT, "$id": f"urn:jiesu:schema:{name}", **made}


def _explain(node: Any) -> None:
    """Pydantic gives each field its name again as a title, which tells nobody anything; a time wants its form told."""
    if isinstance(node, list):
        for each in node:
            _explain(each)
    if not isinstance(node, dict):
        return
    for name, each in node.items():
        if name in ("properties", "$defs") and isinstance(each, dict):
            for field in each.values():
                if name == "properties" and isinstance(field, dict):
                    field.pop("title", None)
                _explain(field)
        else:
            _explain(each)
    if node.get("format") == "date-time":
        node.setdefault("description", _MOMENT)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"
