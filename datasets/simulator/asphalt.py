"""The bare carriageway: grain, blotches, wheel tracks, the oil line between them."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from gatukoll.datasets.simulator.invent_damage import wheel_tracks
from gatukoll.datasets.simulator.items import Street, Surface
from gatukoll.datasets.simulator.raster import Raster

DX_M, DY_M = 0.005, 0.01
"""Pixel of the near map: across as fine as a phone sees at 5 m, along twice that (it is foreshortened)."""
BACK_M, AHEAD_M = 2.0, 48.0
"""The near map begins so far before the street and ends so far behind it."""

Floats = NDArray[np.float32]
TILE_M = 24.0


def grain(rng: np.random.Generator, columns: int, rows: int) -> Floats:
    """Return the grain of asphalt, unit deviation: stones of 5 to 15 mm in dark bitumen.

    Two bands make it: the stones themselves (skewed: light tops, dark gaps) and groups of them of 3 cm.
    """
    fine = rng.standard_normal((rows, columns), dtype=np.float32)
    stones = cv2.GaussianBlur(fine, (0, 0), sigmaX=0.9, sigmaY=0.55)
    coarse = cv2.GaussianBlur(fine, (0, 0), sigmaX=4.0, sigmaY=2.0)
    field = stones / stones.std() + 0.28 * coarse / coarse.std()
    pits = -np.clip(-stones / stones.std() - 2.2, 0, 3) * 1.6
    field = np.asarray(field + pits, np.float32)
    return np.asarray((field - field.mean()) / field.std(), np.float32)


def _across(street: Street, surface: Surface, x: NDArray[Any]) -> NDArray[np.float64]:
    """Return the mean brightness across the street, relative to 1: tracks, oil line, dirt at the kerb."""
    profile = np.ones(x.shape)
    for track in wheel_tracks(street):
        profile += surface.tracks * np.exp(-(((x - track) / 0.32) ** 2))
    for lane in (-street.width_m / 4, street.width_m / 4):
        profile -= 0.035 * np.exp(-(((x - lane) / 0.28) ** 2))
    edge = street.width_m / 2 - np.abs(x)
    profile -= 0.16 * np.exp(-np.clip(edge, 0, None) / 0.22)
    return profile


def lay(street: Street, surface: Surface) -> Raster:
    """Return the luma of the bare carriageway, (rows, columns) uint8, kerb to kerb with 0.3 m to spare.

    The fine grain of one stretch of 24 m is used again and again, shifted and mirrored; everything coarser
    is drawn for the whole street, so no repetition is seen.
    """
    rng = np.random.default_rng([surface.seed, 11])
    columns = int(np.ceil((street.width_m + 0.6) / DX_M / 16)) * 16
    rows = int(np.ceil((street.length_m + BACK_M + AHEAD_M) / DY_M / 16)) * 16
    x0 = -columns * DX_M / 2
    x = x0 + (np.arange(columns) + 0.5) * DX_M
    tile_rows = int(TILE_M / DY_M)
    tile = grain(rng, columns, tile_rows) * np.float32(surface.roughness)
    across = _across(street, surface, x).astype(np.float32)
    blotch = _blotches(rng, columns, rows)
    data = np.empty((rows, columns), np.uint8)
    for start in range(0, rows, tile_rows):
        part = np.roll(tile, int(rng.integers(columns)), axis=1)
        part = part[:: int(rng.choice([-1, 1])), :: int(rng.choice([-1, 1]))]
        n = min(tile_rows, rows - start)
        soft = _stretch(blotch, start, n, rows, columns) * np.float32(surface.blotches)
        # where the surface is worn (light blotches), stones stand out more
        luma = surface.grey * (across[None] + soft) * (1 + part[:n] * (1 + 2.0 * soft))
        data[start : start + n] = np.clip(luma, 4, 235)
    return Raster(data, x0, -BACK_M, DX_M, DY_M)


def _blotches(rng: np.random.Generator, columns: int, rows: int) -> Floats:
    """Return the coarse part at 1/8 of the resolution, unit deviation: 4 cm to 6 m, long in y."""
    w, h = columns // 8 + 2, rows // 8 + 2
    total = np.zeros((h, w), np.float32)
    for x_px, y_px, share in ((1, 1, 0.16), (3, 3, 0.32), (8, 14, 0.6), (10, 90, 0.7), (40, 120, 0.7)):
        small = rng.standard_normal((h // y_px + 3, w // x_px + 3), dtype=np.float32)
        big = cv2.resize(small, (small.shape[1] * x_px, small.shape[0] * y_px), interpolation=cv2.INTER_CUBIC)
        total += share * big[:h, :w]
    return np.asarray(total / total.std(), np.float32)


def _stretch(blotch: Floats, start: int, n: int, rows: int, columns: int) -> Floats:
    """Return rows start..start+n of the coarse part at full resolution."""
    first, last = start // 8, min((start + n) // 8 + 2, len(blotch))
    part = cv2.resize(
        blotch[first:last], (blotch.shape[1] * 8, (last - first) * 8), interpolation=cv2.INTER_LINEAR
    )
    return np.asarray(part[start - first * 8 :][:n, :columns], np.float32)
