"""Damage on the carriageway: cracks, alligator cracking, potholes and patches, by segmentation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from gatukoll.detectors.contract import Array, Detection, Detector, FindingClass, Grade, Mask, Options, View
from gatukoll.detectors.pavement.lines import centre_lines
from gatukoll.detectors.pavement.options import PavementOptions

STRIDE = 4
"""Input px per cell of the output ``scores``."""

SMALLEST = {"crack": 60, "network": 600, "pothole": 30, "patch": 300}
"""Input px (area) below which a region is noise: about a crack of 15 px, a pothole of 6 px across."""

CARRIAGEWAY = 0.8
"""Score of the surface from which a pixel is carriageway. On the development groups no score changes between
0.5 and 0.8."""

KERB = 12
"""Input px along the carriageway's edge in which no crack is reported: the joint of a kerb looks like one. On
the development groups, whose labels end before the kerb, no score changes from 0 to 12 px."""

SURELY_NETWORK = 0.8
"""Score of alligator cracking from which the cracks inside are part of it. From its threshold on would cost a
fifth of the crack F1 on the development groups: around alligator cracking single cracks run in and out."""

BRIDGED = 12
"""Input px of a gap in a crack that is still one crack: scores of thin cracks break up along their way."""


class Pavement(Detector):
    """Decodes one probability map a class into regions, cracks into lines as well."""

    name: ClassVar[str] = "pavement"
    options_model: ClassVar[type[Options]] = PavementOptions
    classes: ClassVar[tuple[FindingClass, ...]] = (
        FindingClass("crack", "spricka", "crack", "line", ("kort", "2 m eller mer", "10 m eller mer")),
        FindingClass(
            "network",
            "krackelering",
            "alligator cracking",
            "area",
            ("liten", "1 m² eller mer", "5 m² eller mer"),
        ),
        FindingClass("pothole", "potthål", "pothole", "area", ("under 20 cm", "20-45 cm", "45 cm eller mer")),
        FindingClass("patch", "lagning", "patch", "area", ("liten", "4 m² eller mer", "20 m² eller mer")),
    )

    def decode(
        self, outputs: Mapping[str, Array], view: View, thresholds: Mapping[str, float]
    ) -> list[Detection]:
        """See `Detector.decode`.

        ``scores`` is (4, height / 4, width / 4) of the input, 0..1; ``surface`` (1, ...) says where there is
        carriageway: what the scores say elsewhere (walls, hedges, cars) is left out. A model without it
        is taken to see carriageway alone.
        """
        planes = [to_frame(plane, view) for plane in outputs["scores"]]
        if "surface" in outputs:
            elsewhere = (to_frame(outputs["surface"][0], view) < CARRIAGEWAY).astype(np.uint8)
            for kind, plane in zip(self.classes, planes, strict=True):
                away = _grown(elsewhere, KERB, view) if kind.geometry == "line" else elsewhere
                plane[away > 0] = 0.0
        by_name = dict(zip((kind.name for kind in self.classes), planes, strict=True))
        by_name["crack"][by_name["network"] >= SURELY_NETWORK] = 0.0
        return [
            detection
            for kind in self.classes
            for detection in self._regions(kind, by_name[kind.name], thresholds[kind.name], view)
        ]

    def _regions(self, kind: FindingClass, plane: Array, threshold: float, view: View) -> list[Detection]:
        """Return the connected regions (8 neighbours) of one class, scored by their mean probability."""
        over = (plane >= threshold).astype(np.uint8)
        joined = _grown(over, BRIDGED / 2, view) if kind.geometry == "line" else over
        smallest = SMALLEST[kind.name] / (view.scale_x * view.scale_y)
        count, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
        detections = []
        for number in range(1, count):
            x, y, w, h, _ = (int(v) for v in stats[number])
            window = slice(y, y + h), slice(x, x + w)
            pixels = (labels[window] == number) & (over[window] > 0)
            if pixels.sum() < smallest:
                continue
            mask = _tight(Mask(x, y, pixels))
            lines = centre_lines(mask.pixels, mask.x, mask.y) if kind.geometry == "line" else ()
            box = (mask.x, mask.y, mask.x + mask.pixels.shape[1], mask.y + mask.pixels.shape[0])
            detections.append(Detection(kind.name, float(plane[window][pixels].mean()), box, mask, lines))
        return detections

    def grade(self, name: str, size: Mapping[str, float], options: PavementOptions) -> Grade:
        """See `Detector.grade`: limits by size, from the options."""
        limits = getattr(options, name)
        value = size[limits.measure]
        unit = "m²" if limits.measure == "area_m2" else "m"
        if value >= limits.three:
            return Grade(3, f"{value:.2f} ≥ {limits.three:g} {unit}", limits.source)
        if value >= limits.two:
            return Grade(2, f"{value:.2f} ≥ {limits.two:g} {unit}", limits.source)
        return Grade(1, f"{value:.2f} < {limits.two:g} {unit}", limits.source)


def to_frame(plane: Array, view: View) -> Array:
    """Return one output plane (cells) at the size of the frame, bilinear, cell centres where they belong."""
    sx, sy = view.scale_x / STRIDE, view.scale_y / STRIDE
    cells = np.array([[sx, 0, sx / 2 - 0.5], [0, sy, sy / 2 - 0.5]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = (view.width, view.height)
    return np.asarray(
        cv2.warpAffine(plane, cells, size, flags=flags, borderMode=cv2.BORDER_REPLICATE), np.float32
    )


def _grown(region: NDArray[np.uint8], margin: float, view: View) -> NDArray[np.uint8]:
    """Return a region (h, w) grown by a margin in input px."""
    side = round(2 * margin / view.scale_x) | 1
    return np.asarray(
        cv2.dilate(region, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))), np.uint8
    )


def _tight(mask: Mask) -> Mask:
    """Return a mask without the empty rows and columns around it."""
    rows, columns = (np.flatnonzero(mask.pixels.any(axis=a)) for a in (1, 0))
    inner = mask.pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return Mask(mask.x + int(columns[0]), mask.y + int(rows[0]), inner)
