"""The truth of a simulated street in metres and WGS84: every damage, its place, size, and who can see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gatukoll.datasets.simulator.drive import Ground2World
from gatukoll.datasets.simulator.items import Damage, Scene

FORMAT = "gatukoll-truth-1"


@dataclass(frozen=True, slots=True)
class Size:
    """Size of a damage: length and width in m, area in m2; 0 where it has no meaning.

    Lines: length over all branches, mean opening. Areas: sides of the box along the principal axes.
    """

    length_m: float
    width_m: float
    area_m2: float


def size_of(damage: Damage) -> Size:
    """Return the size of a damage from its geometry."""
    if damage.name == "crack":
        length = sum(float(np.hypot(*np.diff(np.array(line), axis=0).T).sum()) for line in damage.lines)
        return Size(length, damage.width_m, 0.0)
    ring = np.array(damage.lines[0])
    x, y = ring.T
    surface = float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)
    centred = ring - ring.mean(axis=0)
    axes = np.linalg.svd(centred, full_matrices=False)[2]
    sides = np.ptp(centred @ axes.T, axis=0)
    return Size(float(sides.max()), float(sides.min()), surface)


def _round(points: Any) -> list[list[float]]:  # noqa: ANN401
    return [[round(float(lon), 8), round(float(lat), 8)] for lon, lat in points]


def geometry_of(damage: Damage, world: Ground2World) -> dict[str, Any]:
    """Return the GeoJSON geometry of a damage, WGS84, 8 decimals (1 mm)."""
    lines = [_round(world.lonlat(np.array(line))) for line in damage.lines]
    if damage.name != "crack":
        return {"type": "Polygon", "coordinates": [[*lines[0], lines[0][0]]]}
    if len(lines) == 1:
        return {"type": "LineString", "coordinates": lines[0]}
    return {"type": "MultiLineString", "coordinates": lines}


def truth(scene: Scene, passes: list[dict[str, Any]], seen: dict[str, frozenset[str]]) -> dict[str, Any]:
    """Return truth.json as a value.

    Args:
        scene: the street.
        passes: one record a pass (name, film, start, seconds …), as it will stand in the file.
        seen: name of the pass -> ids of damages visible in it.
    """
    world = Ground2World(scene.street)
    damages = []
    for damage in scene.damages:
        size = size_of(damage)
        middle = np.mean([p for line in damage.lines for p in line], axis=0)
        damages.append(
            {
                "id": damage.id,
                "name": damage.name,
                "kind": damage.kind,
                "length_m": round(size.length_m, 3),
                "width_m": round(size.width_m, 4),
                "area_m2": round(size.area_m2, 4),
                "street_xy_m": [round(float(v), 3) for v in middle],
                "visible_in": [p["name"] for p in passes if damage.id in seen[p["name"]]],
                "geometry": geometry_of(damage, world),
            }
        )
    end = world.lonlat(np.array([[0.0, 0.0], [0.0, scene.street.length_m]]))
    return {
        "format": FORMAT,
        "seed": scene.seed,
        "length_m": scene.street.length_m,
        "street": {"type": "LineString", "coordinates": _round(end)},
        "passes": passes,
        "damages": damages,
    }


def geojson(value: dict[str, Any]) -> dict[str, Any]:
    """Return truth.geojson from truth.json's value: one feature a damage, opens in any GIS."""
    features = [
        {
            "type": "Feature",
            "id": d["id"],
            "geometry": d["geometry"],
            "properties": {k: v for k, v in d.items() if k != "geometry"}
            | {"visible_in": ", ".join(d["visible_in"])},
        }
        for d in value["damages"]
    ]
    return {"type": "FeatureCollection", "features": features}
