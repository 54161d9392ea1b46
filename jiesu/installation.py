"""This installation as the desk sees it: figures, health and metrics out of bus, database and observer."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import generate_latest
from sqlalchemy import select

from desk.port import Line, Overview
from jiesu.conservation import prove
from jiesu.wiring import House
from letters.clock import from_ms
from storage.dead import dead_by_reason
from storage.lookup import letter_lines
from storage.tables import LetterRow

_SHOWN = 50
_STATES = {
    "dispatched": "已派单",
    "waiting": "待人工定夺",
    "escalated": "险情直达",
    "merged": "并件",
    "received": "流转中",
}


class LocalInstallation:
    """The installation that runs in this process."""

    def __init__(self, jiesu: House) -> None:
        self._jiesu = jiesu

    def overview(self) -> Overview:
        """Fresh figures."""
        sums = prove(self._jiesu)
        units = self._jiesu.bureau.units
        with self._jiesu.database.read() as connection:
            newest = connection.scalar(select(LetterRow.letter_no).order_by(LetterRow.letter_no.desc()).limit(1)) or 0
            lines = list(letter_lines(connection, after=max(0, newest - _SHOWN)))
            refused = dead_by_reason(connection)
        latest = [
            Line(
                line.source_id,
                line.channel,
                line.kind,
                line.category or "–",
                units[line.host].name if line.host and line.host in units else "–",
                _STATES[line.state],
                from_ms(line.arrived_at).strftime("%Y-%m-%d %H:%M"),
            )
            for line in reversed(lines)
        ]
        counts = {name: value for name, value in sums.facts().items() if isinstance(value, int)}
        return Overview(
            self._jiesu.bureau.name,
            counts,
            sums.adds_up,
            self.health(),
            latest,
            [(topic, reason, count) for (topic, reason), count in sorted(refused.items())],
        )

    def health(self) -> Mapping[str, str]:
        """What each stage does now."""
        return self._jiesu.observer.health()

    def metrics(self) -> bytes:
        """In Prometheus' text form."""
        return generate_latest(self._jiesu.observer.registry)
