"""Long things laid together from strips of the road, each from the frame that saw it from nearest."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
import shapely.ops
from shapely.geometry.base import BaseGeometry

from gatukoll.runtime.placing.options import PlacingOptions
from gatukoll.runtime.placing.pieces import Floats, Piece, Pose
from gatukoll.runtime.placing.shapes import lines, points_along, polygons

_BEYOND_M = 60.0  # the road is taken to go on straight for so long beyond the first and last position
_WIDE_M = 40.0
_TANGENT_M = 4.0
_SLACK = 1.5  # standard deviations by which an end may differ before it counts as more of the thing
_CUT_SLACK_M = 0.3
_LEAST_M = 0.5
_ALIKE = 1.4
_TRIM_M = 0.75  # cut from both sides of a border between strips, so that a jump to the side becomes a slant
_STITCH_M = 3.0
_CLOSE_M = 0.1  # gaps between strips up to twice this wide are closed


class Road:
    """The vehicle's way past a thing; stations are metres along it."""

    def __init__(self, poses: Sequence[Pose], frames: Sequence[Piece]) -> None:
        first = max(frames[0].pose.order - 2, 0)
        way = poses[first : frames[-1].pose.order + 7]
        points = [np.array([way[0].x_m, way[0].y_m])]
        for pose in way[1:]:
            point = np.array([pose.x_m, pose.y_m])
            if np.hypot(*(point - points[-1])) > 1.0:
                points.append(point)
        before, after = _unit(way[0].heading_deg), _unit(way[-1].heading_deg)
        self._line = shapely.LineString(
            [points[0] - _BEYOND_M * before, *points, points[-1] + _BEYOND_M * after]
        )

    def stations(self, shape: BaseGeometry) -> tuple[float, float]:
        """Return the first and last station of a shape."""
        points = shapely.points(points_along(shape, 1.0))
        at = shapely.line_locate_point(self._line, points)
        return float(at.min()), float(at.max())

    def part(self, shape: BaseGeometry, station: float, *, before: bool) -> BaseGeometry:
        """Return what of a shape lies before a station, or behind it."""
        around = shapely.line_interpolate_point(
            self._line, [max(station - _TANGENT_M, 0.0), station, station + _TANGENT_M]
        )
        back, here, on = shapely.get_coordinates(around)
        ahead = (on - back) / max(float(np.hypot(*(on - back))), 1e-9)
        side = np.array([ahead[1], -ahead[0]]) * _WIDE_M
        far = here + ahead * _BEYOND_M * (-1 if before else 1)
        return shape.intersection(shapely.Polygon([here - side, here + side, far + side, far - side]))


@dataclass(frozen=True, slots=True)
class Laid:
    """A thing laid together: `parts` in the order in which they were added, its shape and its size."""

    parts: tuple[BaseGeometry, ...]
    shape: BaseGeometry
    size: dict[str, float]


def strips(frames: Sequence[Piece], road: Road, options: PlacingOptions) -> Laid:
    """Lay a line or an area together.

    Args:
        frames: the sightings; the first gives all that it shows, each later one only what goes clearly
            beyond. An end that the picture's lower border cut is no end; any other is one, unless another
            frame sees more than the uncertainty of both explains.
        road: the way past the thing.
        options: how uncertain sightings are.
    """
    first = frames[0]
    parts, (low, high) = [first.shape], road.stations(first.shape)
    low_piece = high_piece = first
    for piece in frames[1:]:
        start, end = road.stations(piece.shape)
        shift = _slack(low_piece, piece, options, far=False)
        if end - start < shift or _alike(piece, first):
            continue  # all of it elsewhere: the same thing, placed a little differently
        if start < low - (_CUT_SLACK_M if low_piece.near_cut else shift):
            parts.append(road.part(piece.shape, low, before=True))
            low, low_piece = start, piece
        if end > high + _slack(high_piece, piece, options, far=True):
            parts.append(road.part(piece.shape, high, before=False))
            high, high_piece = end, piece
    keep = polygons if first.shape.area else lines
    clean = tuple(part for part in map(keep, parts) if not part.is_empty)
    return _area(clean) if first.shape.area else _line(clean)


def _alike(a: Piece, b: Piece) -> bool:
    """Say whether two frames show a thing whole and equally large, so that neither can add to the other."""
    one, other = (p.area_m2 or p.length_m for p in (a, b))
    return a.whole and b.whole and max(one, other) <= _ALIKE * min(one, other)


def _slack(a: Piece, b: Piece, options: PlacingOptions, *, far: bool) -> float:
    """Return by how much two frames may differ about the near or the far end of a thing."""
    one, other = (p.along_sd_m * (_stretch(p) if far else 1.0) for p in (a, b))
    shaken = options.shake * math.hypot(one, other)
    return max(_LEAST_M, _SLACK * math.sqrt((one - other) ** 2 + shaken**2 + 2 * options.relative_sd_m**2))


def _stretch(piece: Piece) -> float:
    """Return how much more uncertain the far end is: the square of the ratio of the distances."""
    foot = shapely.Point(piece.pose.x_m, piece.pose.y_m)
    return float((shapely.hausdorff_distance(piece.shape, foot) / max(piece.distance_m, 1.0)) ** 2)


def _unit(heading_deg: float) -> Floats:
    h = math.radians(heading_deg)
    return np.array([math.sin(h), math.cos(h)])


def _area(parts: Sequence[BaseGeometry]) -> Laid:
    """Unite areas; length and width are the sides of the smallest rectangle around them."""
    united = (
        shapely.union_all(parts).buffer(_CLOSE_M, join_style="mitre").buffer(-_CLOSE_M, join_style="mitre")
    )
    shape = polygons(shapely.make_valid(united))
    ring = shapely.get_coordinates(shapely.minimum_rotated_rectangle(shape))
    sides = sorted(float(np.hypot(*(ring[i + 1] - ring[i]))) for i in (0, 1))
    return Laid(
        tuple(parts), shape, {"length_m": sides[1], "width_m": sides[0], "area_m2": float(shape.area)}
    )


def _line(parts: Sequence[BaseGeometry]) -> Laid:
    """Put lines end to end. The length is that of the strips: the jumps between them are position noise."""
    length = float(sum(part.length for part in parts))
    chains: list[Floats] = []
    for part in parts:
        for line in shapely.get_parts(shapely.line_merge(part)):
            _stitch(chains, shapely.get_coordinates(line))
    shape = shapely.MultiLineString(chains) if len(chains) > 1 else shapely.LineString(chains[0])
    return Laid(tuple(parts), shape, {"length_m": length, "width_m": 0.0, "area_m2": 0.0})


def _stitch(chains: list[Floats], line: Floats) -> None:
    """Append a line to the chain whose end is nearest to one of its ends, else begin a new chain."""
    best: tuple[float, int, bool, bool] | None = None
    for i, chain in enumerate(chains):
        for chain_end in (True, False):
            for line_end in (True, False):
                gap = float(np.hypot(*(chain[-1 if chain_end else 0] - line[-1 if line_end else 0])))
                if gap <= _STITCH_M and (best is None or gap < best[0]):
                    best = (gap, i, chain_end, line_end)
    if best is None:
        chains.append(line)
        return
    _, i, chain_end, line_end = best
    one = chains[i] if chain_end else chains[i][::-1]
    other = line[::-1] if line_end else line
    chains[i] = np.vstack([_trim(one), _trim(other[::-1])[::-1]])


def _trim(chain: Floats) -> Floats:
    """Cut a little from the end of a chain, if it is long enough for that."""
    line = shapely.LineString(chain)
    if line.length < 3 * _TRIM_M:
        return chain
    return np.asarray(shapely.get_coordinates(shapely.ops.substring(line, 0.0, line.length - _TRIM_M)))
