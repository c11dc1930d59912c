"""The store: facts once and whole, one writer, older stores migrated, strange files refused."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from shapely import LineString, Polygon
from sqlalchemy import create_engine, inspect

from gatukoll.errors import StoppedEarly, UserError
from gatukoll.runtime.findings import schema
from gatukoll.runtime.findings.facts import CaptureRecord, FactKey, FactSet, Look, Observation
from gatukoll.runtime.findings.store import Store

START = datetime(2026, 9, 14, 6, 58, 20, 123456, tzinfo=UTC)


def record(digest: str = "c1", settings: str = "s1", **changes: object) -> CaptureRecord:
    """Make a capture that is done."""
    made = CaptureRecord(
        digest=digest,
        name=f"drive/{digest}",
        kind="film",
        device="phone 3",
        settings=settings,
        state="done",
        code="",
        detail="",
        plan={"clock": "start=2026-09-14T06:58:20Z", "length_m": 120.5, "made": True},
        offered=25,
        accepted=20,
        rejected={"outside_trace": 3, "dark": 2},
        warnings={"fixes_out_of_order": 1},
        trace=LineString([(12.69, 56.04), (12.70, 56.05)]),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def observation(number: int = 0, **changes: object) -> Observation:
    """Make a pothole."""
    made = Observation(
        number=number,
        name="hole",
        score=0.75,
        geometry=Polygon([(12.69, 56.04), (12.69001, 56.04), (12.69001, 56.04001)]),
        size={"length_m": 0.5, "width_m": 0.4, "area_m2": 0.15, "size_sd": 0.1},
        sd_m=4.2,
        heading_deg=271.5,
        first=START,
        last=START + timedelta(seconds=1),
        sightings=({"source": "a.mp4@1.0s", "frame": 3, "box_px": [1.0, 2.0, 3.0, 4.0], "score": 0.75},),
        attributes={"type": "å", "value": 40.0},
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def facts(capture: str = "c1", model: str = "m1", version: str = "1", count: int = 2, **key: str) -> FactSet:
    """Make a set of facts."""
    look = Look(0, LineString([(12.69, 56.04), (12.69, 56.05)]), START, START + timedelta(seconds=9), 20, "")
    return FactSet(
        FactKey(capture, key.get("detector", "d1"), model, key.get("settings", "s1")),
        version,
        tuple(observation(n) for n in range(count)),
        (look,),
    )


def rows(path: Path, table: str) -> list[tuple[object, ...]]:
    """Read a table past the store."""
    with sqlite3.connect(path) as connection:
        found = connection.execute(f"SELECT * FROM {table}").fetchall()
    connection.close()
    return found


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "new" / "city.sqlite"


def test_facts_come_back_as_they_went_in(path: Path) -> None:
    with Store.open(path, write=True) as store:
        assert store.add(record(), [facts()])
        assert store.has(facts().key)
        assert not store.has(replace(facts().key, model="m2"))
    with Store.open(f"sqlite:///{path}") as store:
        assert store.fact_sets() == (facts(),)
        assert store.records() == (record(),)
        assert store.state("c1", "s1") == record()
        assert store.state("c1", "s2") is None


def test_adding_again_adds_nothing(path: Path) -> None:
    with Store.open(path, write=True) as store:
        assert store.add(record(), [facts()])
        before = [rows(path, t) for t in ("captures", "fact_sets", "observations", "looks")]
        assert not store.add(record(), [facts()])
        assert [rows(path, t) for t in ("captures", "fact_sets", "observations", "looks")] == before


def test_a_second_model_comes_beside_the_first(path: Path) -> None:
    newer = facts(model="a-lower-digest", version="1.10", count=1)
    with Store.open(path, write=True) as store:
        store.add(record(), [facts(version="1.9")])
        assert store.add(record(), [newer])
        assert len(store.fact_keys()) == 2
        assert store.fact_sets() == (newer,)
        assert store.fact_sets(in_use=[("d1", "m1", "s1")]) == (facts(version="1.9"),)
        assert len(store.fact_sets(in_use=None)) == 2
        assert store.fact_sets(["other"]) == ()


def test_a_rejection_is_kept_and_gives_way_to_done(path: Path) -> None:
    bad = record(state="rejected", code="clock_unknown", detail="say when", offered=0, accepted=0, trace=None)
    with Store.open(path, write=True) as store:
        assert store.add(bad, [])
        assert not store.add(bad, [])
        assert store.state("c1", "s1") == bad
        assert store.state("c1", "clock now given") is None
        assert store.add(record(), [facts()])
        assert store.state("c1", "s1") == record()
        assert not store.add(bad, [])


def test_facts_without_their_capture_are_a_bug(path: Path) -> None:
    with Store.open(path, write=True) as store:
        with pytest.raises(ValueError, match="another capture"):
            store.add(record("c2"), [facts("c1")])
        with pytest.raises(ValueError, match="no facts"):
            store.add(record(state="rejected"), [facts()])
    with Store.open(path) as store, pytest.raises(ValueError, match="reading"):
        store.add(record(), [facts()])


def test_times_are_utc_text_with_microseconds(path: Path) -> None:
    there = START.replace(microsecond=0).astimezone(timezone(timedelta(hours=2)))
    one = replace(facts(), observations=(observation(first=there),))
    with Store.open(path, write=True) as store:
        store.add(record(), [one])
        assert store.fact_sets()[0].observations[0].first == there
    assert "2026-09-14T06:58:20.000000Z" in rows(path, "observations")[0]
    with pytest.raises(ValueError, match="naive"):
        schema.utc_text(datetime(2026, 1, 1))


@pytest.mark.parametrize("table", ["fact_sets", "observations", "looks", "captures"])
def test_a_failure_inside_the_transaction_leaves_nothing(path: Path, table: str) -> None:
    with Store.open(path, write=True) as store:
        store.add(record("c0"), [facts("c0")])
        with sqlite3.connect(path) as other:
            other.execute(f"CREATE TRIGGER t AFTER INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'crash'); END")
        other.close()
        with pytest.raises(Exception, match="crash"):
            store.add(record(), [facts()])
        assert store.state("c1", "s1") is None
        assert [key.capture for key, _ in store.fact_keys()] == ["c0"]
    assert len(rows(path, "observations")) == 2
    assert len(rows(path, "looks")) == 1


def test_a_full_disk_stops_early_and_leaves_nothing(path: Path) -> None:
    with Store.open(path, write=True) as store:
        store.add(record("c0"), [facts("c0")])
        with store._engine.begin() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(StoppedEarly, match=r"full.*run again"):
            store.add(record(), [facts(count=500)])
        assert [r.digest for r in store.records()] == ["c0"]


def test_two_writers_are_refused_and_readers_are_not(path: Path) -> None:
    with Store.open(path, write=True) as store:
        with pytest.raises(UserError, match=rf"process {os.getpid()} on \S+, since 20"):
            Store.open(path, write=True)
        store.add(record(), [facts()])
        with Store.open(path) as reader:
            assert len(reader.records()) == 1
    Store.open(path, write=True).close()


def test_a_killed_writer_leaves_no_lock(path: Path) -> None:
    program = (
        "import sys, time; from gatukoll.runtime.findings.store import Store;"
        "store = Store.open(sys.argv[1], write=True); print('open', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"open\n"
        with pytest.raises(UserError, match=f"process {writer.pid} "):
            Store.open(path, write=True)
        writer.send_signal(signal.SIGKILL)
        writer.wait()
    with Store.open(path, write=True) as store:
        assert store.records() == ()


def test_an_older_store_is_migrated_and_a_newer_one_refused(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.parent.mkdir()
    with sqlite3.connect(path) as old:  # as version 1 made it
        old.execute("CREATE TABLE gatukoll_schema (version INTEGER PRIMARY KEY, migrated_at TEXT NOT NULL)")
        for statement in schema.MIGRATIONS[0]:
            old.execute(statement)
        old.execute("INSERT INTO gatukoll_schema VALUES (1, '2026-01-01T00:00:00.000000Z')")
    old.close()
    with Store.open(path, write=True) as store:
        store.add(record(), [facts()])
    with monkeypatch.context() as later:
        step = ("ALTER TABLE looks ADD COLUMN weather TEXT", "UPDATE looks SET weather = 'dry'")
        later.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, step))
        with pytest.raises(UserError, match=r"version 1.*reads version 2"):
            Store.open(path)
        with Store.open(path, write=True) as store:
            assert store.fact_sets() == (facts(),)
        assert rows(path, "looks")[0][-1] == "dry"
        assert [row[0] for row in rows(path, "gatukoll_schema")] == [1, 2]
        Store.open(path).close()
    for write in (True, False):
        with pytest.raises(UserError, match="version 2, this gatukoll knows versions up to 1"):
            Store.open(path, write=write)


def test_a_failed_migration_leaves_the_old_version(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Store.open(path, write=True).close()
    broken = ("ALTER TABLE looks ADD COLUMN weather TEXT", "UPDATE nowhere SET x = 1")
    with monkeypatch.context() as later:
        later.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, broken))
        with pytest.raises(Exception, match="nowhere"):
            Store.open(path, write=True)
    Store.open(path, write=True).close()


def test_migrations_give_the_tables_that_the_code_speaks_to(path: Path) -> None:
    Store.open(path, write=True).close()
    found = inspect(create_engine(f"sqlite:///{path}"))
    assert set(found.get_table_names()) == set(schema.METADATA.tables)
    for name, table in schema.METADATA.tables.items():
        columns = {c["name"]: (str(c["type"]), c["nullable"]) for c in found.get_columns(name)}
        assert columns == {c.name: (str(c.type), bool(c.nullable)) for c in table.columns}, name
        keys = found.get_pk_constraint(name)["constrained_columns"]
        assert keys == [c.name for c in table.primary_key.columns], name
    assert found.get_indexes("observations")[0]["column_names"] == ["lon_deg", "lat_deg"]


def test_strange_files_are_refused(tmp_path: Path) -> None:
    text = tmp_path / "text.sqlite"
    text.write_text("no database, but long enough to be taken for a header of one" * 40)
    foreign = tmp_path / "foreign.sqlite"
    with sqlite3.connect(foreign) as other:
        other.execute("CREATE TABLE birds (name TEXT)")
    other.close()
    for write in (True, False):
        with pytest.raises(UserError, match="no whole SQLite database"):
            Store.open(text, write=write)
        with pytest.raises(UserError, match="something else"):
            Store.open(foreign, write=write)
    assert rows(foreign, "sqlite_master")[0][1] == "birds"
    with pytest.raises(UserError, match="no store here"):
        Store.open(tmp_path / "none.sqlite")
    with pytest.raises(UserError, match="no store that gatukoll can use") as refused:
        Store.open("postgresql://somebody:secret@host/db", write=True)
    assert "secret" not in str(refused.value)
    Store.open(text.with_name("ok.sqlite"), write=True).close()


def test_a_damaged_store_is_said_to_be_damaged(path: Path) -> None:
    with Store.open(path, write=True) as store:
        store.add(record(), [facts(count=200)])
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    with pytest.raises(UserError, match="no whole SQLite database"), Store.open(path) as store:
        store.fact_sets()


def test_an_empty_file_becomes_a_store(path: Path) -> None:
    path.parent.mkdir()
    path.touch()
    with pytest.raises(UserError, match="version 0"):
        Store.open(path)
    with Store.open(path, write=True) as store:
        assert store.records() == ()


def test_any_file_name_will_do(tmp_path: Path) -> None:
    path = tmp_path / "Höör 100% ?mode=ro&x#1.sqlite"
    with Store.open(f"sqlite:///{path}", write=True) as store:
        store.add(record(), [facts()])
    with Store.open(path) as store:
        assert len(store.records()) == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == [path.name, f"{path.name}.lock"]


def test_the_reading_in_use_is_the_one_used_last(tmp_path: Path) -> None:
    with Store.open(tmp_path / "s.sqlite", write=True) as store:
        for settings in ("wrong clock", "right clock"):
            store.add(replace(record(), settings=settings), [])
        assert [r.settings for r in store.records(in_use=True)] == ["right clock"]
        store.use(record().digest, "wrong clock")
        assert [r.settings for r in store.records(in_use=True)] == ["wrong clock"]
        assert len(store.records()) == 2
