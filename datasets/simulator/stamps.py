"""Paint one damage as a stamp: how much of the old surface it hides, and with what luma."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from gatukoll.datasets.simulator import shapes
from gatukoll.datasets.simulator.items import Damage
from gatukoll.datasets.simulator.raster import Raster

Floats = NDArray[np.float32]
FINE_M = 0.0025
"""Stamps are painted on a grid of 2.5 mm and then averaged down to the map's pixels."""


@dataclass(frozen=True, slots=True, eq=False)
class Stamp:
    """What to do to a window of the map: new = old * factor * (1 - alpha) + value * alpha.

    Attributes:
        column, row: of the window in the map.
        factor, alpha, value: (h, w) float32; value is luma 0-255.
    """

    column: int
    row: int
    factor: Floats
    alpha: Floats
    value: Floats


class Canvas:
    """A fine grid over a window of the map."""

    def __init__(self, ground: Raster, box: tuple[float, float, float, float]) -> None:
        self.column, self.row, c1, r1 = ground.window(*box)
        self.fx, self.fy = round(ground.dx / FINE_M), round(ground.dy / FINE_M)
        self.shape = (max(r1 - self.row, 1) * self.fy, max(c1 - self.column, 1) * self.fx)
        self.x0, self.y0 = ground.x0 + self.column * ground.dx, ground.y0 + self.row * ground.dy

    def px(self, points: shapes.Points) -> NDArray[np.float64]:
        """Return points (m) in pixels of the canvas, OpenCV's centres at whole numbers."""
        return (np.asarray(points) - [self.x0, self.y0]) / FINE_M - 0.5

    def empty(self) -> Floats:
        """Return a canvas of zeros."""
        return np.zeros(self.shape, np.float32)

    def fill(self, ring: shapes.Points) -> Floats:
        """Return a filled outline, 0..1, with smooth edges."""
        plain = np.zeros(self.shape, np.uint8)
        cv2.fillPoly(plain, [np.round(self.px(ring) * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
        return np.asarray(plain / np.float32(255), np.float32)

    def down(self, fine: Floats) -> Floats:
        """Return the canvas at the map's pixels, by area."""
        size = (self.shape[1] // self.fx, self.shape[0] // self.fy)
        return np.asarray(cv2.resize(fine, size, interpolation=cv2.INTER_AREA), np.float32)

    def stamp(self, factor: Floats, alpha: Floats, value: Floats) -> Stamp:
        """Return what was painted, at the map's pixels."""
        solid = self.down(alpha)
        weighted = np.asarray(self.down(alpha * value) / np.maximum(solid, 1e-4), np.float32)
        return Stamp(self.column, self.row, self.down(factor), solid, weighted)


def noise(rng: np.random.Generator, shape: tuple[int, int], scale: float) -> Floats:
    """Return smooth noise of unit deviation that changes over `scale` pixels."""
    small = (int(shape[0] / scale) + 3, int(shape[1] / scale) + 3)
    field = rng.standard_normal(small, dtype=np.float32)
    big = cv2.resize(
        field, (int(small[1] * scale) + 1, int(small[0] * scale) + 1), interpolation=cv2.INTER_CUBIC
    )
    return np.asarray(big[: shape[0], : shape[1]] * 1.25, np.float32)


def tear(
    rng: np.random.Generator, canvas: Canvas, cover: Floats, line: shapes.Points, width_m: float
) -> None:
    """Draw one crack into `cover` (0..1): its opening varies along it, closes in places and tapers out."""
    steps = np.hypot(*np.diff(line, axis=0).T)
    at = np.concatenate([[0.0], np.cumsum(steps)])
    n = max(int(at[-1] / 0.02), 2)
    where = np.linspace(0, at[-1], n + 1)
    path = np.column_stack([np.interp(where, at, line[:, k]) for k in (0, 1)])
    # stones of about 1 cm push the crack aside
    path += rng.normal(0, 0.0035, path.shape) + np.column_stack(
        [shapes.smooth_noise(rng, n + 1, 3) * 0.004, shapes.smooth_noise(rng, n + 1, 3) * 0.004]
    )
    opening = 0.95 + 0.4 * shapes.smooth_noise(rng, n + 1, 22) + 0.3 * shapes.smooth_noise(rng, n + 1, 3)
    reach = min(0.25, 0.2 * float(at[-1]))  # the edges of a mesh are short and end at others
    taper = np.minimum(1, np.minimum(where, at[-1] - where) / reach + 0.15)
    width = np.clip(opening * taper, 0.0, 2.2) * width_m
    ahead = np.gradient(path, axis=0)
    ahead /= np.maximum(np.hypot(*ahead.T), 1e-9)[:, None]
    side = np.column_stack([-ahead[:, 1], ahead[:, 0]]) * width[:, None] / 2
    left, right = canvas.px(path + side), canvas.px(path - side)
    quads = np.round(np.stack([left[:-1], left[1:], right[1:], right[:-1]], axis=1) * 16).astype(np.int32)
    drawn = np.zeros(canvas.shape, np.uint8)
    low, high = quads.reshape(-1, 2).min(axis=0) // 16 - 2, quads.reshape(-1, 2).max(axis=0) // 16 + 3
    c0, r0 = max(int(low[0]), 0), max(int(low[1]), 0)
    c1, r1 = min(int(high[0]), canvas.shape[1]), min(int(high[1]), canvas.shape[0])
    if c1 <= c0 or r1 <= r0:
        return
    drawn = np.zeros((r1 - r0, c1 - c0), np.uint8)
    for quad, open_m in zip(quads, width[:-1], strict=True):
        if open_m > 0.0006:
            cv2.fillConvexPoly(drawn, quad - [c0 * 16, r0 * 16], 255, cv2.LINE_AA, 4)
    target = cover[r0:r1, c0:c1]
    np.maximum(target, drawn.astype(np.float32) / 255, out=target)


def _opened(canvas: Canvas, cover: Floats, level: float, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return (factor, alpha) of cracks: a dark opening, and the dirt and fine breakage along it."""
    halo = cv2.GaussianBlur(cover, (0, 0), 0.010 / FINE_M) + 0.5 * cv2.GaussianBlur(
        cover, (0, 0), 0.03 / FINE_M
    )
    factor = 1 - np.clip(0.30 * halo, 0, 0.25)
    deep = 0.85 + 0.15 * noise(rng, canvas.shape, 0.03 / FINE_M)
    return np.asarray(factor, np.float32), np.asarray(np.clip(cover * level * deep, 0, 0.97), np.float32)


def crack(damage: Damage, ground: Raster, grey: float) -> Stamp:
    """Paint a crack."""
    rng = np.random.default_rng(damage.seed)
    points = np.concatenate([np.array(line) for line in damage.lines])
    canvas = Canvas(ground, (*(points.min(axis=0) - 0.12), *(points.max(axis=0) + 0.12)))
    cover = canvas.empty()
    for i, line in enumerate(damage.lines):
        tear(rng, canvas, cover, np.array(line), damage.width_m * (1.0 if i == 0 else 0.7))
    main = np.array(damage.lines[0])
    for _ in range(rng.poisson(1.2 * len(main) * 0.06)):  # stones broken out of the edge
        spot = main[rng.integers(len(main))] + rng.normal(0, 0.006, 2)
        radius = int(rng.uniform(1.5, 5.5))
        cv2.circle(cover, tuple(np.round(canvas.px(spot)).astype(int).tolist()), radius, 0.9, -1, cv2.LINE_AA)
    factor, alpha = _opened(canvas, cover, damage.level, rng)
    return canvas.stamp(factor, alpha, np.full(canvas.shape, 0.16 * grey, np.float32))


def network(damage: Damage, ground: Raster, grey: float) -> Stamp:
    """Paint an alligator area: a mesh of cracks, plates of slightly different grey, dirt."""
    rng = np.random.default_rng(damage.seed)
    ring = np.array(damage.lines[0])
    canvas = Canvas(ground, (*(ring.min(axis=0) - 0.15), *(ring.max(axis=0) + 0.15)))
    cover = canvas.empty()
    cell = float(rng.uniform(0.09, 0.20))
    for edge in shapes.mesh(rng, ring, cell):
        # one in six is a finer one, some are wide open
        width = damage.width_m * float(np.clip(rng.lognormal(0, 0.4), 0.4, 2.2))
        tear(rng, canvas, cover, edge, width)
    inner = cv2.GaussianBlur(canvas.fill(ring), (0, 0), 0.05 / FINE_M)
    for _ in range(rng.poisson(2.0 * len(ring) / 48)):  # plates' corners are missing
        spot = ring.mean(axis=0) + rng.normal(0, 0.25, 2) * np.ptp(ring, axis=0)
        chip = shapes.ragged_ring(
            rng, (spot[0], spot[1]), float(rng.uniform(0.03, 0.08)), float(rng.uniform(0.03, 0.08)), 0.25
        )
        np.maximum(cover, 0.8 * canvas.fill(chip), out=cover)
    factor, alpha = _opened(canvas, cover, damage.level, rng)
    plates = 1 + inner * (0.05 * noise(rng, canvas.shape, cell / FINE_M) - 0.01)
    return canvas.stamp(factor * plates, alpha, np.full(canvas.shape, 0.16 * grey, np.float32))


def pothole(damage: Damage, ground: Raster, grey: float) -> Stamp:
    """Paint a pothole: steep ragged rim in shade, rough floor with stones, loose grit around it."""
    rng = np.random.default_rng(damage.seed)
    ring = np.array(damage.lines[0])
    n = len(ring)
    ring = ring + rng.normal(0, 0.004, ring.shape)
    canvas = Canvas(ground, (*(ring.min(axis=0) - 0.6), *(ring.max(axis=0) + 0.6)))
    hole = canvas.fill(ring)
    depth = cv2.distanceTransform((hole > 0.5).astype(np.uint8), cv2.DIST_L2, 5) * np.float32(FINE_M)
    wall = np.clip(depth / (damage.width_m * 0.8), 0, 1)
    shade = 0.38 + 0.62 * wall**0.6
    # the wall on the sun's side lies in shadow, the one opposite catches light
    slope = cv2.GaussianBlur(wall, (0, 0), 0.012 / FINE_M)
    gx, gy = cv2.Sobel(slope, cv2.CV_32F, 1, 0, ksize=3), cv2.Sobel(slope, cv2.CV_32F, 0, 1, ksize=3)
    sun = rng.uniform(0, 2 * np.pi)
    shade *= np.clip(1 + 0.9 * (gx * np.cos(sun) + gy * np.sin(sun)), 0.72, 1.18)
    # floor: stones of 1 to 4 cm; its mean level is the measured one, walls included
    stones = 0.7 * noise(rng, canvas.shape, 0.014 / FINE_M) + 0.7 * noise(rng, canvas.shape, 0.035 / FINE_M)
    floor = shade * (1 + 0.085 * damage.rough * stones)
    floor *= damage.level / max(float(floor[hole > 0.5].mean()) if (hole > 0.5).any() else 1.0, 0.2)
    factor = _grit(rng, canvas, ring, hole)
    rim = cv2.GaussianBlur(hole, (0, 0), 0.03 / FINE_M) * (1 - hole)
    factor *= 1 + rim * 0.35 * noise(rng, canvas.shape, 0.015 / FINE_M)
    if rng.random() < 0.6:  # cracks that run into the hole
        cover = canvas.empty()
        for _ in range(int(rng.integers(2, 6))):
            start = ring[rng.integers(n)]
            out = np.arctan2(*(start - ring.mean(axis=0))[::-1])
            line = shapes.wander(
                rng,
                (start[0], start[1]),
                float(out + rng.normal(0, 0.5)),
                float(rng.uniform(0.1, 0.45)),
                0.5,
                0.03,
            )
            tear(rng, canvas, cover, line, 0.006)
        factor *= 1 - 0.55 * cover
    value = np.clip(floor * grey, 0, 255).astype(np.float32)
    return canvas.stamp(np.asarray(factor, np.float32), hole, value)


def _grit(rng: np.random.Generator, canvas: Canvas, ring: shapes.Points, hole: Floats) -> Floats:
    """Return a factor with loose stones around a hole, light and dark, with their small shadows."""
    factor = np.ones(canvas.shape, np.float32)
    middle, reach = ring.mean(axis=0), np.ptp(ring, axis=0).max()
    for _ in range(rng.poisson(30 * reach)):
        angle, far = rng.uniform(0, 2 * np.pi), reach * (0.4 + abs(rng.normal(0, 0.35)))
        spot = np.round(canvas.px(middle + far * np.array([np.cos(angle), np.sin(angle)]))).astype(int)
        radius = int(np.clip(rng.lognormal(0.7, 0.5), 1, 7))
        cv2.circle(factor, (int(spot[0]) + 1, int(spot[1]) - 1), radius, 0.6, -1, cv2.LINE_AA)
        cv2.circle(
            factor, (int(spot[0]), int(spot[1])), radius, float(rng.uniform(0.8, 1.5)), -1, cv2.LINE_AA
        )
    return factor * (1 - hole) + hole


def patch(damage: Damage, ground: Raster, grey: float, roughness: float) -> Stamp:
    """Paint a patch: a new surface with its own grain, nearly straight edges, sealed or slightly open."""
    rng = np.random.default_rng(damage.seed)
    corners = np.array(damage.lines[0])
    sides = [np.linspace(corners[i], corners[(i + 1) % 4], 40, endpoint=False) for i in range(4)]
    ring = np.concatenate(sides)
    sway = np.column_stack([shapes.smooth_noise(rng, len(ring), 9), shapes.smooth_noise(rng, len(ring), 9)])
    ring = ring + sway * 0.004 + rng.normal(0, 0.002, ring.shape)
    canvas = Canvas(ground, (*(corners.min(axis=0) - 0.15), *(corners.max(axis=0) + 0.15)))
    area = canvas.fill(ring)
    grain = noise(rng, canvas.shape, 0.009 / FINE_M) * roughness * damage.rough
    clouds = 0.035 * noise(rng, canvas.shape, 0.4 / FINE_M) + 0.02 * noise(rng, canvas.shape, 0.08 / FINE_M)
    value = grey * damage.level * (1 + grain + clouds)
    edge = np.zeros(canvas.shape, np.uint8)
    line = np.round(canvas.px(ring) * 16).astype(np.int32)
    thick = max(round(max(damage.width_m, 0.005) / FINE_M), 1)
    cv2.polylines(edge, [line], True, 255, thick, cv2.LINE_AA, 4)
    seal = edge.astype(np.float32) / 255
    seal *= np.clip(0.75 + 0.3 * noise(rng, canvas.shape, 0.15 / FINE_M), 0, 1)
    alpha = np.maximum(area, seal * 0.8)
    dark = 0.42 if damage.width_m > 0 else 0.62
    value = value * (1 - seal) + seal * grey * dark
    return canvas.stamp(np.ones(canvas.shape, np.float32), alpha, np.clip(value, 0, 255).astype(np.float32))


def paint(damage: Damage, ground: Raster, grey: float, roughness: float) -> Stamp:
    """Paint a damage of any class; `grey` is the luma of the asphalt, `roughness` its relative deviation."""
    if damage.name == "crack":
        return crack(damage, ground, grey)
    if damage.name == "network":
        return network(damage, ground, grey)
    if damage.name == "pothole":
        return pothole(damage, ground, grey)
    return patch(damage, ground, grey, roughness)


def press(ground: Raster, stamp: Stamp) -> None:
    """Apply a stamp to the map, in place."""
    h, w = stamp.alpha.shape
    window = np.s_[stamp.row : stamp.row + h, stamp.column : stamp.column + w]
    old = ground.data[window].astype(np.float32)
    new = old * stamp.factor * (1 - stamp.alpha) + stamp.value * stamp.alpha
    ground.data[window] = np.clip(new + 0.5, 0, 255).astype(np.uint8)
