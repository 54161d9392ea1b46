"""The one place where objects are built: settings go in, bus, database, stages and bindings come out."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path

from casework.calendar import WorkCalendar, published_calendar
from casework.rules import Rules, rules_of
from jiesu.models import PromotedModel
from jiesu.settings import Settings
from letters.bureau import Bureau
from letters.bureau_files import read_bureau
from letters.clock import Clock, SystemClock
from letters.errors import SettingsError, TryLater
from router import Router
from storage import schema
from storage.database import Database
from storage.outbox import Outbox
from storage.sealing import Sealer, load_key
from streams.binding import Binding
from streams.buses import open_bus
from streams.casework import Parts
from streams.clock import CaseClock, Ticking
from streams.embedded import EmbeddedBus
from streams.intake import Intake
from streams.label import LabelStage
from streams.observing import Brake, Observer
from streams.officers import Officers
from streams.port import Bus, Stage, StageObserver
from streams.progress import TakeProgress
from streams.route import Route
from streams.topology import TOPOLOGY, all_topics

_ALLOCATIONS = 50_000
"""Between two looks of the garbage collector; Python's 700 would have it look several times a letter."""


def ease_collector() -> None:
    """For processes that handle batches: a batch's values go by reference counting, the rest is there to stay. Saves a
    tenth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_ALLOCATIONS, 20, 100)


class House:
    """A running jiesu's parts, each built when first asked for. Close it at the end."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        self.settings = settings
        self.clock = clock or SystemClock()
        self._opened: list[Bus | Database | Outbox] = []

    @cached_property
    def bureau(self) -> Bureau:
        """`BureauError` names every line to mend."""
        return read_bureau(self.settings.bureau)

    @cached_property
    def home(self) -> Path:
        """The folder for run-time data, made at first use."""
        home = self.settings.home
        try:
            home.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SettingsError(
                f"JIESU_HOME {home} cannot be made: {error.strerror}; set it to a folder that can be written"
            ) from None
        if not os.access(home, os.W_OK | os.X_OK):
            raise SettingsError(f"JIESU_HOME {home} cannot be written; set it to a folder that can")
        return home

    @cached_property
    def bus(self) -> Bus:
        """The bus that JIESU_BUS names."""
        bus = open_bus(self.settings.bus, self.home)
        self._opened.append(bus)
        return bus

    @cached_property
    def database(self) -> Database:
        """The database, whatever its schema."""
        if self.settings.database_url is None:
            _ = self.home  # refused with a sentence where it cannot be made
        database = Database(self.settings.database())
        self._opened.append(database)
        return database

    @cached_property
    def sealer(self) -> Sealer:
        """Under the bureau's key."""
        key = self.settings.key.get_secret_value() if self.settings.key else None
        return Sealer(load_key(key, self.home))

    @cached_property
    def calendar(self) -> WorkCalendar:
        """Working days with make-up days."""
        return published_calendar()

    @cached_property
    def router(self) -> Router:
        """The bureau's rules, compiled."""
        return Router(self.bureau, versions={**self.bureau.versions, "calendar": self.calendar.version})

    @cached_property
    def rules(self) -> Rules:
        """The bureau's casework rules; `BureauError` names every setting that is wrong."""
        return rules_of(self.bureau, self.calendar)

    @property
    def parts(self) -> Parts:
        """What casework needs beside the database."""
        return Parts(self.router, self.rules, self.sealer)

    @cached_property
    def models(self) -> PromotedModel:
        """The promoted model."""
        return PromotedModel(self.database, self.settings.home / "models")

    @cached_property
    def outbox(self) -> Outbox:
        """This process's share of the outbox."""
        outbox = Outbox(self.database, self.sealer)
        self._opened.append(outbox)
        return outbox

    @cached_property
    def observer(self) -> Observer:
        """Metrics, health and the brake."""
        return Observer(Brake(self.settings.dead_share, self.settings.dead_window))

    @property
    def embedded(self) -> bool:
        """Whether this installation needs nothing beside itself."""
        return self.settings.bus.startswith("embedded")

    def prepare(self) -> list[str]:
        """Schema and topics made; the names of the topics that were new. Harmless to repeat."""
        schema.upgrade(self.database)
        return self.make_topics()

    def make_topics(self) -> list[str]:
        """The bureau's topics that do not exist yet."""
        partitions = 1 if self.embedded else self.settings.partitions
        wanted = all_topics(self.bureau, partitions=partitions, replication=self.settings.replication)
        known = self.bus.topics()
        lacking = [topic for topic in wanted if known.get(topic.name, 0) < topic.partitions]
        return self.bus.create(lacking) if lacking else []

    def ready(self) -> None:
        """For commands that read: an embedded installation makes itself at first use; elsewhere the operator migrates."""
        _ = self.bus  # a wrong JIESU_BUS is told as such, not as a database that nobody has migrated
        if self.embedded and self.database.sqlite:
            self.prepare()
        else:
            schema.require_current(self.database)

    def stages(self, names: Iterable[str] = ()) -> list[Stage]:
        """The stages of these names in the order of the flow; all without a name."""
        wanted = list(names)
        known = [flow.stage for flow in TOPOLOGY]
        for name in wanted:
            if name not in known:
                raise SettingsError(f"there is no stage {name!r}; the stages are {', '.join(known)}")
        return [self._stage(flow.stage, flow.reads) for flow in TOPOLOGY if not wanted or flow.stage in wanted]

    def bindings(
        self, stop: threading.Event | None = None, *, observer: StageObserver | None = None, names: Sequence[str] = ()
    ) -> list[Binding | Ticking]:
        """Each stage on the bus and, unless stages are named, the clock, for one process."""
        halt = stop or threading.Event()
        watching = observer or self.observer
        ease_collector()
        found: list[Binding | Ticking] = [
            Binding(self.bus, stage, watching, halt, batch=self.settings.batch) for stage in self.stages(names)
        ]
        return found if names else [*found, self.ticking(halt, observer=watching)]

    def ticking(self, stop: threading.Event, *, observer: StageObserver | None = None) -> Ticking:
        """Reminders, alerts, figures, and what officers' commands left unsent."""
        clock = CaseClock(self.database, self.outbox, self.clock, self.parts)
        return Ticking(self.bus, clock, [self.officers], observer or self.observer, stop)

    @cached_property
    def officers(self) -> Officers:
        """What people decide."""
        return Officers(self.database, self.outbox, self.clock, self.parts, self.bus)

    def tidy(self) -> None:
        """The embedded bus lets go of what is past its retention and read by everyone; Kafka does so by itself."""
        if isinstance(self.bus, EmbeddedBus):
            with suppress(TryLater):
                self.bus.trim()

    def close(self) -> None:
        """Let go of everything that was opened."""
        for opened in reversed(self._opened):
            opened.close()
        self._opened.clear()

    def _stage(self, name: str, reads: tuple[str, ...]) -> Stage:
        if name == "intake":
            return Intake(self.database, self.outbox, self.sealer, self.router, self.clock, reads)
        if name == "label":
            return LabelStage(self.database, self.outbox, self.models, self.bureau.policy, self.clock)
        if name == "route":
            files = {name: (self.settings.bureau / name).read_bytes() for name in self.bureau.versions}
            return Route(self.database, self.outbox, self.sealer, self.router, self.rules, self.clock, files)
        return TakeProgress(self.database, self.outbox, self.clock, self.parts)
