"""Placing, association over frames, and looks, on drives that are made through the camera's own geometry."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import cv2
import numpy as np
import pytest
import shapely
from shapely.geometry.base import BaseGeometry

from gatukoll.detectors.contract import Detection, Mask
from gatukoll.detectors.geometry import Camera, measure, to_pixels
from gatukoll.runtime.capture.model import Frame
from gatukoll.runtime.findings.facts import Observation
from gatukoll.runtime.placing import CaptureTracks, Looked, PlacingOptions, Plane, looks

START = datetime(2026, 9, 14, 7, tzinfo=UTC)
PLANE = Plane(56.05, 12.7)
CAMERA = Camera.from_hfov(
    1280, 720, 66, height_m=1.7, pitch_deg=6, focal_sd=0.03, height_sd_m=0.1, pitch_sd_deg=1, yaw_sd_deg=1
)
VISIBLE_M = 22.0


@dataclass(frozen=True)
class Drive:
    """A drive: true poses (x, y, heading in degrees) every 5 m, and how wrong everything is."""

    poses: tuple[tuple[float, float, float], ...]
    seed: int = 1
    drift_m: float = 3.0  # slow part of the position's error, per axis
    jitter_m: float = 0.4  # its quick part
    heading_sd_deg: float = 1.0
    shake_deg: float = 0.3
    bias_deg: float = 0.7  # the mounting is wrong by so much

    @classmethod
    def straight(cls, length_m: float = 100.0, heading_deg: float = 30.0, **errors: float) -> Drive:
        h = math.radians(heading_deg)
        return cls(
            tuple((s * math.sin(h), s * math.cos(h), heading_deg) for s in np.arange(0, length_m, 5.0)),
            **errors,  # type: ignore[arg-type]
        )

    @classmethod
    def curve(cls, radius_m: float = 40.0, turn_deg: float = 100.0, **errors: float) -> Drive:
        """Turn right around (radius, 0), beginning northwards at the origin."""
        angles = np.arange(0, math.radians(turn_deg), 5.0 / radius_m)
        return cls(
            tuple((radius_m - radius_m * math.cos(a), radius_m * math.sin(a), math.degrees(a)) for a in angles),
            **errors,  # type: ignore[arg-type]
        )

    def along(self, station_m: float, offset_m: float = 0.0) -> tuple[float, float]:
        """Return the place so many metres along the way and to the right of it."""
        i = min(int(station_m // 5), len(self.poses) - 1)
        x, y, heading = self.poses[i]
        turn = (self.poses[1][2] - self.poses[0][2]) if len(self.poses) > 1 else 0.0
        rest = station_m - 5 * i
        h = math.radians(heading + turn * rest / 10)
        x, y = x + rest * math.sin(h), y + rest * math.cos(h)
        h = math.radians(heading + turn * rest / 5)
        return x + offset_m * math.cos(h), y - offset_m * math.sin(h)

    def line(self, start_m: float, end_m: float, offset_m: float = 0.0) -> BaseGeometry:
        """Return a crack along the way."""
        stations = np.linspace(start_m, end_m, max(int((end_m - start_m) * 4), 2))
        return shapely.LineString([self.along(s, offset_m) for s in stations])

    def area(self, start_m: float, end_m: float, left_m: float, right_m: float) -> BaseGeometry:
        """Return a damaged area between two offsets."""
        sides = [self.line(start_m, end_m, o) for o in (left_m, right_m)]
        ring = [*sides[0].coords, *list(sides[1].coords)[::-1]]
        return shapely.Polygon(ring)

    def hole(self, station_m: float, offset_m: float, size_m: float) -> BaseGeometry:
        return shapely.Point(self.along(station_m, offset_m)).buffer(size_m / 2)


def see(drive: Drive, things: Sequence[tuple[str, BaseGeometry]], miss: float = 0.0) -> tuple[CaptureTracks, int]:
    """Drive past things and return the tracks and the number of detections."""
    rng = np.random.default_rng(drive.seed)
    tracks, count = CaptureTracks(), 0
    drift = rng.normal(0, drive.drift_m, 2)
    for i, (x, y, heading) in enumerate(drive.poses):
        shaken = replace(CAMERA, pitch_deg=CAMERA.pitch_deg + drive.bias_deg + rng.normal(0, drive.shake_deg))
        fix = np.array([x, y]) + drift + rng.normal(0, drive.jitter_m, 2)
        frame = at(i, fix, heading + rng.normal(0, drive.heading_sd_deg))
        seen = []
        for name, thing in things:
            for detection in picture(shaken, thing, (x, y, heading), name):
                if rng.random() >= miss:
                    kind = "line" if detection.lines_px else "area"
                    seen.append((detection, placed(detection, kind)))
        count += len(seen)
        tracks.add(frame, seen)
    return tracks, count


def placed(detection: Detection, kind: str):  # noqa: ANN201
    mask = detection.mask
    return measure(
        CAMERA,
        kind,  # type: ignore[arg-type]
        box_px=detection.box_px,
        mask=(mask.x, mask.y, mask.pixels) if mask else None,
        lines_px=detection.lines_px,
    )


def at(index: int, xy: np.ndarray, heading_deg: float) -> Frame:
    lon, lat = PLANE.to_degrees(xy)[0]
    return Frame(
        index=index,
        source=f"film@{index}",
        picture=np.zeros((1, 1, 3), np.uint8),
        time=START + timedelta(seconds=index),
        lat_deg=lat,
        lon_deg=lon,
        heading_deg=heading_deg,
        speed_mps=5.0,
        position_sd_m=4.0,
        camera=CAMERA,
    )


def picture(camera: Camera, thing: BaseGeometry, pose: tuple[float, float, float], name: str) -> list[Detection]:
    """Return what a perfect detector makes of a thing in the picture, in whole pixels."""
    x, y, h = pose[0], pose[1], math.radians(pose[2])
    turn = np.array([[math.cos(h), math.sin(h)], [-math.sin(h), math.cos(h)]])
    local = shapely.transform(thing, lambda p: (p - [x, y]) @ turn)
    local = shapely.segmentize(local.intersection(shapely.box(-30, 0.5, 30, VISIBLE_M)), 0.1)
    if local.is_empty:
        return []
    if thing.area == 0:
        found = []
        for part in shapely.get_parts(shapely.get_parts(local)):
            px = to_pixels(camera, shapely.get_coordinates(part)).round()
            px = px[(px >= 0).all(axis=1) & (px[:, 0] < 1280) & (px[:, 1] < 720)]
            if len(px) > 1:
                box = (*px.min(axis=0), *(px.max(axis=0) + 1))
                found.append(Detection(name, 0.8, box, lines_px=(px,)))
        return found
    canvas = np.zeros((720, 1280), np.uint8)
    for part in shapely.get_parts(local):
        ring = to_pixels(camera, shapely.get_coordinates(part.exterior))
        cv2.fillPoly(canvas, [ring.clip(-20000, 20000).round().astype(np.int32)], 1)
    ys, xs = np.nonzero(canvas)
    if len(ys) < 4:
        return []
    x0, x1, y0, y1 = xs.min(), xs.max() + 1, ys.min(), ys.max() + 1
    pixels = canvas[y0:y1, x0:x1].astype(bool)
    return [Detection(name, 0.7, (x0, y0, x1, y1), mask=Mask(int(x0), int(y0), pixels))]


def flat(seen: Observation) -> BaseGeometry:
    return PLANE.flat(seen.geometry)


def near(seen: Observation, thing: BaseGeometry) -> float:
    return float(flat(seen).centroid.distance(thing.centroid))


STRAIGHT, CURVE = Drive.straight(), Drive.curve()
