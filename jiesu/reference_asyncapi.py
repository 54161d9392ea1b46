"""Topology, messages and the channels' fields go in, an AsyncAPI 3 document of jiesu's topics comes out."""

from __future__ import annotations

import io
from typing import Any, Final

from ruamel.yaml import YAML

from connectors.kinds import Field
from connectors.registry import CONNECTORS
from jiesu.reference_flow import MESSAGES, Topic, flow_topics
from letters.messages import WIRE
from streams.port import MESSAGE_ID
from streams.topology import TOPOLOGY

_HOUR_MS: Final = 3_600_000
_HEAD: Final = "# Made by `make docs` from streams/topology.py, letters/messages.py and connectors/: do not edit.\n"


def asyncapi() -> str:
    """The document as YAML."""
    topics = flow_topics()
    return _HEAD + _yaml(
        {
            "asyncapi": "3.0.0",
            "info": {
                "title": "jiesu (接诉)",
                "version": "1",
                "description": "Upstream systems write the intake topics, units read assignments and notices and write"
                " progress. Values are JSON in UTF-8; readers ignore fields they do not know. `unit` is the unit's"
                " 12-digit organisation code.",
            },
            "defaultContentType": "application/json",
            "channels": {_channel(topic): _described(topic) for topic in topics},
            "operations": _operations(topics),
            "components": {
                "messages": {
                    **{_record(channel): _raw(channel) for channel in CONNECTORS},
                    **{name: _message(name, topics) for name in WIRE},
                }
            },
        }
    )


def _channel(topic: Topic) -> str:
    return topic.name.replace("<unit>", "{unit}").replace(".", "_").replace("_{unit}", "").replace("-", "_")


def _record(channel: str) -> str:
    return f"record_{channel}"


def _described(topic: Topic) -> dict[str, Any]:
    message = topic.message or _record(topic.name.removeprefix("intake."))
    found: dict[str, Any] = {"address": topic.name.replace("<unit>", "{unit}"), "description": topic.holds}
    if "<unit>" in topic.name:
        found["parameters"] = {"unit": {"description": "the unit's 12-digit organisation code"}}
    found["messages"] = {message: {"$ref": f"#/components/messages/{message}"}}
    kept = -1 if topic.retention_hours is None else topic.retention_hours * _HOUR_MS
    found["bindings"] = {
        "kafka": {
            "bindingVersion": "0.5.0",
            "partitions": topic.partitions,
            "topicConfiguration": {"retention.ms": kept},
        }
    }
    return found


def _operations(topics: list[Topic]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for flow in TOPOLOGY:
        for action, names in (("receive", flow.reads), ("send", flow.writes)):
            wanted = [name.replace("*", "<unit>") for name in names]
            for topic in topics:
                if topic.name in wanted:
                    found[f"{flow.stage}_{action}_{_channel(topic)}"] = {
                        "action": action,
                        "summary": f"stage {flow.stage}: {flow.does}",
                        "channel": {"$ref": f"#/channels/{_channel(topic)}"},
                    }
    return found


def _message(name: str, topics: list[Topic]) -> dict[str, Any]:
    model = WIRE[name]
    keys = [key for message, key, _ in MESSAGES.values() if message == name and key != "–"]
    ours = any(topic.message == name and topic.written_by for topic in topics)
    made: dict[str, Any] = {"name": name, "summary": (model.__doc__ or "").strip().split("\n")[0]}
    if keys:
        made["bindings"] = {
            "kafka": {"bindingVersion": "0.5.0", "key": {"type": "string", "description": f"{keys[0]}, in UTF-8"}}
        }
    if ours:
        made["headers"] = {
            "type": "object",
            "properties": {
                MESSAGE_ID: {"type": "string", "description": "names the message for good: the same again is a repeat"}
            },
        }
    made["payload"] = {"$ref": f"./schemas/{name}.json"}
    return made


def _raw(channel: str) -> dict[str, Any]:
    connector = CONNECTORS[channel]
    content = "application/json; charset=utf-8 unless this says otherwise (charset=gb18030"
    content += "; application/xml)" if connector.xml_root else ")"
    return {
        "name": _record(channel),
        "summary": f"a record of channel {channel} as its system sends it",
        "headers": {"type": "object", "properties": {"content-type": {"type": "string", "description": content}}},
        "bindings": {
            "kafka": {
                "bindingVersion": "0.5.0",
                "key": {"type": "string", "description": f"{connector.number}, in UTF-8; may be absent"},
            }
        },
        "payload": {
            "type": "object",
            "required": list(connector.required),
            "properties": {field.name: _field(field) for field in connector.fields},
            "additionalProperties": True,
        },
    }


def _field(field: Field) -> dict[str, Any]:
    return {"description": f"expected: {field.kind.example}"}


def _yaml(value: object) -> str:
    yaml = YAML()
    yaml.default_flow_style = False
    yaml.width = 120
    yaml.representer.ignore_aliases = lambda _data: True
    buffer = io.StringIO()
    yaml.dump(value, buffer)
    return buffer.getvalue()
