"""The facts that a run adds, and the findings computed from them.

Facts are append-only and belong to a `FactSet`: one capture, seen by one detector with one model and one
set of settings. Findings are a function of facts; the same facts in any order give the same findings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shapely.geometry.base import BaseGeometry


@dataclass(frozen=True, slots=True, order=True)
class FactKey:
    """What makes a set of facts one set: running the same again adds nothing."""

    capture: str  # content digest
    detector: str
    model: str  # digest of the ONNX file(s)
    settings: str  # digest of everything in the city file and capture.yaml that changes facts


@dataclass(frozen=True, slots=True)
class Observation:
    """One thing on the ground, as one capture saw it over its frames.

    Attributes:
        number: 0.. within its fact set, in canonical order (first frame, class, place).
        name: its class.
        score: 0..1, the best of its sightings.
        geometry: WGS84, x = longitude, y = latitude.
        size: ``length_m``, ``width_m``, ``area_m2``, ``size_sd`` (relative).
        sd_m: one standard deviation of its place per axis, position of the vehicle included.
        heading_deg: direction of travel when it was seen.
        first, last: time of the first and last frame that shows it, UTC.
        sightings: for each frame that shows it ``{"source": frame, "frame": index,
            "box_px": [x0, y0, x1, y1], "score": s, "distance_m": d}``.
        attributes: what the detector read.
    """

    number: int
    name: str
    score: float
    geometry: BaseGeometry
    size: Mapping[str, float]
    sd_m: float
    heading_deg: float
    first: datetime
    last: datetime
    sightings: tuple[Mapping[str, Any], ...]
    attributes: Mapping[str, str | float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Look:
    """A stretch of road that a detector really looked at, or why it could not.

    Attributes:
        number: 0.. within its fact set.
        line: WGS84 LineString of the camera's positions (a Point doubled where there is one frame).
        first, last: UTC.
        frames: how many frames it covers.
        reason: "" = valid, else the reason code.
    """

    number: int
    line: BaseGeometry
    first: datetime
    last: datetime
    frames: int
    reason: str


@dataclass(frozen=True, slots=True)
class FactSet:
    """All that one detector saw in one capture."""

    key: FactKey
    model_version: str
    observations: tuple[Observation, ...]
    looks: tuple[Look, ...]


REJECTED_ITEMS = "rejected_items"


@dataclass(frozen=True, slots=True)
class CaptureRecord:
    """What a run noted of a capture: kept with its facts, so that a resumed run reports the same numbers.

    Attributes:
        digest, name, kind, device: of the `Capture`.
        settings: digest of what was used to read it (clock, spacing, mounting).
        state: ``done`` or ``rejected``.
        code, detail: why it was rejected, "" otherwise.
        plan: clock, starts, ends, length_m, made … as JSON values; under `REJECTED_ITEMS` the first frames
            that were rejected, each [source, reason code].
        offered, accepted: frames.
        rejected: frames, code -> count. accepted + sum(rejected) = offered.
        warnings: code -> count.
        trace: WGS84 LineString driven while filming, None where there is none.
    """

    digest: str
    name: str
    kind: str
    device: str
    settings: str
    state: str
    code: str
    detail: str
    plan: Mapping[str, Any]
    offered: int
    accepted: int
    rejected: Mapping[str, int]
    warnings: Mapping[str, int]
    trace: BaseGeometry | None


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing in the world, over all passes.

    Attributes:
        id: stable: made of its earliest observation in canonical order.
        detector, name: which detector, which class.
        sv, en: the class in words.
        severity, rule, rule_source: 1-3, and why.
        score: best of its observations.
        geometry: WGS84.
        size: as in `Observation`.
        sd_m: standard deviation of its place.
        heading_deg: direction of travel of the observation that its place rests on.
        first_seen, last_seen: UTC.
        captures: number of captures (passes) that show it.
        sightings: number of frames that show it.
        observations: keys (FactKey, number) of its observations, canonical order.
        status: ``new`` (life comes with review).
        owner: set by routing; "" before.
        attributes: merged.
        model_version: of its newest observation.
    """

    id: str
    detector: str
    name: str
    sv: str
    en: str
    severity: int
    rule: str
    rule_source: str
    score: float
    geometry: BaseGeometry
    size: Mapping[str, float]
    sd_m: float
    heading_deg: float
    first_seen: datetime
    last_seen: datetime
    captures: int
    sightings: int
    observations: tuple[tuple[FactKey, int], ...]
    status: str = "new"
    owner: str = ""
    attributes: Mapping[str, str | float] = field(default_factory=dict)
    model_version: str = ""
