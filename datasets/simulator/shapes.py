"""Random natural shapes: wandering lines, ragged outlines, meshes. Points are (n, 2) float64, metres."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import Voronoi

Points = NDArray[np.float64]


def smooth_noise(rng: np.random.Generator, n: int, wavelength: float) -> NDArray[np.float64]:
    """Return n values of about standard normal noise that changes over `wavelength` samples."""
    knots = rng.normal(size=int(n / max(wavelength, 1.0)) + 4)
    at = np.arange(n) / max(wavelength, 1.0) + rng.random()
    i = at.astype(int)
    f = at - i
    f = f * f * (3 - 2 * f)
    return np.asarray((knots[i] * (1 - f) + knots[i + 1] * f) * 1.25)


def wander(
    rng: np.random.Generator,
    start: tuple[float, float],
    angle: float,
    length: float,
    bend: float,
    step: float = 0.06,
) -> Points:
    """Return a line of `length` m as cracks run: fractal, kinked at the scale of stones and plates.

    Args:
        rng: source of chance.
        start: first point.
        angle: mean direction, radians from +x.
        length: m.
        bend: standard deviation of the direction, radians.
        step: m between points.
    """
    n = max(int(length / step), 3)
    turn = np.zeros(n)
    # each octave turns about as much as the next: the line looks alike at every scale
    for wave_m, share in ((3.0, 0.55), (0.9, 0.5), (0.3, 0.5), (0.1, 0.45)):
        turn += share * smooth_noise(rng, n, wave_m / step)
    directions = angle + bend * turn
    steps = np.column_stack([np.cos(directions), np.sin(directions)]) * step
    return np.asarray(np.vstack([[0.0, 0.0], np.cumsum(steps, axis=0)]) + start)


def ragged_ring(
    rng: np.random.Generator,
    middle: tuple[float, float],
    across: float,
    along: float,
    ragged: float,
    n: int = 48,
) -> Points:
    """Return an irregular closed outline (open ring) that fills about `across` by `along` metres."""
    angle = np.linspace(0, 2 * np.pi, n, endpoint=False)
    radius = np.ones(n)
    for k, share in ((2, 0.5), (3, 0.45), (5, 0.3), (8, 0.2), (13, 0.13)):
        radius += ragged * share * np.cos(k * angle + rng.uniform(0, 2 * np.pi)) * rng.uniform(0.5, 1.2)
    ring = np.column_stack([np.cos(angle), np.sin(angle)]) * np.clip(radius, 0.45, 1.7)[:, None]
    ring *= np.array([across, along]) / np.ptp(ring, axis=0)
    return np.asarray(ring + middle)


def mesh(rng: np.random.Generator, outline: Points, cell: float) -> list[Points]:
    """Return the cracks of an alligator area: edges of plates of about `cell` m inside an outline."""
    low, high = outline.min(axis=0) - cell, outline.max(axis=0) + cell
    nx, ny = (np.ceil((high - low) / cell).astype(int) + 1).tolist()
    gx, gy = np.meshgrid(np.arange(nx), np.arange(ny))
    seeds = np.column_stack([gx.ravel() + 0.5 * (gy.ravel() % 2), gy.ravel()]).astype(float)
    seeds = low + (seeds + rng.uniform(-0.42, 0.42, seeds.shape)) * cell
    cells = Voronoi(seeds)
    ring = outline.astype(np.float32)
    edges: list[Points] = []
    for a, b in cells.ridge_vertices:
        if a < 0 or b < 0:
            continue
        p, q = cells.vertices[a], cells.vertices[b]
        inside = cv2.pointPolygonTest(ring, tuple((p + q) / 2), True)
        # towards the border the mesh thins out
        if inside > 0 and rng.random() < 0.72 + inside / (2.0 * cell):
            edges.append(_broken(rng, p, q))
    return edges


def _broken(rng: np.random.Generator, p: Points, q: Points) -> Points:
    """Return the edge p-q with inner points moved aside, as a torn edge is."""
    n = max(int(np.hypot(*(q - p)) / 0.025), 1)
    at = np.linspace(0, 1, n + 1)[:, None]
    line = p + (q - p) * at
    side = np.array([-(q - p)[1], (q - p)[0]]) / max(np.hypot(*(q - p)), 1e-6)
    sway = smooth_noise(rng, n + 1, 2.0) * 0.006 * np.sin(np.pi * at[:, 0])
    return np.asarray(line + side * sway[:, None])
