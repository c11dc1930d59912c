"""From a crack's pixels to its centre lines."""

from __future__ import annotations

import itertools
from collections import deque

import cv2
import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Pixel = tuple[int, int]


def thin(mask: Bools) -> Bools:
    """Return the one pixel wide skeleton of a mask (h, w).

    Zhang and Suen, "A fast parallel algorithm for thinning digital patterns", CACM 27 (1984), 236-239.
    """
    image = np.pad(mask, 1).astype(np.uint8)
    changed = True
    while changed:
        changed = False
        for odd in (False, True):
            n, ne, e, se, s, sw, w, nw = _neighbours(image)
            count = n + ne + e + se + s + sw + w + nw
            ring = (n, ne, e, se, s, sw, w, nw, n)
            rises = sum(((1 - a) & b for a, b in itertools.pairwise(ring)), start=np.zeros_like(n))
            loose = (n * e * w == 0) & (n * s * w == 0) if odd else (n * e * s == 0) & (e * s * w == 0)
            drop = (image[1:-1, 1:-1] == 1) & (count >= 2) & (count <= 6) & (rises == 1) & loose
            if drop.any():
                image[1:-1, 1:-1][drop] = 0
                changed = True
    return image[1:-1, 1:-1].astype(np.bool_)


def _neighbours(image: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], ...]:
    """Return the eight shifted views of a padded image, clockwise from north."""
    height, width = image.shape
    steps = ((-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1))
    return tuple(image[1 + dy : height - 1 + dy, 1 + dx : width - 1 + dx] for dy, dx in steps)


def centre_lines(mask: Bools, x: int, y: int, *, shortest_px: int = 8) -> tuple[NDArray[np.float64], ...]:
    """Return the centre lines of a connected mask, longest first, in px of the frame.

    The longest path through the skeleton is the crack, what is left of it are branches; branches shorter than
    `shortest_px` are burrs of the thinning.

    Args:
        mask: (h, w) bool.
        x: column of its upper left corner in the frame.
        y: row of it.
        shortest_px: shortest branch.
    """
    todo = {(int(r), int(c)) for r, c in np.argwhere(thin(mask))}
    lines: list[NDArray[np.float64]] = []
    for part in _parts(todo):
        left = part
        while left:
            path = _longest_path(left)
            if len(path) < shortest_px and lines:
                break
            lines.append(_smooth(path, x, y))
            left = max(_parts(left - set(path)), key=len, default=set())
    return tuple(sorted(lines, key=len, reverse=True))


def _smooth(path: list[Pixel], x: int, y: int) -> NDArray[np.float64]:
    """Return a path of (row, column) as a line of (x, y) with the staircase taken out (1.5 px)."""
    points = np.array([(c, r) for r, c in path], dtype=np.int32).reshape(-1, 1, 2)
    line = cv2.approxPolyDP(points, 1.5, closed=False).reshape(-1, 2).astype(np.float64)
    if len(line) == 1:
        line = np.repeat(line, 2, axis=0) + [[-0.5, 0.0], [0.5, 0.0]]
    return np.asarray(line + [x + 0.5, y + 0.5])


def _around(pixel: Pixel) -> list[Pixel]:
    r, c = pixel
    return [(r + dr, c + dc) for dr in (-1, 0, 1) for dc in (-1, 0, 1) if dr or dc]


def _parts(pixels: set[Pixel]) -> list[set[Pixel]]:
    """Return the 8-connected parts of a set of pixels, in a fixed order."""
    left, parts = set(pixels), []
    for start in sorted(pixels):
        if start in left:
            reached = set(_walk(start, left))
            parts.append(reached)
            left -= reached
    return parts


def _walk(start: Pixel, pixels: set[Pixel]) -> dict[Pixel, Pixel]:
    """Return pixel -> the pixel it was reached from, breadth first, so that the last one is the farthest."""
    came = {start: start}
    queue = deque([start])
    while queue:
        here = queue.popleft()
        for there in _around(here):
            if there in pixels and there not in came:
                came[there] = here
                queue.append(there)
    return came


def _longest_path(pixels: set[Pixel]) -> list[Pixel]:
    """Return a longest shortest path: from the pixel farthest from anywhere to the one farthest from it."""
    end = next(reversed(_walk(min(pixels), pixels)))
    came = _walk(end, pixels)
    path = [next(reversed(came))]
    while path[-1] != end:
        path.append(came[path[-1]])
    return path
