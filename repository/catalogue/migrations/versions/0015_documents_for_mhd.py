"""What IHE MHD asks of documents: their SHA-1, for those taken over from now on, and what replaces what."""

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from repository.catalogue.text import Words, identifier_key
from repository.domain.describing import Identifier

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

AnyRow = sa.Row[*tuple[Any, ...]]
AT_ONCE = 1_000  # documents; what they say is read into memory

DOCUMENT = sa.table(
    "document", sa.column("takeover", sa.BigInteger()), sa.column("ordinal", sa.BigInteger()),
    sa.column("replaces_root", Words()), sa.column("replaces_extension", Words()), sa.column("replaces_key", Words()),
)  # fmt: skip
PLACE = (DOCUMENT.c.takeover, DOCUMENT.c.ordinal)


def upgrade() -> None:
    op.add_column("document", sa.Column("sha1", sa.LargeBinary(), nullable=True))
    op.add_column("document", sa.Column("replaces_key", Words(), nullable=True))
    connection = op.get_bind()
    mine = (PLACE[0] == sa.bindparam("in_takeover"), PLACE[1] == sa.bindparam("with_ordinal"))
    keyed = sa.update(DOCUMENT).where(*mine).values(replaces_key=sa.bindparam("said"))
    for rows in _groups(connection):
        connection.execute(keyed, [_key(row) for row in rows])
    # When all is filled in: each row then has to be put into it once.
    op.create_index("ix_document_replaces", "document", ["replaces_key", "takeover", "ordinal"], unique=False)


def _groups(connection: sa.Connection) -> Iterator[Sequence[AnyRow]]:
    """Documents that replace another, in the order of their key."""
    there = DOCUMENT.c
    wanted = sa.select(*PLACE, there.replaces_root, there.replaces_extension)
    wanted = wanted.where(there.replaces_root.is_not(None), there.replaces_extension.is_not(None))
    wanted = wanted.order_by(*PLACE).limit(AT_ONCE)
    rows = connection.execute(wanted).all()
    while rows:
        yield rows
        after = sa.tuple_(*PLACE) > sa.tuple_(rows[-1].takeover, rows[-1].ordinal)
        rows = connection.execute(wanted.where(after)).all()


def _key(row: AnyRow) -> dict[str, Any]:
    known = Identifier(row.replaces_root, row.replaces_extension)
    return {"in_takeover": row.takeover, "with_ordinal": row.ordinal, "said": identifier_key(known)}
