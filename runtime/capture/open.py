"""A capture opened: its plan first, then its frames."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import numpy as np

from gatukoll.errors import CaptureRejected, ConfigError
from gatukoll.runtime.capture.filmed import open_filmed
from gatukoll.runtime.capture.kinematics import Motion
from gatukoll.runtime.capture.model import Capture, Frame, FrameRejected, Plan
from gatukoll.runtime.capture.pictures import open_pictures
from gatukoll.runtime.capture.reading import Opened, Reading
from gatukoll.runtime.capture.sidecar import sidecar_for
from gatukoll.runtime.capture.trace import read_trace


def open_capture(capture: Capture, reading: Reading) -> Opened:
    """Open a capture without decoding a frame.

    Raises:
        CaptureRejected: with the reason code and what to do.
    """
    if capture.kind == "film":
        return open_filmed(capture, reading)
    if capture.kind == "pictures":
        return open_pictures(capture, reading)
    return _open_trace(capture)


def check_clock(captures: Sequence[Capture], reading: Reading) -> None:
    """Refuse an overriding clock that can't be true for all captures.

    Raises:
        ConfigError: one start or one end for several films.
    """
    clock = reading.policy()
    media = [c for c in captures if c.kind != "trace"]
    if clock and clock.policy in ("start", "end") and len(media) > 1:
        names = ", ".join(c.name for c in media[:3]) + (" …" if len(media) > 3 else "")
        raise ConfigError(
            f"{clock.text} can't be true for {len(media)} captures ({names})",
            where="--clock",
            todo="Run them one by one, or write a clock for each film under clips: in capture.yaml.",
        )


def _open_trace(capture: Capture) -> Opened:
    """Open a trace without pictures: driven, but nothing seen."""
    if capture.trace is None:
        raise CaptureRejected("no_trace", "neither media nor trace")
    said = sidecar_for(capture)
    motion = Motion.of(read_trace(capture.trace, said.trace_zone))
    trace = motion.trace
    lines = []
    for a, b in motion.spans:
        part = (trace.times_s >= a) & (trace.times_s <= b)
        lines.append(np.column_stack([trace.lat_deg[part], trace.lon_deg[part]]))
    plan = Plan(
        clock="the trace's own times",
        starts=datetime.fromtimestamp(float(trace.times_s[0]), UTC),
        ends=datetime.fromtimestamp(float(trace.times_s[-1]), UTC),
        first=(float(trace.lat_deg[0]), float(trace.lon_deg[0])),
        last=(float(trace.lat_deg[-1]), float(trace.lon_deg[-1])),
        length_m=float(motion.moved_m[-1]),
        offered=0,
        device=said.device,
        warnings=trace.warnings,
    )

    def nothing() -> Iterator[Frame | FrameRejected]:
        yield from ()

    return Opened(plan, tuple(lines), nothing)
