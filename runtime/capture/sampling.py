"""Which instants of a film are due: every so many metres along the trace, or every so many seconds.

By distance, frames are due at 0, d, 2d ... metres driven while filming, counted over all stretches that the
trace covers; 0 is the instant at which the vehicle first moves, and a film in which it never moves has none.
Where the trace does not cover the film no distance is known: there frames are counted at the mean spacing in
time, so that what is lost shows up as rejected and does not vanish.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gatukoll.runtime.capture.kinematics import Motion
from gatukoll.runtime.capture.model import Floats
from gatukoll.runtime.capture.trace import why_uncovered

# Only for a film without any covered movement, whose trace holds none either: 18 km/h.
FALLBACK_MPS = 5.0
# A single frame has no neighbour to take half the time to: as much as at 5 m and 18 km/h.
LONELY_REACH_S = 0.5


@dataclass(frozen=True, slots=True)
class Due:
    """An instant at which a frame is due.

    Attributes:
        time_s: POSIX seconds.
        reach_s: how far the picture's own time may be from it: half the time to the nearer neighbour.
        code: "" = can be had; else why it is rejected whatever the film holds.
    """

    time_s: float
    reach_s: float
    code: str


def due_frames(
    motion: Motion, starts_s: float, ends_s: float, *, spacing_m: float, every_s: float | None
) -> tuple[Due, ...]:
    """Return the instants due between the first and the last frame of a film, ascending.

    Args:
        motion: of the trace.
        starts_s: POSIX seconds of the first frame.
        ends_s: of the last frame.
        spacing_m: metres between frames, if `every_s` is None.
        every_s: seconds between frames.
    """
    if every_s is not None:
        times = starts_s + every_s * np.arange(np.floor((ends_s - starts_s) / every_s + 1e-6) + 1)
        ok = motion.covered(times)
        return _with_reach(motion, times[ok], times[~ok])
    inside = stretches(motion, starts_s, ends_s)
    known = _by_distance(motion, inside, spacing_m)
    pause = _mean_pause(motion, inside, spacing_m)
    edges = np.r_[starts_s, inside.ravel(), ends_s].reshape(-1, 2)
    lost = [_spread(a, b, pause) for a, b in edges]
    return _with_reach(motion, known, np.concatenate(lost))


def stretches(motion: Motion, starts_s: float, ends_s: float) -> Floats:
    """Return the parts (k, 2) of a time span, POSIX seconds, in which positions can be interpolated."""
    clipped = np.clip(motion.spans, starts_s, ends_s)
    return np.asarray(clipped[clipped[:, 1] > clipped[:, 0]])


def driven_m(motion: Motion, inside: Floats) -> float:
    """Return the distance driven in some stretches."""
    return float(np.diff(motion.distance(inside), axis=1).sum()) if len(inside) else 0.0


def _by_distance(motion: Motion, inside: Floats, spacing_m: float) -> Floats:
    times: list[Floats] = []
    before, total = 0.0, driven_m(motion, inside)
    if total <= 0:
        return np.empty(0)
    for a, b in inside:
        fixes = motion.trace.times_s
        knots = np.r_[a, fixes[(fixes > a) & (fixes < b)], b]
        gone = motion.distance(knots)
        gone = gone - gone[0] + before
        # a frame due where two stretches meet belongs to the first one
        first = np.ceil(before / spacing_m) if not times else np.floor(before / spacing_m + 1e-9) + 1
        goals = spacing_m * np.arange(first, np.floor(gone[-1] / spacing_m + 1e-9) + 1)
        # numpy takes the last of equal distances: the instant at which the vehicle starts off again
        times.append(np.interp(goals, gone, knots))
        before = float(gone[-1])
    return np.concatenate(times)


def _mean_pause(motion: Motion, inside: Floats, spacing_m: float) -> float:
    """Return the mean time (s) in which one spacing is driven: while filming, else on the whole trace."""
    for parts in (inside, motion.spans):
        metres = driven_m(motion, parts)
        if metres > spacing_m:
            return float(np.diff(parts, axis=1).sum()) / metres * spacing_m
    return spacing_m / FALLBACK_MPS


def _spread(a: float, b: float, pause_s: float) -> Floats:
    """Return as many instants as fit between a and b at a pause, evenly spread."""
    n = round((b - a) / pause_s)
    return np.asarray(a + (np.arange(n) + 0.5) * (b - a) / max(n, 1))


def _with_reach(motion: Motion, known: Floats, lost: Floats) -> tuple[Due, ...]:
    gaps = np.diff(known)
    reach = (np.minimum(np.r_[gaps, np.inf], np.r_[np.inf, gaps]) / 2)[: len(known)]
    reach[~np.isfinite(reach)] = LONELY_REACH_S
    had = [Due(t, r, "") for t, r in zip(known.tolist(), reach.tolist(), strict=True)]
    missed = [Due(t, 0.0, why_uncovered(motion.trace, t)) for t in lost.tolist()]
    return tuple(sorted([*had, *missed], key=lambda d: d.time_s))
