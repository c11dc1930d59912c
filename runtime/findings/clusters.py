"""Observations of one class into things: passage by passage in canonical order, matched as a whole."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

from gatukoll.runtime.findings.course import Course
from gatukoll.runtime.findings.facts import FactKey, Observation
from gatukoll.runtime.findings.neighbours import components, neighbours, passes
from gatukoll.runtime.findings.things import MergeOptions, Spot, Thing, may_be_parts, misfit
from gatukoll.runtime.placing.plane import Plane

_LEAST_SD_M = 0.5
_WEIGHT_FLOOR = 1e-9  # the sparse matching drops edges of weight 0


def clusters(
    keys: Sequence[FactKey], seen: Sequence[Observation], options: MergeOptions
) -> list[list[list[int]]]:
    """Return things, each as passages, each as indices of observations.

    Args:
        keys: fact key of each observation.
        seen: observations of one detector and class, in canonical order.
        options: when two are one.
    """
    near = neighbours([o.geometry for o in seen], options.gate_cap_m)
    found: list[list[list[int]]] = []
    for group in components(near):
        if len(group) == 1:
            found.append([group])
            continue
        ways = _ways(keys, seen, near, group, options)
        for thing in _Assembly(seen, near, ways, options).run():
            by_way: dict[int, list[int]] = {}
            for index, spot in sorted(thing.members, key=lambda m: m[0]):
                by_way.setdefault(spot.passage, []).append(index)
            found.append([by_way[way] for way in sorted(by_way)])
    return found


def _ways(
    keys: Sequence[FactKey],
    seen: Sequence[Observation],
    near: Sequence[NDArray[np.int64]],
    group: Sequence[int],
    options: MergeOptions,
) -> list[list[int]]:
    """Return the passages in a group, by time of their first observation, then by capture."""
    by_capture: dict[str, list[int]] = {}
    for index in group:
        by_capture.setdefault(keys[index].capture, []).append(index)
    ways = []
    for indices in by_capture.values():
        in_time = sorted(indices, key=lambda i: (seen[i].first, seen[i].number))
        ways += passes(seen, near, in_time, options.revisit_s)
    return sorted(ways, key=lambda way: (seen[way[0]].first, keys[way[0]].capture))


class _Assembly:
    """Things of one group of neighbours under construction."""

    def __init__(
        self,
        seen: Sequence[Observation],
        near: Sequence[NDArray[np.int64]],
        ways: Sequence[list[int]],
        options: MergeOptions,
    ) -> None:
        self.near, self.ways, self.options = near, ways, options
        anchor = seen[ways[0][0]].geometry.centroid
        plane = Plane(anchor.y, anchor.x)
        self.spots = {
            i: Spot(number, Course.of(plane.flat(seen[i].geometry)), max(seen[i].sd_m, _LEAST_SD_M))
            for number, way in enumerate(ways)
            for i in way
        }
        self.things: list[Thing] = []
        self.thing_of: dict[int, int] = {}

    def run(self) -> list[Thing]:
        """Take in all passages; return the things."""
        for way in self.ways:
            fits = [self._fits(i) for i in way]
            matched = _match(fits)
            for i, thing in zip(way, matched, strict=True):
                if thing is not None:
                    self._give(i, thing)
            for i, thing, fit in zip(way, matched, fits, strict=True):
                if thing is None:
                    self._give(i, self._whole_of(i, fit))
            for i in way:
                self._close_gaps(i)
        return [thing for thing in self.things if thing.members]

    def _fits(self, i: int) -> dict[int, float]:
        """Return the things that an observation may be, with how badly."""
        found = {}
        for number in sorted({self.thing_of[j] for j in self.near[i].tolist() if j in self.thing_of}):
            fit = misfit(self.spots[i], self.things[number], self.options)
            if fit is not None:
                found[number] = fit
        return found

    def _give(self, i: int, number: int | None) -> None:
        """Put an observation to a thing, None = a new one."""
        if number is None:
            number = len(self.things)
            self.things.append(Thing(self.spots[i].course))
        self.things[number].add(i, self.spots[i])
        self.thing_of[i] = number

    def _whole_of(self, i: int, fits: dict[int, float]) -> int | None:
        """Return the long thing that an observation left over is another part of, or None."""
        spot = self.spots[i]
        for number in sorted(fits, key=lambda n: (fits[n], n)):
            thing = self.things[number]
            long = thing.course.extent_m > self.options.compact_m
            if long and may_be_parts([spot], thing.seen_in(spot.passage), thing.course):
                return number
        return None

    def _close_gaps(self, i: int) -> None:
        """Join things that earlier passages saw apart and this observation shows to be parts of one."""
        spot, mine = self.spots[i], self.thing_of[i]
        if spot.course.extent_m <= self.options.compact_m:
            return
        others = {self.thing_of[j] for j in self.near[i].tolist() if j in self.thing_of} - {mine}
        for number in sorted(others):
            thing, part = self.things[mine], self.things[number]
            shorter = part.course.extent_m <= self.options.complete * spot.course.extent_m
            if not shorter or misfit(spot, part, self.options) is None:
                continue
            if _parts_of_one(thing, part, spot):
                for index, member in part.members:
                    thing.add(index, member)
                    self.thing_of[index] = mine
                part.members = []


def _parts_of_one(thing: Thing, part: Thing, whole: Spot) -> bool:
    """Say whether what passages saw of two things may be parts of what one saw whole.

    The passages that saw both decide, since within one nothing is shifted; where none did, all others must.
    """
    both = {s.passage for _, s in thing.members} & {s.passage for _, s in part.members}
    if both:
        return all(may_be_parts(thing.seen_in(way), part.seen_in(way), whole.course) for way in both)
    others = [s for _, s in thing.members if s.passage != whole.passage]
    return may_be_parts(others, [s for _, s in part.members], whole.course)


def _match(fits: Sequence[dict[int, float]]) -> list[int | None]:
    """Match observations of one passage with things, at most one each, at the least total misfit.

    An observation that begins a new thing costs more than any misfit inside the gate does alone, so that of
    two ways to match, the one with the better pairs wins (Jonker-Volgenant on a sparse graph).
    """
    if len(fits) == 1:
        return [min(fits[0], key=lambda n: (fits[0][n], n)) if fits[0] else None]
    things = sorted({number for fit in fits for number in fit})
    if not things:
        return [None] * len(fits)
    column = {number: c for c, number in enumerate(things)}
    anew = max(value for fit in fits for value in fit.values()) + 1.0
    edges = [(r, column[n], max(v, _WEIGHT_FLOOR)) for r, fit in enumerate(fits) for n, v in fit.items()]
    edges += [(r, len(things) + r, anew) for r in range(len(fits))]
    rows, columns, weights = zip(*edges, strict=True)
    graph = csr_array((weights, (rows, columns)), shape=(len(fits), len(things) + len(fits)))
    row_order, chosen = min_weight_full_bipartite_matching(graph)
    result: list[int | None] = [None] * len(fits)
    for r, c in zip(row_order.tolist(), chosen.tolist(), strict=True):
        result[r] = things[c] if c < len(things) else None
    return result
