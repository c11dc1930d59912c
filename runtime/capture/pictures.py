"""The pictures of one folder, opened: which time counts, in which order, which way they look.

Every picture is offered; it ends as a frame or as a rejection. Headings come from the positions of neighbours
that lie at least a metre away, because compasses in vehicles and hands lie: in one real walk 20 of 29
pictures say south while the view goes north. Only a picture without neighbours falls back on its compass,
with a warning.
"""

from __future__ import annotations

import hashlib
import io
import math
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from gatukoll.runtime.capture.exif import BROKEN, Shot, read_shot
from gatukoll.runtime.capture.kinematics import Motion, bearing_deg, metres
from gatukoll.runtime.capture.model import Capture, Floats, Frame, FrameRejected, Plan
from gatukoll.runtime.capture.reading import Opened, Reading, clock_of, in_area
from gatukoll.runtime.capture.reasons import explain
from gatukoll.runtime.capture.shot_time import times_of
from gatukoll.runtime.capture.sidecar import Sidecar, sidecar_for
from gatukoll.runtime.capture.trace import JUMP_MPS, read_trace

# Pictures further apart than this are not one drive: the way between them says nothing about either's view.
NEIGHBOUR_S, NEIGHBOUR_M = 60.0, 50.0
# Positions are written to a tenth of a metre or two; a direction needs a real step.
STEP_M = 1.0


@dataclass(frozen=True, slots=True)
class Placed:
    """A picture with what is known of it before it is decoded; `code` "" = usable."""

    shot: Shot
    code: str
    detail: str
    time: datetime | None = None
    lat_deg: float = math.nan
    lon_deg: float = math.nan
    heading_deg: float = math.nan
    speed_mps: float = math.nan


def open_pictures(capture: Capture, reading: Reading) -> Opened:
    """Open the pictures of a folder; CaptureRejected if a trace is needed and can't be used."""
    said = sidecar_for(capture)
    clock, words = clock_of(said, reading)
    shots = [read_shot(path, reading.max_pixels) for path in capture.media]
    lost = any(s.position is None and not s.code for s in shots)
    motion = Motion.of(read_trace(capture.trace, said.trace_zone)) if capture.trace and lost else None
    times, sources = times_of(shots, clock, said.zone or reading.zone)
    placed = [_placed(s, *t, motion, reading) for s, t in zip(shots, times, strict=True)]
    # of the same second: by name without ending, so that "01" comes before its copy "01 (1)"
    placed.sort(key=lambda p: (p.time is None, p.time or datetime.min.replace(tzinfo=UTC), p.shot.path.stem))
    placed, compass = _with_headings(placed)
    found = Counter(motion.trace.warnings if motion else {})
    found.update({"heading_from_compass": compass} if compass else {})
    plan, driven = _plan(placed, words or f"each picture's own ({sources or 'none'})", said, dict(found))
    return Opened(plan, driven, lambda: _frames(placed, said, reading))


def _placed(
    shot: Shot, time: datetime | None, code: str, detail: str, motion: Motion | None, reading: Reading
) -> Placed:
    """Put a picture in time and place, or say why that fails."""
    if shot.code:
        return Placed(shot, shot.code, shot.detail, time)
    inside = shot.position is not None and in_area(*shot.position, reading)
    lost = "" if inside else (shot.no_position or "position_outside_area")
    if not lost and shot.position and time:
        return Placed(shot, "", "", time, *shot.position)
    if lost and motion and time and motion.covered(time.timestamp())[0]:
        t = time.timestamp()
        return Placed(shot, "", "", time, *motion.position(t), motion.heading(t), motion.speed(t))
    if lost:
        return Placed(shot, lost, explain(lost), time)
    return Placed(shot, code, detail, time)


def _with_headings(placed: list[Placed]) -> tuple[list[Placed], int]:
    """Return the pictures with heading and speed from their neighbours; and how many took their compass."""
    good = [p for p in placed if not p.code]
    done: dict[Path, Placed] = {}
    compass = 0
    for i, p in enumerate(good):
        back, ahead = _neighbour(good, i, -1, STEP_M), _neighbour(good, i, 1, STEP_M)
        before = done[good[i - 1].shot.path] if i else None
        heading = p.heading_deg
        if back or ahead:
            heading = float(bearing_deg(*_way(back or p, ahead or p)))
        elif math.isnan(heading) and before and math.hypot(*_way(before, p)) < STEP_M:
            heading = before.heading_deg  # still standing where the last one was taken
        if math.isnan(heading) and p.shot.compass_deg is not None:
            heading, compass = p.shot.compass_deg % 360, compass + 1
        done[p.shot.path] = replace(p, heading_deg=heading, speed_mps=_speed(good, i))
    return [done.get(p.shot.path, p) for p in placed], compass


def _way(a: Placed, b: Placed) -> tuple[float, float]:
    east, north = metres(a.lat_deg, a.lon_deg, b.lat_deg, b.lon_deg)
    return float(east), float(north)


def _seconds(a: Placed, b: Placed) -> float:
    return abs((b.time - a.time).total_seconds()) if a.time and b.time else math.inf


def _neighbour(good: list[Placed], i: int, step: int, at_least_m: float) -> Placed | None:
    """Return the nearest picture before (-1) or after (1) that is far enough away and of the same drive."""
    here, j = good[i], i + step
    while 0 <= j < len(good):
        way, pause = math.hypot(*_way(here, good[j])), _seconds(here, good[j])
        if pause > NEIGHBOUR_S or way > NEIGHBOUR_M or (pause > 0 and way / pause > JUMP_MPS):
            return None
        if way >= at_least_m:
            return good[j]
        j += step
    return None


def _speed(good: list[Placed], i: int) -> float:
    if not math.isnan(good[i].speed_mps):
        return good[i].speed_mps
    a, b = _neighbour(good, i, -1, 0) or good[i], _neighbour(good, i, 1, 0) or good[i]
    pause = _seconds(a, b)
    return math.hypot(*_way(a, b)) / pause if pause > 0 else math.nan


def _plan(
    placed: list[Placed], clock: str, said: Sidecar, found: dict[str, int]
) -> tuple[Plan, tuple[Floats, ...]]:
    good = [p for p in placed if not p.code]
    lines: list[list[tuple[float, float]]] = []
    length = 0.0
    for i, p in enumerate(good):
        joined = i and _neighbour(good, i, -1, 0) is good[i - 1]
        if joined:
            length += math.hypot(*_way(good[i - 1], p))
            lines[-1].append((p.lat_deg, p.lon_deg))
        else:
            lines.append([(p.lat_deg, p.lon_deg)])
    times = [p.time for p in good if p.time]
    plan = Plan(
        clock=clock,
        starts=min(times, default=None),
        ends=max(times, default=None),
        first=(good[0].lat_deg, good[0].lon_deg) if good else None,
        last=(good[-1].lat_deg, good[-1].lon_deg) if good else None,
        length_m=length,
        offered=len(placed),
        device=said.device,
        warnings=found,
    )
    return plan, tuple(np.array(line) for line in lines if len(line) > 1)


def _frames(placed: list[Placed], said: Sidecar, reading: Reading) -> Iterator[Frame | FrameRejected]:
    seen: dict[bytes, str] = {}
    mounting = said.mounting(reading.mounting)
    stated = any(name == "hfov_deg" for name, _ in said.camera)  # a person's word counts before the picture's
    for index, p in enumerate(placed):
        name = p.shot.path.name
        if p.code or p.time is None:
            yield FrameRejected(index, name, p.code, p.detail)
            continue
        got = _decode(p.shot.path, seen)
        if not isinstance(got, np.ndarray):
            yield FrameRejected(index, name, *got)
            continue
        height, width = got.shape[:2]
        yield Frame(
            index=index,
            source=name,
            picture=got,
            time=p.time,
            lat_deg=p.lat_deg,
            lon_deg=p.lon_deg,
            heading_deg=p.heading_deg,
            speed_mps=p.speed_mps,
            position_sd_m=said.position_sd_m or reading.position_sd_m,
            camera=mounting.camera(width, height, None if stated else p.shot.focal_35mm),
        )


def _decode(path: Path, seen: dict[bytes, str]) -> NDArray[np.uint8] | tuple[str, str]:
    """Return a picture upright as (h, w, 3) uint8 RGB, or a reason code and its detail."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        return "file_unreadable", error.strerror or "can't be read"
    digest = hashlib.sha256(raw).digest()
    if digest in seen:
        return "duplicate", f"same content as {seen[digest]}"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a size that was judged already, and of damaged EXIF
            with Image.open(io.BytesIO(raw)) as picture:
                picture.load()
                upright = np.array(ImageOps.exif_transpose(picture).convert("RGB"))
    except (*BROKEN, Image.DecompressionBombError) as error:
        return "image_truncated", str(error).split("(")[0].strip() or "the picture data are damaged"
    seen[digest] = path.name
    return upright
