"""GeoPackage in the city's coordinate system: findings, observations, driven traces, with QGIS styles.

A map layer that mixes points, lines and areas can't be styled in QGIS, so the layer ``findings`` has one
point for each finding, and ``findings_lines`` and ``findings_areas`` have the shapes of those that are more
than a point. Count in ``findings``; the others repeat its ids.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio.raw
import shapely
from shapely.geometry import LineString, MultiLineString, MultiPolygon, Point, Polygon
from shapely.geometry.base import BaseGeometry

from gatukoll.runtime import crs
from gatukoll.runtime.city.model import City
from gatukoll.runtime.sinks.base import Output, owner_files, put_in_place
from gatukoll.runtime.sinks.columns import Column, Value
from gatukoll.runtime.sinks.factcolumns import OBSERVATIONS, TRACES
from gatukoll.runtime.sinks.findingcolumns import GIS_FINDINGS, SHAPES
from gatukoll.runtime.sinks.qgis import add_columns, add_styles
from gatukoll.runtime.sinks.register import write_files
from gatukoll.runtime.sinks.rows import bounds_of, finding_rows, observation_rows
from gatukoll.runtime.texts import LAYERS

FILE = "findings.gpkg"


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer: its rows, and the shape of each in degrees WGS84."""

    name: str
    geometry_type: str
    columns: Sequence[Column[Any]]
    rows: Sequence[Any]
    shapes: Sequence[BaseGeometry]


class GeoPackageSink:
    """``findings.gpkg``, whole and per owner."""

    name = "geopackage"

    def write(self, folder: Path, output: Output) -> list[Path]:
        """Write the layers; an owner without findings gets an empty layer of findings.

        Raises:
            Unwritten: some files could not be replaced; all others are written.
            UserError: something lies outside the area of the city's coordinate system.
        """
        if bounds := bounds_of(output):
            crs.check_area(output.city.output.epsg, bounds, where=output.city.at("output", "epsg"))
        writers: dict[Path, Callable[[Path], None]] = {folder / FILE: partial(_write, output=output)}
        for owner, path in owner_files(folder, [o.id for o in output.city.owners], FILE).items():
            writers[path] = partial(_write_owner, owner=owner, output=output)
        return write_files(folder, self.name, writers, output.city.output.sinks)


def _write_owner(path: Path, owner: str, output: Output) -> None:
    _write(path, output.for_owner(owner))


def _write(path: Path, output: Output) -> None:
    city = output.city
    layers = _layers(output)
    with put_in_place(path) as part:
        for layer in layers:
            _write_layer(part, layer, city, f"{LAYERS[layer.name][city.output.language]}, {_origin(output)}")
        with closing(sqlite3.connect(part)) as database, database:
            add_columns(database, {layer.name: layer.columns for layer in layers}, city.output.language)
            add_styles(
                database,
                {layer.name: layer.columns for layer in layers},
                output.classes,
                city.output.language,
            )


def _origin(output: Output) -> str:
    started = output.run.started.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return f"{output.city.name}; gatukoll {output.run.version}, {started}"


def _layers(output: Output) -> list[Layer]:
    """Return all layers; each is there even if it is empty."""
    rows = finding_rows(output.ordered(), output.city)
    lines = [r for r in rows if isinstance(r.finding.geometry, LineString | MultiLineString)]
    areas = [r for r in rows if isinstance(r.finding.geometry, Polygon | MultiPolygon)]
    seen = observation_rows(output)
    driven = [c for c in output.captures if c.trace is not None and not c.trace.is_empty]
    return [
        Layer("findings", "Point", GIS_FINDINGS, rows, [Point(r.lon, r.lat) for r in rows]),
        Layer("findings_lines", "MultiLineString", SHAPES, lines, [r.finding.geometry for r in lines]),
        Layer("findings_areas", "MultiPolygon", SHAPES, areas, [r.finding.geometry for r in areas]),
        Layer("observations", "Point", OBSERVATIONS, seen, [Point(r.lon, r.lat) for r in seen]),
        Layer("traces", "MultiLineString", TRACES, driven, [c.trace for c in driven if c.trace is not None]),
    ]


def _write_layer(path: Path, layer: Layer, city: City, description: str) -> None:
    degrees = np.array([_multi(s, layer.geometry_type) for s in layer.shapes], dtype=object)
    shapes = shapely.transform(shapely.force_2d(degrees), crs.projection(city.output.epsg))
    fields = [_field(c, [c.value(row) for row in layer.rows]) for c in layer.columns]
    times = [c.name for c in layer.columns if c.kind == "time"]
    pyogrio.raw.write(
        path,
        geometry=shapely.to_wkb(shapes),
        field_data=[data for data, _ in fields],
        field_mask=[mask for _, mask in fields],
        fields=[c.name for c in layer.columns],
        layer=layer.name,
        driver="GPKG",
        geometry_type=layer.geometry_type,
        crs=f"EPSG:{city.output.epsg}",
        dataset_options={"VERSION": "1.2"},  # what QGIS 3.22 writes itself; it warns of newer ones
        layer_options={"IDENTIFIER": layer.name, "DESCRIPTION": description, "GEOMETRY_NAME": "geom"},
        # 100 = UTC in GDAL's own count of time zones
        gdal_tz_offsets={name: np.full(len(layer.rows), 100, dtype=np.int32) for name in times},
    )


def _multi(shape: BaseGeometry, kind: str) -> BaseGeometry:
    """Return a shape of the type that its layer declares."""
    if kind == "MultiLineString":
        if isinstance(shape, Point):  # a trace of one position
            return MultiLineString([LineString([shape, shape])])
        return MultiLineString([shape]) if isinstance(shape, LineString) else shape
    return MultiPolygon([shape]) if isinstance(shape, Polygon) else shape


_EMPTY: dict[str, tuple[Any, Callable[[Any], Any]]] = {
    "int": (0, int),
    "float": (0.0, float),
    "time": (np.datetime64(0, "ms"), lambda t: _utc(t)),
    "text": ("", str),
}
_DTYPE = {"int": "int64", "float": "float64", "time": "datetime64[ms]", "text": "object"}


def _field(column: Column[Any], values: Sequence[Value]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return a column's values (n,) and the mask (n,) bool of those that are missing."""
    empty, kind = _EMPTY[column.kind]
    mask = np.array([v is None for v in values], dtype=bool)
    return np.array([empty if v is None else kind(v) for v in values], dtype=_DTYPE[column.kind]), mask


def _utc(time: datetime) -> np.datetime64:
    return np.datetime64(time.astimezone(UTC).replace(tzinfo=None), "ms")
