"""Holds an exported graph against the network it came from, on real pictures, after the detector's decode."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx
import onnxruntime as ort
import torch
from numpy.typing import NDArray

from gatukoll.datasets.layout import read_picture
from gatukoll.datasets.splits import Item
from gatukoll.detectors.card import ModelCard
from gatukoll.detectors.contract import Detection, Detector
from gatukoll.runtime.engine import fit
from gatukoll.training.config import Recipe
from gatukoll.training.decoder import Segmenter
from gatukoll.training.graph import split_channels

SAME_REGION = 0.9
"""IoU of two detections that count as the same: border pixels may fall either way at a threshold, and on a
thin crack a few of them are a tenth."""
SAME_SCORE = 0.01


@dataclass(frozen=True, slots=True)
class Parity:
    """How well a graph agrees with its network.

    Attributes:
        pictures: compared.
        raw: largest absolute difference of any score.
        detections: of the network, after decode.
        differing: detections of either that the other lacks.
    """

    pictures: int
    raw: float
    detections: int
    differing: int

    def __str__(self) -> str:
        return (
            f"{self.pictures} pictures: largest difference of a score {self.raw:.1e}, "
            f"{self.differing} of {self.detections} detections differ"
        )


def compare(
    net: Segmenter,
    recipe: Recipe,
    model: onnx.ModelProto,
    card: ModelCard,
    detector: Detector,
    items: Sequence[Item],
) -> Parity:
    """Run both on pictures, fitted as the engine fits them, and count what differs."""
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    net = net.eval()
    raw, total, differing = 0.0, 0, 0
    for item in items:
        tensor, view = fit(read_picture(item.picture.path), card.input)
        with torch.no_grad():
            planes = split_channels(net(torch.from_numpy(tensor)[None]), recipe)
        ours = {name: p.numpy()[0] for name, p in zip(card.outputs, planes, strict=True)}
        given = session.run(card.outputs, {card.input.name: tensor[None]})
        theirs = {name: np.asarray(value)[0] for name, value in zip(card.outputs, given, strict=True)}
        raw = max(raw, *(float(np.abs(ours[n] - theirs[n]).max()) for n in card.outputs))
        before = detector.decode(ours, view, card.thresholds)
        after = detector.decode(theirs, view, card.thresholds)
        total += len(before)
        differing += _unmatched(before, after)
    return Parity(len(items), raw, total, differing)


def _unmatched(before: Sequence[Detection], after: Sequence[Detection]) -> int:
    """Return how many detections of either list have no like in the other."""
    left = list(after)
    alone = 0
    for one in before:
        like = next((other for other in left if _same(one, other)), None)
        if like is None:
            alone += 1
        else:
            left.remove(like)
    return alone + len(left)


def _same(one: Detection, other: Detection) -> bool:
    if one.name != other.name or abs(one.score - other.score) > SAME_SCORE:
        return False
    if one.mask is None or other.mask is None:
        return bool(np.allclose(one.box_px, other.box_px, atol=1.0))
    a, b = _pixels(one), _pixels(other)
    return len(np.intersect1d(a, b)) >= SAME_REGION * len(np.union1d(a, b))


def _pixels(detection: Detection) -> NDArray[np.int64]:
    """Return the pixels of a mask as single numbers."""
    assert detection.mask is not None
    y, x = np.nonzero(detection.mask.pixels)
    return np.asarray((y + detection.mask.y) * 100_000 + x + detection.mask.x, dtype=np.int64)
