"""Looks at the development pictures while training: best threshold a class, and overlays to look at.

These figures steer a training and choose thresholds. What is published is measured by `evaluate`, on the
exported model through the engine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from gatukoll.training.data import Targets

THRESHOLDS = np.round(np.arange(0.05, 0.96, 0.05), 2)
TOLERANCE_PX = 3
"""A line pixel counts as met within this distance, as in the published score."""
TIE = 0.01
"""Of thresholds within this of the best, the highest is taken: a false alarm costs more than a miss."""

_COLOURS = ((230, 40, 40), (40, 140, 255), (255, 220, 0), (40, 200, 80), (255, 0, 255), (0, 255, 255))


@dataclass(slots=True)
class Sweep:
    """Counts of one class at every threshold of `THRESHOLDS`, summed over pictures.

    Attributes:
        line: counted with tolerance, F1; else without, IoU.
        hit, false: predicted pixels that are right and wrong.
        met, missed: drawn pixels that were found and not found.
    """

    line: bool
    hit: NDArray[np.int64] = field(default_factory=lambda: np.zeros(len(THRESHOLDS), np.int64))
    false: NDArray[np.int64] = field(default_factory=lambda: np.zeros(len(THRESHOLDS), np.int64))
    met: NDArray[np.int64] = field(default_factory=lambda: np.zeros(len(THRESHOLDS), np.int64))
    missed: NDArray[np.int64] = field(default_factory=lambda: np.zeros(len(THRESHOLDS), np.int64))

    def add(self, scores: NDArray[np.float32], positive: NDArray[np.bool_], known: NDArray[np.bool_]) -> None:
        """Count one picture, all arrays (h, w)."""
        near = _grown(positive) if self.line else positive
        for i, threshold in enumerate(THRESHOLDS):
            said = (scores >= threshold) & known
            found = _grown(said) if self.line else said
            self.hit[i] += np.count_nonzero(said & near)
            self.false[i] += np.count_nonzero(said & ~near)
            self.met[i] += np.count_nonzero(positive & found)
            self.missed[i] += np.count_nonzero(positive & ~found)

    @property
    def values(self) -> NDArray[np.float64]:
        """Return F1 (lines) or IoU (areas) at every threshold; 0 where nothing was drawn or found."""
        if self.line:
            precision = self.hit / np.maximum(self.hit + self.false, 1)
            recall = self.met / np.maximum(self.met + self.missed, 1)
            return np.asarray(2 * precision * recall / np.maximum(precision + recall, 1e-9))
        return np.asarray(self.hit / np.maximum(self.hit + self.false + self.missed, 1))

    @property
    def best(self) -> tuple[float, float]:
        """Return the threshold to use and its value: the highest of those nearly as good as the best."""
        values = self.values
        index = int(np.flatnonzero(values >= values.max() - TIE).max())
        return float(THRESHOLDS[index]), float(values[index])


def overlay(
    picture: NDArray[np.uint8],
    scores: NDArray[np.float32],
    targets: Targets | None,
    thresholds: Sequence[float],
) -> NDArray[np.uint8]:
    """Return the picture beside itself, labels drawn on the left one, predictions on the right one.

    Args:
        picture: (h, w, 3) RGB.
        scores: (classes, h, w).
        targets: what is labelled; unknown parts are darkened.
        thresholds: one a class.
    """
    left, right = picture.copy(), picture.copy()
    if targets is not None:
        unknown = ~(targets.weight > 0).any(axis=0)
        left[unknown] //= 2
        _paint(left, list(targets.positive))
    _paint(right, [s >= t for s, t in zip(scores, thresholds, strict=True)])
    return np.hstack([left, right])


def _paint(picture: NDArray[np.uint8], regions: Sequence[NDArray[np.bool_]]) -> None:
    for region, colour in reversed(list(zip(regions, _COLOURS, strict=False))):
        edge, _ = cv2.findContours(region.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        picture[region] = (picture[region] * 0.6 + np.array(colour) * 0.4).astype(np.uint8)
        cv2.drawContours(picture, edge, -1, colour, 1)


def _grown(region: NDArray[np.bool_]) -> NDArray[np.bool_]:
    side = 2 * TOLERANCE_PX + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    return np.asarray(cv2.dilate(region.astype(np.uint8), disc) > 0)
