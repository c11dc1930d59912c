"""What can be seen of a street's damage in a frame, and the mask that says so.

The rule, in one place: the carriageway is judged up to `FAR_PER_FOCAL` times the focal length (there 1 cm
across is half a pixel; 20 m with a common phone). A crack is marked where it takes at least
`CRACK_BLACK_PX` px of full black across (opening times darkness, in pixels): a third of the median of real
labelled cracks. An area is marked where it fills at least `AREA_PX` pixels and `AREA_ROWS` rows. What
is smaller, closed seams, and all outside the carriageway is 255: neither there nor not there.
"""

from __future__ import annotations

import itertools
import math

import cv2
import numpy as np
from numpy.typing import NDArray

from gatukoll.datasets.simulator.items import CLASSES, CameraPath, Damage, Scene
from gatukoll.datasets.simulator.render import Pose, camera_at
from gatukoll.detectors.geometry import Camera, to_pixels

FAR_PER_FOCAL = 0.02
CRACK_BLACK_PX = 0.12
AREA_PX = 40
AREA_ROWS = 4
NEAR_M = 1.2
UNKNOWN = 255
CRACK_PX, SEAM_PX = 3, 7
"""Width of a crack's line and of a closed seam's band, as in the labelled sources."""

Mask = NDArray[np.uint8]
Points = NDArray[np.float64]


def far_m(camera: Camera) -> float:
    """Return the distance up to which the carriageway is judged."""
    return camera.focal_px * FAR_PER_FOCAL


def project(camera: Camera, pose: Pose, points: Points) -> Points:
    """Return the pixels (n, 2) of street points; NaN for those nearer than 1.2 m ahead or behind."""
    seen = to_pixels(camera, points - [pose.x, pose.y])
    seen[points[:, 1] - pose.y < NEAR_M - 1e-6] = np.nan
    return seen


def _fixed(pixels: Points) -> NDArray[np.int32]:
    """Return pixels in OpenCV's fixed point with 4 fractional bits, centres at whole numbers."""
    return np.asarray(np.round((pixels - 0.5) * 16), np.int32)


def _ring_ahead(ring: Points, nearest_y: float) -> Points:
    """Return the part of a closed ring beyond a line across the street (Sutherland-Hodgman, one edge)."""
    kept = []
    for a, b in zip(ring, np.roll(ring, -1, axis=0), strict=True):
        if a[1] >= nearest_y:
            kept.append(a)
        if (a[1] >= nearest_y) != (b[1] >= nearest_y):
            kept.append(a + (b - a) * (nearest_y - a[1]) / (b[1] - a[1]))
    return np.array(kept).reshape(-1, 2)


def area(camera: Camera, pose: Pose, damage: Damage, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Return the pixels of an areal damage in a frame, all of it that is ahead of the camera."""
    drawn = np.zeros(shape, np.uint8)
    ring = _ring_ahead(np.array(damage.lines[0]), pose.y + NEAR_M)
    if len(ring) >= 3:
        cv2.fillPoly(drawn, [_fixed(project(camera, pose, ring))], 1, cv2.LINE_8, 4)
    return drawn > 0


def _line(mask: Mask, pixels: Points, value: int, width: int) -> None:
    for a, b in itertools.pairwise(pixels):
        if np.isfinite(a).all() and np.isfinite(b).all() and np.abs([a, b]).max() < 20000:
            p, q = _fixed(np.array([a, b])).tolist()
            cv2.line(mask, p, q, value, width, cv2.LINE_8, 4)


def crack(mask: Mask, camera: Camera, pose: Pose, damage: Damage) -> None:
    """Draw a crack into a mask: its class where it can be seen, 255 where it is too faint."""
    for i, line in enumerate(damage.lines):
        points = np.array(line)
        pixels = project(camera, pose, points)
        distance = np.maximum(points[:, 1] - pose.y, NEAR_M)
        black = damage.width_m * (1.0 if i == 0 else 0.7) * damage.level * camera.focal_px / distance
        faint = black < CRACK_BLACK_PX
        for clear in (False, True):
            part = np.where((faint == clear)[:, None], np.nan, pixels)
            _line(mask, part, CLASSES["crack"] if clear else UNKNOWN, CRACK_PX if clear else SEAM_PX)


def mask(scene: Scene, path: CameraPath, pose: Pose) -> Mask:
    """Return the mask of a frame, (height, width) uint8: `CLASSES`, 0 undamaged, 255 not judged."""
    camera = camera_at(path, pose)
    shape = (camera.height, camera.width)
    half, far = scene.street.width_m / 2, pose.y + far_m(camera)
    judged = np.zeros(shape, np.uint8)
    road = np.array([[-half, pose.y + NEAR_M], [half, pose.y + NEAR_M], [half, far], [-half, far]])
    cv2.fillPoly(judged, [_fixed(project(camera, pose, road))], 1, cv2.LINE_8, 4)
    found = np.zeros(shape, np.uint8)
    close = [d for d in scene.damages if _touches(d, pose.y, far)]
    for name in ("patch", "network"):
        _areas(found, camera, pose, [d for d in close if d.name == name])
    for seam in (f for f in scene.fixtures if f.kind == "seam"):
        for line in seam.lines:
            _line(found, project(camera, pose, _dense(np.array(line), pose.y, far)), UNKNOWN, SEAM_PX)
    for damage in close:
        if damage.name == "crack":
            crack(found, camera, pose, damage)
    _areas(found, camera, pose, [d for d in close if d.name == "pothole"])
    found[judged == 0] = UNKNOWN
    bonnet = path.camera.bonnet
    if bonnet > 0:
        found[-math.ceil(bonnet * camera.height) - 1 :] = UNKNOWN
    return found


def _dense(line: Points, near: float, far: float) -> Points:
    """Return a long straight line cut to the stretch near..far, with a point every half metre."""
    t = np.linspace(0, 1, max(int(np.hypot(*(line[-1] - line[0])) * 2), 2))[:, None]
    points = line[0] + (line[-1] - line[0]) * t
    return np.asarray(points[(points[:, 1] > near) & (points[:, 1] < far + 1)])


def _touches(damage: Damage, near: float, far: float) -> bool:
    y = [p[1] for line in damage.lines for p in line]
    return max(y) > near and min(y) < far


def _areas(found: Mask, camera: Camera, pose: Pose, damages: list[Damage]) -> None:
    for damage in damages:
        pixels = area(camera, pose, damage, (found.shape[0], found.shape[1]))
        rows = int(pixels.any(axis=1).sum())
        big = int(pixels.sum()) >= AREA_PX and rows >= AREA_ROWS
        found[pixels] = CLASSES[damage.name] if big else UNKNOWN


def seen_from(scene: Scene, path: CameraPath, poses: list[Pose]) -> frozenset[str]:
    """Return the ids of damages that at least one frame shows big enough and at least half inside it."""
    ys = np.array([p.y for p in poses])
    found = set()
    for damage in scene.damages:
        points = np.concatenate([np.array(line) for line in damage.lines])
        low = float(points[:, 1].min())
        for i in np.flatnonzero((ys < low - 3.0) & (ys > low - 12.0)):
            camera = camera_at(path, poses[i])
            pixels = project(camera, poses[i], points)
            bottom = camera.height * (1 - path.camera.bonnet)
            inside = np.isfinite(pixels).all(axis=1) & (pixels >= 0).all(axis=1)
            inside &= (pixels < [camera.width, bottom]).all(axis=1) & (
                points[:, 1] < poses[i].y + far_m(camera)
            )
            if inside.mean() >= 0.5 and _big(damage, camera, poses[i]):
                found.add(damage.id)
                break
    return frozenset(found)


def _big(damage: Damage, camera: Camera, pose: Pose) -> bool:
    distance = min(p[1] for line in damage.lines for p in line) - pose.y
    if damage.name == "crack":
        return damage.width_m * damage.level * camera.focal_px / max(distance, 1.0) >= CRACK_BLACK_PX
    pixels = area(camera, pose, damage, (camera.height, camera.width))
    return int(pixels.sum()) >= AREA_PX and int(pixels.any(axis=1).sum()) >= AREA_ROWS
