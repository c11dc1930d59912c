"""Coordinate systems of results: does the number exist, does it fit the place, and the way there.

Inside, places are WGS84 degrees (x = longitude, y = latitude). What is written is in the city's system, with
x to the east and y to the north whatever order its authority states: so GeoPackage and QGIS expect it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError

from gatukoll.errors import ConfigError, UserError

Bounds = tuple[float, float, float, float]  # west, south, east, north; degrees WGS84

SWEREF99_TM = 3006
WGS84 = 4326
AREA_CHARACTERS = 60  # of the name of an area in a message; its degrees follow


@lru_cache(maxsize=32)
def _crs(epsg: int) -> CRS:
    return CRS.from_epsg(epsg)


def check_epsg(epsg: int, *, where: str = "") -> None:
    """Refuse a number that is no system of flat coordinates.

    Raises:
        ConfigError: EPSG has no such system, or it has heights or no ground coordinates.
    """
    allowed = "e.g. 3006 (SWEREF 99 TM), 3007-3018 (SWEREF 99 local zones), 25832 (UTM), 4326 (degrees)"
    try:
        crs = _crs(epsg)
    except CRSError:
        raise ConfigError(f"EPSG has no coordinate system {epsg}", where=where, allowed=allowed) from None
    if len(crs.axis_info) != 2 or not (crs.is_projected or crs.is_geographic):
        kind = f"EPSG:{epsg} ({crs.name}) is not a system of two ground coordinates"
        raise ConfigError(kind, where=where, allowed=allowed)


def name_of(epsg: int) -> str:
    """Return the name of a system, e.g. SWEREF99 TM."""
    return str(_crs(epsg).name)


def check_area(epsg: int, bounds: Bounds, *, where: str = "output.epsg") -> None:
    """Refuse to write places outside the area that a coordinate system is made for.

    Outside it lengths are wrong: SWEREF 99 TM makes 127 m of 100 m in California.

    Args:
        epsg: number of the system.
        bounds: of all places, degrees WGS84: west, south, east, north.
        where: what to name in the error.

    Raises:
        UserError: with the reason, and the number that fits.
    """
    area = _area(epsg)
    if area is None or _inside(bounds, area):
        return
    name = _crs(epsg).name
    used = _crs(epsg).area_of_use
    raise UserError(
        f"EPSG:{epsg} ({name}) is made for {_few_words(used.name) if used else '?'} "
        f"({_degrees(area)}), but the captures lie at {_degrees(bounds)}",
        where=where,
        todo=f"Set {_proposal(bounds)}.",
    )


def _few_words(area: str) -> str:
    """Cut the name of an area to its beginning: of a UTM zone it lists up to 60 countries.

    >>> _few_words("Europe between 6°E and 12°E: Austria; Denmark - onshore and offshore; Germany.")
    'Europe between 6°E and 12°E'
    """
    area = re.split(r"[.:;] ", area.rstrip("."))[0]
    area = area[0].lower() + area[1:] if area.startswith("Between ") else area
    if len(area) <= AREA_CHARACTERS:
        return area
    beginning = area[:AREA_CHARACTERS]
    return (beginning.rpartition(", ")[0] or beginning.rpartition(" ")[0]) + " …"


def _proposal(bounds: Bounds) -> str:
    """Say which number fits: SWEREF 99 TM, the UTM zone of the middle, or degrees where no zone holds all."""
    west, south, east, north = bounds
    for epsg in (SWEREF99_TM, utm_epsg((west + east) / 2, (south + north) / 2)):
        area = _area(epsg)
        if area and _inside(bounds, area):
            return f"epsg: {epsg} ({_crs(epsg).name})"
    return f"epsg: {WGS84} (degrees), as no metric zone holds all of them"


def utm_epsg(lon_deg: float, lat_deg: float) -> int:
    """Return the EPSG number of the WGS 84 / UTM zone of a place.

    >>> utm_epsg(12.7, 56.05), utm_epsg(-117.3, 33.1), utm_epsg(151.2, -33.9)
    (32633, 32611, 32756)
    """
    zone = min(int((lon_deg + 180) // 6) + 1, 60)
    return (32600 if lat_deg >= 0 else 32700) + zone


def projection(epsg: int) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    """Return the function from degrees (n, 2: lon, lat) to the system (n, 2: east, north).

    It fits `shapely.transform`.
    """
    transformer = Transformer.from_crs(_crs(WGS84), _crs(epsg), always_xy=True)

    def project(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack(transformer.transform(points[:, 0], points[:, 1]))

    return project


def _area(epsg: int) -> Bounds | None:
    used = _crs(epsg).area_of_use
    return used.bounds if used else None


def _inside(bounds: Bounds, area: Bounds) -> bool:
    """Say whether bounds lie in an area; an area whose west is greater than its east crosses 180 degrees."""
    west, south, east, north = bounds
    if not (area[1] <= south and north <= area[3]):
        return False
    if area[0] > area[2]:
        return west >= area[0] or east <= area[2]
    return area[0] <= west and east <= area[2]


def _degrees(bounds: Bounds) -> str:
    west, south, east, north = bounds
    return f"latitude {south:.2f} to {north:.2f}, longitude {west:.2f} to {east:.2f}"
