"""Top view pictures of the street: rows run along y, columns along x, with mip levels for far views."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Raster:
    """A map of the ground.

    Attributes:
        data: (rows, columns) or (rows, columns, 3) uint8.
        x0, y0: street coordinates of the outer corner of pixel [0, 0], m.
        dx, dy: size of a pixel, m.
    """

    data: Bytes
    x0: float
    y0: float
    dx: float
    dy: float

    def window(self, x0: float, y0: float, x1: float, y1: float) -> tuple[int, int, int, int]:
        """Return columns and rows (c0, r0, c1, r1) that hold a box in metres, cut to the map."""
        rows, columns = self.data.shape[:2]
        c0, c1 = int(np.floor((x0 - self.x0) / self.dx)), int(np.ceil((x1 - self.x0) / self.dx))
        r0, r1 = int(np.floor((y0 - self.y0) / self.dy)), int(np.ceil((y1 - self.y0) / self.dy))
        return max(c0, 0), max(r0, 0), min(c1, columns), min(r1, rows)

    def halved(self, fx: int, fy: int) -> Raster:
        """Return the map with pixels `fx` and `fy` times as large, by area."""
        rows, columns = self.data.shape[:2]
        rows, columns = rows - rows % fy, columns - columns % fx
        small = cv2.resize(
            self.data[:rows, :columns], (columns // fx, rows // fy), interpolation=cv2.INTER_AREA
        )
        return Raster(np.asarray(small, np.uint8), self.x0, self.y0, self.dx * fx, self.dy * fy)

    def blurred_along(self, length_m: float) -> Raster:
        """Return the map as a camera sees it that moves `length_m` along y while its shutter is open.

        The road is a plane and the motion is along it, so a box filter on the map is the motion blur.
        """
        taps = 2 * round(length_m / self.dy / 2) + 1
        if taps < 3:
            return self
        blurred = cv2.blur(self.data, (1, taps), borderType=cv2.BORDER_REFLECT)
        return Raster(np.asarray(blurred, np.uint8), self.x0, self.y0, self.dx, self.dy)

    def to_pixels(self) -> Matrix:
        """Return the (3, 3) matrix from street metres to OpenCV pixels (centres at whole numbers)."""
        return np.array(
            [
                [1 / self.dx, 0, -self.x0 / self.dx - 0.5],
                [0, 1 / self.dy, -self.y0 / self.dy - 0.5],
                [0, 0, 1],
            ]
        )


def pyramid(base: Raster, levels: int) -> tuple[Raster, ...]:
    """Return the map at `levels` sizes: each halves y, every second one halves x too.

    On a road the pixel's footprint grows with the distance across and with its square along, hence the two
    speeds (a rip map, reduced to the sizes that occur).
    """
    found = [base]
    for k in range(1, levels):
        last = found[-1]
        found.append(last.halved(2 if k % 2 else 1, 2))
    return tuple(found)


def level_for(levels: tuple[Raster, ...], along_m: float) -> int:
    """Return the level whose pixel along y is nearest below or at the footprint of a picture's row."""
    k = int(np.floor(np.log2(max(along_m, 1e-9) / levels[0].dy) + 0.35))
    return min(max(k, 0), len(levels) - 1)
