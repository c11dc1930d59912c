"""One detection on the ground: where it lies on the plane, how well that is known, what was cut off."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from gatukoll.detectors.contract import Box, Detection
from gatukoll.detectors.geometry import Measure
from gatukoll.runtime.capture.model import Frame
from gatukoll.runtime.placing.options import PlacingOptions
from gatukoll.runtime.placing.shapes import lines, polygons

Floats = NDArray[np.float64]

_BORDER = 0.01  # of the frame's side: a box that comes this near to the border is cut by it
_WIDE_M = 1000.0  # wider than any road


@dataclass(frozen=True, slots=True)
class Pose:
    """Where the vehicle was: a frame without its picture.

    Attributes:
        order: 0.. in the order in which frames were given.
        frame, source, time, position_sd_m, heading_deg: of the `Frame`.
        x_m, y_m: on the plane.
        travelled_m: since the first frame.
    """

    order: int
    frame: int
    source: str
    time: datetime
    x_m: float
    y_m: float
    heading_deg: float
    travelled_m: float
    position_sd_m: float

    def to_plane(self, vehicle: Floats) -> Floats:
        """Turn vehicle metres (n, 2), x right and y ahead, to metres on the plane."""
        h = math.radians(self.heading_deg)
        turn = np.array([[math.cos(h), -math.sin(h)], [math.sin(h), math.cos(h)]])
        return np.asarray(vehicle @ turn + [self.x_m, self.y_m])


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """What one frame shows of one thing, in metres on the plane.

    Attributes:
        pose: the frame.
        name, score, attributes: of the `Detection`.
        boxes: box and score of each detection in it; one, but for pieces of a thing that were joined.
        shape: point, line(s) or area, without what lies too far ahead.
        place: (2,) its middle.
        ahead: (2,) unit vector of the view.
        along_sd_m, across_sd_m: of its place by the camera alone, along and across the view.
        distance_m: from the camera's foot to its nearest point.
        length_m, width_m, area_m2, size_sd: as measured; they hold for the whole thing if it is `whole`.
        near_cut: the lower border of the picture cuts it.
        whole: nothing cuts it, neither a border nor the distance up to which things are placed.
    """

    pose: Pose
    name: str
    score: float
    attributes: Mapping[str, str | float]
    boxes: tuple[tuple[Box, float], ...]
    shape: BaseGeometry
    place: Floats
    ahead: Floats
    along_sd_m: float
    across_sd_m: float
    distance_m: float
    length_m: float
    width_m: float
    area_m2: float
    size_sd: float
    near_cut: bool
    whole: bool

    def covariance(self, options: PlacingOptions) -> Floats:
        """Return the (2, 2) covariance of its place against other frames of the capture."""
        across = np.array([self.ahead[1], -self.ahead[0]])
        along = self.along_sd_m**2 * np.outer(self.ahead, self.ahead)
        return np.asarray(
            along + self.across_sd_m**2 * np.outer(across, across) + options.relative_sd_m**2 * np.eye(2)
        )


def place(
    frame: Frame, pose: Pose, seen: Detection, measure: Measure, options: PlacingOptions
) -> Piece | None:
    """Put a measured detection on the plane; None where it lies too far ahead to be placed.

    The uncertainty along the view grows with the square of the distance, so the limit on it is a distance.
    """
    limit = measure.distance_m * math.sqrt(options.max_sd_along_m / max(measure.sd_along_m, 1e-9))
    reach = min(options.max_distance_m, limit)
    whole_shape = _shape(measure)
    shape = _KEEP[measure.geometry](whole_shape.intersection(shapely.box(-_WIDE_M, -_WIDE_M, _WIDE_M, reach)))
    if shape.is_empty or measure.distance_m > reach:
        return None
    centre = shape.centroid
    middle = np.array([[centre.x, centre.y]])
    x0, _, x1, y1 = seen.box_px
    width, height = frame.camera.width, frame.camera.height
    near_cut = y1 >= height * (1 - _BORDER)
    cut = near_cut or x0 <= width * _BORDER or x1 >= width * (1 - _BORDER) or whole_shape.bounds[3] > reach
    view = middle[0] / max(float(np.hypot(*middle[0])), 1e-6)
    return Piece(
        pose=pose,
        name=seen.name,
        score=float(seen.score),
        # the store takes plain numbers only
        attributes={k: v.item() if isinstance(v, np.generic) else v for k, v in seen.attributes.items()},
        boxes=((tuple(float(v) for v in seen.box_px), float(seen.score)),),  # type: ignore[arg-type]
        shape=shapely.transform(shape, pose.to_plane),
        place=pose.to_plane(middle)[0],
        ahead=pose.to_plane(view[None])[0] - [pose.x_m, pose.y_m],
        along_sd_m=float(measure.sd_along_m),
        across_sd_m=float(measure.sd_across_m),
        distance_m=float(measure.distance_m),
        length_m=float(measure.length_m),
        width_m=float(measure.width_m),
        area_m2=float(measure.area_m2),
        size_sd=float(measure.size_sd),
        near_cut=near_cut,
        whole=not cut,
    )


def _shape(measure: Measure) -> BaseGeometry:
    """Return a measure's geometry, valid, in vehicle metres."""
    if measure.geometry == "point":
        return shapely.Point(measure.lines_m[0][0])
    if measure.geometry == "line":
        parts = [line for line in measure.lines_m if np.ptp(line, axis=0).any()]
        # a line of one pixel has no length; it still lies somewhere
        return shapely.MultiLineString(parts or [measure.lines_m[0][0] + [[0.0, 0.0], [0.0, 0.01]]])
    ring = measure.lines_m[0]
    area = polygons(shapely.make_valid(shapely.Polygon(ring))) if len(ring) > 2 else None
    # a region one pixel wide has no area; it still lies somewhere
    return shapely.MultiPoint(ring).convex_hull.buffer(0.01) if area is None or area.is_empty else area


_KEEP: Mapping[str, Callable[[BaseGeometry], BaseGeometry]] = {
    "point": lambda shape: shape,
    "line": lines,
    "area": polygons,
}


def together(pieces: Sequence[Piece]) -> Piece:
    """Return what one frame shows of a thing as one piece, where a detector saw it in several."""
    if len(pieces) == 1:
        return pieces[0]
    best = max(pieces, key=lambda p: (p.score, -p.distance_m))
    near = min(pieces, key=lambda p: p.distance_m)
    shape = shapely.union_all([p.shape for p in pieces])
    centre = shape.centroid
    return replace(
        near,
        score=best.score,
        attributes=best.attributes,
        boxes=tuple(sorted(b for p in pieces for b in p.boxes)),
        shape=shape,
        place=np.array([centre.x, centre.y]),
        length_m=sum(p.length_m for p in pieces),
        width_m=max(p.width_m for p in pieces),
        area_m2=sum(p.area_m2 for p in pieces),
        near_cut=any(p.near_cut for p in pieces),
        whole=all(p.whole for p in pieces),
    )
