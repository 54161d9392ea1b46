"""Ids: source numbers go in, the same uuid comes out on every machine and every replay (records.md, Topics we own)."""

from __future__ import annotations

from uuid import NAMESPACE_URL, UUID, uuid5


def letter_id(channel: str, source_id: str) -> UUID:
    """uuid5 of `urn:jiesu:letter:<channel>:<source number>`."""
    return uuid5(NAMESPACE_URL, f"urn:jiesu:letter:{channel}:{source_id}")


def assignment_id(letter: UUID, round_: int, unit: str) -> UUID:
    """uuid5 of `urn:jiesu:assignment:<letter_id>:<round>:<unit>`; round 1 is the first dispatch."""
    return uuid5(NAMESPACE_URL, f"urn:jiesu:assignment:{letter}:{round_}:{unit}")


def dead_id(topic: str, partition: int, offset: int, digest: str) -> UUID:
    """uuid5 of a record's place and its content, so that reading it again names the same dead letter."""
    return uuid5(NAMESPACE_URL, f"urn:jiesu:dead:{topic}:{partition}:{offset}:{digest}")


def notice_id(kind: str, subject: str, unit: str, cause: str) -> UUID:
    """uuid5 of what a notice is about (a letter or incident), for whom and why: the same cause notifies once."""
    return uuid5(NAMESPACE_URL, f"urn:jiesu:notice:{kind}:{subject}:{unit}:{cause}")
