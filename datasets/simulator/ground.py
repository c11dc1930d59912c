"""The whole ground of a street as maps: near carriageway (fine luma), everything (coarse luma), colour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from gatukoll.datasets.simulator import asphalt, fittings, stamps
from gatukoll.datasets.simulator.items import Border, Scene
from gatukoll.datasets.simulator.raster import Raster, pyramid

COARSE_DX_M, COARSE_DY_M = 0.04, 0.08
TINT_DX_M, TINT_DY_M = 0.16, 0.32
SIDE_M = 26.0
"""Half width of the coarse maps; houses hide what lies beyond."""
BACK_M, FAR_M = 4.0, 220.0
NEAR_LEVELS, COARSE_LEVELS = 6, 6

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """A painted street.

    Attributes:
        near: carriageway with all that lies on it, uint8 luma, 5 x 10 mm.
        coarse: all ground, uint8 luma, 40 x 80 mm.
        tint: (rows, columns, 3) uint8 RGB, 128 = as luma.
    """

    near: Raster
    coarse: Raster
    tint: Raster


def build(scene: Scene) -> Ground:
    """Paint the ground of a scene. Same scene, same bytes (on one machine and library version)."""
    near = asphalt.lay(scene.street, scene.surface)
    _kerbs(scene, near)
    wear = scene.surface.wear
    first = [f for f in scene.fixtures if f.kind in ("stain", "seam", "mark", "tyre")]
    # what came first lies below: marks are cut by patches, patches by cracks
    order = {"stain": 0, "seam": 1, "mark": 2, "tyre": 3}
    for item in sorted(first, key=lambda f: order[f.kind]):
        fittings.paint(near, item, wear)
    layers = {"patch": 0, "network": 1, "crack": 2, "pothole": 3}
    for damage in sorted(scene.damages, key=lambda d: layers[d.name]):
        stamps.press(near, stamps.paint(damage, near, scene.surface.grey, scene.surface.roughness))
    for item in scene.fixtures:
        if item.kind in ("manhole", "gully"):
            fittings.paint(near, item, wear)
    return Ground(near, _coarse(scene, near), _tint(scene))


def _blank(scene: Scene, dx: float, dy: float) -> tuple[int, int, NDArray[Any]]:
    columns = int(2 * SIDE_M / dx)
    rows = int((scene.street.length_m + BACK_M + FAR_M) / dy / 32) * 32
    return rows, columns, -SIDE_M + (np.arange(columns) + 0.5) * dx


def _zones(border: Border, half: float) -> list[tuple[float, float, str]]:
    """Return (from, to, kind) of the strips of one side, metres from the middle line outwards."""
    kerb = half + border.kerb_m
    walk = kerb + border.footway_m
    verge = walk + border.verge_m
    return [
        (half - 0.05, half, "gutter"),
        (half, kerb, "kerb"),
        (kerb, walk, "slabs" if border.paved else "walk"),
        (walk, SIDE_M + 1, "grass"),
        (verge, verge, "edge"),
    ]


LOOK: dict[str, tuple[float, tuple[float, float, float], float]] = {
    "gutter": (62.0, (1.02, 1.0, 0.94), 0.12),
    "kerb": (148.0, (1.0, 0.99, 0.97), 0.10),
    "walk": (116.0, (1.0, 1.0, 1.0), 0.07),
    "slabs": (138.0, (1.03, 1.0, 0.95), 0.06),
    "grass": (92.0, (0.96, 1.08, 0.62), 0.22),
    "edge": (92.0, (1.0, 1.0, 0.8), 0.2),
}
"""Strip -> (luma, RGB relative to luma, relative roughness); by eye from own streets' pictures."""


def _coarse(scene: Scene, near: Raster) -> Raster:
    """Return the luma of everything; the carriageway is the near map made small, and bare beyond its end."""
    rng = np.random.default_rng([scene.surface.seed, 21])
    rows, columns, x = _blank(scene, COARSE_DX_M, COARSE_DY_M)
    half = scene.street.width_m / 2
    level = np.full(columns, scene.surface.grey, np.float32)
    rough = np.full(columns, 0.03, np.float32)
    for border in scene.borders:
        out = x * border.side
        for start, end, kind in _zones(border, half):
            strip = (out >= start) & (out < end)
            level[strip], rough[strip] = LOOK[kind][0], LOOK[kind][2]
    fine = rng.standard_normal((512, columns), dtype=np.float32)
    field = np.tile(fine, (rows // 512 + 1, 1))[:rows]
    soft = cv2.resize(
        rng.standard_normal((rows // 24 + 2, columns // 10 + 2), dtype=np.float32),
        (columns, rows),
        interpolation=cv2.INTER_CUBIC,
    )
    data = np.clip(level * (1 + rough * (0.8 * field + 0.6 * soft)), 3, 250).astype(np.uint8)
    ground = Raster(data, -SIDE_M, -BACK_M, COARSE_DX_M, COARSE_DY_M)
    _joints(ground, scene, half)
    for item in scene.fixtures:
        if item.kind in ("mark", "seam"):
            fittings.paint(ground, item, scene.surface.wear)
    small = near.halved(round(COARSE_DX_M / near.dx), round(COARSE_DY_M / near.dy))
    # both maps begin on whole coarse pixels
    c0, r0 = round((small.x0 - ground.x0) / COARSE_DX_M), round((small.y0 - ground.y0) / COARSE_DY_M)
    r1, c1 = r0 + small.data.shape[0], c0 + small.data.shape[1]
    inner = np.abs(x[c0:c1]) < half - 0.05
    block = ground.data[r0:r1, c0:c1]
    block[:, inner] = small.data[:, inner]
    return ground


def _kerbs(scene: Scene, near: Raster) -> None:
    """Paint gutter, kerb stones and the footway's edge into the near map, in place."""
    rng = np.random.default_rng([scene.surface.seed, 25])
    half, columns = scene.street.width_m / 2, near.data.shape[1]
    x = near.x0 + (np.arange(columns) + 0.5) * near.dx
    y = near.y0 + (np.arange(len(near.data)) + 0.5) * near.dy
    soft = cv2.resize(
        rng.standard_normal((len(y) // 40 + 2, 8), dtype=np.float32),
        (64, len(y)),
        interpolation=cv2.INTER_CUBIC,
    )
    for border in scene.borders:
        out = x * border.side
        for start, end, kind in _zones(border, half)[:3]:
            strip = np.flatnonzero((out >= start) & (out < end))
            if not len(strip):
                continue
            level, _, rough = LOOK[kind]
            # the asphalt's own grain goes on as the grain of stone, at its strength
            part = near.data[:, strip[0] : strip[-1] + 1].astype(np.float32)
            grain = part / np.maximum(cv2.blur(part, (1, 201)), 1) - 1
            stone = level * (1 + 0.8 * grain + rough * soft[:, :1])
            if kind == "kerb":
                stone *= np.where(y % 1.0 < 0.012, 0.55, 1.0)[:, None]
                face = (out[strip] - start) < 0.03  # the upright face, in its own shade
                stone *= np.where(face, 0.62, 1.0)[None]
            near.data[:, strip[0] : strip[-1] + 1] = np.clip(stone, 3, 250).astype(np.uint8)


def _joints(ground: Raster, scene: Scene, half: float) -> None:
    """Draw the joints of kerb stones (1 m) and slabs (0.35 m), in place."""
    y = ground.y0 + (np.arange(len(ground.data)) + 0.5) * ground.dy
    x = ground.x0 + (np.arange(ground.data.shape[1]) + 0.5) * ground.dx
    for border in scene.borders:
        out = x * border.side
        for start, end, kind in _zones(border, half):
            columns = np.flatnonzero((out >= start) & (out < end))
            pitch = {"kerb": 1.0, "slabs": 0.35}.get(kind)
            if pitch is None or not len(columns):
                continue
            part = np.s_[:, columns[0] : columns[-1] + 1]
            lines = (y % pitch < ground.dy)[:, None] | (
                (out[columns] % 0.35 < ground.dx) & (kind == "slabs")
            )[None]
            ground.data[part] = np.where(lines, ground.data[part] * 0.78, ground.data[part]).astype(np.uint8)


def _tint(scene: Scene) -> Raster:
    """Return the colour of everything, with large soft differences (dust, moss, dry grass)."""
    rng = np.random.default_rng([scene.surface.seed, 31])
    rows, columns, x = _blank(scene, TINT_DX_M, TINT_DY_M)
    half = scene.street.width_m / 2
    colour = np.tile(np.array(scene.surface.tint, np.float32), (columns, 1))
    spread = np.full(columns, 0.008, np.float32)
    for border in scene.borders:
        out = x * border.side
        for start, end, kind in _zones(border, half):
            strip = (out >= start) & (out < end)
            colour[strip], spread[strip] = LOOK[kind][1], 0.06 if kind == "grass" else 0.01
    soft = cv2.resize(
        rng.standard_normal((rows // 8 + 2, columns // 6 + 2), dtype=np.float32),
        (columns, rows),
        interpolation=cv2.INTER_CUBIC,
    )
    warm = soft * spread
    data = colour[None] * np.stack([1 + warm, np.ones_like(warm), 1 - warm], axis=-1)
    for damage in scene.damages:
        if damage.name == "pothole":  # soil and dust in the hole
            middle = np.mean(damage.lines[0], axis=0)
            c, r = int((middle[0] + SIDE_M) / TINT_DX_M), int((middle[1] + BACK_M) / TINT_DY_M)
            brown = float(np.random.default_rng(damage.seed).uniform(0, 0.07))
            data[r : r + 1, c : c + 2] *= [1 + brown, 1.0, 1 - 1.6 * brown]
    return Raster(np.clip(data * 128, 0, 255).astype(np.uint8), -SIDE_M, -BACK_M, TINT_DX_M, TINT_DY_M)


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """The ground as one pass sees it: blurred by the motion, at all sizes."""

    near: tuple[Raster, ...]
    coarse: tuple[Raster, ...]
    tint: Raster


def view(ground: Ground, blur_m: float) -> View:
    """Prepare the ground for a pass with a motion blur of `blur_m` along the street."""
    return View(
        pyramid(ground.near.blurred_along(blur_m), NEAR_LEVELS),
        pyramid(ground.coarse.blurred_along(blur_m), COARSE_LEVELS),
        ground.tint,
    )
