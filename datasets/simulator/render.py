"""Render frames: the painted ground and the scenery through a moving camera, its lens and its sensor."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from gatukoll.datasets.simulator import backdrop, ground, props, scenery, sensor, shade
from gatukoll.datasets.simulator.items import CameraPath, Scene
from gatukoll.datasets.simulator.raster import Raster, level_for
from gatukoll.detectors.geometry import Camera, to_pixels, to_road

Bytes = NDArray[np.uint8]
Matrix = NDArray[np.float64]
NEAR_M = 44.0
"""The fine map is used up to here; beyond, its pixels are far below those of the frame."""
FAR_M = 200.0
"""The ground ends here; the panorama's far trees stand on that line."""


METERING, MAX_GAIN = 0.85, 1.5
"""How far automatic exposure makes up for shade on the carriageway, and where it stops."""


@dataclass(frozen=True, slots=True)
class Pose:
    """Where the camera is: street metres, degrees; heading clockwise from the street's direction."""

    x: float
    y: float
    heading_deg: float = 0.0
    pitch_deg: float = 0.0  # shake, on top of the mounting
    roll_deg: float = 0.0


def camera_at(path: CameraPath, pose: Pose) -> Camera:
    """Return the camera of a pose, its axes turned into those of the street (origin at the pose)."""
    c = path.camera
    return Camera.from_hfov(
        c.width,
        c.height,
        c.hfov_deg,
        height_m=c.height_m,
        pitch_deg=c.pitch_deg + pose.pitch_deg,
        roll_deg=c.roll_deg + pose.roll_deg,
        yaw_deg=c.yaw_deg + pose.heading_deg,
    )


def homography(camera: Camera, pose: Pose) -> Matrix:
    """Return the (3, 3) matrix from street metres (x, y, 1) to pixels of the frame (corner origin)."""
    square = np.array([[-4.0, 6.0], [4.0, 6.0], [6.0, 40.0], [-6.0, 40.0]])
    seen = to_pixels(camera, square)
    rows = []
    for (x, y), (u, v) in zip(square, seen, strict=True):
        rows.append([x, y, 1, 0, 0, 0, -u * x, -u * y])
        rows.append([0, 0, 0, x, y, 1, -v * x, -v * y])
    solved = np.linalg.solve(np.array(rows), seen.reshape(-1))
    matrix = np.append(solved, 1.0).reshape(3, 3)
    return np.asarray(matrix @ np.array([[1, 0, -pose.x], [0, 1, -pose.y], [0, 0, 1]]))


class Renderer:
    """Renders one pass through a scene.

    Args:
        scene: the street.
        path: the pass.
        painted: its ground, if it was built already (`ground.build`); it is the same for all passes.
    """

    def __init__(self, scene: Scene, path: CameraPath, painted: ground.Ground | None = None) -> None:
        self.scene, self.path = scene, path
        light, mount = path.light, path.camera
        self.view = ground.view(painted or ground.build(scene), path.speed_mps * light.shutter_s)
        self.shade = shade.shadows(scene, light)
        # the phone meters what it sees: a street in the shade of its houses is exposed for the shade
        gain = light.exposure / _mean_light(self.shade, scene.street.width_m / 2) ** METERING
        self.gain = min(gain, MAX_GAIN)
        self.props = props.prepare(scene, light, self.gain)
        self.focal = mount.width / 2 / math.tan(math.radians(mount.hfov_deg) / 2)
        self.sky_size = (int(mount.width * 1.5), int(mount.height * 1.6))
        self.sky_horizon = int(self.sky_size[1] * 0.75)
        self.sky = backdrop.panorama(
            scene.seed * 1000 + path.number, light, *self.sky_size, self.sky_horizon, self.focal
        )
        self.sensor = sensor.Sensor(path)

    def frame(self, pose: Pose, number: int) -> Bytes:
        """Return one frame, (height, width, 3) RGB; `number` seeds its noise and exposure flutter."""
        camera = camera_at(self.path, pose)
        picture = self._background(camera)
        self._ground(picture, camera, pose)
        scenery.draw(scenery.Stage(picture, camera, pose.x, pose.y, self.props), self.scene)
        return self.sensor.expose(picture, number)

    def _background(self, camera: Camera) -> Bytes:
        """Return sky and far trees, turned and shifted as the camera is."""
        away = to_pixels(camera, [[0.0, 1e7], [1e6, 1e7]])
        turn = math.atan2(away[1, 1] - away[0, 1], away[1, 0] - away[0, 0])
        cos, sin = math.cos(turn), math.sin(turn)
        turned = np.array([[cos, sin], [-sin, cos]])
        shift = np.array([self.sky_size[0] / 2, self.sky_horizon]) - turned @ (away[0] - 0.5)
        matrix = np.column_stack([turned, shift])
        return np.asarray(
            cv2.warpAffine(
                self.sky,
                matrix,
                (camera.width, camera.height),
                flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                borderMode=cv2.BORDER_REPLICATE,
            ),
            np.uint8,
        )

    def _ground(self, picture: Bytes, camera: Camera, pose: Pose) -> None:
        """Draw the ground into a frame, in place."""
        top, distance, along = _rows(camera)
        if top >= camera.height:
            return
        to_street = np.asarray(np.linalg.inv(homography(camera, pose)), np.float64)
        shape = (camera.height - top, camera.width)
        luma = np.zeros(shape, np.uint8)
        near_from = int(np.searchsorted(-distance, -NEAR_M))
        self._bands(luma, self.view.coarse, to_street, top, distance, along, pose, (0, shape[0]))
        self._bands(luma, self.view.near, to_street, top, distance, along, pose, (near_from, shape[0]))
        lit = np.full(shape, 255, np.uint8)
        _warp(self.shade, to_street, top, lit, (pose.y, pose.y + FAR_M))
        tint = np.full((*shape, 3), 128, np.uint8)
        _warp(self.view.tint, to_street, top, tint, (pose.y, pose.y + FAR_M))
        empty = luma == 0
        # light from the sky is blue, so shadows are a little
        cold = cv2.merge(
            [lit, cv2.addWeighted(lit, 0.94, lit, 0, 15.3), cv2.addWeighted(lit, 0.86, lit, 0, 35.7)]
        )
        coloured = cv2.multiply(tint, cv2.merge([luma] * 3), scale=self.gain / 128)
        coloured = cv2.multiply(coloured, cold, scale=1 / 255)
        hazy = np.exp(-np.clip(distance, 0, FAR_M) / 100 * self.path.light.haze).astype(np.float32)[
            :, None, None
        ]
        far = int(np.searchsorted(-distance, -18.0))
        veil = coloured[:far] * hazy[:far] + scenery.HAZE * (1 - hazy[:far])
        coloured[:far] = np.clip(veil, 0, 255).astype(np.uint8)
        target = picture[top:]
        edge = min(far + 12, shape[0])
        target[edge:] = coloured[edge:]
        target[:edge] = np.where(empty[:edge, :, None], target[:edge], coloured[:edge])

    def _bands(
        self,
        luma: Bytes,
        levels: tuple[Raster, ...],
        to_street: Matrix,
        top: int,
        distance: NDArray[np.float64],
        along: NDArray[np.float64],
        pose: Pose,
        rows: tuple[int, int],
    ) -> None:
        """Draw rows of the ground from the level that suits each, in place."""
        chosen = [level_for(levels, a) for a in along[rows[0] : rows[1]].tolist()]
        start = 0
        for i in range(1, len(chosen) + 1):
            if i == len(chosen) or chosen[i] != chosen[start]:
                first, last = rows[0] + start, rows[0] + i
                reach = (pose.y + 0.5, pose.y + min(float(distance[first]) * 1.15 + 8, FAR_M))
                if levels is self.view.near:
                    reach = (reach[0], min(reach[1], pose.y + NEAR_M + 12))
                _warp(levels[chosen[start]], to_street, top + first, luma[first:last], reach)
                start = i


def _mean_light(shade_map: Raster, half_m: float) -> float:
    """Return the mean share of light on the carriageway, 0..1."""
    c0, _, c1, _ = shade_map.window(-half_m, 0, half_m, 1)
    return float(shade_map.data[:, c0:c1].mean()) / 255


def _rows(camera: Camera) -> tuple[int, NDArray[np.float64], NDArray[np.float64]]:
    """Return the first row with ground, and for it and all below the distance and footprint along, m."""
    v = np.arange(camera.height, dtype=np.float64)
    middle = np.full_like(v, camera.width / 2)
    here = to_road(camera, np.column_stack([middle, v + 0.5]))[:, 1]
    edges = [to_road(camera, np.column_stack([np.full_like(v, u), v + 0.5]))[:, 1] for u in (0, camera.width)]
    seen = np.any([np.isfinite(e) & (e < FAR_M) & (e > 0) for e in (*edges, here)], axis=0)
    top = int(np.argmax(seen)) if seen.any() else camera.height
    distance = np.where(np.isfinite(here) & (here > 0), here, FAR_M)[top:]
    distance = np.minimum.accumulate(np.minimum(distance, FAR_M))
    along = distance**2 / (camera.focal_px * camera.height_m)
    return top, distance, along


def _warp(source: Raster, to_street: Matrix, row: int, target: Bytes, reach: tuple[float, float]) -> None:
    """Draw a stretch of a map (reach = y from, to) into rows of a frame that begin at `row`, in place."""
    rows = len(source.data)
    r0 = max(int((reach[0] - source.y0) / source.dy) - 2, 0)
    r1 = min(int((reach[1] - source.y0) / source.dy) + 3, rows, r0 + 32000)
    if r1 - r0 < 2:
        return
    part = Raster(source.data[r0:r1], source.x0, source.y0 + r0 * source.dy, source.dx, source.dy)
    # OpenCV counts from pixel centres, the frame from its corner
    centre = np.array([[1, 0, 0.5], [0, 1, row + 0.5], [0, 0, 1]])
    cv2.warpPerspective(
        part.data,
        part.to_pixels() @ to_street @ centre,
        (target.shape[1], target.shape[0]),
        dst=target,
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_TRANSPARENT,
    )
