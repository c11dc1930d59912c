"""A run that is killed again and again ends with the same rows as one that was left in peace."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import tinycity
import tinysite

CAPTURES, PICTURES = 36, 3
KILLS, BETWEEN = 20, 17
"""Kills in all, and those after the first commit and before the last; the others come before the first."""
FRAME_S = 0.04
"""What a frame takes at least, so that a kill has something to hit."""
PATIENCE_S = 60.0

CODE = f"""
import time
from tinymodels import TinyMasks

class Found(TinyMasks):
    def decode(self, outputs, view, thresholds):
        time.sleep({FRAME_S})
        return super().decode(outputs, view, thresholds)
"""
TABLES = ("gatukoll_schema", "captures", "fact_sets", "observations", "looks")
STAMPS = {"written_at", "migrated_at"}
SLOW = """
CREATE TRIGGER slow AFTER INSERT ON looks BEGIN
    SELECT (WITH RECURSIVE n(x) AS (VALUES (1) UNION ALL SELECT x + 1 FROM n WHERE x < 300000000)
            SELECT max(x) FROM n);
END
"""


class Town:
    """A city, its captures and its store, in a folder of its own."""

    def __init__(self, folder: Path, site: Path, drives: Path) -> None:
        folder.mkdir()
        self.city, self.out, self.drives = tinycity.city(folder), folder / "out", drives
        self.store = folder / "city.sqlite"
        path = os.pathsep.join([str(site), str(Path(tinycity.__file__).parent)])
        self.env = {**os.environ, "PYTHONPATH": path, "PYTHONWARNINGS": "default"}
        self.log = folder / "log.txt"

    @contextmanager
    def running(self) -> Iterator[subprocess.Popen[bytes]]:
        """Begin a run in a process group of its own; nothing of it is left afterwards."""
        program = "from gatukoll.cli import main; main()"
        arguments = ["--city", str(self.city), "--out", str(self.out), "--threads", "1"]
        with self.log.open("ab") as log:
            run = subprocess.Popen(
                [sys.executable, "-c", program, "run", str(self.drives), *arguments],
                env=self.env,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            yield run
        finally:
            if run.poll() is None:
                run.kill()
            run.wait()

    def finish(self) -> None:
        """Run to the end."""
        with self.running() as run:
            assert run.wait(PATIENCE_S * 3) == 0, self.log.read_text()

    def commits(self) -> int:
        """Return how many captures are in the store, while a run may be writing it."""
        if not self.store.exists():
            return 0
        try:
            with closing(sqlite3.connect(f"file:{self.store}?mode=ro", uri=True, timeout=5)) as reader:
                return int(reader.execute("SELECT count(*) FROM captures").fetchone()[0])
        except sqlite3.OperationalError:  # no tables yet
            return 0

    def is_in_transaction(self) -> bool:
        """Say whether somebody holds the right to write."""
        with closing(sqlite3.connect(self.store, timeout=0, isolation_level=None)) as other:
            try:
                other.execute("BEGIN IMMEDIATE")
                other.execute("ROLLBACK")
            except sqlite3.OperationalError as error:
                return "locked" in str(error)
        return False

    def is_in_long_transaction(self) -> bool:
        """Say whether somebody holds the right to write for longer than any ordinary transaction does."""
        for _ in range(20):
            if not self.is_in_transaction():
                return False
            time.sleep(0.02)
        return True

    def wreck(self, folder: Path) -> Path:
        """Copy what a killed run left, so that looking at it mends nothing; return the copy."""
        folder.mkdir()
        for file in self.store.parent.glob("city.sqlite*"):
            shutil.copy2(file, folder / file.name)
        return folder / self.store.name

    def change(self, statement: str) -> None:
        with closing(sqlite3.connect(self.store)) as connection:
            connection.execute(statement)
            connection.commit()


def dump(store: Path) -> dict[str, list[tuple[object, ...]]]:
    """Return all rows without time stamps, ids included."""
    with closing(sqlite3.connect(store)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        assert names in (set(TABLES), set())  # all at once or not yet
        found: dict[str, list[tuple[object, ...]]] = {table: [] for table in TABLES}
        for table in sorted(names):
            columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            kept = ", ".join(c for c in columns if c not in STAMPS)
            found[table] = connection.execute(f"SELECT {kept} FROM {table} ORDER BY {kept}").fetchall()
    return found


def results(out: Path) -> dict[str, bytes]:
    return {str(p.relative_to(out)): p.read_bytes() for p in sorted(out.rglob("*.csv"))}


def until(condition, run: subprocess.Popen[bytes], what: str) -> None:  # noqa: ANN001
    """Wait for something that a run does."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert run.poll() is None, f"the run ended with {run.returncode} before: {what}"
        assert time.monotonic() < end, f"not within {PATIENCE_S} s: {what}"
        time.sleep(0.004)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Make a detector that takes its time, and drives on twelve streets, each passed three times."""
    root = tmp_path_factory.mktemp("made")
    site, drives = root / "site", root / "drives"
    folder = tinysite.distribution(site, "tiny-town", tinycity.NAME, CODE)
    tinycity.tinymodels.masks(folder / "model.onnx", tinycity.tinymodels.card(tinycity.NAME))
    for number in range(CAPTURES):
        lat = 55.7 + 0.002 * (number % 12) + 4e-6 * number
        tinycity.street(drives / f"drive{number:02d}", PICTURES, lat=lat, second=60 * number)
    (drives / "drive00" / "broken.mp4").write_bytes(b"no film")
    return site, drives


@pytest.mark.slow
def test_twenty_kills_lose_nothing_and_double_nothing(made: tuple[Path, Path], tmp_path: Path) -> None:
    peace = Town(tmp_path / "peace", *made)
    peace.finish()
    expected = dump(peace.store)
    assert len(expected["fact_sets"]) == CAPTURES
    assert len(expected["observations"]) >= CAPTURES

    town, chance, between = Town(tmp_path / "war", *made), random.Random(7), 0
    for kill in range(KILLS):
        with town.running() as run:
            before = town.commits()
            if kill < KILLS - BETWEEN:  # while it starts, while it prepares, in its first capture
                if kill == 0:
                    time.sleep(0.3)
                else:
                    until(town.store.exists, run, "a store")
                    time.sleep(0.02 * kill)
            else:
                until(lambda before=before: town.commits() > before, run, f"commit {before + 1}")
                time.sleep(chance.uniform(0, FRAME_S * PICTURES))
            assert run.poll() is None, town.log.read_text()
            os.kill(run.pid, signal.SIGKILL)
            run.wait()
        assert run.returncode == -signal.SIGKILL
        if town.store.exists():
            left = dump(town.wreck(tmp_path / f"wreck{kill}"))
            between += 0 < len(left["fact_sets"]) < CAPTURES
            assert all(row in expected[table] for table in TABLES for row in left[table])
        if kill == KILLS // 2:
            kill_inside_a_transaction(town, tmp_path / "inside")
            between += 1
    assert between >= 12
    print(f"{KILLS + 1} kills, {between} between the first and the last commit")
    town.finish()
    assert dump(town.store) == expected
    assert results(town.out) == results(peace.out)


def kill_inside_a_transaction(town: Town, copy: Path) -> None:
    """Make the end of a transaction slow, kill the run inside it, and see that it left nothing."""
    before = dump(town.store)
    assert 0 < len(before["fact_sets"]) < CAPTURES
    town.change(SLOW)
    with town.running() as run:
        until(town.is_in_long_transaction, run, "a transaction")
        os.kill(run.pid, signal.SIGKILL)
        run.wait()
    assert run.returncode == -signal.SIGKILL
    assert dump(town.wreck(copy)) == before
    town.change("DROP TRIGGER slow")
