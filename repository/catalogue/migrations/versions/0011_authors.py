"""Documents by their authors: by name, folded as patients' names are, and by identifier."""

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from repository.catalogue.folding import folded_name
from repository.catalogue.text import Words, identifier_key, key
from repository.domain.describing import Identifier

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

AnyRow = sa.Row[*tuple[Any, ...]]
AT_ONCE = 1_000  # documents; what they say is read into memory

DOCUMENT = sa.table(
    "document", sa.column("takeover", sa.BigInteger()), sa.column("ordinal", sa.BigInteger()),
    sa.column("author", Words()), sa.column("author_root", Words()), sa.column("author_extension", Words()),
    sa.column("author_folded", Words()), sa.column("author_key", Words()),
)  # fmt: skip
PLACE = (DOCUMENT.c.takeover, DOCUMENT.c.ordinal)


def upgrade() -> None:
    op.add_column("document", sa.Column("author_folded", Words(), server_default="", nullable=False))
    op.add_column("document", sa.Column("author_key", Words(), nullable=True))
    connection = op.get_bind()
    mine = (PLACE[0] == sa.bindparam("in_takeover"), PLACE[1] == sa.bindparam("with_ordinal"))
    said: dict[str, Any] = {"author_folded": sa.bindparam("name"), "author_key": sa.bindparam("number")}
    keyed = sa.update(DOCUMENT).where(*mine).values(said)
    for rows in _groups(connection):
        connection.execute(keyed, [_keys(row) for row in rows])
    # When all is filled in: each row then has to be put into them once.
    op.create_index("ix_document_author", "document", ["author_folded", "takeover", "ordinal"], unique=False)
    op.create_index("ix_document_author_key", "document", ["author_key", "takeover", "ordinal"], unique=False)


def _groups(connection: sa.Connection) -> Iterator[Sequence[AnyRow]]:
    """Documents that say anything of an author, in the order of their key."""
    there = DOCUMENT.c
    wanted = sa.select(*PLACE, there.author, there.author_root, there.author_extension)
    wanted = wanted.where(sa.or_(there.author != "", there.author_extension.is_not(None)))
    wanted = wanted.order_by(*PLACE).limit(AT_ONCE)
    rows = connection.execute(wanted).all()
    while rows:
        yield rows
        after = sa.tuple_(*PLACE) > sa.tuple_(rows[-1].takeover, rows[-1].ordinal)
        rows = connection.execute(wanted.where(after)).all()


def _keys(row: AnyRow) -> dict[str, Any]:
    root, extension = row.author_root, row.author_extension
    known = None if root is None or extension is None else Identifier(root, extension)
    return {
        "in_takeover": row.takeover, "with_ordinal": row.ordinal, "name": key(folded_name(row.author)),
        "number": None if known is None else identifier_key(known),
    }  # fmt: skip
