"""Measure how damage and asphalt look in a labelled source: the figures behind `measured`.

Run ``python -m gatukoll.datasets.simulator.measure FOLDER...`` on folders in the layout of the labelled
sources; the same statistics of a simulated set say how near the simulator comes. Grey values are luma
(Rec. 601) of the delivered pictures, 0-255; contrasts are ratios to the surroundings, so that they do not
depend on the exposure.
"""

from __future__ import annotations

import csv
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
NAMES = {1: "crack", 2: "pothole", 3: "patch", 4: "network"}
LANE_WIDTH_M = 3.5
"""Width of a lane of the Brazilian federal highways, for sizes in metres from lane masks (DNIT IPR-740)."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Quantiles 10, 50 and 90 % of a figure over its objects or pictures."""

    low: float
    mid: float
    high: float
    count: int

    def __str__(self) -> str:
        return f"{self.low:8.3f} {self.mid:8.3f} {self.high:8.3f}   n={self.count}"


def spread(values: Iterable[float]) -> Spread:
    """Return the quantiles of a list of figures; NaN where it is empty."""
    found = np.asarray([v for v in values if np.isfinite(v)], dtype=np.float64)
    if not len(found):
        return Spread(np.nan, np.nan, np.nan, 0)
    low, mid, high = np.quantile(found, [0.1, 0.5, 0.9])
    return Spread(float(low), float(mid), float(high), len(found))


def pictures(folder: Path) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.uint8], Path]]:
    """Yield (BGR picture, mask, path) of every labelled picture in a source."""
    with (folder / "groups.csv").open(encoding="utf-8-sig", newline="") as stream:
        files = [row["file"] for row in csv.DictReader(stream)]
    for file in files:
        path = folder / "images" / file
        mask = cv2.imread(str(folder / "masks" / f"{path.stem}.png"), cv2.IMREAD_UNCHANGED)
        picture = cv2.imread(str(path))
        if picture is not None and mask is not None and mask.shape == picture.shape[:2]:
            yield picture.astype(np.uint8), mask.astype(np.uint8), path


def _surface(
    picture: NDArray[np.uint8], grey: Floats, clear: NDArray[np.bool_]
) -> Iterator[tuple[str, float]]:
    """Yield figures of the undamaged asphalt: level, colour, and its relative roughness in three bands."""
    if clear.sum() < 4000:
        return
    level = float(np.median(grey[clear]))
    blue, green, red = (float(np.median(picture[..., c][clear])) for c in range(3))
    yield "asphalt.level", level
    yield "asphalt.red_over_green", red / max(green, 1)
    yield "asphalt.blue_over_green", blue / max(green, 1)
    # marks and shadow edges are no texture: leave out what is far from the local level
    rows = np.zeros_like(clear)
    rows[int(0.75 * len(rows)) :] = True
    plain = clear & rows & (np.abs(grey / cv2.blur(grey, (41, 41)) - 1) < 0.25)
    if plain.sum() < 2000:
        return
    bands = [grey] + [cv2.GaussianBlur(grey, (0, 0), s) for s in (1.0, 2.0, 4.0, 8.0)]
    for name, fine, coarse in (("1px", 0, 1), ("2px", 1, 2), ("4px", 2, 3), ("8px", 3, 4)):
        yield f"asphalt.rough_{name}", float(np.std((bands[fine] - bands[coarse])[plain]) / level)


def _objects(grey: Floats, mask: NDArray[np.uint8]) -> Iterator[tuple[str, float]]:
    """Yield the look of each connected object: its grey level and roughness over its surroundings'."""
    rough = np.abs(grey - cv2.GaussianBlur(grey, (0, 0), 2.0))
    for value, name in NAMES.items():
        count, parts, stats, _ = cv2.connectedComponentsWithStats(
            (mask == value).astype(np.uint8), connectivity=8
        )
        for i in range(1, count):
            x, y, w, h, area = (int(v) for v in stats[i])
            if area < 60:
                continue
            pad = 14
            box = np.s_[max(y - pad, 0) : y + h + pad, max(x - pad, 0) : x + w + pad]
            inside = (parts[box] == i).astype(np.uint8)
            near, far = (cv2.dilate(inside, np.ones((k, k), np.uint8)) for k in (7, 25))
            ring = (far > 0) & (near == 0) & (mask[box] == 0)
            if ring.sum() < 80:
                continue
            around = float(np.mean(grey[box][ring]))
            yield f"{name}.level", float(np.mean(grey[box][inside > 0])) / around
            yield (
                f"{name}.rough",
                float(np.mean(rough[box][inside > 0]) / max(np.mean(rough[box][ring]), 1e-6)),
            )
            if name == "crack":
                band = near > 0
                lost = np.clip(1 - grey[box][band] / around, 0, 1).sum()
                noise = np.clip(1 - grey[box][ring] / around, 0, 1).mean() * band.sum()
                yield "crack.darkness_px", float((lost - noise) / (area / 3))


def _sizes(mask: NDArray[np.uint8], lane: NDArray[np.uint8]) -> Iterator[tuple[str, float]]:
    """Yield sizes on the road (m) of areas, from the lane's width in px per row: a lane is 3.5 m wide.

    The lane's width grows by k px a row below the horizon, so the camera stands LANE_WIDTH_M / k high and a
    row's distance is focal * height / rows below the horizon; the focal length is taken as 0.95 widths.
    """
    widths = (lane > 0).sum(axis=1).astype(np.float64)
    touches = (lane[:, 0] > 0) | (lane[:, -1] > 0)
    rows = np.flatnonzero((widths > 40) & ~touches)
    if len(rows) < 60:
        return
    k, c = np.polyfit(rows, widths[rows], 1)
    if k <= 0.1:
        return
    horizon, height, focal = -c / k, LANE_WIDTH_M / k, 0.95 * mask.shape[1]
    for value, name in list(NAMES.items())[1:]:
        count, parts, stats, _ = cv2.connectedComponentsWithStats(
            (mask == value).astype(np.uint8), connectivity=8
        )
        for i in range(1, count):
            _, y, w, h, area = (int(v) for v in stats[i])
            if area < 60 or y + h > len(mask) - 4 or y - horizon < 25:
                continue
            v = np.flatnonzero((parts == i).any(axis=1))
            px = (parts == i).sum(axis=1)[v]
            across = height / (v + 0.5 - horizon)
            along = focal * height / (v + 0.5 - horizon) ** 2
            yield f"{name}.area_m2", float((px * across * along).sum())
            yield f"{name}.across_m", float(w * across.mean())
            yield f"{name}.along_m", float(along.sum())


def measure(folder: Path) -> dict[str, Spread]:
    """Return every figure of a labelled source, name -> quantiles."""
    found: dict[str, list[float]] = defaultdict(list)
    for picture, mask, path in pictures(folder):
        grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY).astype(np.float64)
        figures = [*_surface(picture, grey, mask == 0), *_objects(grey, mask)]
        lane_path = folder / "lane_masks" / f"{path.stem}.png"
        if lane_path.is_file():
            lane = cv2.imread(str(lane_path), cv2.IMREAD_GRAYSCALE)
            # some lane masks keep rows at the lower edge that the pictures were cut by
            figures += list(_sizes(mask, np.asarray(lane, np.uint8)[: len(mask)]))
        for name, value in figures:
            found[name].append(value)
    return {name: spread(values) for name, values in sorted(found.items())}


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        sys.stdout.write(f"{argument}   (10 %, median, 90 %)\n")
        for figure, quantiles in measure(Path(argument)).items():
            sys.stdout.write(f"  {figure:26s} {quantiles}\n")
