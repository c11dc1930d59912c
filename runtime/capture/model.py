"""The nouns of a capture: Trace, Capture, Plan, Frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from gatukoll.detectors.geometry import Camera

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """Positions over time, strictly ascending in time.

    Attributes:
        times_s: (n,) POSIX seconds, UTC.
        lat_deg, lon_deg: (n,) WGS84.
        segment: (n,) int; nothing is interpolated between two fixes of different segments.
        warnings: code -> count, of what was mended on reading.
    """

    times_s: Floats
    lat_deg: Floats
    lon_deg: Floats
    segment: NDArray[np.int64]
    warnings: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Capture:
    """One drive of one device, found on disk: media with what lies beside it.

    Attributes:
        name: for people: path without ending, relative to the folder given to the command.
        kind: a film, the loose pictures of one folder, or a trace alone.
        media: the film, or the pictures in order of name; empty for a trace alone.
        trace: file with the positions, if any.
        sidecar: its ``capture.yaml``, if any.
        digest: sha256 over kind, names and bytes of media and trace; the same wherever it lies.
    """

    name: str
    kind: Literal["film", "pictures", "trace"]
    media: tuple[Path, ...]
    trace: Path | None
    sidecar: Path | None
    digest: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What is due in a capture, known before a frame is decoded; what ``--dry-run`` prints.

    Attributes:
        clock: the policy that was used, in words, e.g. ``start=2026-09-14T06:58:20Z (capture.yaml)``.
        starts, ends: first and last instant of the media, UTC; None where not known.
        first, last: first and last position (lat, lon) of frames that are due.
        length_m: distance travelled while filming, inside the trace.
        offered: frames due, each of which ends as a Frame or as a rejection.
        device: as stated in capture.yaml, "" otherwise.
        made: True only for a simulated capture whose mark holds.
        warnings: code -> count.
    """

    clock: str
    starts: datetime | None
    ends: datetime | None
    first: tuple[float, float] | None
    last: tuple[float, float] | None
    length_m: float
    offered: int
    device: str = ""
    made: bool = False
    warnings: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture, taken out by distance or time, upright, with time, place and camera.

    Attributes:
        index: 0.. in the order of the capture, counting every frame due.
        source: for people and logs, e.g. ``boston.mp4@12.345s`` or ``03.jpg``.
        picture: (height, width, 3) uint8 RGB.
        time: aware, UTC.
        lat_deg, lon_deg: WGS84.
        heading_deg: of travel, clockwise from north; NaN where unknown.
        speed_mps: NaN where unknown.
        position_sd_m: one standard deviation per axis.
        camera: with the mounting of capture.yaml, else the city's, else the default.
    """

    index: int
    source: str
    picture: NDArray[np.uint8]
    time: datetime
    lat_deg: float
    lon_deg: float
    heading_deg: float
    speed_mps: float
    position_sd_m: float
    camera: Camera


@dataclass(frozen=True, slots=True)
class FrameRejected:
    """A frame that was due and can't be used: its place in the order, what it was, and why."""

    index: int
    source: str
    code: str
    detail: str
