"""What the database itself refuses: a move that takeovers do not make, and any change of the evidence log."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# As `repository.domain.takeover.MOVES` stood at this revision.
MOVES = (
    ("receiving", "received"),
    ("received", "balanced"),
    ("balanced", "accepted"),
    ("balanced", "accepted-with-exceptions"),
    ("balanced", "rejected"),
)
ALLOWED = " OR ".join(f"(OLD.state = '{old}' AND NEW.state = '{new}')" for old, new in MOVES)
FORBIDDEN = f"NOT ({ALLOWED})"
CHANGED = 'OLD."index" <> NEW."index" OR OLD.entry <> NEW.entry'
GUARDS = (
    ("takeover_move", "takeover", "UPDATE OF state", FORBIDDEN),
    ("log_entry_change", "log_entry", "UPDATE", CHANGED),
    ("log_entry_delete", "log_entry", "DELETE", ""),
    ("checkpoint_change", "checkpoint", "UPDATE", ""),
    ("checkpoint_delete", "checkpoint", "DELETE", ""),
)


def upgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    if not sqlite:
        op.execute("""
            CREATE FUNCTION archive_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                RAISE EXCEPTION 'refused by the archive' USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME;
            END $$""")
    for name, table, verb, when in GUARDS:
        condition = f"WHEN ({when})" if when else ""
        body = f"BEGIN SELECT RAISE(ABORT, '{name}'); END" if sqlite else "EXECUTE FUNCTION archive_refuse()"
        op.execute(f"CREATE TRIGGER {name} BEFORE {verb} ON {table} FOR EACH ROW {condition} {body}")
