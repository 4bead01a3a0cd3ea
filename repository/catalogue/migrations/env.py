"""Alembic's entry: runs the revisions on the connection that `migrating.upgrade` gives, inside its transaction."""

from alembic import context

from repository.catalogue.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
