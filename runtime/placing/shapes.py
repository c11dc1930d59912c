"""What cutting leaves of lines and areas, cleaned."""

from __future__ import annotations

import shapely
from shapely.geometry.base import BaseGeometry


def polygons(shape: BaseGeometry) -> BaseGeometry:
    """Return the areas in a geometry, without the lines and points that cutting leaves."""
    if shape.geom_type in ("Polygon", "MultiPolygon"):
        return shape
    parts = [p for p in shapely.get_parts(shape) if p.geom_type in ("Polygon", "MultiPolygon")]
    return shapely.union_all(parts) if parts else shapely.Polygon()


def lines(shape: BaseGeometry) -> BaseGeometry:
    """Return the lines in a geometry, without the points that cutting leaves."""
    parts = [
        p for p in shapely.get_parts(shapely.get_parts(shape)) if p.geom_type == "LineString" and p.length > 0
    ]
    return shapely.MultiLineString(parts)
