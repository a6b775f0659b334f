"""What Alembic runs to bring the database of an open connection to the newest version."""

from alembic import context

from sfumato.studio.jobs.tables import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
context.run_migrations()
