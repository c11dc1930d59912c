"""Which observations lie near each other, anywhere on earth, and which belong to one passage."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree
from shapely.geometry.base import BaseGeometry

from gatukoll.runtime.findings.facts import Observation

_RADIUS_M = 6378137.0  # of the equator, the largest there is: no distance comes out too small
_TOO_LARGE = 1.01  # the ellipsoid is flatter than this sphere by 0.3 %; the search may find more, never less
_STEP_M, _STEP_DEG = 5.0, 4e-5  # long things are sampled; a degree is at most 112 km


def neighbours(shapes: Sequence[BaseGeometry], within_m: float) -> list[NDArray[np.int64]]:
    """Return for each WGS84 geometry the sorted indices of those that may lie within a distance.

    Samples of the shapes are searched as points in space, so there is no projection and no edge of a map.
    Some that are up to `_STEP_M` farther away come along.
    """
    points, owner = _samples(np.asarray(shapes, dtype=object))
    pairs = cKDTree(_space(points)).query_pairs((within_m + _STEP_M) * _TOO_LARGE, output_type="ndarray")
    # samples have far more pairs than shapes: one number a pair, so that little memory makes them unique
    codes = owner[pairs[:, 0]] * len(shapes) + owner[pairs[:, 1]]
    del pairs
    one, other = np.divmod(np.unique(codes), len(shapes))
    both = np.unique(np.vstack([np.column_stack([one, other]), np.column_stack([other, one])]), axis=0)
    both = both[both[:, 0] != both[:, 1]]
    return np.split(both[:, 1], np.searchsorted(both[:, 0], np.arange(1, len(shapes))))


def components(near: Sequence[NDArray[np.int64]]) -> list[list[int]]:
    """Return groups of indices that hang together, each sorted, in order of their first index."""
    rows = np.repeat(np.arange(len(near)), [len(n) for n in near])
    columns = np.concatenate([*near, np.empty(0, np.int64)])
    graph = csr_array((np.ones(len(rows), bool), (rows, columns)), shape=(len(near),) * 2)
    _, label = connected_components(graph, directed=False)
    groups: dict[int, list[int]] = {}
    for index, group in enumerate(label.tolist()):
        groups.setdefault(group, []).append(index)
    return list(groups.values())


def passes(
    seen: Sequence[Observation], near: Sequence[NDArray[np.int64]], indices: Sequence[int], revisit_s: float
) -> list[list[int]]:
    """Split one capture's observations, given by index in order of time, into passages.

    A new passage begins with what lies near something that was seen more than `revisit_s` before: the vehicle
    has come back.
    """
    gap = timedelta(seconds=revisit_s)
    found: list[list[int]] = []
    current: set[int] = set()
    for i in indices:
        back = any(j in current and seen[i].first - seen[j].last > gap for j in near[i].tolist())
        if back or not found:
            found.append([])
            current = set()
        found[-1].append(i)
        current.add(i)
    return found


def _samples(shapes: NDArray[np.object_]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return points (n, 2) on shapes and the index of their shapes: the middle, of long ones the outline."""
    centres = shapely.get_coordinates(shapely.centroid(shapes))
    outlines = np.where(shapely.area(shapes) > 0, shapely.boundary(shapes), shapes)
    parts, part_owner = shapely.get_parts(outlines, return_index=True)
    steps = np.ceil(shapely.length(parts) / _STEP_DEG).astype(np.int64)
    parts, part_owner, steps = (a[steps > 1] for a in (parts, part_owner, steps))
    number = np.arange(int((steps + 1).sum())) - np.repeat(np.cumsum(steps + 1) - steps - 1, steps + 1)
    along = number / np.repeat(steps, steps + 1)
    on = shapely.line_interpolate_point(np.repeat(parts, steps + 1), along, normalized=True)
    points = np.vstack([centres, shapely.get_coordinates(on)])
    return points, np.concatenate([np.arange(len(shapes)), np.repeat(part_owner, steps + 1)])


def _space(lon_lat_deg: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return points (n, 3) in metres on a sphere."""
    lon, lat = np.radians(lon_lat_deg).T
    return _RADIUS_M * np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
