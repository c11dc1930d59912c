"""Litter: pale things on dark asphalt."""

from collections.abc import Mapping

import cv2
import numpy as np

from gatukoll.detectors.contract import Array, Detection, Detector, FindingClass, Grade, Mask, Options, View

SEVERITY = ("litet skräp", "större skräp", "tippat avfall")


class Litter(Detector):
    name = "litter"
    classes = (FindingClass("litter", "nedskräpning", "litter", "area", SEVERITY),)

    def decode(
        self, outputs: Mapping[str, Array], view: View, thresholds: Mapping[str, float]
    ) -> list[Detection]:
        """`scores` is (1, rows, columns), 0..1, one cell for 4 x 4 px of the input."""
        columns, rows = round(view.width * view.scale_x / 4), round(view.height * view.scale_y / 4)
        plane = cv2.resize(outputs["scores"][0, :rows, :columns], (view.width, view.height))
        over = (plane >= thresholds["litter"]).astype(np.uint8)
        count, numbers, boxes, _ = cv2.connectedComponentsWithStats(over)
        found = []
        for number in range(1, count):
            x, y, w, h, _ = (int(v) for v in boxes[number])
            pixels = numbers[y : y + h, x : x + w] == number
            score = float(plane[y : y + h, x : x + w][pixels].mean())
            found.append(Detection("litter", score, (x, y, x + w, y + h), Mask(x, y, pixels)))
        return found

    def grade(self, name: str, size: Mapping[str, float], options: Options) -> Grade:
        area = size["area_m2"]
        return Grade(3 if area >= 1 else 2 if area >= 0.1 else 1, f"{area:.2f} m²", "limits: 0.1 and 1 m²")
