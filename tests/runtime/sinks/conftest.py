"""Made findings, observations and captures for the tests of sinks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from shapely.geometry import LineString, MultiLineString, Point, Polygon
from shapely.geometry.base import BaseGeometry

from gatukoll.detectors.contract import FindingClass
from gatukoll.runtime.city import City
from gatukoll.runtime.findings.facts import CaptureRecord, FactKey, FactSet, Finding, Observation
from gatukoll.runtime.routing import route
from gatukoll.runtime.sinks.base import Output, RunInfo

GRADES = ("slight", "moderate", "severe")
TABLE = (
    FindingClass("crack", "spricka", "crack", "line", GRADES),
    FindingClass("pothole", "potthål", "pothole", "area", GRADES),
    FindingClass("cover", "brunnslock", "manhole cover", "point", GRADES),
)
LON, LAT = 12.6945, 56.0465
START = datetime(2026, 9, 14, 6, 58, 20, tzinfo=UTC)


def _shape(kind: str, i: int) -> BaseGeometry:
    x, y = LON + (i % 7) * 4e-4, LAT + (i // 7) * 3e-4
    if kind == "crack" and i % 2:
        return MultiLineString([[(x, y), (x + 2e-4, y + 2e-5)], [(x, y - 3e-5), (x + 5e-5, y - 3e-5)]])
    if kind == "crack":
        return LineString([(x, y), (x + 1e-4, y + 3e-5), (x + 2e-4, y)])
    if kind == "pothole":
        return Polygon([(x, y), (x + 6e-5, y), (x + 7e-5, y + 4e-5), (x, y + 4e-5)])
    return Point(x, y)


@pytest.fixture(scope="session")
def key() -> FactKey:
    return FactKey("c" * 64, "roadbed", "m" * 64, "s" * 64)


@pytest.fixture(scope="session")
def make_finding(key: FactKey) -> Callable[..., Finding]:
    """Return a function that makes finding number i; keywords replace its values."""

    def make(i: int, **changes: Any) -> Finding:
        kind = TABLE[i % 3]
        values: dict[str, Any] = {
            "id": f"f{i:04d}b",
            "detector": "roadbed",
            "name": kind.name,
            "sv": kind.sv,
            "en": kind.en,
            "severity": 1 + i // 3 % 3,
            "rule": "längd minst 2 m",
            "rule_source": "gatukoll default 1",
            "score": 0.5 + i / 100,
            "geometry": _shape(kind.name, i),
            "size": {"length_m": 12.345, "width_m": 0.0, "area_m2": 0.064, "size_sd": 0.213},
            "sd_m": 2.345,
            "heading_deg": 44.6,
            "first_seen": START + timedelta(seconds=i),
            "last_seen": START + timedelta(days=1, seconds=i),
            "captures": 2,
            "sightings": 5,
            "observations": ((key, i),),
            "model_version": "0.1.0",
        }
        return Finding(**{**values, **changes})

    return make


@pytest.fixture(scope="session")
def make_city() -> Callable[..., City]:
    """Return a function that makes a city with three owners, one of which gets nothing."""

    def make(language: str = "sv", epsg: int = 3006, **output: Any) -> City:
        return City.model_validate(
            {
                "name": "Provstad",
                "detectors": {"roadbed": {}},
                "owners": [
                    {"id": "gata", "name": "Gatuingenjörerna"},
                    {"id": "drift", "name": "Gatudrift"},
                    {"id": "park", "name": "Parkenheten"},
                ],
                "routing": [{"classes": ["pothole"], "severities": [2, 3], "owner": "drift"}],
                "fallback": "gata",
                "output": {"language": language, "epsg": epsg, **output},
            }
        )

    return make


@pytest.fixture(scope="session")
def make_output(key: FactKey, make_finding: Callable[..., Finding]) -> Callable[..., Output]:
    """Return a function that makes what a run with n findings has to show."""

    def make(city: City, n: int = 18, findings: tuple[Finding, ...] | None = None) -> Output:
        found = route(findings if findings is not None else [make_finding(i) for i in range(n)], city)
        seen = tuple(
            Observation(
                number=i,
                name=f.name,
                score=f.score,
                geometry=f.geometry,
                size=f.size,
                sd_m=f.sd_m,
                heading_deg=f.heading_deg,
                first=f.first_seen,
                last=f.last_seen,
                sightings=(
                    {"source": f"a.mp4@{i}.0s", "frame": i, "box_px": [0, 0, 9, 9], "score": 0.4},
                    {"source": f"a.mp4@{i}.5s", "frame": i, "box_px": [0, 0, 9, 9], "score": 0.9},
                ),
                attributes={"surface": "asphalt"},
            )
            for i, f in enumerate(found)
        )
        facts = (FactSet(key, "0.1.0", seen, ()),) if found else ()
        return Output(found, facts, captures(key.capture), {"roadbed": TABLE}, city, RunInfo(START, "0.1.0"))

    return make


def captures(digest: str) -> tuple[CaptureRecord, ...]:
    line = LineString([(LON - 1e-3, LAT), (LON, LAT + 2e-4), (LON + 3e-3, LAT + 2e-4)])
    plan = {"starts": "2026-09-14T06:58:20+00:00", "ends": "2026-09-14T06:58:35.033+00:00", "length_m": 260.4}
    done = CaptureRecord(
        digest,
        "natt/a",
        "film",
        "telefon 3",
        "x",
        "done",
        "",
        "",
        plan,
        52,
        50,
        {"outside_trace": 2},
        {},
        line,
    )
    bad = CaptureRecord(
        "b" * 64, "natt/b", "film", "", "x", "rejected", "clock_unknown", "say it", {}, 0, 0, {}, {}, None
    )
    return (done, bad)
