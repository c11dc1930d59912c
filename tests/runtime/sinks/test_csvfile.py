from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gatukoll.runtime.city import City
from gatukoll.runtime.findings.facts import Finding
from gatukoll.runtime.sinks.base import Output
from gatukoll.runtime.sinks.csvfile import CsvSink, cell, safe

MakeCity = Callable[..., City]
MakeOutput = Callable[..., Output]
MakeFinding = Callable[..., Finding]

SV = (
    "Id;Allvarlighet;Klass;Status;Ägare;Längd (m);Bredd (m);Yta (m²);Osäkerhet i mått (andel);"
    "Körriktning (grader);Väderstreck;Först sedd (UTC);Senast sedd (UTC);Antal passager;Antal bilder;"
    "Kartlänk;Latitud;Longitud;Öst;Nord;Osäkerhet i läge (m);Säkerhet;Regel;Regelns källa;Klasskod;Ägarkod;"
    "Detektor;Modell;Egenskaper"
)


def rows(path: Path) -> list[dict[str, str]]:
    text = path.read_bytes().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text), delimiter=";"))


def test_the_bytes_that_a_swedish_excel_wants(
    tmp_path: Path, make_city: MakeCity, make_output: MakeOutput
) -> None:
    CsvSink().write(tmp_path, make_output(make_city(), 9))
    raw = (tmp_path / "findings.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbfId;Allvarlighet;")
    assert raw.count(b"\r\n") == raw.count(b"\n") == raw.count(b"\r") == 10
    first, second = raw.decode("utf-8-sig").split("\r\n")[:2]
    assert first == SV
    assert second == (
        "f0008b;3;brunnslock;ny;Gatuingenjörerna;12,3;;0,06;0,21;45;NO;2026-09-14 06:58:28;"
        "2026-09-15 06:58:28;2;5;https://www.openstreetmap.org/?mlat=56.0468000&mlon=12.6949000#map=19/56.0468000/12.6949000;"
        "56,0468;12,6949;356424,3;6213684,5;2,3;0,58;längd minst 2 m;gatukoll default 1;cover;gata;roadbed;"
        "roadbed 0.1.0;"
    )


def test_english(tmp_path: Path, make_city: MakeCity, make_output: MakeOutput) -> None:
    CsvSink().write(tmp_path, make_output(make_city("en"), 9))
    first = rows(tmp_path / "findings.csv")[0]
    assert (first["Class"], first["Status"], first["Direction"]) == ("manhole cover", "new", "NE")
    assert "Klass" not in first and "Class (sv)" not in first


def test_times_are_local(tmp_path: Path, make_city: MakeCity, make_output: MakeOutput) -> None:
    CsvSink().write(tmp_path, make_output(make_city(time_zone="Europe/Stockholm"), 1))
    assert rows(tmp_path / "findings.csv")[0]["Först sedd (Europe/Stockholm)"] == "2026-09-14 08:58:20"


def test_the_map_link_is_the_citys(
    tmp_path: Path, make_city: MakeCity, make_output: MakeOutput, make_finding: MakeFinding
) -> None:
    link = "https://karta.example/?e={east}&n={north}&dir={heading}"
    unknown = make_finding(2, id="still", heading_deg=float("nan"))
    output = make_output(make_city(map_link=link), findings=(make_finding(2), unknown))
    CsvSink().write(tmp_path, output)
    known, still = rows(tmp_path / "findings.csv")
    assert known["Kartlänk"].startswith("https://karta.example/?e=3564") and known["Kartlänk"].endswith(
        "&dir=45"
    )
    assert still["Kartlänk"].endswith("&dir=0")
    assert (still["Körriktning (grader)"], still["Väderstreck"]) == ("", "")


def test_worst_first_then_class_then_id(tmp_path: Path, make_city: MakeCity, make_output: MakeOutput) -> None:
    CsvSink().write(tmp_path, make_output(make_city(), 18))
    order = [(-int(r["Allvarlighet"]), r["Klasskod"], r["Id"]) for r in rows(tmp_path / "findings.csv")]
    assert order == sorted(order) and len(set(order)) == 18


def test_each_finding_in_exactly_one_owners_file(
    tmp_path: Path, make_city: MakeCity, make_output: MakeOutput
) -> None:
    files = CsvSink().write(tmp_path, make_output(make_city(), 18))
    assert files == [tmp_path / "findings.csv"] + [
        tmp_path / "owners" / o / "findings.csv" for o in ("gata", "drift", "park")
    ]
    whole, *parts = [[r["Id"] for r in rows(path)] for path in files]
    assert [len(p) for p in parts] == [14, 4, 0]
    assert sorted(whole) == sorted(i for part in parts for i in part)
    assert files[3].read_bytes().decode("utf-8-sig") == SV + "\r\n"


def test_no_findings_at_all(tmp_path: Path, make_city: MakeCity, make_output: MakeOutput) -> None:
    for path in CsvSink().write(tmp_path, make_output(make_city(), 0)):
        assert path.read_bytes().decode("utf-8-sig") == SV + "\r\n"


HOSTILE = '=HYPERLINK("http://x";"y")'


def test_no_cell_acts_as_a_formula_or_breaks_the_line(
    tmp_path: Path, make_city: MakeCity, make_output: MakeOutput, make_finding: MakeFinding
) -> None:
    bad = make_finding(0, id="12e4", sv="+46", rule="a\r\n=1;b", attributes={"=x": HOSTILE, "n": 1.5})
    CsvSink().write(tmp_path, make_output(make_city(), findings=(bad,)))
    (row,) = rows(tmp_path / "findings.csv")
    assert (row["Id"], row["Klass"], row["Regel"]) == ("'12e4", "'+46", "a =1;b")
    assert row["Egenskaper"] == f"'=x={HOSTILE}, n=1.5"


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1", "-1", "@SUM(A1)", "＝1", " =1", "\ufeff=1", "\u200b=1", "\t=1", "\r=1", "-"]
    + ["123", "00123", "12e4", "1E5", "1.2.3", "1,5", "1/2", "3-4", "2026-09-14", "07:15", "50%", "12 000"]
    + ["mar12", "12 dec", "Feb 2026", "1 maj", "okt", "TRUE", "falskt"],
)  # fmt: skip
def test_text_that_excel_would_change(text: str) -> None:
    assert safe(text).startswith("'")


@pytest.mark.parametrize(
    "text",
    ["", "3f9c2b1a77d0", "f0001", "potthål", "roadbed 0.1.0", "a=1", "2 m", "längd minst 2 m"]
    + ["decimeter 3 x", "https://www.openstreetmap.org/?mlat=56.0", "N", "maj månads potthål", "e4", "C31"],
)  # fmt: skip
def test_text_that_stays(text: str) -> None:
    assert safe(text) == text


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, ""), (3, "3"), (-3, "-3"), (0.0, "0"), (-0.0, "0"), (1.0, "1"), (1.25, "1,25"),
        (-12.6945, "-12,6945"), (1e-9, "0"), (1234567.1, "1234567,1"), (56.0465123, "56,0465123"),
        (datetime(2026, 1, 2, 3, 4, 5, 999999, tzinfo=UTC), "2026-01-02 03:04:05"),
    ],
)  # fmt: skip
def test_values(value: float | datetime | None, expected: str) -> None:
    assert cell(value, UTC) == expected
