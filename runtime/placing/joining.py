"""The second pass of the association: tracks that turn out to be parts of one thing.

In one frame a crack may come in several pieces, of which the first pass gives only one to a track. What two
tracks look like side by side in one frame is free of position noise, so frames that show both decide.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import shapely

from gatukoll.runtime.placing.likeness import NEVER, between, direction, misfit, turned
from gatukoll.runtime.placing.options import PlacingOptions
from gatukoll.runtime.placing.pieces import Piece

_BROKEN_LINE_M = 1.5  # a crack that a mask loses for so long and that goes on straight is one crack
_TOUCHING_M = 0.15  # parts of one area that a shadow or a pixel parts
_STRAIGHT_DEG = 35.0
_BESIDE = 0.5  # share of the frames that show both which must agree
_COVERED, _MARGIN_M = 0.6, 0.5
_SAME_SIZE = 0.8

Pieces = list[Piece]


def join(tracks: Sequence[Pieces], options: PlacingOptions) -> list[Pieces]:
    """Return tracks, those that belong together as one; pieces in order of frame."""
    parent = list(range(len(tracks)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for i, j in _near(tracks, options):
        if root(i) != root(j) and _belong(tracks[i], tracks[j], options):
            parent[max(root(i), root(j))] = min(root(i), root(j))
    groups: dict[int, Pieces] = {}
    for i, track in enumerate(tracks):
        groups.setdefault(root(i), []).extend(track)
    return [sorted(g, key=lambda p: (p.pose.order, p.boxes)) for g in groups.values()]


def _near(tracks: Sequence[Pieces], options: PlacingOptions) -> Iterator[tuple[int, int]]:
    """Give pairs of one class, near in place and in the course of the drive."""
    if len(tracks) < 2:
        return
    hulls = [shapely.union_all([p.shape for p in t]).envelope for t in tracks]
    tree = shapely.STRtree(hulls)
    pairs = tree.query(hulls, predicate="dwithin", distance=options.gate_cap_m)
    for i, j in sorted((int(i), int(j)) for i, j in pairs.T if i < j):
        a, b = tracks[i], tracks[j]
        apart = max(
            b[0].pose.travelled_m - a[-1].pose.travelled_m, a[0].pose.travelled_m - b[-1].pose.travelled_m
        )
        if a[0].name == b[0].name and a[0].shape.geom_type != "Point" and apart <= options.reach_m:
            yield i, j


def _belong(a: Pieces, b: Pieces, options: PlacingOptions) -> bool:
    """Say whether two tracks are one thing."""
    both = [(p, q) for p in a for q in b if p.pose.order == q.pose.order]
    if both:
        agree = sum(_continue(p, q) for p, q in both)
        return agree / len(both) >= _BESIDE or _swallowed(a, b, both) or _swallowed(b, a, both)
    p, q = min(
        ((p, q) for p in a for q in b),
        key=lambda pair: abs(pair[0].pose.order - pair[1].pose.order),
    )
    # never side by side, yet not given to one track: only what fits well now
    return not turned(p.shape, q.shape) and misfit(p, q, options) < min(NEVER, options.gate**2 / 4)


def _continue(p: Piece, q: Piece) -> bool:
    """Say whether two pieces of one frame go on from each other."""
    gap = between(p.shape, q.shape)
    width = math.hypot(*gap)
    if p.shape.area or q.shape.area:
        return width <= _TOUCHING_M
    if width > _BROKEN_LINE_M:
        return False
    if width <= _TOUCHING_M:
        return True
    straight = math.cos(math.radians(_STRAIGHT_DEG))
    ways = [w for w in (direction(p.shape), direction(q.shape)) if w is not None]
    return bool(ways) and all(abs(w @ gap) / width >= straight for w in ways)


def _swallowed(a: Pieces, b: Pieces, both: Sequence[tuple[Piece, Piece]]) -> bool:
    """Say whether a frame after the last of `b` shows in `a` what were two pieces before.

    It must cover the place of `b` and be about as large as both pieces were together, so that the neighbour
    of a pothole that has gone out of sight is not taken for both.
    """
    later = [p for p in a if p.pose.order > b[-1].pose.order]
    if not later:
        return False
    one, gone = later[0], b[-1].shape
    size = "area" if gone.area else "length"
    if not getattr(gone, size):
        return False
    covered = getattr(gone.intersection(one.shape.buffer(_MARGIN_M)), size) / getattr(gone, size)
    before = float(np.max([getattr(p.shape, size) + getattr(q.shape, size) for p, q in both]))
    return bool(covered >= _COVERED and getattr(one.shape, size) >= _SAME_SIZE * before)
