"""Association over the frames of one capture, on the road plane, in metres."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import shapely
from scipy.optimize import linear_sum_assignment

from gatukoll.detectors.contract import Detection
from gatukoll.detectors.geometry import Measure
from gatukoll.runtime.capture.model import Frame
from gatukoll.runtime.findings.facts import Observation
from gatukoll.runtime.placing.combine import combine
from gatukoll.runtime.placing.joining import join
from gatukoll.runtime.placing.likeness import NEVER, misfit, worst
from gatukoll.runtime.placing.options import PlacingOptions
from gatukoll.runtime.placing.pieces import Floats, Piece, Pose, place
from gatukoll.runtime.placing.plane import Plane


@dataclass(slots=True, eq=False)
class Track:
    """The pieces that are taken for one thing, in order of frame."""

    pieces: list[Piece] = field(default_factory=list)

    @property
    def latest(self) -> list[Piece]:
        """The pieces of the last frame that shows it."""
        return [p for p in self.pieces if p.pose.order == self.pieces[-1].pose.order]


class CaptureTracks:
    """Takes a capture frame by frame, gives its observations at the end.

    Holds numbers only, no picture: a frame may be dropped once it was added.

    Attributes:
        unplaced: detections that were not used, by reason: ``no_heading`` (the frame's heading is unknown),
            ``not_on_road`` (no measure), ``too_far`` (left to a nearer frame), ``few_sightings``.
    """

    def __init__(self, options: PlacingOptions | None = None) -> None:
        self.options = options or PlacingOptions()
        self.unplaced: Counter[str] = Counter()
        self._plane: Plane | None = None
        self._poses: list[Pose] = []
        self._open: dict[str, list[Track]] = {}
        self._closed: list[Track] = []

    def add(self, frame: Frame, seen: Sequence[tuple[Detection, Measure | None]]) -> None:
        """Add the next frame with its detections; also one without any, for the vehicle's path.

        Args:
            frame: later than all before it; its heading may be NaN, then nothing in it can be placed.
            seen: detections with their measures in vehicle metres, None where one lies on no road.
        """
        pose = self._pose(frame)
        if pose is None:
            self.unplaced["no_heading"] += len(seen)
            return
        pieces: dict[str, list[Piece]] = {}
        for detection, measure in seen:
            piece = place(frame, pose, detection, measure, self.options) if measure else None
            if piece is None:
                self.unplaced["too_far" if measure else "not_on_road"] += 1
            else:
                pieces.setdefault(piece.name, []).append(piece)
        for name in sorted(set(pieces) | set(self._open)):
            found = sorted(pieces.get(name, []), key=lambda p: (p.boxes, p.score))
            self._extend(name, pose, found)

    def observations(self) -> tuple[Observation, ...]:
        """Return what was seen, numbered in canonical order: first frame, class, place. Call it once."""
        tracks = self._closed + [t for name in sorted(self._open) for t in self._open[name]]
        self._open, self._closed = {}, []
        found: list[Observation] = []
        for pieces in join([t.pieces for t in tracks], self.options):
            if len({p.pose.order for p in pieces}) < self.options.min_sightings:
                self.unplaced["few_sightings"] += len(pieces)
            elif self._plane is not None:
                found.append(combine(pieces, self._poses, self._plane, self.options))
        found.sort(key=_canonical)
        return tuple(replace(o, number=number) for number, o in enumerate(found))

    def _pose(self, frame: Frame) -> Pose | None:
        """Note where the vehicle is; None where its heading is unknown."""
        if math.isnan(frame.heading_deg):
            return None
        if self._plane is None:
            self._plane = Plane(frame.lat_deg, frame.lon_deg)
        x, y = self._plane.to_metres([[frame.lon_deg, frame.lat_deg]])[0]
        last = self._poses[-1] if self._poses else None
        travelled = last.travelled_m + math.hypot(x - last.x_m, y - last.y_m) if last else 0.0
        pose = Pose(
            order=len(self._poses),
            frame=frame.index,
            source=frame.source,
            time=frame.time,
            x_m=float(x),
            y_m=float(y),
            heading_deg=float(frame.heading_deg),
            travelled_m=float(travelled),
            position_sd_m=float(frame.position_sd_m),
        )
        self._poses.append(pose)
        return pose

    def _extend(self, name: str, pose: Pose, pieces: list[Piece]) -> None:
        """Give each piece to the open track that it fits best, or begin a new one."""
        tracks = self._open.get(name, [])
        near = [t for t in tracks if pose.travelled_m - t.pieces[-1].pose.travelled_m <= self.options.reach_m]
        self._closed += [t for t in tracks if t not in near]
        for piece, column in zip(pieces, _assign(pieces, near, self.options), strict=True):
            if column is None:
                near.append(Track([piece]))
            else:
                near[column].pieces.append(piece)
        self._open[name] = near


def _assign(pieces: list[Piece], tracks: list[Track], options: PlacingOptions) -> list[int | None]:
    """Return for each piece the index of its track, or None (Hungarian; a new track costs the gate)."""
    if not pieces or not tracks:
        return [None] * len(pieces)
    latest = [(column, piece) for column, track in enumerate(tracks) for piece in track.latest]
    shapes = np.array([piece.shape for _, piece in latest], dtype=object)
    cost: Floats = np.full((len(pieces), len(tracks)), NEVER)
    for row, piece in enumerate(pieces):
        for i in np.flatnonzero(shapely.dwithin(shapes, piece.shape, options.gate_cap_m)):
            column, old = latest[i]
            cost[row, column] = min(cost[row, column], misfit(old, piece, options))
    anew = np.full((len(pieces), len(pieces)), worst(options))
    rows, columns = linear_sum_assignment(np.hstack([cost, anew]))
    return [
        int(c) if c < len(tracks) and cost[r, c] < NEVER else None for r, c in zip(rows, columns, strict=True)
    ]


def _canonical(seen: Observation) -> tuple[object, ...]:
    centre = seen.geometry.centroid
    first = min(int(s["frame"]) for s in seen.sightings)
    return first, seen.name, round(centre.x, 8), round(centre.y, 8), seen.geometry.wkb
