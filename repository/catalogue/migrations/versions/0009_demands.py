"""Demands, and what the database itself refuses of them: moves that do not exist, and any change of what was done."""

from itertools import pairwise

import sqlalchemy as sa
from alembic import op

from repository.catalogue.text import Words

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

# As `repository.domain.demand.MOVES` stood at this revision.
STRAIGHT = (
    "submitted", "accepted", "verifying", "verified", "forwarded", "prepared", "signed", "sent", "received",
    "confirmed",
)  # fmt: skip
MOVES = (
    ("", "submitted"),
    *pairwise(STRAIGHT),
    ("submitted", "rejected"),
    ("verifying", "refused"),
    *((state, "expired") for state in STRAIGHT[:-1]),
)
CHAINED = (
    "(position = 1 AND previous IS NULL AND from_state = '') OR "
    "(position > 1 AND previous IS NOT NULL AND previous = position - 1 AND from_state <> '')"
)
CONFIRMED = (
    "(to_state = 'confirmed' AND confirmed_sim IS NOT NULL AND confirmed_provider IS NOT NULL) OR "
    "(to_state <> 'confirmed' AND confirmed_sim IS NULL AND confirmed_provider IS NULL)"
)
STEP = ["demand_step.demand", "demand_step.position", "demand_step.to_state"]
CONFIRMATION = ["demand_confirmation.demand", "demand_confirmation.place"]
BY_PLACE = (("fk_demand_step_sim", "confirmed_sim"), ("fk_demand_step_provider", "confirmed_provider"))
# Whether a row would take the place of another: SQLite's REPLACE deletes without asking the triggers for deletion.
THERE = {
    "demand": "id = NEW.id OR (requester_key = NEW.requester_key AND message_key = NEW.message_key)",
    "demand_step": "demand = NEW.demand AND position = NEW.position",
    "demand_confirmation": "demand = NEW.demand AND place = NEW.place",
    "demand_transition": "from_state = NEW.from_state AND to_state = NEW.to_state",
}


def upgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    _transitions()
    _demands()
    _steps(sqlite=sqlite)
    _confirmations()
    if not sqlite:  # SQLite has them in the table: it takes a reference to a table that is yet to come
        for name, column in BY_PLACE:
            places = ["demand", column], ["demand", "place"]
            op.create_foreign_key(name, "demand_step", "demand_confirmation", *places)
    _now()
    for table in THERE:
        _guard(table, sqlite=sqlite)


def _words(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, Words(), nullable=False) for name in names]


def _count(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=False, autoincrement=False)


def _key(table: str, *names: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*names, name=op.f(f"pk_{table}"))


def _transitions() -> None:
    made = op.create_table(
        "demand_transition",
        *_words("from_state", "to_state"),
        _key("demand_transition", "from_state", "to_state"),
        sqlite_with_rowid=False,
    )
    op.bulk_insert(made, [{"from_state": old, "to_state": new} for old, new in MOVES])


def _demands() -> None:
    op.create_table(
        "demand",
        *_words("id", "requester_key", "message_key", "content_sha256", "submitted_at"),
        _count("number"),
        sa.Column("body", sa.Text(), nullable=False),
        _key("demand", "id"),
    )
    op.create_index("ux_demand_message", "demand", ["requester_key", "message_key"], unique=True)


def _steps(*, sqlite: bool) -> None:
    by_place = [
        sa.ForeignKeyConstraint(["demand", column], CONFIRMATION, name=name) for name, column in BY_PLACE if sqlite
    ]
    op.create_table(
        "demand_step",
        *_words("demand"),
        _count("position"),
        sa.Column("previous", sa.BigInteger(), nullable=True),
        *_words("from_state", "to_state", "at"),
        _count("number"),
        sa.Column("confirmed_sim", Words(), nullable=True),
        sa.Column("confirmed_provider", Words(), nullable=True),
        _key("demand_step", "demand", "position"),
        sa.CheckConstraint(CHAINED, name="ck_demand_step_chained"),
        sa.CheckConstraint(CONFIRMED, name="ck_demand_step_confirmed"),
        sa.CheckConstraint("confirmed_sim = 'sim'", name="ck_demand_step_sim"),
        sa.CheckConstraint("confirmed_provider = 'provider'", name="ck_demand_step_provider"),
        sa.ForeignKeyConstraint(["demand"], ["demand.id"], name="fk_demand_step_demand"),
        sa.ForeignKeyConstraint(
            ["from_state", "to_state"],
            ["demand_transition.from_state", "demand_transition.to_state"],
            name="fk_demand_step_transition",
        ),
        # With the table, not after it: the table refers to itself by it.
        sa.UniqueConstraint("demand", "position", "to_state", name="uq_demand_step_to"),
        sa.ForeignKeyConstraint(["demand", "previous", "from_state"], STEP, name="fk_demand_step_previous"),
        *by_place,
    )


def _confirmations() -> None:
    op.create_table(
        "demand_confirmation",
        *_words("demand", "place"),
        _count("position"),
        *_words("state", "at"),
        _count("number"),
        _key("demand_confirmation", "demand", "place"),
        sa.CheckConstraint("place IN ('sim', 'provider')", name="ck_demand_confirmation_place"),
        sa.CheckConstraint("state = 'received'", name="ck_demand_confirmation_received"),
        sa.ForeignKeyConstraint(["demand", "position", "state"], STEP, name="fk_demand_confirmation_step"),
    )


def _now() -> None:
    op.create_table(
        "demand_now",
        *_words("demand"),
        _count("position"),
        *_words("state", "since", "takeover"),
        _key("demand_now", "demand"),
        sa.ForeignKeyConstraint(["demand", "position", "state"], STEP, name="fk_demand_now_step"),
    )
    op.create_index("ix_demand_now_state", "demand_now", ["state", "since", "demand"], unique=False)


def _guard(table: str, *, sqlite: bool) -> None:
    """No row of `table` is changed or deleted; in SQLite none takes the place of another."""
    for verb in ("update", "delete"):
        name = f"{table}_{verb}"
        body = f"BEGIN SELECT RAISE(ABORT, '{name}'); END" if sqlite else "EXECUTE FUNCTION archive_refuse()"
        op.execute(f"CREATE TRIGGER {name} BEFORE {verb.upper()} ON {table} FOR EACH ROW {body}")
    if sqlite:
        name = f"{table}_replace"
        there = f"EXISTS (SELECT 1 FROM {table} WHERE {THERE[table]})"  # noqa: S608  names are ours
        body = f"BEGIN SELECT RAISE(ABORT, '{name}'); END"
        op.execute(f"CREATE TRIGGER {name} BEFORE INSERT ON {table} FOR EACH ROW WHEN {there} {body}")
