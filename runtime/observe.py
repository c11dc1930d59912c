"""One capture through the engine: frames in, observations and looks of each detector out."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from gatukoll.detectors.contract import Detection, View
from gatukoll.runtime.capture.model import Frame, FrameRejected
from gatukoll.runtime.capture.reading import Opened
from gatukoll.runtime.chosen import Chosen
from gatukoll.runtime.engine import Engine
from gatukoll.runtime.findings.facts import Look, Observation
from gatukoll.runtime.placing import CaptureTracks, Looked, looks

NAMED = 100
"""Rejected frames of a capture that are kept by name; a film may lose thousands for one reason."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What one detector made of a capture."""

    observations: tuple[Observation, ...]
    looks: tuple[Look, ...]


@dataclass(slots=True)
class Counts:
    """Frames of a capture: accepted + sum(rejected) = offered; `warnings` stand outside the sum.

    `items` names the first `NAMED` of the rejected ones: source, reason code.
    """

    offered: int = 0
    accepted: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    items: list[tuple[str, str]] = field(default_factory=list)
    warnings: Counter[str] = field(default_factory=Counter)


def observe(
    opened: Opened,
    chosen: Sequence[Chosen],
    engine: Engine,
    *,
    spacing_m: float,
    each_frame: Callable[[], None],
) -> tuple[Counts, dict[str, Seen]]:
    """Run the detectors over a capture.

    Args:
        opened: the capture.
        chosen: the detectors that have no facts of it yet; the engine holds at least these.
        engine: with their models.
        spacing_m: metres between two frames, for the looks.
        each_frame: called after each frame offered; may raise to stop the run.

    Returns:
        The count of frames, and detector -> what it saw.
    """
    counts = Counts()
    tracks = {item.name: CaptureTracks() for item in chosen}
    looked: dict[str, list[Looked]] = {item.name: [] for item in chosen}
    for frame in opened.frames():
        counts.offered += 1
        if isinstance(frame, FrameRejected):
            counts.rejected[frame.code] += 1
            if len(counts.items) < NAMED:
                counts.items.append((frame.source, frame.code))
        else:
            counts.accepted += 1
            counts.warnings["no_heading"] += math.isnan(frame.heading_deg)
            _judge(frame, chosen, engine, tracks, looked)
        each_frame()
    return counts, {
        name: Seen(tracks[name].observations(), looks(looked[name], spacing_m=spacing_m)) for name in tracks
    }


def _judge(
    frame: Frame,
    chosen: Sequence[Chosen],
    engine: Engine,
    tracks: dict[str, CaptureTracks],
    looked: dict[str, list[Looked]],
) -> None:
    """Let each detector that can judge the frame do so, and note that it looked, or why not."""
    view = View(
        frame.camera.width, frame.camera.height, 1, 1, frame.camera.width, frame.camera.height, frame.camera
    )
    reasons = {item.name: item.loaded.detector.valid(frame.picture, view) for item in chosen}
    able = [item for item in chosen if reasons[item.name] is None]
    found = engine.detect(frame.picture, frame.camera, names=[item.name for item in able])
    for item in chosen:
        reason = reasons[item.name] or ""
        looked[item.name].append(Looked(frame.time, frame.lat_deg, frame.lon_deg, reason))
        detections = [d for d in found.get(item.name, []) if not _on_own_vehicle(d, frame)]
        detector = item.loaded.detector
        tracks[item.name].add(frame, [(d, detector.measure(d, view)) for d in detections])


def _on_own_vehicle(detection: Detection, frame: Frame) -> bool:
    """Say whether the middle of a detection lies on the bonnet, as far as the mounting tells."""
    _, y0, _, y1 = detection.box_px
    return (y0 + y1) / 2 > frame.camera.height * (1 - frame.camera.bonnet)
