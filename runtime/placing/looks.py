"""Looks: which stretches of road were really looked at, and why others were not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import shapely

from gatukoll.runtime.findings.facts import Look
from gatukoll.runtime.placing.plane import Plane

_DECIMALS = 9  # of a degree


@dataclass(frozen=True, slots=True)
class Looked:
    """One frame's verdict: where and when, and the reason code why it could not be judged ("" = it was)."""

    time: datetime
    lat_deg: float
    lon_deg: float
    reason: str = ""


def looks(frames: Iterable[Looked], *, spacing_m: float = 5.0) -> tuple[Look, ...]:
    """Return stretches of successive frames with one verdict.

    Args:
        frames: in order of time, each frame that has a place.
        spacing_m: metres between frames; a step of more than three times that ends a stretch.
    """
    found: list[Look] = []
    run: list[Looked] = []
    for frame in frames:
        if run and (frame.reason != run[-1].reason or _step_m(run[-1], frame) > 3 * spacing_m):
            found.append(_look(len(found), run))
            run = []
        run.append(frame)
    if run:
        found.append(_look(len(found), run))
    return tuple(found)


def _step_m(a: Looked, b: Looked) -> float:
    return float(np.hypot(*Plane(a.lat_deg, a.lon_deg).to_metres([[b.lon_deg, b.lat_deg]])[0]))


def _look(number: int, run: Sequence[Looked]) -> Look:
    points = np.array([[f.lon_deg, f.lat_deg] for f in run], dtype=np.float64).round(_DECIMALS)
    line = shapely.LineString(points if len(run) > 1 else np.repeat(points, 2, axis=0))
    return Look(number, line, run[0].time, run[-1].time, len(run), run[0].reason)
