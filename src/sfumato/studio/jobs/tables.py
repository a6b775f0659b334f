"""The tables of the studio's database, as its newest version has them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Dialect


class Moment(sa.types.TypeDecorator[datetime]):
    """A moment in UTC; SQLite, which knows no time zones, keeps it without one."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def now() -> datetime:
    return datetime.now(UTC)


# SQLite numbers rows by itself in a column of exactly the type INTEGER.
_Id: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_Json: Final[sa.types.TypeEngine[Any]] = sa.JSON(none_as_null=True)

METADATA: Final = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# attempt: how often it was claimed, which tells a worker that comes back late from the one that holds it now;
# interrupted: how many workers in a row were lost without having brought it further than `reached`.
job: Final = sa.Table(
    "job",
    METADATA,
    sa.Column("id", _Id, primary_key=True, autoincrement=True),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("lane", sa.String(20), nullable=False),
    sa.Column("spec", _Json, nullable=False),
    sa.Column("state", sa.String(20), nullable=False, index=True),
    sa.Column("priority", sa.Integer, nullable=False),
    sa.Column("position", sa.Double, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("interrupted", sa.Integer, nullable=False),
    sa.Column("reached", sa.Double, nullable=False),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("lease", Moment),
    sa.Column("control", sa.String(20)),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("progress", _Json, nullable=False),
    sa.Column("result", _Json),
    sa.Column("client", sa.Text, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("started_at", Moment),
    sa.Column("finished_at", Moment),
    sqlite_autoincrement=True,
)

event: Final = sa.Table(
    "event",
    METADATA,
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("job", sa.ForeignKey(job.c.id), index=True),
    sa.Column("type", sa.String(20), nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("json", _Json, nullable=False),
)

counter: Final = sa.Table(
    "counter",
    METADATA,
    sa.Column("name", sa.String(20), primary_key=True),
    sa.Column("value", sa.BigInteger, nullable=False),
)

preview: Final = sa.Table(
    "preview",
    METADATA,
    sa.Column("job", sa.ForeignKey(job.c.id), primary_key=True),
    sa.Column("slot", sa.Integer, primary_key=True),
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("json", _Json, nullable=False),
    sa.Column("picture", sa.LargeBinary),
)

# text: words to find it by, in small letters; facets: a line for each class and for the model, to find it by those.
work: Final = sa.Table(
    "work",
    METADATA,
    sa.Column("id", _Id, primary_key=True, autoincrement=True),
    sa.Column("job", sa.ForeignKey(job.c.id)),
    sa.Column("index", sa.Integer),
    sa.Column("file", sa.Text, nullable=False, index=True),
    sa.Column("created_at", Moment, nullable=False),
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
    sa.Column("recipe", _Json),
    sa.Column("near_copy", sa.Boolean),
    sa.Column("nearest", _Json, nullable=False),
    sa.Column("parent", sa.ForeignKey("work.id", ondelete="SET NULL"), index=True),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("starred", sa.Boolean, nullable=False),
    sa.Column("deleted_at", Moment, index=True),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("facets", sa.Text, nullable=False),
    sa.UniqueConstraint("job", "index"),
    sqlite_autoincrement=True,
)

# Which version of the program wrote here last, and whatever else there is one of.
meta: Final = sa.Table(
    "meta",
    METADATA,
    sa.Column("name", sa.String(40), primary_key=True),
    sa.Column("value", _Json),
)
