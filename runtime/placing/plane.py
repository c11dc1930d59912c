"""A flat map in metres around one point of the earth, good for tens of kilometres and without any CRS."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from shapely.geometry.base import BaseGeometry

from gatukoll.runtime.placing.shapes import polygons

Floats = NDArray[np.float64]

_A, _E2 = 6378137.0, 0.00669437999014  # WGS84: semi-major axis (m), first eccentricity squared
_DECIMALS = 9  # of a degree: 0.1 mm, so that rounding makes equal places equal numbers


@dataclass(frozen=True, slots=True)
class Plane:
    """Metres east (x) and north (y) of an origin.

    The scale is that of the WGS84 ellipsoid at the origin (radii of curvature: Snyder, Map Projections,
    USGS PP 1395, p. 24-25). North and south are exact to 1e-5 at 10 km; a length from east to west is off by
    distance north of the origin / 6371 km * tan(latitude): 0.2 % at 10 km and 56 degrees. To and back gives
    the same place to a millimetre anywhere. A thing on the 180th meridian keeps longitudes beyond 180, so
    that it is not torn apart; to metres takes them either way.
    """

    lat_deg: float
    lon_deg: float

    def _scale(self) -> tuple[float, float]:
        """Return metres per degree of longitude and of latitude."""
        sin2 = math.sin(math.radians(self.lat_deg)) ** 2
        normal = _A / math.sqrt(1 - _E2 * sin2)
        meridian = normal * (1 - _E2) / (1 - _E2 * sin2)
        east = normal * max(math.cos(math.radians(self.lat_deg)), 1e-6)
        return math.radians(east), math.radians(meridian)

    def to_metres(self, lon_lat_deg: ArrayLike) -> Floats:
        """Return metres (n, 2) of places (n, 2), longitude first."""
        degrees = np.asarray(lon_lat_deg, dtype=np.float64).reshape(-1, 2) - [self.lon_deg, self.lat_deg]
        degrees[:, 0] = (degrees[:, 0] + 180) % 360 - 180
        return np.asarray(degrees * self._scale())

    def to_degrees(self, metres: ArrayLike) -> Floats:
        """Return places (n, 2), longitude first, of metres (n, 2)."""
        degrees = np.asarray(metres, dtype=np.float64).reshape(-1, 2) / self._scale()
        return np.asarray((degrees + [self.lon_deg, self.lat_deg]).round(_DECIMALS))

    def flat(self, geometry: BaseGeometry) -> BaseGeometry:
        """Return a WGS84 geometry in metres."""
        return shapely.transform(geometry, self.to_metres)

    def round(self, geometry: BaseGeometry) -> BaseGeometry:
        """Return a geometry in metres in WGS84; valid also after its coordinates were rounded."""
        placed = shapely.transform(geometry, self.to_degrees)
        return placed if placed.is_valid else polygons(shapely.make_valid(placed))
