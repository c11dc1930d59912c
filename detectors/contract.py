"""The plugin contract: what a use case gives and what it gets. Pure data and functions, no I/O, no torch.

A use case is a subclass of `Detector` behind an entry point in the group ``gatukoll.detectors``. The engine
opens its models, feeds them, and hands the raw outputs to the functions below; so a detector is testable with
arrays alone. Pixels are those of the frame as shown (x right, y down, origin at the corner of the upper left
pixel); metres are on the road plane, x to the right of the camera, y ahead of it, origin below the camera.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from gatukoll.detectors import geometry
from gatukoll.detectors.geometry import Camera, Measure

CONTRACT_VERSION = 1

Geometry = Literal["point", "line", "area"]
Box = tuple[float, float, float, float]  # x0, y0, x1, y1 in px of the frame, x1 and y1 exclusive
Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class FindingClass:
    """One kind of thing that a detector reports.

    Attributes:
        name: the word used in configs, files and code, e.g. ``pothole``.
        sv: the word that a Swedish street engineer uses.
        en: the English word.
        geometry: how it lies in the world.
        severity: what severity 1, 2 and 3 mean, in words.
    """

    name: str
    sv: str
    en: str
    geometry: Geometry
    severity: tuple[str, str, str]


@dataclass(frozen=True, slots=True, eq=False)
class Mask:
    """A region as pixels: `pixels` (h, w) bool, its upper left corner at `x`, `y` of the frame."""

    x: int
    y: int
    pixels: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Detection:
    """One thing in one frame, in pixels of the frame; it knows nothing of the world.

    Attributes:
        name: name of its `FindingClass`.
        score: 0..1, comparable with the thresholds of the card.
        box_px: its bounding box.
        mask: its pixels, where the model gives them.
        lines_px: its centre lines, each (n, 2) float, where the class is a line.
        attributes: what else was read, e.g. ``{"type": "C31", "value": "40"}``.
    """

    name: str
    score: float
    box_px: Box
    mask: Mask | None = None
    lines_px: tuple[NDArray[np.float64], ...] = ()
    attributes: Mapping[str, str | float] = field(default_factory=dict)

    def having(self, **attributes: str | float) -> Detection:
        """Return a copy with more attributes."""
        return replace(self, attributes={**self.attributes, **attributes})


@dataclass(frozen=True, slots=True)
class View:
    """How a frame lies in the model's input, and through which camera it was seen.

    An input pixel is ``frame pixel * scale``; what the input has beyond the frame is padding at its right
    and lower edge.

    Attributes:
        width, height: size of the frame in px.
        scale_x, scale_y: input px per frame px.
        input_width, input_height: size of the model's input in px.
        camera: None where nothing is known of it (labelled pictures).
    """

    width: int
    height: int
    scale_x: float
    scale_y: float
    input_width: int
    input_height: int
    camera: Camera | None = None


@dataclass(frozen=True, slots=True)
class Grade:
    """A severity and why: the rule in words, and where the rule comes from."""

    severity: Literal[1, 2, 3]
    rule: str
    source: str


class Options(BaseModel):
    """Options of a detector in the city's file; subclass it, every field with a description."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Detector:
    """A use case. Subclass it, set the class attributes, write `decode`; the rest has defaults.

    It does no I/O, keeps no state between frames and opens no session.

    Attributes:
        name: as in the entry point and in the city's file.
        classes: its class table.
        options_model: the pydantic model that its options in the city's file are checked against.
        model: file name of its ONNX model, in the package of the detector's module.
        classifier: file name of a second model that sees crops, or None.
    """

    name: ClassVar[str]
    classes: ClassVar[tuple[FindingClass, ...]]
    options_model: ClassVar[type[Options]] = Options
    model: ClassVar[str] = "model.onnx"
    classifier: ClassVar[str | None] = None

    def decode(
        self, outputs: Mapping[str, Array], view: View, thresholds: Mapping[str, float]
    ) -> list[Detection]:
        """Turn the model's outputs for one frame into detections.

        Args:
            outputs: output name -> array without the batch axis, as the model gave it.
            view: the frame, and how it lies in the input.
            thresholds: class name -> score from which it is reported, from the card.
        """
        raise NotImplementedError

    def crops(self, view: View, detections: Sequence[Detection]) -> list[Box]:
        """Return the box to cut for each detection, for the classifier; by default its own."""
        return [d.box_px for d in detections]

    def classify(self, outputs: Mapping[str, Array], detections: Sequence[Detection]) -> list[Detection]:
        """Add what the classifier said; `outputs` have one row a detection. May drop detections."""
        raise NotImplementedError

    def measure(self, detection: Detection, view: View) -> Measure | None:
        """Place a detection on the road plane; None where it does not lie on it (above the horizon)."""
        geometry_of = {c.name: c.geometry for c in self.classes}
        if view.camera is None:
            return None
        return geometry.measure(
            view.camera,
            geometry_of[detection.name],
            box_px=detection.box_px,
            mask=(detection.mask.x, detection.mask.y, detection.mask.pixels) if detection.mask else None,
            lines_px=detection.lines_px,
        )

    def grade(self, name: str, size: Mapping[str, float], options: Any) -> Grade:  # noqa: ANN401
        """Return the severity of a finding.

        Args:
            name: its class.
            size: ``length_m``, ``width_m``, ``area_m2``, as merged from all its sightings.
            options: an instance of `options_model`.
        """
        return Grade(1, "no rule: severity 1", "gatukoll default")

    def combine(self, findings: Sequence[Any]) -> Sequence[Any]:
        """Join findings that belong together (a site, a sign and its plate), after the merge."""
        return findings

    def valid(self, picture: NDArray[np.uint8], view: View) -> str | None:
        """Return None where this detector can judge the frame (RGB, (h, w, 3)), else the reason in a word."""
        return None
