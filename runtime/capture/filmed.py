"""A film with its trace, opened: clock, plan, frames."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np

from gatukoll import made
from gatukoll.errors import CaptureRejected
from gatukoll.runtime.capture.clock import Clock, iso
from gatukoll.runtime.capture.decode import Shown, Wanted, find_frames
from gatukoll.runtime.capture.film import Film, open_film
from gatukoll.runtime.capture.kinematics import Motion
from gatukoll.runtime.capture.model import Capture, Floats, Frame, FrameRejected, Plan
from gatukoll.runtime.capture.proposal import what_differs, what_to_write
from gatukoll.runtime.capture.reading import Opened, Reading, clock_of, in_area
from gatukoll.runtime.capture.reasons import explain
from gatukoll.runtime.capture.sampling import Due, driven_m, due_frames, stretches
from gatukoll.runtime.capture.sidecar import Sidecar, sidecar_for
from gatukoll.runtime.capture.trace import read_trace

# A trace at 1 Hz may begin or end a tick inside the film without a frame being lost.
EDGE_S = 0.05


def open_filmed(capture: Capture, reading: Reading) -> Opened:
    """Open a film; CaptureRejected with the reason why it can't be used."""
    film = open_film(capture.media[0], reading.max_pixels)
    said = sidecar_for(capture)
    clock, words = clock_of(said, reading)
    if capture.trace is None:
        more = "" if clock else f". It needs a clock too: {what_to_write(film, None, said, None)}"
        raise CaptureRejected(
            "no_trace", f"put {film.path.stem}.gpx beside it, or name a GPX in trace:{more}"
        )
    trace = read_trace(capture.trace, said.trace_zone)
    first_s, last_s = float(trace.times_s[0]), float(trace.times_s[-1])
    starts_s = _starts(film, clock)
    if starts_s is None:
        proposal = what_to_write(film, (first_s, last_s), said, reading.policy())
        raise CaptureRejected(
            "clock_unknown",
            f"{_why(film, clock)} (its trace runs from {_iso(first_s)} to {_iso(last_s)}); {proposal}",
        )
    ends_s = starts_s + film.last_s - film.first_s
    if clock and (ends_s < first_s or starts_s > last_s):
        spans = (starts_s, ends_s), (first_s, last_s)
        raise CaptureRejected(
            "no_overlap",
            f"film {_iso(starts_s)} to {_iso(ends_s)} by the clock {words}, trace {_iso(first_s)} to "
            f"{_iso(last_s)}: {what_differs(*spans, clock, overriding=reading.policy() is not None)}",
        )
    motion = Motion.of(trace)
    due = due_frames(motion, starts_s, ends_s, spacing_m=reading.spacing_m, every_s=reading.every_s)
    inside = stretches(motion, starts_s, ends_s)
    plan = _plan(film, motion, words, (starts_s, ends_s), due, inside, said)
    return Opened(
        plan,
        _driven(motion, inside),
        lambda: _frames(film, motion, starts_s - film.first_s, due, said, reading),
    )


def _starts(film: Film, clock: Clock | None) -> float | None:
    """Return the instant of the first frame, POSIX seconds; None where the clock does not give it."""
    length_s = film.end_s - film.first_s
    if clock is not None and clock.instant is not None:
        return clock.instant.timestamp() - (length_s if clock.policy == "end" else 0.0)
    if clock is not None and clock.offset_s is not None and film.stamped is not None:
        return film.stamped.timestamp() + clock.offset_s - (length_s if clock.stamps_end else 0.0)
    return None


def _why(film: Film, clock: Clock | None) -> str:
    """Say why nothing tells when a film began."""
    if clock is None:
        return f"nothing says when {film.path.name} began"
    if clock.policy == "gps":
        return f"clock: gps needs positions inside the film, and {film.path.name} is read without them"
    return f"clock: {clock.text} needs a time inside the film, and {film.path.name} holds none"


def _plan(
    film: Film,
    motion: Motion,
    words: str,
    span_s: tuple[float, float],
    due: tuple[Due, ...],
    inside: Floats,
    said: Sidecar,
) -> Plan:
    warnings = dict(motion.trace.warnings)
    trace = motion.trace.times_s
    if span_s[0] < trace[0] - EDGE_S or span_s[1] > trace[-1] + EDGE_S:
        warnings["partial_overlap"] = 1
    if film.cut:
        warnings["video_truncated"] = 1
    if not due:
        warnings["standstill"] = 1
    usable = [motion.position(d.time_s) for d in due if not d.code]
    return Plan(
        clock=words,
        starts=_utc(span_s[0]),
        ends=_utc(span_s[1]),
        first=usable[0] if usable else None,
        last=usable[-1] if usable else None,
        length_m=driven_m(motion, inside),
        offered=len(due),
        device=said.device,
        made=made.is_made(film.path, film.comment),
        warnings=warnings,
    )


def _frames(
    film: Film, motion: Motion, zero_s: float, due: tuple[Due, ...], said: Sidecar, reading: Reading
) -> Iterator[Frame | FrameRejected]:
    """Yield a frame or a reason for each instant due; `zero_s` is the instant of container time 0."""
    wanted = [Wanted(d.time_s - zero_s, d.reach_s) for d in due if not d.code]
    found = find_frames(film, wanted, lambda stamp_s: bool(motion.covered(stamp_s + zero_s)[0]))
    mounting = said.mounting(reading.mounting)
    for index, d in enumerate(due):
        got = d.code or next(found)
        if not isinstance(got, Shown):
            source = f"{film.path.name}@{d.time_s - zero_s:.3f}s"
            yield FrameRejected(index, source, got, explain(got))
            continue
        time_s, source = got.stamp_s + zero_s, f"{film.path.name}@{got.stamp_s:.3f}s"
        lat, lon = motion.position(time_s)
        if not in_area(lat, lon, reading):
            yield FrameRejected(index, source, "position_outside_area", f"at {lat:.5f}, {lon:.5f}")
            continue
        height, width = got.picture.shape[:2]
        yield Frame(
            index=index,
            source=source,
            picture=got.picture,
            time=_utc(time_s),
            lat_deg=lat,
            lon_deg=lon,
            heading_deg=motion.heading(time_s),
            speed_mps=motion.speed(time_s),
            position_sd_m=said.position_sd_m or reading.position_sd_m,
            camera=mounting.camera(width, height),
        )


def _driven(motion: Motion, inside: Floats) -> tuple[Floats, ...]:
    """Return the trace inside some stretches, each (n, 2) latitude and longitude."""
    fixes = motion.trace.times_s
    times = [np.r_[a, fixes[(fixes > a) & (fixes < b)], b] for a, b in inside]
    return tuple(
        np.column_stack(
            [np.interp(t, fixes, motion.trace.lat_deg), np.interp(t, fixes, motion.trace.lon_deg)]
        )
        for t in times
    )


def _utc(time_s: float) -> datetime:
    return datetime.fromtimestamp(round(time_s, 6), UTC)


def _iso(time_s: float) -> str:
    return iso(_utc(time_s))
