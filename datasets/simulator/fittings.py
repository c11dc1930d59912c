"""Paint what lies on a carriageway and is no damage, onto any map of the street (near or far)."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from gatukoll.datasets.simulator.items import Fixture, Line
from gatukoll.datasets.simulator.raster import Raster

Floats = NDArray[np.float32]


def _px(ground: Raster, line: Line) -> NDArray[np.float64]:
    return (np.array(line) - [ground.x0, ground.y0]) / [ground.dx, ground.dy] - 0.5


def _window(ground: Raster, line: Line, pad: float) -> tuple[slice, slice]:
    points = np.array(line)
    c0, r0, c1, r1 = ground.window(*(points.min(axis=0) - pad), *(points.max(axis=0) + pad))
    return slice(r0, r1), slice(c0, c1)


def _cover(ground: Raster, rows: slice, columns: slice, line: Line, width_m: float | None) -> Floats:
    """Return 0..1 how far a ring (width None) or a line covers each pixel of a window."""
    plain = np.zeros((rows.stop - rows.start, columns.stop - columns.start), np.uint8)
    points = np.round((_px(ground, line) - [columns.start, rows.start]) * 16).astype(np.int32)
    if width_m is None:
        cv2.fillPoly(plain, [points], 255, cv2.LINE_AA, 4)
        return np.asarray(plain / np.float32(255), np.float32)
    thick = max(round(width_m / ground.dx), 1)
    cv2.polylines(plain, [points], False, 255, thick, cv2.LINE_AA, 4)
    return np.asarray(plain / np.float32(255) * min(width_m / ground.dx / thick, 1.0), np.float32)


def _field(rng: np.random.Generator, shape: tuple[int, ...], scale: tuple[float, float]) -> Floats:
    """Return noise of unit deviation; `scale` = pixels along rows and columns."""
    small = rng.standard_normal(
        (int(shape[0] / scale[0]) + 3, int(shape[1] / scale[1]) + 3), dtype=np.float32
    )
    return (
        np.asarray(cv2.resize(small, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC), np.float32) * 1.2
    )


def mark(ground: Raster, item: Fixture, wear: float) -> None:
    """Paint a lane mark: white, scratched and thinned by traffic where it is worn."""
    rng = np.random.default_rng(item.seed)
    for ring in item.lines:
        rows, columns = _window(ground, ring, 0.02)
        if rows.stop <= rows.start or columns.stop <= columns.start:
            continue
        cover = _cover(ground, rows, columns, ring, None)
        scale = (0.03 / ground.dy, 0.015 / ground.dx)
        worn = _field(rng, cover.shape, (max(scale[0], 1), max(scale[1], 1)))
        worn += 0.8 * _field(rng, cover.shape, (max(0.25 / ground.dy, 1), max(0.12 / ground.dx, 1)))
        kept = np.clip(0.95 - wear * 0.75 - 0.32 * wear * worn, 0.04, 0.95)
        old = ground.data[rows, columns].astype(np.float32)
        grain = old / max(float(old.mean()), 1.0)
        paint = item.level * (0.75 + 0.25 * grain)
        new = old + (paint - old) * cover * kept
        ground.data[rows, columns] = np.clip(new, 0, 250).astype(np.uint8)


def line_or_spot(ground: Raster, item: Fixture) -> None:
    """Darken a seam, a tyre mark, or a stain."""
    rng = np.random.default_rng(item.seed)
    for line in item.lines:
        rows, columns = _window(ground, line, max(item.size_m, 0.05) * 0.8)
        if rows.stop - rows.start < 2 or columns.stop - columns.start < 2:
            continue
        shape = (rows.stop - rows.start, columns.stop - columns.start)
        if item.kind == "stain":
            centre = _px(ground, line)[0] - [columns.start, rows.start]
            r, c = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
            radius = np.hypot((c - centre[0]) * ground.dx, (r - centre[1]) * ground.dy * 0.8) / (
                item.size_m / 2
            )
            ragged = 0.22 * _field(rng, shape, (max(0.05 / ground.dy, 1), max(0.05 / ground.dx, 1)))
            cover = 1 / (1 + np.exp((radius + ragged - 0.8) * 9))
        else:
            cover = _cover(ground, rows, columns, line, item.size_m)
            rough = _field(rng, shape, (max(0.5 / ground.dy, 1), max(0.03 / ground.dx, 1)))
            cover = cover * np.clip(0.8 + 0.35 * rough, 0.1, 1.2)
            if item.kind == "tyre":
                cover = cv2.GaussianBlur(cover, (0, 0), sigmaX=0.02 / ground.dx, sigmaY=0.08 / ground.dy)
        ground.data[rows, columns] = (ground.data[rows, columns] * (1 - item.level * cover)).astype(np.uint8)


def manhole(ground: Raster, item: Fixture) -> None:
    """Paint an iron cover in its ring of concrete or asphalt."""
    (x, y), radius = item.lines[0][0], item.size_m / 2
    rows, columns = _window(ground, item.lines[0], radius * 1.6)
    if rows.stop <= rows.start or columns.stop <= columns.start:
        return
    r, c = np.mgrid[rows, columns].astype(np.float32)
    dx, dy = ground.x0 + (c + 0.5) * ground.dx - x, ground.y0 + (r + 0.5) * ground.dy - y
    far = np.hypot(dx, dy)
    old = ground.data[rows, columns].astype(np.float32)
    lid = np.clip(0.5 - (far - radius) / 0.012, 0, 1)
    studs = 0.5 + 0.5 * np.sign(np.sin(dx * 2 * np.pi / 0.055) * np.sin(dy * 2 * np.pi / 0.055))
    iron = old.mean() * (1 - item.level) * (0.8 + 0.3 * studs)
    iron = np.where((far > radius - 0.05) & (far < radius - 0.02), old.mean() * 0.35, iron)
    frame = np.exp(-(((far - radius * 1.18) / 0.05) ** 2)) * 0.12
    gap = np.exp(-(((far - radius) / 0.007) ** 2)) * 0.7
    new = (old * (1 + frame) * (1 - lid) + iron * lid) * (1 - gap)
    ground.data[rows, columns] = np.clip(new, 0, 255).astype(np.uint8)


def gully(ground: Raster, item: Fixture) -> None:
    """Paint a gully grating at the kerb."""
    rows, columns = _window(ground, item.lines[0], 0.05)
    if rows.stop <= rows.start or columns.stop <= columns.start:
        return
    cover = _cover(ground, rows, columns, item.lines[0], None)
    y = ground.y0 + (np.arange(rows.start, rows.stop) + 0.5) * ground.dy
    bars = 0.22 + 0.38 * (np.sin(y * 2 * np.pi / 0.06) > 0)[:, None].astype(np.float32)
    old = ground.data[rows, columns].astype(np.float32)
    ground.data[rows, columns] = np.clip(old * (1 - cover) + old.mean() * bars * cover, 0, 255).astype(
        np.uint8
    )


def paint(ground: Raster, item: Fixture, wear: float) -> None:
    """Paint one fixture, in place; `wear` of the marks is 0 (fresh) to 1 (gone)."""
    if item.kind == "mark":
        mark(ground, item, wear)
    elif item.kind == "manhole":
        manhole(ground, item)
    elif item.kind == "gully":
        gully(ground, item)
    else:
        line_or_spot(ground, item)
