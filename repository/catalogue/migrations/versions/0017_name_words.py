"""The words of names and how they sound, of all names that were said so far."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql, sqlite

from repository.catalogue.folding import folded_name
from repository.catalogue.sounding import sound_of, words_of
from repository.catalogue.text import Words, key, unpacked

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

AnyRow = sa.Row[*tuple[Any, ...]]
Name = tuple[int, str]  # takeover, key of the folded name
AT_ONCE = 1_000  # rows that say names; they are read into memory

WORD = sa.table(
    "name_word", sa.column("takeover", sa.BigInteger()), sa.column("name_folded", Words()), sa.column("word", Words()),
    sa.column("sound", Words()),
)  # fmt: skip
NAMED = sa.table(
    "patient_name", sa.column("takeover", sa.BigInteger()), sa.column("number", sa.BigInteger()),
    sa.column("name_folded", Words()),
)  # fmt: skip
FACTS = sa.table(
    "shared_facts", sa.column("takeover", sa.BigInteger()), sa.column("digest", sa.LargeBinary()),
    sa.column("body", sa.Text()),
)  # fmt: skip


def upgrade() -> None:
    op.create_table(
        "name_word",
        sa.Column("takeover", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name_folded", Words(), nullable=False),
        sa.Column("word", Words(), nullable=False),
        sa.Column("sound", Words(), nullable=False),
        sa.ForeignKeyConstraint(["takeover"], ["takeover.number"], name=op.f("fk_name_word_takeover")),
        sa.PrimaryKeyConstraint("takeover", "name_folded", "word", name=op.f("pk_name_word")),
        sqlite_with_rowid=False,
    )
    connection = op.get_bind()
    for rows in _groups(connection, list(NAMED.c), keys=3):
        _fill(connection, {(row.takeover, row.name_folded) for row in rows})
    for rows in _groups(connection, list(FACTS.c), keys=2):
        _fill(connection, {name for row in rows for name in _said(row)})
    # When all is filled in: each row then has to be put into them once.
    op.create_index("ix_name_word_word", "name_word", ["word", "takeover", "name_folded"], unique=False)
    op.create_index("ix_name_word_sound", "name_word", ["sound", "takeover", "name_folded"], unique=False)


def _groups(connection: sa.Connection, columns: list[Any], *, keys: int) -> Iterator[Sequence[AnyRow]]:
    """All rows, in the order of their key, which is the first `keys` of the columns."""
    place = columns[:keys]
    wanted = sa.select(*columns).order_by(*place).limit(AT_ONCE)
    rows = connection.execute(wanted).all()
    while rows:
        yield rows
        last = (sa.literal(value, type_=each.type) for value, each in zip(rows[-1], place, strict=False))
        rows = connection.execute(wanted.where(sa.tuple_(*place) > sa.tuple_(*last))).all()


def _said(row: AnyRow) -> Iterator[Name]:
    """What is said of the patient is [identifiers, name, birth date, sex], or null; then comes what images say."""
    patient, alike = unpacked(row.body)
    for name in (patient[1] if patient else "", alike.get("ReferringPhysicianName")):
        if name:
            yield row.takeover, key(folded_name(name))


def _fill(connection: sa.Connection, names: Iterable[Name]) -> None:
    rows = [
        {"takeover": takeover, "name_folded": name, "word": word, "sound": sound_of(word)}
        for takeover, name in sorted(names)
        for word in dict.fromkeys(words_of(name))
    ]
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    if rows:
        connection.execute(insert(WORD).on_conflict_do_nothing(), rows)
