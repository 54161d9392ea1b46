"""Topics, users and rights on Kafka: what the bureau wants goes in, what was done comes out; by kafka-python's admin client."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from kafka.admin import (
    ACL,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePattern,
    ResourceType,
    ScramMechanism,
    UserScramCredentialUpsertion,
)
from kafka.errors import for_code

from letters import topics as names
from letters.errors import JiesuError
from streams.kafka_url import MAX_FOREIGN_BYTES, MAX_MESSAGE_BYTES
from streams.port import TopicSpec

_ALREADY_THERE: Final = 36
_FOREIGN: Final = ("intake.", "progress.")
"""Topics that upstream and unit systems write."""


def make_topics(admin: Any, specs: Sequence[TopicSpec], known: Mapping[str, int]) -> list[str]:
    """Make those that do not exist and wait until each has a leader; the names made."""
    new = {spec.name: spec for spec in specs if spec.name not in known}
    if not new:
        return []
    brokers = len(admin.describe_cluster()["brokers"])
    wanted = {spec.name: _wanted(spec, brokers) for spec in new.values()}
    answer = admin.create_topics(wanted, raise_errors=False)
    made = []
    for topic in answer["topics"]:
        code = topic["error_code"]
        if code == 0:
            made.append(topic["name"])
        elif code != _ALREADY_THERE:
            raise for_code(code)(f"topic {topic['name']}: {topic['error_message']}")
    admin.wait_for_topics(list(new))
    return made


def _wanted(spec: TopicSpec, brokers: int) -> dict[str, Any]:
    replication = max(1, min(spec.replication, brokers))
    retention = -1 if spec.retention_hours is None else spec.retention_hours * 3_600_000
    return {
        "num_partitions": spec.partitions,
        "replication_factor": replication,
        "configs": {
            "retention.ms": str(retention),
            "max.message.bytes": str(MAX_FOREIGN_BYTES if spec.name.startswith(_FOREIGN) else MAX_MESSAGE_BYTES),
            # with three replicas one may be down and every confirmed message still stands on two disks
            "min.insync.replicas": "2" if replication >= 3 else "1",
        },
    }


def grant_unit(admin: Any, unit: str, principal: str) -> list[str]:
    """A unit reads what is for it, writes what is from it, and sees nothing else; the rights, in words."""
    if names.UNIT_CODE.fullmatch(unit) is None:
        raise JiesuError(f"{unit!r} is no unit code: it has 12 digits")
    if not principal.startswith("User:") or principal in ("User:", "User:*"):
        raise JiesuError(f"{principal!r} names no user: write User:<name>")
    literal, prefixed = ACLResourcePatternType.LITERAL, ACLResourcePatternType.PREFIXED
    rights = [
        (ResourceType.TOPIC, names.assignments(unit), literal, ACLOperation.READ),
        (ResourceType.TOPIC, names.notices(unit), literal, ACLOperation.READ),
        (ResourceType.TOPIC, names.progress(unit), literal, ACLOperation.WRITE),
        (ResourceType.GROUP, unit, prefixed, ACLOperation.READ),
    ]
    granted = [
        ACL(principal, "*", operation, ACLPermissionType.ALLOW, ResourcePattern(kind, name, form))
        for kind, name, form, operation in rights
    ]
    answer = admin.create_acls(granted)
    for error in answer["failed"]:
        raise error(f"rights of {principal}")
    return [
        f"{principal} may {operation.name.lower()} {kind.name.lower()}{'s beginning with' if form is prefixed else ''} {name}"
        for kind, name, form, operation in rights
    ]


def set_user(admin: Any, name: str, password: str) -> None:
    """Make a SCRAM-SHA-256 user or give it a new password."""
    told = admin.alter_user_scram_credentials(
        [UserScramCredentialUpsertion(name, ScramMechanism.SCRAM_SHA_256, password)]
    )
    if told.get(name):
        raise JiesuError(f"Kafka does not make the user {name}: {told[name]}")
