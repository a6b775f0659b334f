"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_Moment = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "job",
        sa.Column("id", _Id, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("lane", sa.String(20), nullable=False),
        sa.Column("spec", sa.JSON, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("position", sa.Double, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("interrupted", sa.Integer, nullable=False),
        sa.Column("reached", sa.Double, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("lease", _Moment),
        sa.Column("control", sa.String(20)),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("progress", sa.JSON, nullable=False),
        sa.Column("result", sa.JSON),
        sa.Column("client", sa.Text, nullable=False),
        sa.Column("created_at", _Moment, nullable=False),
        sa.Column("started_at", _Moment),
        sa.Column("finished_at", _Moment),
        sa.PrimaryKeyConstraint("id", name="pk_job"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_job_state", "job", ["state"])
    op.create_table(
        "event",
        sa.Column("seq", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("job", _Id),
        sa.Column("type", sa.String(20), nullable=False),
        sa.Column("at", _Moment, nullable=False),
        sa.Column("json", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_event"),
        sa.ForeignKeyConstraint(["job"], ["job.id"], name="fk_event_job"),
    )
    op.create_index("ix_event_job", "event", ["job"])
    counter = op.create_table(
        "counter",
        sa.Column("name", sa.String(20), nullable=False),
        sa.Column("value", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_counter"),
    )
    op.bulk_insert(counter, [{"name": "event", "value": 0}])
    op.create_table(
        "preview",
        sa.Column("job", _Id, nullable=False),
        sa.Column("slot", sa.Integer, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("at", _Moment, nullable=False),
        sa.Column("json", sa.JSON, nullable=False),
        sa.Column("picture", sa.LargeBinary),
        sa.PrimaryKeyConstraint("job", "slot", name="pk_preview"),
        sa.ForeignKeyConstraint(["job"], ["job.id"], name="fk_preview_job"),
    )
    op.create_table(
        "work",
        sa.Column("id", _Id, autoincrement=True, nullable=False),
        sa.Column("job", _Id),
        sa.Column("index", sa.Integer),
        sa.Column("file", sa.Text, nullable=False),
        sa.Column("created_at", _Moment, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("model_id", sa.Text, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("model_digest", sa.Text, nullable=False),
        sa.Column("label", sa.Text),
        sa.Column("prompt", sa.Text),
        sa.Column("seed", sa.BigInteger),
        sa.Column("number", sa.BigInteger),
        sa.Column("strength", sa.Double),
        sa.Column("width", sa.Integer, nullable=False),
        sa.Column("height", sa.Integer, nullable=False),
        sa.Column("recipe", sa.JSON),
        sa.Column("near_copy", sa.Boolean),
        sa.Column("nearest", sa.JSON, nullable=False),
        sa.Column("parent", _Id),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("starred", sa.Boolean, nullable=False),
        sa.Column("deleted_at", _Moment),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("facets", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_work"),
        sa.ForeignKeyConstraint(["job"], ["job.id"], name="fk_work_job"),
        sa.ForeignKeyConstraint(["parent"], ["work.id"], name="fk_work_parent", ondelete="SET NULL"),
        sa.UniqueConstraint("job", "index", name="uq_work_job"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_work_file", "work", ["file"])
    op.create_index("ix_work_parent", "work", ["parent"])
    op.create_index("ix_work_deleted_at", "work", ["deleted_at"])
    op.create_table(
        "meta",
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("value", sa.JSON),
        sa.PrimaryKeyConstraint("name", name="pk_meta"),
    )
