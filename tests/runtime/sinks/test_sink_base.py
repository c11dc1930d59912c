from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC
from pathlib import Path

import pytest

from gatukoll.errors import ConfigError, UserError
from gatukoll.runtime.city import City
from gatukoll.runtime.sinks.base import Output, Unwritten, folder_name, load_sink, put_in_place, sink_names
from gatukoll.runtime.sinks.csvfile import CsvSink
from gatukoll.runtime.sinks.findingcolumns import FINDINGS, GIS_FINDINGS
from gatukoll.runtime.sinks.reference import markdown
from gatukoll.runtime.sinks.register import keep_edited

ROOT = Path(__file__).resolve().parents[3]


def test_sinks_are_found_by_entry_point() -> None:
    assert {"csv", "geopackage"} <= set(sink_names())
    assert [load_sink(n).name for n in ("csv", "geopackage")] == ["csv", "geopackage"]
    with pytest.raises(ConfigError, match=r'unknown sink "cvs"\. Did you mean "csv"'):
        load_sink("cvs")


def test_a_failed_write_leaves_the_old_file_and_no_rest(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.txt"
    with put_in_place(path) as part:
        part.write_text("old")
    with pytest.raises(OSError, match="disk full"), put_in_place(path) as part:
        part.write_text("ne")
        raise OSError("disk full")
    assert path.read_text() == "old"
    assert [p.name for p in path.parent.iterdir()] == ["a.txt"]


@pytest.mark.parametrize(
    ("owner", "folder"),
    [
        ("gata", "gata"),
        ("gatuingenjör", "gatuingenjör"),
        ("CON", "CON_"),
        ("../../etc", "______etc"),
        ("", "_"),
    ],
)
def test_folder_names_are_harmless(owner: str, folder: str) -> None:
    assert folder_name(owner) == folder


def owners_less(city: City, owner: str) -> City:
    return city.model_copy(update={"owners": [o for o in city.owners if o.id != owner]})


def test_files_of_an_owner_that_is_gone_go(
    tmp_path: Path, make_city: Callable[..., City], make_output: Callable[..., Output]
) -> None:
    city = make_city()
    CsvSink().write(tmp_path, make_output(city, 6))
    assert (tmp_path / "owners" / "park" / "findings.csv").exists()
    CsvSink().write(tmp_path, make_output(owners_less(city, "park"), 6))
    assert not (tmp_path / "owners" / "park").exists()
    assert (tmp_path / "owners" / "gata" / "findings.csv").exists()


def test_files_that_somebody_changed_or_brought_stay(
    tmp_path: Path, make_city: Callable[..., City], make_output: Callable[..., Output]
) -> None:
    city = make_city()
    CsvSink().write(tmp_path, make_output(city, 6))
    park, drift = tmp_path / "owners" / "park", tmp_path / "owners" / "drift"
    (park / "findings.csv").write_text("our notes")
    (drift / "notes.txt").write_text("ours")
    (tmp_path / "owners" / "strangers.csv").write_text("not ours")
    CsvSink().write(tmp_path, make_output(owners_less(owners_less(city, "park"), "drift"), 0))
    assert (park / "findings.csv").read_text() == "our notes"
    assert [p.name for p in drift.iterdir()] == ["notes.txt"]
    assert (tmp_path / "owners" / "strangers.csv").exists()


def test_a_database_that_was_only_opened_is_not_edited(
    tmp_path: Path, make_city: Callable[..., City], make_output: Callable[..., Output]
) -> None:
    load_sink("geopackage").write(tmp_path, make_output(make_city(), 6))
    path = tmp_path / "findings.gpkg"
    before = path.read_bytes()
    for statement in ("PRAGMA journal_mode=wal", "SELECT * FROM findings", "PRAGMA journal_mode=delete"):
        with closing(sqlite3.connect(path)) as program:  # as QGIS does
            program.execute(statement).fetchall()
    assert path.read_bytes() != before
    assert keep_edited(tmp_path, UTC) == []
    with closing(sqlite3.connect(path)) as program, program:
        program.execute("CREATE TABLE notes (x)")
    (copy,) = keep_edited(tmp_path, UTC)
    assert copy.read_bytes() == path.read_bytes() and copy.suffix == ".gpkg"


def test_files_of_a_sink_that_is_gone_go(
    tmp_path: Path, make_city: Callable[..., City], make_output: Callable[..., Output]
) -> None:
    both = make_output(make_city(sinks=["geopackage", "csv"]), 3)
    for name in ("geopackage", "csv"):
        load_sink(name).write(tmp_path, both)
    (tmp_path / "map.qgz").write_text("ours")
    written = {p.name for p in tmp_path.rglob("findings.*")}
    assert written == {"findings.gpkg", "findings.csv"}
    CsvSink().write(tmp_path, make_output(make_city(sinks=["csv"]), 3))
    assert {p.name for p in tmp_path.rglob("*.*") if p.is_file()} == {
        "findings.csv", "map.qgz", ".gatukoll-csv.json"
    }  # fmt: skip


def test_a_file_that_may_not_be_replaced_is_the_users_to_close(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "in use")

    (tmp_path / "a.csv").write_text("old")
    monkeypatch.setattr(Path, "replace", refuse)
    with (
        pytest.raises(UserError, match="Close it in other programs"),
        put_in_place(tmp_path / "a.csv") as part,
    ):
        part.write_text("new")
    assert [p.read_text() for p in tmp_path.iterdir()] == ["old"]


def test_a_database_that_somebody_edits_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "a.gpkg").write_text("old")
    (tmp_path / "a.gpkg-wal").write_text("edits that are not in the file yet")
    with pytest.raises(UserError, match="is being edited"), put_in_place(tmp_path / "a.gpkg") as part:
        part.write_text("new")
    assert (tmp_path / "a.gpkg").read_text() == "old"
    (tmp_path / "a.gpkg-wal").write_bytes(b"")  # open to be looked at
    with put_in_place(tmp_path / "a.gpkg") as part:
        part.write_text("new")
    assert (tmp_path / "a.gpkg").read_text() == "new"


def test_files_that_fail_are_told_and_the_rest_is_written(
    tmp_path: Path, make_city: Callable[..., City], make_output: Callable[..., Output]
) -> None:
    output = make_output(make_city(), 6)
    for name in ("csv", "geopackage"):
        load_sink(name).write(tmp_path, output)
    before = (tmp_path / ".gatukoll-csv.json").read_text()
    for ending in ("csv", "gpkg"):
        (tmp_path / f"findings.{ending}").unlink()
        (tmp_path / f"findings.{ending}").mkdir()  # can't be replaced by a file, on any system
    for name, ending in (("csv", "csv"), ("geopackage", "gpkg")):
        with pytest.raises(Unwritten) as error:
            load_sink(name).write(tmp_path, output)
        assert error.value.failed == {tmp_path / f"findings.{ending}": "Is a directory"}
        assert len(error.value.written) == len(output.city.owners)
    assert json.loads((tmp_path / ".gatukoll-csv.json").read_text()) == json.loads(before)


def test_a_register_that_lies_removes_nothing_outside(
    tmp_path: Path, make_city: Callable[..., City], make_output: Callable[..., Output]
) -> None:
    from gatukoll.made import sha256

    precious = tmp_path / "precious.txt"
    precious.write_text("keep")
    register = tmp_path / "out" / ".gatukoll-csv.json"
    register.parent.mkdir()
    lies = {"../precious.txt": sha256(precious), str(precious): sha256(precious), "x": 3}
    register.write_text(json.dumps(lies))
    CsvSink().write(register.parent, make_output(make_city(), 0))
    register.write_text("not json")
    CsvSink().write(register.parent, make_output(make_city(), 0))
    assert precious.read_text() == "keep"


def test_names_of_columns_are_plain_and_unique() -> None:
    for columns in (
        GIS_FINDINGS,
        [c for c in FINDINGS if c.in_csv("sv")],
        [c for c in FINDINGS if c.in_csv("en")],
    ):
        names = [c.name for c in columns]
        assert len(set(names)) == len(names)
        assert all(n.isascii() and n == n.lower() and n.isidentifier() for n in names)
        for language in ("sv", "en"):
            titles = [c.title(language) for c in columns]
            assert len(set(titles)) == len(titles)


def test_the_page_of_outputs_is_fresh() -> None:
    page = (ROOT / "docs" / "outputs.md").read_text(encoding="utf-8")
    assert page == markdown(), "python -m gatukoll.runtime.sinks.reference > docs/outputs.md"
