"""An installation at rest goes in; nothing comes out unless a letter is lost, a message doubled, or a table unlike its topic."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import text

from jiesu.conservation import prove
from jiesu.wiring import House
from storage.reconcile import Sums
from streams.port import MESSAGE_ID


def sent(house: House) -> Counter[tuple[str, str]]:
    """How often each named message stands on its topic."""
    return Counter(
        (topic, value.decode())
        for topic in house.bus.topics()
        if not topic.startswith("intake.")
        for record in house.bus.scan(topic)
        for name, value in record.headers
        if name == MESSAGE_ID
    )


def assert_exact(house: House) -> Sums:
    """Everything fed is read and decided, every row's message stands exactly once, and no message is without its row.

    Labels alone may be doubled by a crash: the stage keeps nothing, and its reader knows a label by letter and revision.
    """
    sums = prove(house)
    assert sums.adds_up, sums.unaccounted
    assert (sums.unread, sums.pending, house.outbox.waiting()) == (0, 0, 0)
    counts = sent(house)
    doubled = {key: count for key, count in counts.items() if count != 1 and key[0] != "labels"}
    assert not doubled, "a unit or officer would see these twice"
    with house.database.read() as connection:

        def ids(query: str) -> set[str]:
            return {str(row[0]).replace("-", "") for row in connection.execute(text(query))}

        def on(topic: str) -> set[str]:
            return {id_.replace("-", "") for name, id_ in counts if name.split(".")[0] == topic}

        assert on("assignments") == ids("SELECT assignment_id FROM assignments")
        assert on("dead-letters") == ids("SELECT dead_id FROM dead_letters")
        assert on("notices") == ids("SELECT notice_id FROM notices")
    letters = {id_ for name, id_ in counts if name == "letters"}
    assert len(letters) == sums.letters + sums.revisions
    assert {id_ for name, id_ in counts if name == "labels"} == letters
    return sums
