"""Counts what is right and wrong in one picture, for one class; every score is made of sums of these counts.

Pixels and objects are counted only where the labels are known (`labels`). All distances are px of the
delivered picture. Sums over pictures come first, ratios last (`bootstrap`), so that a picture without an
object counts with its false alarms and a picture full of objects counts for all of them.

The rules for objects:

*Line classes, masks.* Objects are the 8-connected parts of the mask. A true part is found when at least half
of its pixels lie within `TOLERANCE_PX` of a prediction; a predicted part is right when at least half of its
known pixels lie within it of the truth. (The object form of the tolerant pixel score: completeness and
correctness by buffer, as in C. Heipke et al., "Evaluation of automatic road extraction", 1997.) A line
predicted in two pieces is found once, and both pieces are right.

*Area classes, masks.* Parts of truth and prediction are matched one to one, best first, where their
intersection over union is at least `PART_IOU`. 0.3 and not 0.5, since damage has no sharp rim: a pothole of
20 px that one person draws 2 px wider and another 2 px tighter has 0.44 between the two.

*Boxes.* See `boxscores`.

A predicted object that lies by more than half where nothing is known is left out, unless it is right.

An area that counts as a line class (alligator cracking as crack) is left out of the scores of the lines, the
tolerance around it included: its outline is no better than theirs. With this rule the published masks of
``brazil_dnit`` have precision and recall 0.43 and 0.26, 0.43 and 0.22 on the two halves of
``brazil_dnit_gold``, as its ``source.json`` says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from gatukoll.datasets import labels
from gatukoll.datasets.labels import Target
from gatukoll.datasets.layout import Picture, Source
from gatukoll.detectors.contract import Detection

Bools = NDArray[np.bool_]

TOLERANCE_PX = 3
"""Drawn lines are good to about this (``source.json`` of the sources with crack lines)."""
PART_IOU = 0.3
HALF = 0.5
SMALLEST_PART_PX = 9
"""Smaller true parts are splinters that a class drawn above, or 255, has cut off; they are no objects."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What one picture adds to the score of one class. `scored` pictures have a known absence.

    Attributes:
        inter, union: known pixels where truth and prediction agree that it is there; where either says so.
        right_px, predicted_px: known predicted pixels near the truth (within the tolerance); all of them.
        found_px, truth_px: true pixels near a prediction; all of them.
        right, predicted: predicted objects that are right; all of them.
        found, truth: true objects that are found; all of them.
        scored: 1 where presence and absence are labelled in the picture, 0 where only presence is.
    """

    inter: int = 0
    union: int = 0
    right_px: int = 0
    predicted_px: int = 0
    found_px: int = 0
    truth_px: int = 0
    right: int = 0
    predicted: int = 0
    found: int = 0
    truth: int = 0
    scored: int = 1

    def row(self) -> NDArray[np.int64]:
        """Return the counts as an array (11,), in the order of the fields."""
        return np.array(astuple(self), dtype=np.int64)


def target_of(source: Source, picture: Picture, name: str, *, line: bool) -> Target:
    """Return what a class is scored against in the mask of a picture.

    Raises:
        DataError: the labels can't be read.
    """
    own = labels.pixels(source, picture, name, line=line)
    if not line:
        return own
    areas = labels.pixels(source, picture, name, line=False).positive & ~own.positive
    around = near(areas)
    return Target(own.positive & ~around, own.known & ~around)


def union_of(detections: Sequence[Detection], shape: tuple[int, int]) -> Bools:
    """Return the pixels (h, w) that any of the detections covers with its mask; parts outside are cut off."""
    plane = np.zeros(shape, dtype=np.bool_)
    for detection in detections:
        if (mask := detection.mask) is None:
            continue
        h, w = mask.pixels.shape
        x0, y0, x1, y1 = max(mask.x, 0), max(mask.y, 0), min(mask.x + w, shape[1]), min(mask.y + h, shape[0])
        if x0 < x1 and y0 < y1:
            part = mask.pixels[y0 - mask.y : y1 - mask.y, x0 - mask.x : x1 - mask.x]
            plane[y0:y1, x0:x1] |= part
    return plane


def near(plane: Bools, distance_px: int = TOLERANCE_PX) -> Bools:
    """Return the pixels (h, w) at most `distance_px` away from a set one, centre to centre."""
    reach = np.arange(-distance_px, distance_px + 1)
    disc = (reach[:, None] ** 2 + reach**2 <= distance_px**2).astype(np.uint8)
    return np.asarray(cv2.dilate(plane.astype(np.uint8), disc), dtype=np.bool_)


def count_pixels(predicted: Bools, target: Target, *, line: bool, scored: bool = True) -> Counts:
    """Compare a predicted mask with a labelled one.

    Args:
        predicted: (h, w) bool.
        target: the class in this picture; `target.positive` lies inside `target.known`.
        line: objects are matched by the rule for lines, else by the rule for areas.
        scored: absence is labelled too.
    """
    truth, known = target.positive, target.known
    if not (truth.any() or predicted.any()):
        return Counts(scored=int(scored))
    told = predicted & known
    near_truth, near_predicted = near(truth), near(predicted)
    right, parts, found, things = (
        _line_objects(predicted, target, near_truth, near_predicted)
        if line
        else _area_objects(predicted, target)
    )
    return Counts(
        inter=int((told & truth).sum()),
        union=int((told | truth).sum()),
        right_px=int((told & near_truth).sum()),
        predicted_px=int(told.sum()),
        found_px=int((truth & near_predicted).sum()),
        truth_px=int(truth.sum()),
        right=right,
        predicted=parts,
        found=found,
        truth=things,
        scored=int(scored),
    )


def _parts(plane: Bools) -> tuple[int, NDArray[np.int32]]:
    """Return how many 8-connected parts a mask has, and the number 1.. of each pixel's part (h, w)."""
    count, numbers = cv2.connectedComponents(plane.astype(np.uint8), connectivity=8)
    return count - 1, np.asarray(numbers, dtype=np.int32)


def _sizes(numbers: NDArray[np.int32], count: int, where: Bools) -> NDArray[np.int64]:
    """Return how many pixels of each part (count,) lie in `where`."""
    return np.bincount(numbers[where], minlength=count + 1)[1:].astype(np.int64)


def _line_objects(
    predicted: Bools, target: Target, near_truth: Bools, near_predicted: Bools
) -> tuple[int, int, int, int]:
    """Return right, predicted, found and true parts of a line class."""
    everywhere = np.ones_like(predicted)
    count, numbers = _parts(target.positive)
    size = _sizes(numbers, count, everywhere)
    found = _sizes(numbers, count, near_predicted) >= HALF * size
    is_object = size >= SMALLEST_PART_PX
    count, numbers = _parts(predicted)
    size, known = _sizes(numbers, count, everywhere), _sizes(numbers, count, target.known)
    right = (_sizes(numbers, count, target.known & near_truth) >= HALF * known) & (known > 0)
    judged = known >= HALF * size
    return (
        int((right & judged).sum()),
        int(judged.sum()),
        int((found & is_object).sum()),
        int(is_object.sum()),
    )


def _area_objects(predicted: Bools, target: Target) -> tuple[int, int, int, int]:
    """Return right, predicted, found and true parts of an area class."""
    everywhere = np.ones_like(predicted)
    things, true_numbers = _parts(target.positive)
    parts, numbers = _parts(predicted)
    true_size = _sizes(true_numbers, things, everywhere)
    size, known = _sizes(numbers, parts, everywhere), _sizes(numbers, parts, target.known)
    both = (true_numbers > 0) & (numbers > 0)
    pair = (true_numbers[both] - 1).astype(np.int64) * max(parts, 1) + numbers[both] - 1
    inter = np.bincount(pair, minlength=things * parts).reshape(things, parts)
    iou = inter / np.maximum(true_size[:, None] + known[None, :] - inter, 1)
    found, used = np.zeros(things, dtype=np.bool_), np.zeros(parts, dtype=np.bool_)
    is_object, splinter = true_size >= SMALLEST_PART_PX, np.zeros(parts, dtype=np.bool_)
    order = np.argsort(-iou, axis=None, kind="stable")
    for thing, part in zip(*np.unravel_index(order, iou.shape), strict=True):
        if iou[thing, part] < PART_IOU:
            break
        if not found[thing] and not used[part]:
            found[thing] = used[part] = True
            splinter[part] = not is_object[thing]
    judged = ((known >= HALF * size) | used) & ~splinter
    return (
        int((used & ~splinter).sum()),
        int(judged.sum()),
        int((found & is_object).sum()),
        int(is_object.sum()),
    )
