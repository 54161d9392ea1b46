"""The tables. Times are milliseconds since 1970 (UTC); `letter_no` is the letter's place in the order of arrival here.

Most rows are written once and never changed. What changes (`cases`) is small, so that an update never rewrites a
letter's text. Other tables point at letters by their running number instead of the uuid: pages of a b-tree fill from
the right, and a letter costs the same in an empty database and after a million.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Text,
    Uuid,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from letters.messages import State

# SQLite numbers rows by itself only in a column declared exactly INTEGER.
Number = BigInteger().with_variant(Integer, "sqlite")
Id = Uuid(as_uuid=True)


class Table(DeclarativeBase):
    """What all tables share: names of constraints that migrations can refer to."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class IntakeRecord(Table):
    """One record read from an intake topic, and what became of it: the first page of the ledger.

    The digest of the raw bytes is part of the key: should a topic be made anew, its offset 0 is another record.
    """

    __tablename__ = "intake_records"

    topic: Mapped[str] = mapped_column(String(64), primary_key=True)
    partition: Mapped[int] = mapped_column(Integer, primary_key=True)
    offset: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    outcome: Mapped[str] = mapped_column(String(8))
    letter_no: Mapped[int | None] = mapped_column(BigInteger)
    revision: Mapped[int | None] = mapped_column(Integer)
    stamped_at: Mapped[int] = mapped_column(BigInteger)
    read_at: Mapped[int] = mapped_column(BigInteger)
    headers: Mapped[str | None] = mapped_column(Text)
    raw: Mapped[bytes | None] = mapped_column(LargeBinary)
    """zlib and sealed; None for a dead record, whose bytes stand in `dead_letters`."""

    __table_args__ = (
        CheckConstraint("outcome IN ('letter', 'revision', 'repeat', 'dead')", name="outcome"),
        Index("ix_intake_records_letter_no", "letter_no"),
        {"sqlite_with_rowid": False},  # one b-tree instead of two: half the pages a batch touches
    )


class LetterRow(Table):
    """A letter (信件) as first received; `document` is the wire JSON with its writer sealed."""

    __tablename__ = "letters"

    letter_no: Mapped[int] = mapped_column(Number, primary_key=True, autoincrement=False)
    letter_id: Mapped[UUID] = mapped_column(Id, unique=True)
    channel: Mapped[str] = mapped_column(String(32))
    source_id: Mapped[str] = mapped_column(Text)
    revision: Mapped[int] = mapped_column(Integer, default=1)
    """The newest revision; revisions past the first stand in `revisions`."""
    kind: Mapped[str] = mapped_column(String(8))
    arrived_at: Mapped[int] = mapped_column(BigInteger)
    received_at: Mapped[int] = mapped_column(BigInteger)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    """Of the record's content: the same again is a repeat, another is a revision."""
    document: Mapped[bytes] = mapped_column(LargeBinary)


class Revision(Table):
    """A changed upstream record with a known number: kept, linked, decided anew only when asked."""

    __tablename__ = "revisions"

    letter_no: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    revision: Mapped[int] = mapped_column(Integer, primary_key=True)
    received_at: Mapped[int] = mapped_column(BigInteger)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    document: Mapped[bytes] = mapped_column(LargeBinary)


class Case(Table):
    """Where a decided letter stands now (办件): a projection of the ledger that can be made again from it."""

    __tablename__ = "cases"

    letter_no: Mapped[int] = mapped_column(Number, primary_key=True, autoincrement=False)
    state: Mapped[State] = mapped_column(String(12))
    round: Mapped[int] = mapped_column(Integer)
    rule: Mapped[str] = mapped_column(String(32))
    category: Mapped[str | None] = mapped_column(Text)
    host: Mapped[str | None] = mapped_column(String(12))
    co_units: Mapped[str] = mapped_column(Text)
    """Codes, joined by commas."""
    recused: Mapped[str] = mapped_column(Text)
    """Codes of the units that must learn nothing of it, joined by commas."""
    decided_at: Mapped[int] = mapped_column(BigInteger)
    closed_at: Mapped[int | None] = mapped_column(BigInteger)

    __table_args__ = (
        CheckConstraint("state IN ('dispatched', 'waiting', 'merged', 'escalated')", name="state"),
        CheckConstraint("host IS NULL OR recused NOT LIKE '%' || host || '%'", name="host_not_recused"),
        CheckConstraint("state <> 'dispatched' OR host IS NOT NULL OR closed_at IS NOT NULL", name="host_named"),
        Index("ix_cases_state", "state", "letter_no"),
        Index("ix_cases_host", "host", "letter_no"),
    )


class CaseDocument(Table):
    """A case as casework has it (办件全貌), from its first event on; until then it follows from letter and decision."""

    __tablename__ = "case_documents"

    letter_no: Mapped[int] = mapped_column(Number, primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(Integer)
    """How many events changed it: an officer who saw version 3 does not settle what is 4 by now."""
    stage: Mapped[str] = mapped_column(String(16))
    document: Mapped[bytes] = mapped_column(LargeBinary)

    __table_args__ = (Index("ix_case_documents_stage", "stage", "letter_no"),)


class CaseClock(Table):
    """When a letter's next reminder or alert is due (时限提醒); one small row a letter, its clocks follow from the case."""

    __tablename__ = "case_clocks"

    letter_no: Mapped[int] = mapped_column(Number, primary_key=True, autoincrement=False)
    next_at: Mapped[int | None] = mapped_column(BigInteger, index=True)
    fired: Mapped[str] = mapped_column(Text)
    """JSON: which rungs of which clock were taken."""


class CalendarUsed(Table):
    """Which work calendar all open deadlines were last reckoned with; one row."""

    __tablename__ = "calendar_used"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    version: Mapped[str] = mapped_column(Text)
    reckoned_to: Mapped[int] = mapped_column(BigInteger)
    """The last letter that was reckoned again; -1 when all were."""


class FigureMoves(Table):
    """By how much a batch moves the daily counters, until they are added up; one row a batch, so that no two workers
    wait for each other over a counter."""

    __tablename__ = "figure_moves"

    id: Mapped[int] = mapped_column(Number, primary_key=True)
    document: Mapped[bytes] = mapped_column(LargeBinary)


class DailyFigure(Table):
    """A daily counter (考核指标). `viewer` is "" for all cases, or a unit's code for those hidden from that unit."""

    __tablename__ = "daily_figures"

    viewer: Mapped[str] = mapped_column(String(12), primary_key=True)
    day: Mapped[int] = mapped_column(Integer, primary_key=True)
    """Days since 1970-01-01 in Asia/Shanghai."""
    unit: Mapped[str] = mapped_column(String(12), primary_key=True)
    metric: Mapped[str] = mapped_column(String(48), primary_key=True)
    n: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = ({"sqlite_with_rowid": False},)


class WriterMark(Table):
    """Which letters share a phone or an ID number, without saying which: the mark is keyed (invariant 11)."""

    __tablename__ = "writer_marks"

    mark: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    letter_no: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)

    __table_args__ = ({"sqlite_with_rowid": False},)


class LedgerEntry(Table):
    """What happened to a letter, append-only: decisions with all they saw, progress, officers' acts."""

    __tablename__ = "ledger"

    seq: Mapped[int] = mapped_column(Number, primary_key=True)
    letter_no: Mapped[int] = mapped_column(BigInteger, index=True)
    at: Mapped[int] = mapped_column(BigInteger)
    event: Mapped[str] = mapped_column(String(24))
    actor: Mapped[str] = mapped_column(String(64))
    document: Mapped[bytes] = mapped_column(LargeBinary)


class AssignmentRow(Table):
    """An assignment (派单) to one unit; `document` is the wire JSON without the writer's contact."""

    __tablename__ = "assignments"

    letter_no: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    round: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    unit: Mapped[str] = mapped_column(String(12), primary_key=True)
    assignment_id: Mapped[UUID] = mapped_column(Id, unique=True)
    role: Mapped[str] = mapped_column(String(8))
    assigned_at: Mapped[int] = mapped_column(BigInteger)
    document: Mapped[bytes] = mapped_column(LargeBinary)
    over: Mapped[str | None] = mapped_column(String(12))
    """How it ended (returned, withdrawn, superseded, closed); None while the unit holds it."""

    __table_args__ = (Index("ix_assignments_unit", "unit", "letter_no"),)


class ProgressRow(Table):
    """What a unit reported (办理进展); refused reports are kept too, with the reason.

    Named by where the message stood and its bytes: a batch that is read again finds its own rows. The sender's number
    is taken up, for one assignment, by a report that counts alone: a refused one may be mended and sent again under it.
    """

    __tablename__ = "progress"

    report_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    topic: Mapped[str] = mapped_column(String(64))
    progress_id: Mapped[str] = mapped_column(Text)
    assignment_id: Mapped[UUID] = mapped_column(Id, index=True)
    letter_no: Mapped[int | None] = mapped_column(BigInteger)
    unit: Mapped[str] = mapped_column(String(12))
    step: Mapped[str] = mapped_column(String(12))
    at: Mapped[int] = mapped_column(BigInteger)
    received_at: Mapped[int] = mapped_column(BigInteger)
    refused: Mapped[str | None] = mapped_column(String(32))
    document: Mapped[bytes] = mapped_column(LargeBinary)

    __table_args__ = (
        Index(
            "ux_progress_counted",
            "assignment_id",
            "progress_id",
            unique=True,
            sqlite_where=text("refused IS NULL"),
            postgresql_where=text("refused IS NULL"),
        ),
        Index("ix_progress_letter_no", "letter_no"),
    )


class NoticeRow(Table):
    """A notice (通知) sent to a unit."""

    __tablename__ = "notices"

    notice_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    letter_no: Mapped[int | None] = mapped_column(BigInteger, index=True)
    unit: Mapped[str] = mapped_column(String(12))
    kind: Mapped[str] = mapped_column(String(16))
    at: Mapped[int] = mapped_column(BigInteger)
    document: Mapped[bytes] = mapped_column(LargeBinary)


class DeadLetterRow(Table):
    """A record that could not be read (死信): its bytes, where it stood, what was wrong, and whether it was fed again."""

    __tablename__ = "dead_letters"

    dead_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    topic: Mapped[str] = mapped_column(String(64))
    partition: Mapped[int] = mapped_column(Integer)
    offset: Mapped[int] = mapped_column(BigInteger)
    key: Mapped[bytes | None] = mapped_column(LargeBinary)
    headers: Mapped[str] = mapped_column(Text)
    stamped_at: Mapped[int] = mapped_column(BigInteger)
    raw: Mapped[bytes] = mapped_column(LargeBinary)
    reason: Mapped[str] = mapped_column(String(32))
    message: Mapped[str] = mapped_column(Text)
    at: Mapped[int] = mapped_column(BigInteger)
    redriven_at: Mapped[int | None] = mapped_column(BigInteger)

    __table_args__ = (Index("ix_dead_letters_at", "at"),)


class OutboxBatch(Table):
    """Messages of one batch that the bus has not confirmed yet, sealed; deleted once it has.

    One row a batch, not a message: the cost of the outbox is spread over hundreds of letters.
    """

    __tablename__ = "outbox"

    id: Mapped[int] = mapped_column(Number, primary_key=True)
    stage: Mapped[str] = mapped_column(String(32))
    owner: Mapped[str] = mapped_column(String(128))
    created_at: Mapped[int] = mapped_column(BigInteger)
    messages: Mapped[bytes] = mapped_column(LargeBinary)


class Worker(Table):
    """A process that may hold outbox batches; one that is not seen any more leaves them to others."""

    __tablename__ = "workers"

    owner: Mapped[str] = mapped_column(String(128), primary_key=True)
    started_at: Mapped[int] = mapped_column(BigInteger)
    seen_at: Mapped[int] = mapped_column(BigInteger)


class ModelRow(Table):
    """A classifier model, whole, so that every worker can load it from here."""

    __tablename__ = "models"

    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64))
    added_at: Mapped[int] = mapped_column(BigInteger)
    card: Mapped[str] = mapped_column(Text)
    archive: Mapped[bytes] = mapped_column(LargeBinary)


class Promotion(Table):
    """Which model labels, or labels in the shadow, from when on; the newest row of a role counts, and a rollback is one
    more row. A name of None ends the role."""

    __tablename__ = "promotions"

    seq: Mapped[int] = mapped_column(Number, primary_key=True)
    role: Mapped[str] = mapped_column(String(8))
    name: Mapped[str | None] = mapped_column(String(100))
    at: Mapped[int] = mapped_column(BigInteger)
    by: Mapped[str] = mapped_column(String(64))


class ShadowLabel(Table):
    """A letter on which the shadow model disagreed with the one that labels; agreement leaves no row."""

    __tablename__ = "shadow_labels"

    letter_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    revision: Mapped[int] = mapped_column(Integer, primary_key=True)
    model: Mapped[str] = mapped_column(String(100), primary_key=True)
    head: Mapped[str] = mapped_column(String(8), primary_key=True)
    labelled: Mapped[str] = mapped_column(Text)
    shadow: Mapped[str] = mapped_column(Text)
    confidence: Mapped[float] = mapped_column(Float)
    """Of the shadow's label."""
    at: Mapped[int] = mapped_column(BigInteger)


class BureauSnapshot(Table):
    """The bureau's files as they were when a decision looked at them, so that any decision can be replayed."""

    __tablename__ = "bureau_snapshots"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    taken_at: Mapped[int] = mapped_column(BigInteger)
    files: Mapped[bytes] = mapped_column(LargeBinary)
