"""How badly two sightings of one capture fit one thing."""

from __future__ import annotations

import math

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gatukoll.runtime.placing.options import GATE, PlacingOptions
from gatukoll.runtime.placing.pieces import Floats, Piece
from gatukoll.runtime.placing.shapes import points_along

NEVER = 1e6
"""Misfit of what can't be one thing."""

_DIRECTED_M = 1.0  # a shorter line has no direction to speak of
_TURN_DEG = 35.0  # two lines that differ more are hardly one crack
_STEP_M = 0.25
_MIDDLE_WEIGHT, _MIDDLE_CAP = 0.2, 9.0


def misfit(old: Piece, new: Piece, options: PlacingOptions) -> float:
    """Return a squared distance in standard deviations, or `NEVER` outside the gate.

    What counts is the gap between the two shapes, not between their middles: of a long thing each frame shows
    another part, and parts that touch or continue each other fit. The middles decide between things that
    fit equally well. Lines that lie across each other get a malus of half the gate.
    """
    gap = between(old.shape, new.shape)
    if math.hypot(*gap) > options.gate_cap_m:
        return NEVER
    along_sd, across_sd = relative_sd(old, new, options)
    squared = _squared(gap, new.ahead, along_sd, across_sd)
    if squared > options.gate**2:
        return NEVER
    middles = _squared(new.place - old.place, new.ahead, along_sd, across_sd)
    malus = GATE**2 / 2 if turned(old.shape, new.shape) else 0.0
    return squared + _MIDDLE_WEIGHT * min(middles, _MIDDLE_CAP) + malus


def worst(options: PlacingOptions) -> float:
    """Return the misfit that nothing inside the gate exceeds: what beginning a new track costs."""
    return options.gate**2 + _MIDDLE_WEIGHT * _MIDDLE_CAP + GATE**2 / 2


def relative_sd(a: Piece, b: Piece, options: PlacingOptions) -> tuple[float, float]:
    """Return the standard deviation of the way from one place to the other, along and across the view.

    A wrong mounting moves both places the same way, though the farther one more: the difference of the two
    deviations. Only the vehicle's shaking and the positions are independent.
    """
    result = []
    for one, other in ((a.along_sd_m, b.along_sd_m), (a.across_sd_m, b.across_sd_m)):
        shaken = options.shake * math.hypot(one, other)
        result.append(math.sqrt((one - other) ** 2 + shaken**2 + 2 * options.relative_sd_m**2))
    return result[0], result[1]


def between(a: BaseGeometry, b: BaseGeometry) -> Floats:
    """Return the shortest vector (2,) from one shape to another, 0 where they meet."""
    ends = shapely.get_coordinates(shapely.shortest_line(a, b))
    return np.asarray(ends[1] - ends[0])


def direction(shape: BaseGeometry) -> Floats | None:
    """Return the unit vector (2,) of a line's main axis, None for what has none."""
    if shape.geom_type not in ("LineString", "MultiLineString") or shape.length < _DIRECTED_M:
        return None
    points = points_along(shape, _STEP_M)
    _, _, axes = np.linalg.svd(points - points.mean(axis=0), full_matrices=False)
    return np.asarray(axes[0])


def turned(a: BaseGeometry, b: BaseGeometry) -> bool:
    """Say whether two lines run in clearly different directions."""
    one, other = direction(a), direction(b)
    if one is None or other is None:
        return False
    return bool(abs(one @ other) < math.cos(math.radians(_TURN_DEG)))


def _squared(vector: Floats, ahead: Floats, along_sd: float, across_sd: float) -> float:
    along = float(vector @ ahead) / along_sd
    across = float(vector[0] * ahead[1] - vector[1] * ahead[0]) / across_sd
    return along**2 + across**2
