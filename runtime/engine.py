"""ONNX Runtime sessions, the one resize policy, and frame in, detections out.

One thread budget serves all sessions. Thread spinning is off: with several sessions in one process it more
than halves the speed (busy waiting takes the cores from the session whose turn it is).
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from gatukoll.detectors.card import InputSpec, ModelCard
from gatukoll.detectors.contract import Array, Box, Detection, Detector, View
from gatukoll.detectors.geometry import Camera
from gatukoll.errors import ModelError

PADDING = 114
"""Grey level of the padding right of and below a fitted frame; near the mean of street pictures."""

MAX_BATCH = 32
"""Crops a classifier sees at once, so that memory stays flat in a frame full of signs."""

Picture = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Loaded:
    """A detector with its checked model files, ready to be opened.

    Attributes:
        detector: the plugin.
        card: of its main model; `model` is the file.
        classifier_card, classifier: of the second stage on crops, None where it has none.
        thresholds: class -> score from which it is reported: the card's, or the city's own.
    """

    detector: Detector
    card: ModelCard
    model: Path
    classifier_card: ModelCard | None = None
    classifier: Path | None = None
    thresholds: Mapping[str, float] = field(default_factory=dict)


def fit(picture: Picture, spec: InputSpec, camera: Camera | None = None) -> tuple[Picture, View]:
    """Bring a frame into a model's input.

    Args:
        picture: (h, w, 3) uint8 RGB.
        spec: of the model's card; see `InputSpec` for the two cases.
        camera: passed on in the view.

    Returns:
        (input_height, input_width, 3) uint8, and how the frame lies in it.
    """
    height, width = picture.shape[:2]
    if spec.fit == "area":
        scale = min(math.sqrt(spec.height * spec.width / (height * width)), spec.max_enlarge)
    else:
        scale = min(spec.height / height, spec.width / width, spec.max_enlarge)
    inner_w, inner_h = max(1, round(width * scale)), max(1, round(height * scale))
    if spec.fit == "area":
        outer_w, outer_h = (-(-side // spec.multiple) * spec.multiple for side in (inner_w, inner_h))
    else:
        outer_w, outer_h = spec.width, spec.height
        inner_w, inner_h = min(inner_w, outer_w), min(inner_h, outer_h)
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    inner = (
        picture
        if (inner_w, inner_h) == (width, height)
        else cv2.resize(picture, (inner_w, inner_h), interpolation=how)
    )
    tensor = np.full((outer_h, outer_w, 3), PADDING, np.uint8)
    tensor[:inner_h, :inner_w] = inner
    return tensor, View(width, height, inner_w / width, inner_h / height, outer_w, outer_h, camera)


class Engine:
    """Runs the chosen detectors over frames. Holds sessions, no state between frames."""

    def __init__(self, loaded: Sequence[Loaded], threads: int | None = None) -> None:
        """Open the sessions.

        Args:
            loaded: detectors with their models.
            threads: budget for all sessions; None = every core this process may use.

        Raises:
            ModelError: ONNX Runtime can't open a file.
        """
        self.threads = threads or len(os.sched_getaffinity(0))
        self.loaded = tuple(loaded)
        cv2.setNumThreads(self.threads)
        self._main = {item.detector.name: _open(item.model, self.threads) for item in loaded}
        self._second = {
            item.detector.name: _open(item.classifier, self.threads) for item in loaded if item.classifier
        }

    def detect(
        self, picture: Picture, camera: Camera | None = None, *, names: Collection[str] | None = None
    ) -> dict[str, list[Detection]]:
        """Return detector -> its detections in one frame, in the order of its decode.

        Args:
            picture: (h, w, 3) uint8 RGB, upright.
            camera: passed to the detectors.
            names: only these detectors; None = all.
        """
        fitted: dict[InputSpec, tuple[Picture, View]] = {}
        found = {}
        for item in self.loaded:
            if names is not None and item.detector.name not in names:
                continue
            spec = item.card.input
            if spec not in fitted:
                fitted[spec] = fit(picture, spec, camera)
            tensor, view = fitted[spec]
            outputs = _run(self._main[item.detector.name], item.card, tensor[None])
            thresholds = item.thresholds or item.card.thresholds
            detections = item.detector.decode({k: v[0] for k, v in outputs.items()}, view, thresholds)
            found[item.detector.name] = self._second_stage(item, picture, view, detections)
        return found

    def seconds_per_frame(self, width: int = 1280, height: int = 720, rounds: int = 5) -> float:
        """Return how long a frame takes here: the median over some grey frames, after one to warm up."""
        picture = np.full((height, width, 3), PADDING, np.uint8)
        self.detect(picture)
        took = []
        for _ in range(rounds):
            start = time.perf_counter()
            self.detect(picture)
            took.append(time.perf_counter() - start)
        return float(np.median(took))

    def _second_stage(
        self, item: Loaded, picture: Picture, view: View, detections: list[Detection]
    ) -> list[Detection]:
        card = item.classifier_card
        if card is None or not detections:
            return detections
        crops = [_cut(picture, box) for box in item.detector.crops(view, detections)]
        tensors = np.stack([fit(crop, card.input)[0] for crop in crops])
        session = self._second[item.detector.name]
        batches = [_run(session, card, tensors[i : i + MAX_BATCH]) for i in range(0, len(tensors), MAX_BATCH)]
        outputs = {name: np.concatenate([b[name] for b in batches]) for name in card.outputs}
        return item.detector.classify(outputs, detections)


def _open(path: Path, threads: int) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    try:
        return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime raises classes of its own, all below Exception
        raise ModelError(f"ONNX Runtime can't open the model ({error})", where=str(path)) from error


def _run(session: ort.InferenceSession, card: ModelCard, tensor: Picture) -> dict[str, Array]:
    return dict(zip(card.outputs, session.run(card.outputs, {card.input.name: tensor}), strict=True))


def _cut(picture: Picture, box: Box) -> Picture:
    """Cut a box out of a frame; what lies outside the frame is padding, so every crop has its full size."""
    height, width = picture.shape[:2]
    x0, y0, x1, y1 = math.floor(box[0]), math.floor(box[1]), math.ceil(box[2]), math.ceil(box[3])
    crop = np.full((max(1, y1 - y0), max(1, x1 - x0), 3), PADDING, np.uint8)
    left, top, right, bottom = max(x0, 0), max(y0, 0), min(x1, width), min(y1, height)
    if left < right and top < bottom:
        crop[top - y0 : bottom - y0, left - x0 : right - x0] = picture[top:bottom, left:right]
    return crop
