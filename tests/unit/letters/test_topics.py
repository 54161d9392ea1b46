"""Topic names: what a unit's Kafka rights and every upstream's settings are written in."""

from __future__ import annotations

import pytest

from letters import topics


def test_the_names_are_the_contract() -> None:
    assert [topics.intake(channel) for channel in topics.CHANNELS] == [
        "intake.110",
        "intake.12345",
        "intake.12389",
        "intake.petition",
        "intake.mailbox",
    ]
    assert topics.assignments("360703510000") == "assignments.360703510000"
    assert topics.progress("360703510000") == "progress.360703510000"
    assert topics.notices("360703510000") == "notices.360703510000"
    assert (topics.LETTERS, topics.LABELS) == ("letters", "labels")
    assert (topics.DEAD_LETTERS, topics.CONTROL) == ("dead-letters", "control")


@pytest.mark.parametrize("channel", topics.CHANNELS)
def test_a_channel_comes_back_from_its_topic(channel: str) -> None:
    assert topics.channel_of(topics.intake(channel)) == channel


@pytest.mark.parametrize("topic", ["letters", "intake.", "intake", "progress.360703510000", ""])
def test_other_topics_have_no_channel(topic: str) -> None:
    with pytest.raises(ValueError, match="no intake topic"):
        topics.channel_of(topic)


@pytest.mark.parametrize("name", [topics.assignments, topics.progress, topics.notices])
def test_a_unit_topic_names_its_unit(name) -> None:  # type: ignore[no-untyped-def]
    assert topics.unit_of(name("360703510000")) == "360703510000"


@pytest.mark.parametrize(
    "topic",
    [
        "letters",
        "progress.*",
        "progress.36070351000",
        "progress.3607035100000",
        "progress.360703510000.x",
        "xprogress.360703510000",
        "progress.36070351000x",
        "progress.３６０７０３５１００００",
        "intake.360703510000",
        "progress.360703510000\n",
    ],
)
def test_nothing_else_passes_for_a_unit(topic: str) -> None:
    """The topic is the sender's identity: a name that merely looks like a unit's must not count as one."""
    assert topics.unit_of(topic) is None
