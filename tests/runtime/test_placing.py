"""Placing, association over frames, and looks, on drives that are made through the camera's own geometry."""

from __future__ import annotations

import json
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
            tuple(
                (radius_m - radius_m * math.cos(a), radius_m * math.sin(a), math.degrees(a)) for a in angles
            ),
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


def see(
    drive: Drive, things: Sequence[tuple[str, BaseGeometry]], miss: float = 0.0
) -> tuple[CaptureTracks, int]:
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


def picture(
    camera: Camera, thing: BaseGeometry, pose: tuple[float, float, float], name: str
) -> list[Detection]:
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


SHAPES = (Drive.straight, Drive.curve)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("length", [0.5, 3.0, 10.0, 40.0])
def test_a_crack_is_one_thing_of_its_own_length(shape, length: float, seed: int) -> None:  # noqa: ANN001
    drive = shape(seed=seed)
    crack = drive.line(20, 20 + length, 1.0)
    tracks, detections = see(drive, [("crack", crack)])
    (seen,) = tracks.observations()
    assert detections >= 3
    assert seen.size["length_m"] == pytest.approx(crack.length, rel=0.15, abs=0.1)
    assert flat(seen).length == pytest.approx(crack.length, rel=0.15, abs=0.1)
    assert len(seen.sightings) == detections - tracks.unplaced.total()
    assert near(seen, crack) < 3 * seen.sd_m
    assert seen.name == "crack"
    assert seen.number == 0


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("extent", [(30, 32, -1, 1), (25, 40, -2, 2)])
def test_an_area_is_one_thing_of_its_own_size(shape, extent: tuple[float, ...], seed: int) -> None:  # noqa: ANN001
    drive = shape(seed=seed)
    area = drive.area(*extent)
    (seen,) = see(drive, [("alligator", area)])[0].observations()
    # areas feel an error of the mounting twice
    assert seen.size["area_m2"] == pytest.approx(area.area, rel=0.4)
    assert flat(seen).area == pytest.approx(area.area, rel=0.4)
    assert seen.size["length_m"] >= seen.size["width_m"] > 0


def test_a_long_area_does_not_grow_with_the_frames_that_show_it() -> None:
    exact = Drive.straight(drift_m=0, jitter_m=0, heading_sd_deg=0, shake_deg=0, bias_deg=0)
    area = exact.area(20, 50, -1.5, 1.5)
    (seen,) = see(exact, [("alligator", area)])[0].observations()
    assert seen.size["area_m2"] == pytest.approx(90, rel=0.06)
    assert flat(seen).intersection(area).area == pytest.approx(90, rel=0.06)


def test_without_errors_places_are_exact() -> None:
    exact = Drive.straight(drift_m=0, jitter_m=0, heading_sd_deg=0, shake_deg=0, bias_deg=0)
    for size in (0.3, 1.0):
        hole = exact.hole(32, -0.7, size)
        (seen,) = see(exact, [("pothole", hole)])[0].observations()
        assert near(seen, hole) < 0.1
        assert seen.size["width_m"] == pytest.approx(size, rel=0.3)
    crack = exact.line(20, 60, 1.0)
    (seen,) = see(exact, [("crack", crack)])[0].observations()
    assert shapely.hausdorff_distance(flat(seen), crack) < 0.5


@pytest.mark.parametrize("seed", range(3))
def test_neighbours_stay_apart(seed: int) -> None:
    drive = Drive.straight(seed=seed)
    holes = [("pothole", drive.hole(s, o, 0.4)) for s, o in ((30, -0.5), (31, -0.5), (30, 0.7))]
    assert len(see(drive, holes)[0].observations()) == 3
    across = [
        ("crack", shapely.LineString([drive.along(s, -1.5), drive.along(s, 1.5)])) for s in range(20, 60, 5)
    ]
    found = see(drive, across)[0].observations()
    assert [round(o.size["length_m"]) for o in found] == [3] * 8
    beside = [("crack", drive.line(25, 45, o)) for o in (0.5, 1.5)]
    assert [round(o.size["length_m"] / 20, 1) for o in see(drive, beside)[0].observations()] == [1.0, 1.0]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("shape", SHAPES)
def test_a_crack_that_the_model_breaks_is_one(shape, seed: int) -> None:  # noqa: ANN001
    drive = shape(seed=seed)
    stretches = [(20, 27), (27.7, 35), (36, 50), (50.8, 60)]
    broken = shapely.MultiLineString([drive.line(a, b, 0.5) for a, b in stretches])
    (seen,) = see(drive, [("crack", broken)])[0].observations()
    assert seen.size["length_m"] == pytest.approx(broken.length, rel=0.15)


def test_missed_frames_do_not_part_what_belongs_together() -> None:
    found = []
    for seed in range(10):
        drive = Drive.straight(seed=seed)
        holes = [("pothole", drive.hole(s, 0.5, 0.5)) for s in (25, 33, 47, 60)]
        found.append(len(see(drive, holes, miss=0.3)[0].observations()))
    assert max(found) == 4
    assert sum(found) >= 36  # each hole is in reach of three frames, so 0.3 ** 3 of them are never seen


def test_a_badly_known_mounting_still_gives_one_thing() -> None:
    """With the default mounting (pitch known to 3 degrees) far sightings are left to near ones."""
    drive = Drive.straight(bias_deg=2.0)
    hole = drive.hole(40, 0.5, 0.6)
    tracks, detections = see(drive, [("pothole", hole)])
    (seen,) = tracks.observations()
    assert len(seen.sightings) + tracks.unplaced["too_far"] == detections
    assert near(seen, hole) < 3 * seen.sd_m


def test_classes_do_not_mix_and_numbers_are_in_canonical_order() -> None:
    drive = Drive.straight()
    things = [("b", drive.hole(40, 0, 0.5)), ("a", drive.hole(40, 0.1, 0.5)), ("a", drive.hole(70, 0.1, 0.5))]
    found = see(drive, things)[0].observations()
    assert [(o.number, o.name) for o in found] == [(0, "a"), (1, "b"), (2, "a")]
    backwards = see(drive, things[::-1])[0].observations()
    assert [(o.number, o.name) for o in backwards] == [(0, "a"), (1, "b"), (2, "a")]


def test_passing_the_same_place_again_gives_a_second_observation() -> None:
    there = Drive.straight().poses
    again = tuple((x, y, heading + 180) for x, y, heading in there[::-1])
    drive = Drive((*there, *again))
    hole = Drive.straight().hole(50, 0.0, 0.5)
    found = see(drive, [("pothole", hole)])[0].observations()
    assert len(found) == 2
    assert abs(found[0].heading_deg - found[1].heading_deg) == pytest.approx(180, abs=10)


def test_what_can_not_be_placed_is_counted() -> None:
    tracks = CaptureTracks(PlacingOptions(min_sightings=2))
    near_box, far_box = (600.0, 600.0, 680.0, 640.0), (638.0, 290.0, 642.0, 293.0)
    near_one, far_one = Detection("pothole", 0.5, near_box), Detection("pothole", 0.9, far_box)
    lost = at(0, np.zeros(2), math.nan)
    tracks.add(lost, [(near_one, placed(near_one, "area"))])
    tracks.add(at(1, np.zeros(2), 0.0), [(near_one, None), (far_one, placed(far_one, "area"))])
    tracks.add(at(2, np.array([0, 5]), 0.0), [(near_one, placed(near_one, "area"))])
    assert tracks.observations() == ()
    assert tracks.unplaced == {"no_heading": 1, "not_on_road": 1, "too_far": 1, "few_sightings": 1}
    assert CaptureTracks().observations() == ()


def test_a_point_lies_where_it_was_seen() -> None:
    box = (600.0, 560.0, 680.0, 640.0)
    post = Detection("post", 0.5, box, attributes={"type": "C31", "limit": np.float32(40)})
    where = placed(post, "point")
    tracks = CaptureTracks()
    tracks.add(at(7, np.zeros(2), 90.0), [(post, where)])
    (seen,) = tracks.observations()
    right, ahead = where.lines_m[0][0]
    assert PLANE.to_metres(shapely.get_coordinates(seen.geometry))[0] == pytest.approx(
        [ahead, -right], abs=0.01
    )
    assert json.dumps(seen.attributes) == '{"type": "C31", "limit": 40.0}'
    assert seen.sightings == (
        {
            "source": "film@7",
            "frame": 7,
            "box_px": list(box),
            "score": 0.5,
            "distance_m": pytest.approx(ahead, abs=0.01),
        },
    )
    assert seen.sd_m > 4.0
    assert seen.first == seen.last == START + timedelta(seconds=7)


@pytest.mark.parametrize("lat", [0.0, -34.0, 56.0, 69.5])
@pytest.mark.parametrize("lon", [12.7, 179.9999, -180.0])
def test_a_plane_is_metric_and_goes_back(lat: float, lon: float) -> None:
    pyproj = pytest.importorskip("pyproj")
    plane = Plane(lat, lon)
    xy = np.array([[0.0, 0.0], [1000.0, -700.0], [-300.0, 900.0]])
    places = plane.to_degrees(xy)
    assert plane.to_metres(places) == pytest.approx(xy, abs=1e-3)
    geod = pyproj.Geod(ellps="WGS84")
    for (x, y), (there_lon, there_lat) in zip(xy, places, strict=True):
        *_, distance = geod.inv(lon, lat, there_lon, there_lat)
        assert distance == pytest.approx(math.hypot(x, y), rel=5e-4, abs=1e-3)


def test_looks_break_at_gaps_and_at_new_verdicts() -> None:
    def looked(i: int, x: float, reason: str = "") -> Looked:
        lon, lat = PLANE.to_degrees([[x, 0.0]])[0]
        return Looked(START + timedelta(seconds=i), lat, lon, reason)

    steps: Mapping[int, tuple[float, str]] = {
        0: (0, ""), 1: (5, ""), 2: (10, ""), 3: (15, "dark"), 4: (20, ""), 5: (60, ""), 6: (65, "")
    }  # fmt: skip
    found = looks([looked(i, x, reason) for i, (x, reason) in steps.items()])
    assert [(k.number, k.frames, k.reason) for k in found] == [
        (0, 3, ""),
        (1, 1, "dark"),
        (2, 1, ""),
        (3, 2, ""),
    ]
    assert PLANE.flat(found[0].line).length == pytest.approx(10, abs=0.01)
    assert len(found[1].line.coords) == 2
    assert found[3].first == START + timedelta(seconds=5)
    assert looks([]) == ()


def test_a_part_of_a_line_without_length_does_no_harm() -> None:
    from gatukoll.runtime.placing.likeness import direction
    from gatukoll.runtime.placing.shapes import points_along

    shape = shapely.MultiLineString([[[0, 0], [3, 0]], [[1, 1], [1 + 1e-13, 1]]])
    assert len(points_along(shape, 0.25)) >= 14
    axis = direction(shape)
    assert axis is not None and abs(axis[0]) > 0.95
