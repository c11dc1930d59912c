"""Counts right and wrong boxes in one picture, for one class.

Boxes are matched one to one where their intersection over union is at least `BOX_IOU`, highest score first,
as in PASCAL VOC. A predicted box that is not right is left out, neither right nor wrong, when half of it lies
in an ignore region (as COCO does), or where nothing is known, or when it is lower than what is labelled.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from gatukoll.datasets.labels import Target
from gatukoll.datasets.layout import Box
from gatukoll.datasets.scores import HALF, SMALLEST_PART_PX, Bools, Counts
from gatukoll.detectors.contract import Box as Corners
from gatukoll.detectors.contract import Detection

BOX_IOU = 0.5


def count_boxes(
    detections: Sequence[Detection],
    truth: Sequence[Box],
    *,
    scored: bool = True,
    min_px: float = 0.0,
    known: Bools | None = None,
) -> Counts:
    """Compare predicted boxes with drawn ones.

    Args:
        detections: of one class.
        truth: of that class, and ignore regions.
        scored: absence is labelled too.
        min_px: height from which the class is labelled; a lower prediction that is not right is left out.
        known: (h, w) bool, where the class is labelled; None = everywhere.
    """
    things = [b.box_px for b in truth if not b.ignore]
    regions = [b.box_px for b in truth if b.ignore]
    free = set(range(len(things)))
    right = wrong = 0
    for detection in sorted(detections, key=lambda d: -d.score):
        box = detection.box_px
        best = max(free, key=lambda i: box_iou(box, things[i]), default=None)
        if best is not None and box_iou(box, things[best]) >= BOX_IOU:
            free.remove(best)
            right += 1
        elif not (
            box[3] - box[1] < min_px
            or any(_inside(box, region) >= HALF for region in regions)
            or (known is not None and _share(known, box) < HALF)
        ):
            wrong += 1
    found = len(things) - len(free)
    return Counts(right=right, predicted=right + wrong, found=found, truth=len(things), scored=int(scored))


def parts_as_boxes(target: Target) -> list[Box]:
    """Return the boxes of the connected parts of a mask, for detectors that give boxes only."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(target.positive.astype(np.uint8), connectivity=8)
    return [Box("", (x, y, x + w, y + h)) for x, y, w, h, px in stats[1:].tolist() if px >= SMALLEST_PART_PX]


def box_iou(a: Corners, b: Corners) -> float:
    """Return the intersection over union of two boxes (x0, y0, x1, y1)."""
    inter = _overlap(a, b)
    union = _area(a) + _area(b) - inter
    return inter / union if union > 0 else 0.0


def _overlap(a: Corners, b: Corners) -> float:
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    return max(width, 0.0) * max(height, 0.0)


def _area(box: Corners) -> float:
    return max(box[2] - box[0], 0.0) * max(box[3] - box[1], 0.0)


def _inside(box: Corners, region: Corners) -> float:
    """Return the share of a box that lies in a region."""
    return _overlap(box, region) / area if (area := _area(box)) > 0 else 0.0


def _share(known: Bools, box: Corners) -> float:
    """Return the share of a box's pixels that are known."""
    x0, y0, x1, y1 = (max(round(v), 0) for v in box)
    part = known[y0:y1, x0:x1]
    return float(part.mean()) if part.size else 0.0
