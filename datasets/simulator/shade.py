"""Shadows on the ground: houses, trees, poles and wires between the sun and the street."""

from __future__ import annotations

import itertools
import math

import cv2
import numpy as np
from numpy.typing import NDArray

from gatukoll.datasets.simulator.items import Light, Scene
from gatukoll.datasets.simulator.raster import Raster

Bytes = NDArray[np.uint8]
DX_M, DY_M = 0.05, 0.10
SIDE_M = 14.0
BACK_M, FAR_M = 4.0, 160.0
DEEPEST = 0.50
"""Luma in a hard shadow over luma in the sun, after the camera's tone curve (clear sky; by eye on Chiba)."""


def shadows(scene: Scene, light: Light) -> Raster:
    """Return the share of light that reaches the ground, 255 = all, for one sun."""
    columns = int(2 * SIDE_M / DX_M)
    rows = int((scene.street.length_m + BACK_M + FAR_M) / DY_M)
    dark = np.zeros((rows, columns), np.uint8)
    if light.overcast < 0.9:
        _cast(scene, light, dark)
    penumbra = 0.05 + 0.1 * light.overcast
    soft = cv2.GaussianBlur(dark, (0, 0), sigmaX=penumbra / DX_M, sigmaY=penumbra / DY_M)
    strength = (1 - DEEPEST) * (1 - light.overcast)
    lit = 255 - soft.astype(np.float32) * strength
    return Raster(lit.astype(np.uint8), -SIDE_M, -BACK_M, DX_M, DY_M)


def _cast(scene: Scene, light: Light, dark: Bytes) -> None:
    rng = np.random.default_rng([scene.seed, 51])
    reach = 1 / math.tan(math.radians(light.sun_height_deg))
    away = np.array(
        [-math.sin(math.radians(light.sun_from_deg)), -math.cos(math.radians(light.sun_from_deg))]
    )

    def px(points: NDArray[np.float64]) -> NDArray[np.int32]:
        return np.round((points - [-SIDE_M, -BACK_M]) / [DX_M, DY_M] * 16 - 8).astype(
            np.int32
        )  # OpenCV's fixed point, 4 bits

    for house in scene.houses:
        back = house.x + math.copysign(house.depth_m, house.x)
        base = np.array([[house.x, house.y0], [house.x, house.y1], [back, house.y1], [back, house.y0]])
        ridge = np.array([[(house.x + back) / 2, house.y0], [(house.x + back) / 2, house.y1]])
        cloud = np.vstack([base, base + away * house.eaves_m * reach, ridge + away * house.ridge_m * reach])
        hull = cv2.convexHull(px(cloud))
        cv2.fillConvexPoly(dark, hull, 255, cv2.LINE_AA, 4)
    for fence in scene.fences:
        foot = np.array([[fence.x, fence.y0], [fence.x, fence.y1]])
        top = foot[::-1] + away * fence.height_m * reach
        cv2.fillConvexPoly(dark, px(np.vstack([foot, top])), 255, cv2.LINE_AA, 4)
    for item in scene.uprights:
        foot = np.array([item.x, item.y])
        tip = foot + away * item.height_m * reach
        if item.kind in ("lamp", "pole"):
            thick = max(round(item.width_m / DX_M), 1)
            _stroke(dark, px(np.array([foot, tip])), 255, thick)
            continue
        _stroke(dark, px(np.array([foot, tip])), 255, 4)
        crown = foot + away * item.height_m * 0.62 * reach
        for _ in range(260 if item.kind == "tree" else 60):  # leaves and twigs, with light between them
            off = rng.normal(0, 0.24, 2) * item.width_m + away * rng.normal(0, 0.2) * item.height_m * reach
            spot = px((crown + off)[None])[0]
            size = int(rng.uniform(0.06, 0.34) / DX_M * 16)
            cv2.ellipse(dark, tuple(spot.tolist()), (size, size // 2), 0, 0, 360, 255, -1, cv2.LINE_AA, 4)
    poles = sorted((u for u in scene.uprights if u.kind == "pole"), key=lambda u: u.y)
    for a, b in itertools.pairwise(poles):
        for h in (0.86, 0.93):
            ends = np.array([[a.x, a.y], [b.x, b.y]]) + away * a.height_m * h * reach
            _stroke(dark, px(ends), 200, 1)


def _stroke(dark: Bytes, ends: NDArray[np.int32], value: int, width: int) -> None:
    a, b = ends.tolist()
    cv2.line(dark, a, b, value, width, cv2.LINE_AA, 4)
