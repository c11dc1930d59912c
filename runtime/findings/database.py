"""Opening a store's SQLite file: what it is, its version, its migrations; and its errors in plain words."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, insert, inspect, select
from sqlalchemy.exc import DatabaseError, OperationalError

from gatukoll.errors import StoppedEarly, UserError
from gatukoll.runtime.findings import schema
from gatukoll.runtime.findings.schema import SCHEMA

_FREE_AT_LEAST = 1 << 20  # bytes; with less than this free, an I/O error is a full disk


def path_of(where: str | Path) -> Path:
    """Return the file that a store's URL or path names.

    Raises:
        UserError: a URL of a database that can't hold a store.
    """
    scheme, colon, rest = str(where).partition("://")
    if isinstance(where, Path) or not colon:
        return Path(where).expanduser()
    # taken apart by hand, so that ? and % in a path are only letters
    if scheme != "sqlite" or not rest.startswith("/") or rest in ("/", "/:memory:"):
        raise UserError(
            "this is no store that gatukoll can use",
            where=f"store: {scheme}://…",
            allowed="a path like data/city.sqlite, or sqlite:///data/city.sqlite",
        )
    return Path(rest[1:]).expanduser()


def connect(path: Path, *, write: bool) -> Engine:
    """Return an engine on the file; a commit is on the disk when it returns (WAL, synchronous FULL)."""
    engine = create_engine(URL.create("sqlite", database=str(path)))

    @event.listens_for(engine, "connect")
    def _set_up(connection: Any, _: object) -> None:  # noqa: ANN401
        connection.isolation_level = None  # transactions are begun below, not by the driver's guess
        cursor = connection.cursor()
        cursor.execute("PRAGMA busy_timeout = 10000")
        cursor.execute("PRAGMA foreign_keys = ON")
        if write:
            cursor.execute("PRAGMA journal_mode = WAL")
            cursor.execute("PRAGMA synchronous = FULL")
        else:
            cursor.execute("PRAGMA query_only = ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine


def prepare(engine: Engine, path: Path, *, write: bool) -> None:
    """Make the tables in an empty file, migrate an older store, refuse what is none or newer.

    Raises:
        UserError: as said; also an older store that is only to be read.
    """
    newest = len(schema.MIGRATIONS)
    with engine.begin() as connection:
        version = _version(connection, path)
        if version > newest:
            raise UserError(
                f"this store has schema version {version}, this gatukoll knows versions up to {newest}",
                where=str(path),
                todo="Use the newer gatukoll that wrote it.",
            )
        if version < newest and not write:
            raise UserError(
                f"this store has schema version {version}, this gatukoll reads version {newest}",
                where=str(path),
                todo="Begin a run on it once; that brings it up to date.",
            )
        if version == 0:
            SCHEMA.create(connection)
        for number in range(version + 1, newest + 1):
            for statement in schema.MIGRATIONS[number - 1]:
                connection.exec_driver_sql(statement)
            connection.execute(insert(SCHEMA).values(version=number, migrated_at=datetime.now(UTC)))


def _version(connection: Connection, path: Path) -> int:
    """Return the schema version, 0 for an empty file."""
    tables = set(inspect(connection).get_table_names())
    if not tables:
        return 0
    if SCHEMA.name not in tables:
        raise UserError(
            "this is a database of something else, not a store of gatukoll",
            where=str(path),
            todo="Name another file as the store.",
        )
    return max(connection.scalars(select(SCHEMA.c.version)), default=0)


@contextmanager
def plain_words(path: Path) -> Iterator[None]:
    """Turn what SQLite says of a full disk or a broken file into errors that say what to do.

    Raises:
        StoppedEarly: the disk is full; the transaction under way has left nothing.
        UserError: no database, damaged, not readable or not writable.
    """
    try:
        yield
    except OperationalError as error:
        said = str(error.orig)
        if "disk is full" in said or ("I/O error" in said and _disk_is_full(path)):
            raise StoppedEarly(
                f"The disk that holds {path} is full. Everything up to the last finished capture is kept; "
                "make room and run again to go on."
            ) from error
        if any(word in said for word in ("unable to open", "readonly", "locked", "I/O error")):
            raise UserError(f"the store can't be used ({said})", where=str(path)) from error
        raise
    except DatabaseError as error:
        said = str(error.orig)
        if not any(word in said for word in ("not a database", "malformed")):
            raise
        raise UserError(
            f"this is no whole SQLite database ({said})",
            where=str(path),
            todo="Name another file as the store, or put back a copy of it.",
        ) from error


def _disk_is_full(path: Path) -> bool:
    try:
        return shutil.disk_usage(path.parent).free < _FREE_AT_LEAST
    except OSError:
        return False
