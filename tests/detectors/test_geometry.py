"""The camera on the road plane, against cases worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gatukoll.detectors.geometry import Camera, measure, to_pixels, to_road, uncertainty


def level(**more: float) -> Camera:
    return Camera(1000, 600, focal_px=800, height_m=2.0, pitch_deg=0.0, **more)


def test_a_level_camera_sees_the_road_at_height_times_focal_over_rows_below_the_middle() -> None:
    assert to_road(level(), [[500, 300 + 160]])[0] == pytest.approx([0.0, 10.0])
    assert to_road(level(), [[500 + 80, 300 + 160]])[0] == pytest.approx([1.0, 10.0])


def test_horizon_and_sky_are_no_road() -> None:
    assert np.isnan(to_road(level(), [[500, 300], [500, 100]])).all()


def test_pitch_moves_the_middle_of_the_picture_to_height_over_tangent() -> None:
    camera = Camera(1000, 600, 800, height_m=2.0, pitch_deg=10)
    assert to_road(camera, [[500, 300]])[0] == pytest.approx([0, 2 / math.tan(math.radians(10))])


def test_yaw_to_the_right_moves_the_middle_to_the_right() -> None:
    x, y = to_road(Camera(1000, 600, 800, 2.0, 10, yaw_deg=20), [[500, 300]])[0]
    assert math.degrees(math.atan2(x, y)) == pytest.approx(20)


def test_a_camera_turned_clockwise_sees_its_right_side_nearer() -> None:
    """Turned clockwise, the right half of the picture looks lower, so nearer, than the left half."""
    road = to_road(Camera(1000, 600, 800, 2.0, 10, roll_deg=5), [[300, 450], [700, 450]])
    assert road[1, 1] < road[0, 1]


def test_there_and_back_for_any_camera() -> None:
    random = np.random.default_rng(1)
    for _ in range(20):
        camera = Camera(
            1280,
            720,
            random.uniform(600, 1200),
            random.uniform(1, 3),
            *random.uniform(-4, 12, 1),
            roll_deg=random.uniform(-5, 5),
            yaw_deg=random.uniform(-10, 10),
        )
        road = np.column_stack([random.uniform(-4, 4, 50), random.uniform(4, 40, 50)])
        pixels = to_pixels(camera, road)
        back = to_road(camera, pixels)
        assert back == pytest.approx(road, rel=1e-6)


def test_what_lies_behind_has_no_pixel() -> None:
    assert np.isnan(to_pixels(level(), [[0.0, -3.0]])).all()


def test_heights_lift_a_point_in_the_picture() -> None:
    low, high = to_pixels(level(), [[0, 10], [0, 10]], above_m=np.array([0.0, 2.0]))
    assert (low[1], high[1]) == (pytest.approx(460), pytest.approx(300))


def test_uncertainty_of_pitch_grows_with_the_square_of_the_distance() -> None:
    """d = h / tan(pitch + angle), so its derivative by the pitch is (d² + h²) / h."""
    camera = level(pitch_sd_deg=0.1)
    for distance in (5.0, 10.0, 20.0):
        pixel = tuple(to_pixels(camera, [[0.0, distance]])[0])
        along, _, size = uncertainty(camera, pixel)
        by_pitch = (distance**2 + 4) / 2 * math.radians(0.1)
        by_pixel = distance**2 / (2 * 800)
        assert along == pytest.approx(math.hypot(by_pitch, by_pixel), rel=0.05)
        assert size == pytest.approx(by_pitch / distance, rel=0.05)


def test_an_area_has_the_size_that_it_has_on_the_road() -> None:
    camera = Camera(1280, 720, 1000, height_m=2.0, pitch_deg=8)
    corners = to_pixels(camera, [[-0.5, 8.0], [0.5, 8.0], [0.5, 10.0], [-0.5, 10.0]])
    y, x = np.mgrid[:720, :1280] + 0.5
    road = to_road(camera, np.column_stack([x.ravel(), y.ravel()])).reshape(720, 1280, 2)
    inside = (abs(road[..., 0]) <= 0.5) & (road[..., 1] >= 8) & (road[..., 1] <= 10)
    x0, y0 = corners.min(axis=0).astype(int) - 2
    x1, y1 = corners.max(axis=0).astype(int) + 3
    found = measure(camera, "area", box_px=(x0, y0, x1, y1), mask=(x0, y0, inside[y0:y1, x0:x1]))
    assert found is not None
    assert found.area_m2 == pytest.approx(2.0, rel=0.03)
    assert (found.length_m, found.width_m) == (pytest.approx(2.0, rel=0.05), pytest.approx(1.0, rel=0.05))
    assert found.distance_m == pytest.approx(8.0, rel=0.02)


def test_a_line_is_as_long_as_on_the_road() -> None:
    camera = Camera(1280, 720, 1000, height_m=2.0, pitch_deg=8)
    line = to_pixels(camera, [[0, 6], [0, 9], [1, 9]])
    found = measure(camera, "line", box_px=(0, 0, 1, 1), lines_px=[line])
    assert found is None  # its box stands in the sky, so its place is unknown
    x0, y0, x1, y1 = *line.min(axis=0), *line.max(axis=0)
    found = measure(camera, "line", box_px=(x0, y0, x1, y1), lines_px=[line])
    assert found is not None and found.length_m == pytest.approx(4.0)


def test_what_reaches_the_horizon_is_not_placed() -> None:
    assert measure(level(), "area", box_px=(400, 290, 600, 400)) is None


def test_a_region_of_one_row_has_an_area() -> None:
    found = measure(level(), "area", box_px=(500, 400, 520, 401), mask=(500, 400, np.ones((1, 20), np.bool_)))
    assert found is not None and found.area_m2 > 0
