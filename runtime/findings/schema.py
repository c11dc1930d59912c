"""The tables of the store, and the numbered migrations that bring an older store up to them.

`MIGRATIONS` is the history and never changes once released: number n brings a store of version n - 1 to n.
The `Table` objects describe the newest version; a test holds the two together. Times are ISO 8601 text in
UTC with microseconds, so that they sort; JSON has sorted keys and geometry is WKB (WGS84): equal facts are
equal bytes.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import (
    Column,
    Dialect,
    Float,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)


def utc_text(time: datetime) -> str:
    """Return an aware time as ISO 8601 text, UTC, always with microseconds.

    >>> utc_text(datetime(2026, 9, 14, 6, 58, 20, tzinfo=UTC))
    '2026-09-14T06:58:20.000000Z'
    """
    if time.tzinfo is None:
        raise ValueError(f"naive time {time}: the store keeps aware times only")
    return time.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


class UtcText(TypeDecorator[datetime]):
    """An aware datetime as sortable text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:  # noqa: D102
        return None if value is None else utc_text(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:  # noqa: D102
        return None if value is None else datetime.fromisoformat(value)


class JsonText(TypeDecorator[Any]):
    """JSON with sorted keys; NaN is refused, since no other reader takes it."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ANN401, D102
        if value is None:
            return None
        return json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"))

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ANN401, D102
        return None if value is None else json.loads(value)


class Wkb(TypeDecorator[BaseGeometry]):
    """Geometry as little-endian WKB, two dimensions, WGS84 (x = longitude, y = latitude)."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: BaseGeometry | None, dialect: Dialect) -> bytes | None:  # noqa: D102
        return None if value is None else bytes(shapely.to_wkb(value, output_dimension=2, byte_order=1))

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> BaseGeometry | None:  # noqa: D102
        return None if value is None else shapely.from_wkb(value)


METADATA = MetaData()

SCHEMA = Table(
    "gatukoll_schema",
    METADATA,
    Column("version", Integer, primary_key=True),
    Column("migrated_at", UtcText, nullable=False),
)

CAPTURES = Table(
    "captures",
    METADATA,
    Column("digest", Text, primary_key=True),
    Column("settings", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("device", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("plan", JsonText, nullable=False),
    Column("offered", Integer, nullable=False),
    Column("accepted", Integer, nullable=False),
    Column("rejected", JsonText, nullable=False),
    Column("warnings", JsonText, nullable=False),
    Column("trace", Wkb),
    Column(
        "in_use", Integer, nullable=False
    ),  # 1 for the reading that the latest run used, 0 for earlier ones
    Column("written_at", UtcText, nullable=False),
)

FACT_SETS = Table(
    "fact_sets",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("capture", Text, nullable=False),
    Column("detector", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("settings", Text, nullable=False),
    Column("model_version", Text, nullable=False),
    Column("written_at", UtcText, nullable=False),
    UniqueConstraint("capture", "detector", "model", "settings"),
)

OBSERVATIONS = Table(
    "observations",
    METADATA,
    Column("set_id", Integer, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("score", Float, nullable=False),
    Column("geometry", Wkb, nullable=False),
    Column("lon_deg", Float, nullable=False),
    Column("lat_deg", Float, nullable=False),
    Column("size", JsonText, nullable=False),
    Column("sd_m", Float, nullable=False),
    Column("heading_deg", Float, nullable=False),
    Column("first", UtcText, nullable=False),
    Column("last", UtcText, nullable=False),
    Column("sightings", JsonText, nullable=False),
    Column("attributes", JsonText, nullable=False),
    ForeignKeyConstraint(["set_id"], ["fact_sets.id"], ondelete="CASCADE"),
    Index("observations_place", "lon_deg", "lat_deg"),
)

LOOKS = Table(
    "looks",
    METADATA,
    Column("set_id", Integer, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("line", Wkb, nullable=False),
    Column("first", UtcText, nullable=False),
    Column("last", UtcText, nullable=False),
    Column("frames", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    ForeignKeyConstraint(["set_id"], ["fact_sets.id"], ondelete="CASCADE"),
)

_VERSION_1 = (
    """CREATE TABLE captures (
        digest TEXT NOT NULL, settings TEXT NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL,
        device TEXT NOT NULL, state TEXT NOT NULL CHECK (state IN ('done', 'rejected')),
        code TEXT NOT NULL, detail TEXT NOT NULL, plan TEXT NOT NULL,
        offered INTEGER NOT NULL, accepted INTEGER NOT NULL, rejected TEXT NOT NULL, warnings TEXT NOT NULL,
        trace BLOB, in_use INTEGER NOT NULL, written_at TEXT NOT NULL, PRIMARY KEY (digest, settings))""",
    """CREATE TABLE fact_sets (
        id INTEGER NOT NULL PRIMARY KEY, capture TEXT NOT NULL, detector TEXT NOT NULL, model TEXT NOT NULL,
        settings TEXT NOT NULL, model_version TEXT NOT NULL, written_at TEXT NOT NULL,
        UNIQUE (capture, detector, model, settings))""",
    """CREATE TABLE observations (
        set_id INTEGER NOT NULL REFERENCES fact_sets (id) ON DELETE CASCADE, number INTEGER NOT NULL,
        name TEXT NOT NULL, score FLOAT NOT NULL, geometry BLOB NOT NULL,
        lon_deg FLOAT NOT NULL, lat_deg FLOAT NOT NULL, size TEXT NOT NULL, sd_m FLOAT NOT NULL,
        heading_deg FLOAT NOT NULL, first TEXT NOT NULL, last TEXT NOT NULL, sightings TEXT NOT NULL,
        attributes TEXT NOT NULL, PRIMARY KEY (set_id, number))""",
    "CREATE INDEX observations_place ON observations (lon_deg, lat_deg)",
    """CREATE TABLE looks (
        set_id INTEGER NOT NULL REFERENCES fact_sets (id) ON DELETE CASCADE, number INTEGER NOT NULL,
        line BLOB NOT NULL, first TEXT NOT NULL, last TEXT NOT NULL, frames INTEGER NOT NULL,
        reason TEXT NOT NULL, PRIMARY KEY (set_id, number))""",
)

MIGRATIONS: tuple[tuple[str, ...], ...] = (_VERSION_1,)
"""Statements by version: ``MIGRATIONS[n - 1]`` brings version n - 1 to version n."""
