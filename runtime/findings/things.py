"""Things in the world while they are put together from the observations of passage after passage."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from gatukoll.runtime.findings.course import Course, Floats
from gatukoll.runtime.placing.options import GATE

_LEAST_SD_M = 0.5
_RATIO, _RATIO_CAP = 3.0, 4.0
_SIDE_BY_SIDE = 0.3
_AS_LONG = 1.15


@dataclass(frozen=True, slots=True)
class MergeOptions:
    """When observations of different passages are one thing.

    Attributes:
        gate: standard deviations of the way between them within which they may be.
        gate_cap_m: metres within which they may, however uncertain.
        compact_m: up to this extent a thing is compared by its middle, above it by its course.
        complete: share of the largest extent that any passage saw, from which a passage saw it all.
        revisit_s: seconds after which the same capture comes back as a new passage.
    """

    gate: float = GATE
    gate_cap_m: float = 10.0
    compact_m: float = 6.0
    complete: float = 0.8
    revisit_s: float = 60.0


@dataclass(frozen=True, slots=True, eq=False)
class Spot:
    """An observation on the plane of its surroundings: passage, course, how well its place is known."""

    passage: int
    course: Course
    sd_m: float


@dataclass(slots=True, eq=False)
class Thing:
    """What several observations are taken for.

    Attributes:
        members: their indices with their spots.
        course: of the longest.
        weight, moment: sums of the inverse variances, and of these times the middles.
    """

    course: Course
    members: list[tuple[int, Spot]] = field(default_factory=list)
    weight: float = 0.0
    moment: Floats = field(default_factory=lambda: np.zeros(2))

    def add(self, index: int, spot: Spot) -> None:
        """Take an observation in."""
        self.members.append((index, spot))
        self.weight += spot.sd_m**-2
        self.moment = self.moment + spot.course.middle * spot.sd_m**-2
        if spot.course.extent_m > self.course.extent_m:
            self.course = spot.course

    @property
    def middle(self) -> Floats:
        """Its mean place (2,), each observation weighed with its inverse variance."""
        return np.asarray(self.moment / self.weight)

    @property
    def sd_m(self) -> float:
        """Standard deviation of the mean place; passages err independently."""
        return max(1.0 / math.sqrt(self.weight), _LEAST_SD_M)

    def seen_in(self, passage: int) -> list[Spot]:
        """Return what one passage saw of it."""
        return [spot for _, spot in self.members if spot.passage == passage]


def misfit(spot: Spot, thing: Thing, options: MergeOptions) -> float | None:
    """Return the squared distance in standard deviations, None where it can't be this thing.

    Things of very different size fit worse, so that a small crack beside a long one finds its like; yet they
    may be one, since a passage may see a part.
    """
    mine, its = spot.course, thing.course
    variance = spot.sd_m**2 + thing.sd_m**2
    if max(mine.extent_m, its.extent_m) <= options.compact_m:
        distance = float(np.hypot(*(mine.middle - thing.middle)))
    elif mine.turned(its) or not _beside(mine, its, math.sqrt(variance)):
        return None
    else:
        distance = mine.distance(its)
    if distance > min(options.gate * math.sqrt(variance), options.gate_cap_m):
        return None
    ratio = math.log((mine.extent_m + 0.2) / (its.extent_m + 0.2)) / math.log(_RATIO)
    return float(distance**2 / variance + min(ratio**2, _RATIO_CAP))


def _beside(a: Course, b: Course, sd_m: float) -> bool:
    """Say whether the smaller of two lies beside the larger and not beyond its end.

    Half of it must, of which a quarter is given to the uncertainty of the place along the road.
    """
    overlap, span = a.overlap(b)
    return overlap >= span / 2 - min(sd_m, span / 4)


def may_be_parts(ones: Sequence[Spot], others: Sequence[Spot], whole: Course) -> bool:
    """Say whether two sets of spots may be parts of one long thing that another passage saw whole.

    They may where they follow each other, and together are not longer than the whole; side by side they are
    two things.
    """
    for a in ones:
        for b in others:
            overlap, span = a.course.overlap(b.course)
            if overlap > _SIDE_BY_SIDE * span:
                return False
    along = np.concatenate([s.course.vertices @ whole.axis for s in (*ones, *others)])
    return bool(np.ptp(along) <= _AS_LONG * np.ptp(whole.vertices @ whole.axis))
