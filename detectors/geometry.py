"""Camera, road plane and sizes in metres. numpy only; detectors, runtime and simulator all use this one.

The road is taken as a plane through the wheels' contact points. Vehicle axes: x right, y ahead, z up, origin
on the road below the camera. A pixel looks along the ray (u - cx, v - cy, f) in camera axes (x right, y down,
z forward), turned by roll, pitch and yaw; see Hartley & Zisserman, Multiple View Geometry, chapter 6.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Points = NDArray[np.float64]  # (n, 2)


@dataclass(frozen=True, slots=True)
class Camera:
    """A pinhole camera on a vehicle, with how well each number is known (one standard deviation).

    Attributes:
        width, height: of the frame, px.
        focal_px: focal length in px of the frame; square pixels, principal point in the middle.
        height_m: above the road.
        pitch_deg: positive looks down.
        roll_deg: positive when the camera is turned clockwise as seen from behind it.
        yaw_deg: positive looks to the right of the driving direction.
        bonnet: share of the frame's height, from below, that shows the own vehicle.
    """

    width: int
    height: int
    focal_px: float
    height_m: float
    pitch_deg: float
    roll_deg: float = 0.0
    yaw_deg: float = 0.0
    focal_sd: float = 0.0  # relative, 0.1 = 10 %
    height_sd_m: float = 0.0
    pitch_sd_deg: float = 0.0
    yaw_sd_deg: float = 0.0
    bonnet: float = 0.0

    @classmethod
    def from_hfov(cls, width: int, height: int, hfov_deg: float, **mounting: float) -> Camera:
        """Make a camera from its horizontal field of view in degrees."""
        return cls(width, height, width / 2 / math.tan(math.radians(hfov_deg) / 2), **mounting)


@dataclass(frozen=True, slots=True, eq=False)
class Measure:
    """A detection on the road plane, metres in vehicle axes (x right, y ahead).

    Attributes:
        geometry: what `lines_m` are: one point, open lines, or one closed ring.
        lines_m: arrays (n, 2).
        length_m, width_m, area_m2: its size; 0 where it has no meaning for the geometry.
        size_sd: relative standard deviation of a length.
        sd_along_m, sd_across_m: standard deviation of its place, along and across the view direction.
        distance_m: from the camera's foot to its nearest point.
    """

    geometry: Literal["point", "line", "area"]
    lines_m: tuple[Points, ...]
    length_m: float
    width_m: float
    area_m2: float
    size_sd: float
    sd_along_m: float
    sd_across_m: float
    distance_m: float


def _rotation(camera: Camera) -> NDArray[np.float64]:
    """Return the (3, 3) matrix from camera axes to vehicle axes."""
    p, r, y = (math.radians(a) for a in (camera.pitch_deg, camera.roll_deg, camera.yaw_deg))
    roll = np.array([[math.cos(r), -math.sin(r), 0], [math.sin(r), math.cos(r), 0], [0, 0, 1]])
    # at pitch 0: camera x -> vehicle x, camera y (down) -> -z, camera z (forward) -> y
    pitch = np.array([[1, 0, 0], [0, -math.sin(p), math.cos(p)], [0, -math.cos(p), -math.sin(p)]])
    yaw = np.array([[math.cos(y), math.sin(y), 0], [-math.sin(y), math.cos(y), 0], [0, 0, 1]])
    return np.asarray(yaw @ pitch @ roll)


def to_road(camera: Camera, pixels: ArrayLike) -> Points:
    """Return where pixels (n, 2) lie on the road, metres (n, 2); NaN at and above the horizon."""
    px = np.asarray(pixels, dtype=np.float64).reshape(-1, 2)
    rays = np.column_stack(
        [px[:, 0] - camera.width / 2, px[:, 1] - camera.height / 2, np.full(len(px), camera.focal_px)]
    )
    rays = rays @ _rotation(camera).T
    down = -rays[:, 2]
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(down > 1e-9, camera.height_m / down, np.nan)
    return np.asarray(rays[:, :2] * t[:, None])


def to_pixels(camera: Camera, road: ArrayLike, above_m: float | NDArray[np.float64] = 0.0) -> Points:
    """Return the pixels (n, 2) of road points (n, 2), `above_m` over the road; NaN behind the camera."""
    points = np.asarray(road, dtype=np.float64).reshape(-1, 2)
    up = np.broadcast_to(np.asarray(above_m, dtype=np.float64), len(points)) - camera.height_m
    cam = np.column_stack([points, up]) @ _rotation(camera)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(cam[:, 2] > 1e-6, cam[:, 2], np.nan)
        uv = cam[:, :2] / z[:, None] * camera.focal_px
    return np.asarray(uv + [camera.width / 2, camera.height / 2])


def uncertainty(camera: Camera, pixel: tuple[float, float]) -> tuple[float, float, float]:
    """Return the standard deviation of a pixel's place on the road and of sizes there.

    First order propagation of the camera's own standard deviations and of 1 px of reading error.

    Returns:
        metres along the view direction, metres across it, relative error of a length.
    """
    variants = [
        replace(camera, focal_px=camera.focal_px * (1 + camera.focal_sd)),
        replace(camera, height_m=camera.height_m + camera.height_sd_m),
        replace(camera, pitch_deg=camera.pitch_deg + camera.pitch_sd_deg),
        replace(camera, yaw_deg=camera.yaw_deg + camera.yaw_sd_deg),
    ]
    here = to_road(camera, pixel)[0]
    u, v = pixel
    moved = [to_road(c, pixel)[0] - here for c in variants]
    moved += [to_road(camera, (u + 1, v))[0] - here, to_road(camera, (u, v + 1))[0] - here]
    distance = float(np.hypot(*here))
    ahead = here / max(distance, 1e-6)
    along = np.array([m @ ahead for m in moved])
    across = np.array([m @ np.array([ahead[1], -ahead[0]]) for m in moved])
    # a size scales with the distance, but for the focal length, which works on the width as well
    size = math.hypot(float(np.linalg.norm(along[:4])) / max(distance, 1e-6), camera.focal_sd)
    return float(np.linalg.norm(along)), float(np.linalg.norm(across)), size


def measure(
    camera: Camera,
    geometry: Literal["point", "line", "area"],
    *,
    box_px: tuple[float, float, float, float],
    mask: tuple[int, int, NDArray[np.bool_]] | None = None,
    lines_px: Sequence[NDArray[np.float64]] = (),
) -> Measure | None:
    """Place a region of a frame on the road plane; None if any needed part is at or above the horizon.

    Points are taken at the middle of the box's lower edge, areas from the mask's outline (else from the box),
    lines from `lines_px` (else along the box's longer diagonal).
    """
    x0, y0, x1, y1 = box_px
    foot = ((x0 + x1) / 2, y1)
    if geometry == "point":
        lines = [to_road(camera, foot)]
    elif geometry == "line":
        lines = [to_road(camera, line) for line in (lines_px or [np.array([[x0, y1], [x1, y0]])])]
    else:
        lines = [to_road(camera, _outline(mask) if mask else [[x0, y0], [x1, y0], [x1, y1], [x0, y1]])]
    points = np.concatenate(lines)
    if not np.isfinite(points).all():
        return None
    length, width, area = _size(geometry, lines)
    along, across, size_sd = uncertainty(camera, foot)
    if not math.isfinite(along + across):
        return None
    nearest = float(np.hypot(points[:, 0], points[:, 1]).min())
    return Measure(geometry, tuple(lines), length, width, area, size_sd, along, across, nearest)


def _outline(mask: tuple[int, int, NDArray[np.bool_]]) -> Points:
    """Return a ring (n, 2) around a mask: left edges downwards, then right edges upwards, at most 64 rows.

    Rows are enough: a region on the road is nearly convex across the picture, and its area on the road is
    the sum over its rows.
    """
    x, y, pixels = mask
    rows = np.flatnonzero(pixels.any(axis=1))
    if len(rows) > 64:
        rows = rows[np.linspace(0, len(rows) - 1, 64).round().astype(int)]
    first = pixels[rows].argmax(axis=1)
    last = pixels.shape[1] - pixels[rows, ::-1].argmax(axis=1)
    top, bottom = rows.astype(float), rows + 1.0
    ys = (
        np.concatenate([top[:1], (top + bottom)[1:-1] / 2, bottom[-1:]])
        if len(rows) > 1
        else np.r_[top, bottom]
    )
    if len(rows) == 1:
        first, last = np.repeat(first, 2), np.repeat(last, 2)
    left, right = np.column_stack([x + first, y + ys]), np.column_stack([x + last, y + ys])
    return np.concatenate([left, right[::-1]]).astype(np.float64)


def _size(geometry: str, lines: Sequence[Points]) -> tuple[float, float, float]:
    """Return length (m), width (m) and area (m2) of road geometry."""
    if geometry == "point":
        return 0.0, 0.0, 0.0
    if geometry == "line":
        return float(sum(np.hypot(*np.diff(line, axis=0).T).sum() for line in lines)), 0.0, 0.0
    ring = lines[0]
    x, y = ring.T
    area = float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)
    length, width = _extent(ring)
    return length, width, area


def _extent(points: Points) -> tuple[float, float]:
    """Return the longer and the shorter side (m) of the rectangle along the principal axes."""
    centred = points - points.mean(axis=0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    sides = np.ptp(centred @ axes.T, axis=0)
    return float(sides.max()), float(sides.min())
