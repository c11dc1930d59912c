"""What is rendered lies where the geometry puts it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gatukoll.datasets.simulator import raster, render, scene, sight, truth
from gatukoll.datasets.simulator.items import CameraPath, Damage, Light, Mounting, Scene
from gatukoll.detectors.geometry import to_pixels, to_road

BOX = ((-1.0, 8.0), (1.0, 8.0), (1.0, 11.0), (-1.0, 11.0))
LIGHT = Light(
    sun_from_deg=90, sun_height_deg=45, overcast=1.0, exposure=1.0, contrast=1.0, shutter_s=1e-4, noise=0.01,
    haze=0.0, sharpen=0.0, warmth=1.0,
)  # fmt: skip
MOUNT = Mounting(width=960, height=540, hfov_deg=66, height_m=1.6, pitch_deg=6, roll_deg=1.0, yaw_deg=-2.0)
PATH = CameraPath(1, 0.4, 0.0, 8.0, 0.0, MOUNT, LIGHT, 5)
POSE = render.Pose(0.4, 2.0, heading_deg=1.5)


@pytest.fixture(scope="module")
def bare() -> Scene:
    """A street with one very dark patch and nothing else."""
    full = scene.random(10_002, length_m=30)
    patch = Damage("patch-01", "patch", "patch", (BOX,), 0.0, 0.1, 0.1, 7)
    calm = replace(full.surface, roughness=0.01, blotches=0.005, tracks=0.0, grey=130.0)
    return replace(
        full, surface=calm, damages=(patch,), fixtures=(), houses=(), fences=(), uprights=()
    )  # fmt: skip


@pytest.fixture(scope="module")
def frame(bare: Scene) -> np.ndarray:
    return render.Renderer(bare, PATH).frame(POSE, 0)


def test_edges_of_a_known_patch_lie_where_to_pixels_puts_them(bare: Scene, frame: np.ndarray) -> None:
    camera = render.camera_at(PATH, POSE)
    grey = frame.mean(axis=2)
    # across the middle of each side, the step from dark to light is at the projected point
    for inner, outer in (
        ((-0.5, 9.5), (-1.5, 9.5)), ((0.5, 9.5), (1.5, 9.5)),
        ((0.0, 8.4), (0.0, 7.6)), ((0.0, 10.4), (0.0, 11.6)),
    ):  # fmt: skip
        middle = (np.array(inner) + outer) / 2
        ends = to_pixels(camera, np.array([inner, outer, middle]) - [POSE.x, POSE.y])
        line = ends[0] + (ends[1] - ends[0]) * np.linspace(0, 1, 200)[:, None]
        seen = grey[np.floor(line[:, 1]).astype(int), np.floor(line[:, 0]).astype(int)]
        half = (seen[:20].mean() + seen[-20:].mean()) / 2
        step = line[np.argmax(seen > half)]
        assert np.hypot(*(step - ends[2])) < 1.5


def test_homography_agrees_with_the_camera() -> None:
    camera = render.camera_at(PATH, POSE)
    matrix = render.homography(camera, POSE)
    points = np.array([[-2.0, 7.0], [3.0, 25.0], [0.0, 80.0]])
    mapped = np.column_stack([points, np.ones(3)]) @ matrix.T
    assert mapped[:, :2] / mapped[:, 2:] == pytest.approx(
        to_pixels(camera, points - [POSE.x, POSE.y]), abs=1e-6
    )


def test_mask_and_frame_agree_and_give_back_the_true_size(bare: Scene, frame: np.ndarray) -> None:
    mask = sight.mask(bare, PATH, POSE)
    dark = frame.mean(axis=2) < 60
    inside = mask == 3
    assert (dark & inside).sum() / inside.sum() > 0.97
    v, u = np.nonzero(inside)
    around = np.zeros_like(inside)
    around[v.min() - 6 : v.max() + 7, u.min() - 6 : u.max() + 7] = True
    assert (dark & around & (mask == 0)).sum() < 0.03 * inside.sum()
    camera = render.camera_at(PATH, POSE)
    v, u = np.nonzero(inside)
    corners = [np.column_stack([u + a, v + b]) for a, b in ((0, 0), (1, 0), (1, 1), (0, 1))]
    x, y = np.stack([to_road(camera, c) for c in corners]).transpose(2, 0, 1)
    # the sum of all pixels' quadrilaterals on the road
    area = abs((x * np.roll(y, -1, 0) - np.roll(x, -1, 0) * y).sum(axis=0)).sum() / 2
    assert area == pytest.approx(truth.size_of(bare.damages[0]).area_m2, rel=0.03)


def test_far_ground_and_sky_are_not_judged(bare: Scene) -> None:
    mask = sight.mask(bare, PATH, POSE)
    camera = render.camera_at(PATH, POSE)
    v, u = np.nonzero(mask != 255)
    places = to_road(camera, np.column_stack([u + 0.5, v + 0.5]))
    assert np.isfinite(places).all()
    assert places[:, 1].max() < sight.far_m(camera) + 0.6
    assert np.abs(places[:, 0] + POSE.x).max() < bare.street.width_m / 2 + 0.2


def test_what_is_too_small_is_unknown(bare: Scene) -> None:
    ring = ((0.5, 9.0), (0.53, 9.0), (0.53, 9.03), (0.5, 9.03))
    speck = Damage("pothole-01", "pothole", "pothole", (ring,), 0.03, 0.8, 2.0, 1)
    hair = Damage("crack-01", "crack", "wandering", (((-1.0, 7.0), (-1.0, 9.0)),), 0.0005, 0.5, 1.0, 1)
    wide = replace(hair, id="crack-02", width_m=0.02, lines=(((1.5, 7.0), (1.5, 9.0)),))
    mask = sight.mask(replace(bare, damages=(speck, hair, wide)), PATH, POSE)
    assert set(np.unique(mask)) == {0, 1, 255}
    camera = render.camera_at(PATH, POSE)
    seen = np.floor(
        to_pixels(camera, np.array([[0.515, 9.015], [-1.0, 8.0], [1.5, 8.0]]) - [POSE.x, POSE.y])
    ).astype(int)
    assert [int(mask[y, x]) for x, y in seen] == [255, 255, 1]


def test_motion_blur_smears_along_the_street_only() -> None:
    data = np.zeros((400, 60), np.uint8)
    data[200, 30] = 200
    blurred = raster.Raster(data, 0, 0, 0.005, 0.01).blurred_along(0.09).data
    rows, columns = np.nonzero(blurred)
    assert (columns == 30).all() and len(rows) == 9


def test_a_camera_drawn_for_small_pictures_fits_them(bare: Scene) -> None:
    path = scene.camera_path(1, 1, bare.street, speed_kmh=30, width=640)
    picture = render.Renderer(bare, path).frame(render.Pose(1.0, 3.0), 0)
    assert picture.shape == (360, 640, 3) and picture.dtype == np.uint8
    assert 20 < picture[250:].mean() < 220
