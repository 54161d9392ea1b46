"""Alembic's way in: the connection comes from `storage.schema`, the models from `storage.tables`."""

from alembic import context

from storage.tables import Table

context.configure(
    connection=context.config.attributes["connection"], target_metadata=Table.metadata, render_as_batch=True
)
with context.begin_transaction():
    context.run_migrations()
