"""How Alembic runs here: on the connection that `SqlAdmin` hands it, inside its transaction."""

from __future__ import annotations

from alembic import context

from checkout_adapters.sqlalchemy.tables import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection, target_metadata=metadata, render_as_batch=connection.dialect.name == "sqlite", transactional_ddl=False
)
context.run_migrations()
