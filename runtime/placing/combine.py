"""All sightings of one thing by one capture, made into one observation.

A thing that one frame shows whole keeps the shape that its nearest whole sighting gave, moved to the mean
place. A thing longer than what a frame shows is laid together from strips: each stretch of the road is taken
from the last frame that shows the thing there, which is the one that saw it from nearest. So nothing counts
twice, and the length does not depend on how many frames show it.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gatukoll.runtime.findings.facts import Observation
from gatukoll.runtime.placing.options import PlacingOptions
from gatukoll.runtime.placing.pieces import Floats, Piece, Pose, together
from gatukoll.runtime.placing.plane import Plane
from gatukoll.runtime.placing.strips import Road, strips

_SIZES = ("length_m", "width_m", "area_m2")


def combine(
    pieces: Sequence[Piece], poses: Sequence[Pose], plane: Plane, options: PlacingOptions
) -> Observation:
    """Make an observation, numbered 0, of the pieces of one track."""
    frames = [together(list(group)) for _, group in itertools.groupby(pieces, key=lambda p: p.pose.order)]
    shape, size = _shape_and_size(frames, poses, options)
    best = max(frames, key=lambda p: (p.score, -p.distance_m))
    near = min(frames, key=lambda p: (p.distance_m, p.pose.order))
    return Observation(
        number=0,
        name=near.name,
        score=best.score,
        geometry=plane.round(shape),
        size=size,
        sd_m=_sd(frames, options),
        heading_deg=near.pose.heading_deg % 360.0,
        first=frames[0].pose.time,
        last=frames[-1].pose.time,
        sightings=tuple(s for frame in frames for s in _sightings(frame)),
        attributes=best.attributes,
    )


def _shape_and_size(
    frames: Sequence[Piece], poses: Sequence[Pose], options: PlacingOptions
) -> tuple[BaseGeometry, Mapping[str, float]]:
    """Return shape on the plane and size of what the frames show."""
    whole = [p for p in frames if p.whole]
    if frames[0].shape.geom_type == "Point":
        middle = _mean_place(whole or frames, options)
        return shapely.Point(middle), _mean_size(whole or frames)
    road = Road(poses, frames)
    if whole:
        nearest = min(whole, key=lambda p: (p.distance_m, p.pose.order))
        others = [p for p in reversed(frames) if p is not nearest]
        if len(strips([nearest, *others], road, options).parts) == 1:
            x, y = _mean_place(whole, options) - nearest.place
            return shapely.transform(nearest.shape, lambda xy: xy + [x, y]), _mean_size(whole)
    laid = strips(list(reversed(frames)), road, options)
    return laid.shape, {**laid.size, "size_sd": _mean_size(frames)["size_sd"]}


def _mean_place(pieces: Sequence[Piece], options: PlacingOptions) -> Floats:
    """Return the mean (2,) of places, each weighed with the inverse of its covariance."""
    weights = [np.linalg.inv(p.covariance(options)) for p in pieces]
    total = np.sum([w @ p.place for w, p in zip(weights, pieces, strict=True)], axis=0)
    return np.asarray(np.linalg.solve(np.sum(weights, axis=0), total))


def _mean_size(pieces: Sequence[Piece]) -> dict[str, float]:
    """Return mean sizes, weighed with the inverse of their relative variance.

    Their deviation is not made smaller by many sightings: a wrong mounting makes all of them wrong.
    """
    weights = np.array([1 / max(p.size_sd, 1e-3) ** 2 for p in pieces])
    weights /= weights.sum()
    size = {name: float(weights @ [getattr(p, name) for p in pieces]) for name in _SIZES}
    return {**size, "size_sd": float(weights @ [p.size_sd for p in pieces])}


def _sd(pieces: Sequence[Piece], options: PlacingOptions) -> float:
    """Return the standard deviation (m, per axis) of the mean place, the vehicle's position included.

    Neither the receiver's nor the mounting's error gets smaller by averaging over the seconds of a passage,
    so both enter as the weighted mean of their variances.
    """
    weights = np.array([1 / np.trace(p.covariance(options)) for p in pieces])
    weights /= weights.sum()
    camera = weights @ [(p.along_sd_m**2 + p.across_sd_m**2) / 2 for p in pieces]
    position = weights @ [p.pose.position_sd_m**2 for p in pieces]
    return math.sqrt(float(camera + position))


def _sightings(frame: Piece) -> list[dict[str, object]]:
    return [
        {
            "source": frame.pose.source,
            "frame": frame.pose.frame,
            "box_px": list(box),
            "score": score,
            "distance_m": round(frame.distance_m, 3),
        }
        for box, score in frame.boxes
    ]
