"""The store of facts: one SQLite file per city; a capture's facts and its done mark in one transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from sqlalchemy import Connection, Engine, Integer, Select, insert, select, update

from gatukoll.errors import UserError
from gatukoll.runtime.findings import rows
from gatukoll.runtime.findings.database import connect, path_of, plain_words, prepare
from gatukoll.runtime.findings.facts import CaptureRecord, FactKey, FactSet
from gatukoll.runtime.findings.lock import WriteLock
from gatukoll.runtime.findings.promotion import promoted
from gatukoll.runtime.findings.schema import CAPTURES, FACT_SETS, LOOKS, OBSERVATIONS

_BATCH = 500  # values in one IN (...), below the 999 of older SQLite


class Store:
    """All facts of a city. Open it with `Store.open`, close it or use it as a context.

    Facts are only ever added. Reading is possible while another process writes.
    """

    def __init__(self, path: Path, engine: Engine, lock: WriteLock | None) -> None:
        self.path, self._engine, self._lock = path, engine, lock

    @classmethod
    def open(cls, where: str | Path, *, write: bool = False) -> Store:
        """Open a store; for writing it is made where there is none, migrated where it is older, and locked.

        Args:
            where: path of the file, or ``sqlite:///PATH``.
            write: take the lock and allow `add`.

        Raises:
            UserError: another run writes it; it is missing (reading), newer than this program, damaged, or
                no store at all.
            StoppedEarly: the disk is full.
        """
        path = path_of(where)
        if write:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise UserError(
                    f"the store's folder can't be made ({error.strerror})", where=str(path.parent)
                ) from error
        elif not path.is_file():
            raise UserError(
                "there is no store here",
                where=str(path),
                todo="Begin a run with this city file; that makes it.",
            )
        lock = WriteLock(path) if write else None
        engine = connect(path, write=write)
        try:
            with plain_words(path):
                prepare(engine, path, write=write)
        except BaseException:
            engine.dispose()
            if lock:
                lock.release()
            raise
        return cls(path, engine, lock)

    def close(self) -> None:
        """Close the file and give the lock back."""
        self._engine.dispose()
        if self._lock:
            self._lock.release()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def add(self, record: CaptureRecord, sets: Sequence[FactSet]) -> bool:
        """Add what a run found out of a capture, all in one transaction; what is there already stays.

        A second model's or other settings' sets come beside the first. A rejection gives way when the same
        capture with the same settings is done after all.

        Returns:
            Whether anything was added.

        Raises:
            StoppedEarly: the disk is full; nothing of this capture was written.
        """
        if any(s.key.capture != record.digest for s in sets):
            raise ValueError(f"facts of another capture than {record.name}")
        if record.state != "done" and sets:
            raise ValueError(f"{record.name} is {record.state}, so it has no facts")
        if self._lock is None:
            raise ValueError("the store was opened for reading")
        now = datetime.now(UTC)
        with plain_words(self.path), self._engine.begin() as connection:
            added = [_add_set(connection, s, now) for s in sets if _set_id(connection, s.key) is None]
            noted = _add_record(connection, record, now)
            _use(connection, record.digest, record.settings)
            return noted or bool(added)

    def has(self, key: FactKey) -> bool:
        """Say whether a set of facts is there."""
        with plain_words(self.path), self._engine.connect() as connection:
            return _set_id(connection, key) is not None

    def state(self, digest: str, settings: str) -> CaptureRecord | None:
        """Return what was noted of a capture read with these settings; None = never finished so.

        A capture that was rejected under other settings gives None too, so the next run tries it again.
        """
        with plain_words(self.path), self._engine.connect() as connection:
            row = connection.execute(_record_query(digest, settings)).mappings().first()
            return rows.record_of(row) if row else None

    def use(self, digest: str, settings: str) -> None:
        """Note that this way of reading a capture is the one in use, where it was read in several ways.

        A clock that was mended must hold in later runs too, which may not be given that capture.
        """
        if self._lock is None:
            raise ValueError("the store was opened for reading")
        with plain_words(self.path), self._engine.begin() as connection:
            _use(connection, digest, settings)

    def records(self, *, in_use: bool = False) -> tuple[CaptureRecord, ...]:
        """Return what was noted of all captures, by name, digest and settings.

        Args:
            in_use: of captures that were read in several ways only the one in use, see `use`.
        """
        query = select(CAPTURES).order_by(CAPTURES.c.name, CAPTURES.c.digest, CAPTURES.c.settings)
        if in_use:
            query = query.where(CAPTURES.c.in_use == 1)
        with plain_words(self.path), self._engine.connect() as connection:
            return tuple(rows.record_of(row) for row in connection.execute(query).mappings())

    def fact_keys(self) -> tuple[tuple[FactKey, str], ...]:
        """Return key and model version of every set of facts, in order of key."""
        with plain_words(self.path), self._engine.connect() as connection:
            found = connection.execute(select(FACT_SETS)).mappings()
            return tuple(sorted((rows.key_of(row), str(row["model_version"])) for row in found))

    def fact_sets(
        self,
        detectors: Collection[str] | None = None,
        *,
        in_use: Collection[tuple[str, str, str]] | None = (),
    ) -> tuple[FactSet, ...]:
        """Return sets of facts in order of key.

        Args:
            detectors: only these; None = all.
            in_use: (detector, model, settings) that win, see `promotion.promoted`, which chooses one set per
                capture and detector; None = all sets, superseded ones too.
        """
        with plain_words(self.path), self._engine.connect() as connection:
            found = connection.execute(select(FACT_SETS)).mappings().all()
            found = [row for row in found if detectors is None or row["detector"] in detectors]
            if in_use is not None:
                chosen = promoted(((rows.key_of(r), r["model_version"]) for r in found), in_use)
                found = [row for row in found if rows.key_of(row) in chosen]
            found.sort(key=rows.key_of)
            result: list[FactSet] = []
            for start in range(0, len(found), _BATCH):
                batch = found[start : start + _BATCH]
                ids = [row["id"] for row in batch]
                seen = (
                    select(OBSERVATIONS).where(OBSERVATIONS.c.set_id.in_(ids)).order_by(OBSERVATIONS.c.number)
                )
                looked = select(LOOKS).where(LOOKS.c.set_id.in_(ids)).order_by(LOOKS.c.number)
                result += rows.fact_sets_of(
                    batch,
                    connection.execute(seen).mappings().all(),
                    connection.execute(looked).mappings().all(),
                )
            return tuple(result)


def _use(connection: Connection, digest: str, settings: str) -> None:
    this = (CAPTURES.c.settings == settings).cast(Integer)
    connection.execute(update(CAPTURES).where(CAPTURES.c.digest == digest).values(in_use=this))


def _record_query(digest: str, settings: str) -> Select[tuple[object, ...]]:
    return select(CAPTURES).where(CAPTURES.c.digest == digest, CAPTURES.c.settings == settings)


def _set_id(connection: Connection, key: FactKey) -> int | None:
    """Return the id of a set of facts, None where it is not there."""
    wanted = [FACT_SETS.c[name] == value for name, value in rows.key_values(key).items()]
    found = connection.execute(select(FACT_SETS.c.id).where(*wanted)).scalar()
    return None if found is None else int(found)


def _add_set(connection: Connection, facts: FactSet, now: datetime) -> int:
    """Insert one set with everything in it."""
    values = {**rows.key_values(facts.key), "model_version": facts.model_version, "written_at": now}
    set_id = int(connection.execute(insert(FACT_SETS).values(values).returning(FACT_SETS.c.id)).scalar_one())
    if facts.observations:
        connection.execute(
            insert(OBSERVATIONS), [rows.observation_row(set_id, seen) for seen in facts.observations]
        )
    if facts.looks:
        connection.execute(insert(LOOKS), [rows.look_row(set_id, look) for look in facts.looks])
    return set_id


def _add_record(connection: Connection, record: CaptureRecord, now: datetime) -> bool:
    """Insert a capture's row, or turn a rejection into a capture that is done."""
    values = {**rows.record_row(record), "in_use": 1, "written_at": now}
    known = connection.execute(_record_query(record.digest, record.settings)).mappings().first()
    if known is None:
        connection.execute(insert(CAPTURES).values(values))
    elif known["state"] == "rejected" and record.state == "done":
        key = (CAPTURES.c.digest == record.digest, CAPTURES.c.settings == record.settings)
        connection.execute(update(CAPTURES).where(*key).values(values))
    else:
        return False
    return True
