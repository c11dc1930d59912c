"""Findings and observations as rows of results: one representative point each, in degrees and in metres."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import shapely
from shapely.geometry import LineString, MultiLineString, Point
from shapely.geometry.base import BaseGeometry

from gatukoll.runtime import crs
from gatukoll.runtime.city.model import City
from gatukoll.runtime.findings.facts import Finding
from gatukoll.runtime.sinks.base import Output
from gatukoll.runtime.sinks.columns import FindingRow, ObservationRow
from gatukoll.runtime.texts import Language


def point_on(geometry: BaseGeometry) -> Point:
    """Return a point that lies on a geometry: the middle of its longest line, or inside its area."""
    if isinstance(geometry, MultiLineString) and not geometry.is_empty:
        geometry = max(geometry.geoms, key=lambda line: line.length)
    if isinstance(geometry, LineString) and geometry.length > 0:
        return geometry.interpolate(0.5, normalized=True)
    return geometry.representative_point()


def finding_rows(findings: Iterable[Finding], city: City) -> list[FindingRow]:
    """Return a row for each finding, in the order given."""
    findings = list(findings)
    degrees = _xy([f.geometry for f in findings])
    metres = crs.projection(city.output.epsg)(degrees)
    return [
        FindingRow(finding, city, *map(float, (*lonlat, *xy)))
        for finding, lonlat, xy in zip(findings, degrees, metres, strict=True)
    ]


def observation_rows(output: Output) -> list[ObservationRow]:
    """Return a row for each observation, by capture, detector, model and number."""
    finding_of = output.finding_of()
    capture = {c.digest: c.name for c in output.captures}
    words: dict[tuple[str, str], dict[Language, str]] = {
        (d, c.name): {"sv": c.sv, "en": c.en} for d, table in output.classes.items() for c in table
    }
    rows = []
    for facts in sorted(output.facts, key=lambda s: s.key):
        for seen in facts.observations:
            lon, lat = point_on(seen.geometry).coords[0][:2]
            names = words.get((facts.key.detector, seen.name), {"sv": seen.name, "en": seen.name})
            rows.append(
                ObservationRow(
                    seen,
                    facts.key,
                    facts.model_version,
                    capture.get(facts.key.capture, facts.key.capture[:12]),
                    names,
                    finding_of.get((facts.key, seen.number)),
                    lon,
                    lat,
                )
            )
    return rows


def bounds_of(output: Output) -> crs.Bounds | None:
    """Return the bounds of all that is to be written (degrees WGS84), None where there is nothing."""
    shapes: list[BaseGeometry] = [f.geometry for f in output.findings]
    shapes += [o.geometry for s in output.facts for o in s.observations]
    shapes += [c.trace for c in output.captures if c.trace is not None]
    shapes = [s for s in shapes if not s.is_empty]
    if not shapes:
        return None
    west, south, east, north = map(float, shapely.total_bounds(shapes))
    return west, south, east, north


def _xy(shapes: Sequence[BaseGeometry]) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    return np.array([point_on(s).coords[0][:2] for s in shapes], dtype=np.float64).reshape(-1, 2)
