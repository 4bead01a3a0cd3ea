"""Demands: what was submitted, each move, each confirmation. Like all that follows from deeds, made again by `rebuild`.

What the database itself keeps (R463-5), whoever writes:
- a move is one of `demand_transition` and starts where the move before it ended; the first starts from nowhere;
- what was submitted, moved or confirmed is neither changed nor deleted (triggers, migration 0009);
- there is a confirmation only of what was received, one for each place, and `confirmed` names both of them.
"""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Connection,
    ForeignKeyConstraint,
    Index,
    Table,
    UniqueConstraint,
    event,
)

from repository.catalogue.bulk import insert
from repository.catalogue.tables import NARROW, big, json_of, metadata, name_part, part, words
from repository.domain.demand import every_move

# `seeded`: its rows belong to the schema, not to what is kept in it.
demand_transition = Table(
    "demand_transition", metadata, name_part("from_state"), name_part("to_state"), info={"seeded": True}, **NARROW,
)  # fmt: skip

demand = Table(
    "demand", metadata, name_part("id"), words("requester_key"), words("message_key"), words("content_sha256"),
    words("submitted_at"), big("number"), json_of("body"),
    Index("ux_demand_message", "requester_key", "message_key", unique=True),
)  # fmt: skip

demand_confirmation = Table(
    "demand_confirmation", metadata, name_part("demand"), name_part("place"), big("position"), words("state"),
    words("at"), big("number"),
    CheckConstraint("place IN ('sim', 'provider')", name="ck_demand_confirmation_place"),
    CheckConstraint("state = 'received'", name="ck_demand_confirmation_received"),
    ForeignKeyConstraint(
        ["demand", "position", "state"],
        ["demand_step.demand", "demand_step.position", "demand_step.to_state"],
        name="fk_demand_confirmation_step",
    ),
)  # fmt: skip

_CHAINED = (
    "(position = 1 AND previous IS NULL AND from_state = '') OR "
    "(position > 1 AND previous IS NOT NULL AND previous = position - 1 AND from_state <> '')"
)
_CONFIRMED = (
    "(to_state = 'confirmed' AND confirmed_sim IS NOT NULL AND confirmed_provider IS NOT NULL) OR "
    "(to_state <> 'confirmed' AND confirmed_sim IS NULL AND confirmed_provider IS NULL)"
)

demand_step = Table(
    "demand_step", metadata, name_part("demand"), part("position"),
    Column("previous", BigInteger, nullable=True), words("from_state"), words("to_state"), words("at"), big("number"),
    words("confirmed_sim", nullable=True), words("confirmed_provider", nullable=True),
    UniqueConstraint("demand", "position", "to_state", name="uq_demand_step_to"),
    CheckConstraint(_CHAINED, name="ck_demand_step_chained"),
    CheckConstraint(_CONFIRMED, name="ck_demand_step_confirmed"),
    CheckConstraint("confirmed_sim = 'sim'", name="ck_demand_step_sim"),
    CheckConstraint("confirmed_provider = 'provider'", name="ck_demand_step_provider"),
    ForeignKeyConstraint(["demand"], ["demand.id"], name="fk_demand_step_demand"),
    ForeignKeyConstraint(
        ["from_state", "to_state"], ["demand_transition.from_state", "demand_transition.to_state"],
        name="fk_demand_step_transition",
    ),
    ForeignKeyConstraint(
        ["demand", "previous", "from_state"],
        ["demand_step.demand", "demand_step.position", "demand_step.to_state"],
        name="fk_demand_step_previous",
    ),
    ForeignKeyConstraint(
        ["demand", "confirmed_sim"], ["demand_confirmation.demand", "demand_confirmation.place"],
        name="fk_demand_step_sim", use_alter=True,
    ),
    ForeignKeyConstraint(
        ["demand", "confirmed_provider"], ["demand_confirmation.demand", "demand_confirmation.place"],
        name="fk_demand_step_provider", use_alter=True,
    ),
)  # fmt: skip

# Where each demand stands, to be looked for; the truth is its last step. `takeover`: an id, empty until accepted.
demand_now = Table(
    "demand_now", metadata, name_part("demand"), big("position"), words("state"), words("since"), words("takeover"),
    ForeignKeyConstraint(
        ["demand", "position", "state"],
        ["demand_step.demand", "demand_step.position", "demand_step.to_state"],
        name="fk_demand_now_step",
    ),
    Index("ix_demand_now_state", "state", "since", "demand"),
)  # fmt: skip


@event.listens_for(demand_transition, "after_create")
def _seed(_table: Table, connection: Connection, **_: object) -> None:
    """Tables that are made without their history have the moves as well."""
    insert(connection, demand_transition, every_move())
