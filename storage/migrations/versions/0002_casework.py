"""casework: cases, clocks, figures, same writers; a report is named by its place"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_HOST_NAMED = "state <> 'dispatched' OR host IS NOT NULL OR closed_at IS NOT NULL"
_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("assignments", sa.Column("over", sa.String(length=12), nullable=True))
    op.create_table(
        "case_documents",
        sa.Column("letter_no", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("stage", sa.String(length=16), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("letter_no", name=op.f("pk_case_documents")),
    )
    op.create_index("ix_case_documents_stage", "case_documents", ["stage", "letter_no"])
    op.create_table(
        "case_clocks",
        sa.Column("letter_no", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=True),
        sa.Column("fired", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("letter_no", name=op.f("pk_case_clocks")),
    )
    op.create_index(op.f("ix_case_clocks_next_at"), "case_clocks", ["next_at"])
    # Cases that were open before there were clocks: the first tick looks at each.
    op.execute(
        "INSERT INTO case_clocks (letter_no, next_at, fired) SELECT letter_no, 0, '' FROM cases"
        " WHERE state = 'dispatched' OR (state = 'escalated' AND host IS NOT NULL)"
    )
    op.create_table(
        "calendar_used",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("reckoned_to", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_used")),
    )
    op.create_table(
        "figure_moves",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_figure_moves")),
    )
    op.create_table(
        "daily_figures",
        sa.Column("viewer", sa.String(length=12), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("unit", sa.String(length=12), nullable=False),
        sa.Column("metric", sa.String(length=48), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("viewer", "day", "unit", "metric", name=op.f("pk_daily_figures")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "writer_marks",
        sa.Column("mark", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("letter_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("mark", "letter_no", name=op.f("pk_writer_marks")),
        sqlite_with_rowid=False,
    )
    _cases()
    _progress()


def _cases() -> None:
    """A case may be closed without ever having had a host; SQLite changes no check of a table that exists."""
    columns = "letter_no, state, round, rule, category, host, co_units, recused, decided_at"
    postgres = op.get_bind().dialect.name == "postgresql"
    if postgres:
        op.add_column("cases", sa.Column("closed_at", sa.BigInteger(), nullable=True))
        op.drop_constraint(op.f("ck_cases_host_named"), "cases")
        op.create_check_constraint(op.f("ck_cases_host_named"), "cases", _HOST_NAMED)
        return
    op.drop_index("ix_cases_host", "cases")
    op.drop_index("ix_cases_state", "cases")
    op.rename_table("cases", "cases_before")
    op.create_table(
        "cases",
        sa.Column("letter_no", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("rule", sa.String(length=32), nullable=False),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("host", sa.String(length=12), nullable=True),
        sa.Column("co_units", sa.Text(), nullable=False),
        sa.Column("recused", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "host IS NULL OR recused NOT LIKE '%' || host || '%'", name=op.f("ck_cases_host_not_recused")
        ),
        sa.CheckConstraint("state IN ('dispatched', 'waiting', 'merged', 'escalated')", name=op.f("ck_cases_state")),
        sa.CheckConstraint(_HOST_NAMED, name=op.f("ck_cases_host_named")),
        sa.PrimaryKeyConstraint("letter_no", name=op.f("pk_cases")),
    )
    op.create_index("ix_cases_host", "cases", ["host", "letter_no"])
    op.create_index("ix_cases_state", "cases", ["state", "letter_no"])
    op.execute(f"INSERT INTO cases ({columns}) SELECT {columns} FROM cases_before")  # noqa: S608
    op.drop_table("cases_before")


def _progress() -> None:
    """The key of `progress` becomes the place of the message; older reports get any key, none is read again."""
    columns = "topic, progress_id, assignment_id, letter_no, unit, step, at, received_at, refused, document"
    op.drop_index(op.f("ix_progress_assignment_id"), "progress")
    op.rename_table("progress", "progress_before")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER INDEX pk_progress RENAME TO pk_progress_before")
    op.create_table(
        "progress",
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("topic", sa.String(length=64), nullable=False),
        sa.Column("progress_id", sa.Text(), nullable=False),
        sa.Column("assignment_id", sa.Uuid(), nullable=False),
        sa.Column("letter_no", sa.BigInteger(), nullable=True),
        sa.Column("unit", sa.String(length=12), nullable=False),
        sa.Column("step", sa.String(length=12), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("refused", sa.String(length=32), nullable=True),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("report_id", name=op.f("pk_progress")),
    )
    op.create_index(op.f("ix_progress_assignment_id"), "progress", ["assignment_id"])
    op.create_index("ix_progress_letter_no", "progress", ["letter_no"])
    op.create_index(
        "ux_progress_counted",
        "progress",
        ["assignment_id", "progress_id"],
        unique=True,
        sqlite_where=sa.text("refused IS NULL"),
        postgresql_where=sa.text("refused IS NULL"),
    )
    key = "gen_random_uuid()" if op.get_bind().dialect.name == "postgresql" else "lower(hex(randomblob(16)))"
    op.execute(f"INSERT INTO progress (report_id, {columns}) SELECT {key}, {columns} FROM progress_before")  # noqa: S608
    op.drop_table("progress_before")
