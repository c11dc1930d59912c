"""Draw what stands beside the street into a frame: houses, fences, trees, lamps; far things first."""

from __future__ import annotations

import itertools
import math

import cv2
import numpy as np
from numpy.typing import NDArray

from gatukoll.datasets.simulator.items import House, Scene, Upright
from gatukoll.datasets.simulator.props import Props, side_light
from gatukoll.detectors.geometry import Camera, to_pixels

Bytes = NDArray[np.uint8]
HAZE = np.array([200, 210, 220], np.float32)
REACH_M = 190.0
"""Things farther away are left to the panorama."""


class Stage:
    """One frame in the making: the picture, the camera, and where it stands in the street."""

    def __init__(self, picture: Bytes, camera: Camera, x: float, y: float, props: Props) -> None:
        self.picture, self.camera, self.x, self.y, self.props = picture, camera, x, y, props

    def px(self, points: list[tuple[float, float, float]]) -> NDArray[np.float64]:
        """Return pixels (n, 2) of street points (x, y, z)."""
        p = np.array(points)
        return to_pixels(self.camera, p[:, :2] - [self.x, self.y], p[:, 2])

    def haze(self, y: float) -> float:
        """Return the share of sky light between the camera and a thing at y."""
        return float(1 - math.exp(-max(y - self.y, 0) / 100 * self.props.light.haze * 1.2))

    def _box(self, corners: NDArray[np.float64]) -> tuple[int, int, int, int] | None:
        """Return the part of the frame (c0, r0, c1, r1) that holds some pixels, None if none."""
        if not np.isfinite(corners).all():
            return None
        h, w = self.picture.shape[:2]
        c0, r0 = np.floor(corners.min(axis=0)).astype(int)
        c1, r1 = np.ceil(corners.max(axis=0)).astype(int) + 1
        c0, r0, c1, r1 = max(int(c0), 0), max(int(r0), 0), min(int(c1), w), min(int(r1), h)
        return (c0, r0, c1, r1) if c1 - c0 > 0 and r1 - r0 > 0 else None

    def flat(self, corners: NDArray[np.float64], colour: tuple[float, float, float], y: float) -> None:
        """Fill a polygon with one colour, in haze."""
        if self._box(corners) is None:
            return
        a = self.haze(y)
        tone = np.array(colour) * self.props.gain * (1 - a) + HAZE * a
        points = np.round((corners - 0.5) * 16).astype(np.int32)
        cv2.fillConvexPoly(self.picture, points, tuple(float(v) for v in tone), cv2.LINE_AA, 4)

    def wall(
        self, mips: list[Bytes], x: float, span: tuple[float, float], top: float, repeat: float | None
    ) -> None:
        """Draw an upright picture along the street at x; `repeat` = its length in m if it tiles."""
        y0, y1 = span
        near = max(y0, self.y + abs(x - self.x) / 1.15)
        far = min(y1, self.y + REACH_M)
        if far - near < 0.3:
            return
        pieces = [(near, far)]
        if repeat:
            cuts = (
                np.arange(math.floor((near - y0) / repeat) + 1, math.ceil((far - y0) / repeat)) * repeat + y0
            )
            edges = [near, *cuts.tolist(), far]
            pieces = list(itertools.pairwise(edges))
        whole = repeat or (y1 - y0)
        for a, b in reversed(pieces):
            first = a - y0
            if repeat:  # a cut falls on a whole number of tiles, but for the rounding
                first = max(first - math.floor(first / whole + 1e-6) * whole, 0.0)
            self._panel(mips, x, (a, b), top, (first / whole, (first + b - a) / whole))

    def _panel(
        self, mips: list[Bytes], x: float, span: tuple[float, float], top: float, part: tuple[float, float]
    ) -> None:
        (a, b) = span
        corners = self.px([(x, a, top), (x, b, top), (x, b, 0.0), (x, a, 0.0)])
        box = self._box(corners)
        if box is None or b - a < 1e-3:
            return
        tall = len(mips[0]) / max(abs(corners[3, 1] - corners[0, 1]), 1.0)
        wide = (part[1] - part[0]) * mips[0].shape[1] / max(abs(corners[1, 0] - corners[0, 0]), 1.0)
        # along the street the view is slanted: between both, a little blur is better than moiré
        k = int(np.clip(math.floor(0.5 * math.log2(max(tall * wide, 1.0)) + 0.3), 0, len(mips) - 1))
        source = mips[k]
        h, w = source.shape[:2]
        u0, u1 = part[0] * w, part[1] * w
        texture = np.array([[u0, 0], [u1, 0], [u1, h], [u0, h]], np.float32) - 0.5
        c0, r0, c1, r1 = box
        matrix = cv2.getPerspectiveTransform((corners - [c0 + 0.5, r0 + 0.5]).astype(np.float32), texture)
        drawn = cv2.warpPerspective(
            source,
            matrix,
            (c1 - c0, r1 - r0),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        haze = self.haze((a + b) / 2)
        if haze > 0.02:
            drawn = cv2.addWeighted(
                drawn, 1 - haze, np.broadcast_to(HAZE, drawn.shape).astype(np.uint8), haze, 0
            )
        mask = np.zeros(drawn.shape[:2], np.uint8)
        cv2.fillConvexPoly(mask, np.round((corners - [c0 + 0.5, r0 + 0.5]) * 16).astype(np.int32), 255, 8, 4)
        cv2.copyTo(np.asarray(drawn, np.uint8), mask, self.picture[r0:r1, c0:c1])

    def house(self, house: House) -> None:
        """Draw gable, roof and front of a house."""
        if house.y1 < self.y + abs(house.x - self.x) / 1.15 or house.y0 > self.y + REACH_M:
            return
        side = math.copysign(1, house.x)
        light = side_light(self.props.light, side)
        back, mid = house.x + side * house.depth_m, house.x + side * house.depth_m / 2
        sun = self.props.light
        facing = 1.05 if math.cos(math.radians(sun.sun_from_deg)) < 0 else 0.66
        facing = facing * (1 - sun.overcast) + 0.82 * sun.overcast
        if house.y0 > self.y + abs(house.x - self.x) / 1.15:
            gable = self.px(
                [
                    (house.x, house.y0, 0),
                    (house.x, house.y0, house.eaves_m),
                    (mid, house.y0, house.ridge_m),
                    (back, house.y0, house.eaves_m),
                    (back, house.y0, 0),
                ]
            )
            tone = tuple(float(c) * facing for c in house.colour)
            self.flat(gable, (tone[0], tone[1], tone[2]), house.y0)
            self._gable_windows(house, side, facing)
        near = max(house.y0, self.y + abs(house.x - self.x) / 1.15)
        far = min(house.y1, self.y + REACH_M)
        roof = self.px(
            [
                (house.x - side * 0.35, near - 0.3, house.eaves_m - 0.1),
                (house.x - side * 0.35, far, house.eaves_m - 0.1),
                (mid, far, house.ridge_m),
                (mid, near - 0.3, house.ridge_m),
            ]
        )
        self.wall(self.props.fronts[house], house.x, (house.y0, house.y1), house.eaves_m, None)
        tone = tuple(float(c) * min(light * 1.1, 1.2) for c in house.roof)
        self.flat(roof, (tone[0], tone[1], tone[2]), (near + far) / 2)

    def _gable_windows(self, house: House, side: float, facing: float) -> None:
        for storey in range(max(int(house.eaves_m / 2.7), 1)):
            for share in (0.25, 0.65):
                x0 = house.x + side * house.depth_m * share
                z0 = 0.95 + storey * house.eaves_m / max(int(house.eaves_m / 2.7), 1)
                for grow, colour in ((0.09, (225.0, 225.0, 220.0)), (0.0, (62.0, 70.0, 80.0))):
                    pane = self.px(
                        [
                            (x0 - side * grow, house.y0, z0 - grow),
                            (x0 + side * (1.1 + grow), house.y0, z0 - grow),
                            (x0 + side * (1.1 + grow), house.y0, z0 + 1.25 + grow),
                            (x0 - side * grow, house.y0, z0 + 1.25 + grow),
                        ]
                    )
                    self.flat(pane, (colour[0] * facing, colour[1] * facing, colour[2] * facing), house.y0)

    def green(self, item: Upright) -> None:
        """Paste a tree or bush, which looks alike from all sides."""
        kinds = self.props.trees if item.kind == "tree" else self.props.bushes
        mips = kinds[item.variant % len(kinds)]
        foot, tip = self.px([(item.x, item.y, 0.0), (item.x, item.y, item.height_m)])
        tall = float(foot[1] - tip[1])
        if not math.isfinite(tall) or tall < 3:
            return
        wide = tall * item.width_m / item.height_m
        corners = np.array([[tip[0] - wide / 2, tip[1]], [tip[0] + wide / 2, foot[1]]])
        box = self._box(corners)
        if box is None:
            return
        k = int(np.clip(math.floor(math.log2(max(len(mips[0]) / tall, 1.0))), 0, len(mips) - 1))
        source = mips[k]
        h, w = source.shape[:2]
        c0, r0, c1, r1 = box
        sx, sy = w / wide, h / tall
        matrix = np.array(
            [[sx, 0, (c0 + 0.5 - corners[0, 0]) * sx - 0.5], [0, sy, (r0 + 0.5 - corners[0, 1]) * sy - 0.5]]
        )
        drawn = cv2.warpAffine(
            source, matrix, (c1 - c0, r1 - r0), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        )
        rgb, alpha = drawn[..., :3], drawn[..., 3]
        haze = self.haze(item.y)
        cover = cv2.merge([alpha, alpha, alpha])
        if haze > 0.02:
            veil = cv2.multiply(
                cover, np.broadcast_to(HAZE * haze, cover.shape).astype(np.uint8), scale=1 / 255
            )
            rgb = cv2.add(cv2.convertScaleAbs(rgb, alpha=1 - haze), veil)
        target = self.picture[r0:r1, c0:c1]
        behind = cv2.multiply(np.ascontiguousarray(target), cv2.bitwise_not(cover), scale=1 / 255)
        target[:] = cv2.add(behind, np.ascontiguousarray(rgb))

    def post(self, item: Upright) -> None:
        """Draw a lamp or a wooden pole with its wires' arm."""
        r, top = item.width_m / 2, item.height_m
        if item.y - self.y < abs(item.x - self.x) / 1.2 or item.y > self.y + 120:
            return
        colour = (112.0, 116.0, 118.0) if item.kind == "lamp" else (96.0, 82.0, 68.0)
        shaft = self.px(
            [
                (item.x - r, item.y, 0),
                (item.x + r, item.y, 0),
                (item.x + r * 0.6, item.y, top),
                (item.x - r * 0.6, item.y, top),
            ]
        )
        self.flat(shaft, colour, item.y)
        inward = -math.copysign(1, item.x)
        if item.kind == "lamp":
            arm = self.px(
                [
                    (item.x, item.y, top - 0.1),
                    (item.x + inward * 1.5, item.y, top + 0.15),
                    (item.x + inward * 1.5, item.y, top + 0.3),
                    (item.x, item.y, top),
                ]
            )
        else:
            arm = self.px(
                [
                    (item.x - 0.6, item.y, top * 0.9),
                    (item.x + 0.6, item.y, top * 0.9),
                    (item.x + 0.6, item.y, top * 0.92),
                    (item.x - 0.6, item.y, top * 0.92),
                ]
            )
        self.flat(arm, colour, item.y)


def wires(stage: Stage, poles: list[Upright]) -> None:
    """Draw the wires between poles, slightly sagging."""
    for a, b in itertools.pairwise(poles):
        near = max(a.y, stage.y + 3.0)
        if b.y < near + 1 or a.y > stage.y + 120:
            continue
        for off in (-0.5, 0.5):
            t = np.linspace((near - a.y) / (b.y - a.y), 1, 10)
            points = [
                (a.x + off, a.y + (b.y - a.y) * s, a.height_m * 0.92 - 1.6 * s * (1 - s)) for s in t.tolist()
            ]
            line = stage.px(points)
            line = line[np.isfinite(line).all(axis=1)]
            line = line[np.abs(line).max(axis=1) < 9000]
            if len(line) > 1:
                cv2.polylines(
                    stage.picture,
                    [np.round(line * 16).astype(np.int32)],
                    False,
                    (52, 54, 58),
                    1,
                    cv2.LINE_AA,
                    4,
                )


def draw(stage: Stage, scene: Scene) -> None:
    """Draw everything beside the street, far things first; houses lie behind fences, fences behind trees."""
    for house in sorted(scene.houses, key=lambda h: -(h.y0 + h.y1)):
        stage.house(house)
    for item in sorted(scene.fences, key=lambda f: -(f.y0 + f.y1)):
        if item.y1 > stage.y and item.y0 < stage.y + REACH_M:
            stage.wall(stage.props.fences[item], item.x, (item.y0, item.y1), item.height_m, 12.0)
    for upright in sorted(scene.uprights, key=lambda u: -u.y):
        if not stage.y + 1.0 < upright.y < stage.y + REACH_M:
            continue
        if upright.kind in ("tree", "bush"):
            stage.green(upright)
        else:
            stage.post(upright)
    wires(stage, sorted((u for u in scene.uprights if u.kind == "pole"), key=lambda u: u.y))
