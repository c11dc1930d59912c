"""How a shape lies on the plane, worked out once: its axis, its extent, points along its outline."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

Floats = NDArray[np.float64]

_SAMPLES = 9  # points on each part of the outline
_TURN_DEG = 35.0  # two lines that differ more are hardly one crack
_DIRECTED_M = 1.0  # a shorter line has no direction to speak of


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """A shape in metres.

    Attributes:
        shape: itself.
        middle: (2,) its centroid.
        extent_m: diagonal of its bounding box.
        axis: (2,) unit vector of its main direction.
        vertices: (n, 2).
        samples: (m, 2) points on its outline, each for `shares` (m,) of the outline's length.
    """

    shape: BaseGeometry
    middle: Floats
    extent_m: float
    axis: Floats
    vertices: Floats
    samples: Floats
    shares: Floats

    @classmethod
    def of(cls, shape: BaseGeometry) -> Course:
        """Look at a shape."""
        centre = shape.centroid
        x0, y0, x1, y1 = shape.bounds
        vertices = shapely.get_coordinates(shape)
        outline = shape.boundary if shape.area else shape
        samples, shares = vertices[:1], np.ones(1)
        axis = np.array([0.0, 1.0])
        if outline.length:
            parts = shapely.get_parts(outline)
            parts = parts[shapely.length(parts) > 0]
            at = np.linspace(0.0, 1.0, _SAMPLES)
            points = shapely.line_interpolate_point(
                np.repeat(parts, _SAMPLES), np.tile(at, len(parts)), normalized=True
            )
            samples = shapely.get_coordinates(points)
            shares = np.repeat(shapely.length(parts), _SAMPLES)
            axis = _axis(samples, shares)
        return cls(
            shape,
            np.array([centre.x, centre.y]),
            math.hypot(x1 - x0, y1 - y0),
            axis,
            vertices,
            samples,
            shares / shares.sum(),
        )

    def distance(self, other: Course) -> float:
        """Return the mean distance (m) of the smaller shape's outline from the larger shape.

        A part of a long thing has only its offset to the side; what reaches beyond the end counts the more
        the farther it does.
        """
        small, large = (self, other) if self.extent_m <= other.extent_m else (other, self)
        return float(small.shares @ shapely.distance(shapely.points(small.samples), large.shape))

    def turned(self, other: Course) -> bool:
        """Say whether both are lines, in clearly different directions."""
        if any(c.shape.area or c.extent_m < _DIRECTED_M for c in (self, other)):
            return False
        return abs(float(self.axis @ other.axis)) < math.cos(math.radians(_TURN_DEG))

    def overlap(self, other: Course) -> tuple[float, float]:
        """Return by how much (m) two overlap along the larger one's axis, and the smaller one's length."""
        axis = (self if self.extent_m >= other.extent_m else other).axis
        one, two = self.vertices @ axis, other.vertices @ axis
        low, high = max(one.min(), two.min()), min(one.max(), two.max())
        return float(high - low), float(min(np.ptp(one), np.ptp(two)))


def _axis(points: Floats, weights: Floats) -> Floats:
    """Return the direction (2,) in which weighted points are spread most."""
    centred = points - weights @ points / weights.sum()
    (a, b), (_, d) = (centred * weights[:, None]).T @ centred
    angle = 0.5 * math.atan2(2 * b, a - d)
    return np.array([math.cos(angle), math.sin(angle)])
