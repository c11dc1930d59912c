"""What cutting leaves of lines and areas, cleaned."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray
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


def points_along(shape: BaseGeometry, step_m: float) -> NDArray[np.float64]:
    """Return points (n, 2) along a line or an outline, at most `step_m` apart; of a point itself.

    Unlike `shapely.segmentize` it takes parts without length, which thinning and cutting leave behind.
    """
    if shape.geom_type in ("Point", "MultiPoint"):
        return np.asarray(shapely.get_coordinates(shape))
    outline = shapely.boundary(shape) if shape.geom_type in ("Polygon", "MultiPolygon") else shape
    parts = [
        shapely.line_interpolate_point(part, np.linspace(0, part.length, 2 + int(part.length / step_m)))
        for part in shapely.get_parts(outline)
    ]
    return np.asarray(shapely.get_coordinates(np.concatenate(parts)))
