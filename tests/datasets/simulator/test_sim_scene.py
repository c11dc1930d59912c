"""The street as data: determinism, JSON, sizes."""

from __future__ import annotations

import numpy as np
import pytest

from gatukoll.datasets.simulator import ground, measured, scene, shapes, truth
from gatukoll.datasets.simulator.invent_damage import MARGIN_M, box_of
from gatukoll.datasets.simulator.items import Damage
from gatukoll.errors import DataError

SEED = 10_001


@pytest.fixture(scope="module")
def street() -> scene.Scene:
    return scene.random(SEED, length_m=120)


def test_same_seed_same_street_and_another_seed_another(street: scene.Scene) -> None:
    again = scene.random(SEED, length_m=120)
    assert scene.to_json(street) == scene.to_json(again)
    assert scene.to_json(street) != scene.to_json(scene.random(SEED + 1, length_m=120))


def test_json_round_trip(street: scene.Scene) -> None:
    assert scene.from_json(scene.to_json(street)) == street


def test_json_that_is_no_scene_names_the_field(street: scene.Scene) -> None:
    with pytest.raises(DataError, match=r"street\.length_m"):
        scene.from_json(scene.to_json(street).replace('"length_m": 120.0', '"length_m": "long"', 1))


def test_a_street_shows_every_class_and_damages_keep_apart(street: scene.Scene) -> None:
    assert {d.name for d in street.damages} == {"crack", "pothole", "patch", "network"}
    assert len({d.id for d in street.damages}) == len(street.damages)
    half = street.street.width_m / 2
    boxes = [box_of(d) for d in street.damages]
    for i, a in enumerate(boxes):
        assert -half <= a[0] and a[2] <= half and a[1] > 0 and a[3] < 120
        for b in boxes[i + 1 :]:
            gap = max(b[0] - a[2], a[0] - b[2], b[1] - a[3], a[1] - b[3])
            assert gap >= MARGIN_M - 1e-6


def test_passes_differ_but_each_is_the_same_again(street: scene.Scene) -> None:
    one, two = (scene.camera_path(SEED, n, street.street, speed_kmh=30) for n in (1, 2))
    assert one == scene.camera_path(SEED, 1, street.street, speed_kmh=30)
    assert one.light != two.light and one.lane_x_m != two.lane_x_m and one.speed_mps != two.speed_mps


def test_painted_ground_is_the_same_again() -> None:
    small = scene.random(SEED, length_m=20)
    a, b = ground.build(small), ground.build(small)
    assert np.array_equal(a.near.data, b.near.data) and np.array_equal(a.coarse.data, b.coarse.data)


def test_sizes_by_hand() -> None:
    patch = Damage("p", "patch", "patch", (((0.0, 0.0), (2.0, 0.0), (2.0, 3.0), (0.0, 3.0)),), 0, 0.8, 1, 1)
    size = truth.size_of(patch)
    assert (size.area_m2, size.length_m, size.width_m) == pytest.approx((6.0, 3.0, 2.0), abs=1e-6)
    lines = (((0.0, 0.0), (3.0, 4.0)), ((3.0, 4.0), (3.0, 6.0)))
    assert truth.size_of(Damage("c", "crack", "branched", lines, 0.008, 0.7, 1, 1)).length_m == pytest.approx(
        7
    )


def test_drawn_figures_follow_their_quantiles() -> None:
    rng = np.random.default_rng(1)
    for figure in (measured.PATCH_LEVEL, measured.CRACK_BLACK_M, measured.POTHOLE_ROUGH):
        drawn = [figure.draw(rng, 0, 1e9) for _ in range(4000)]
        assert np.quantile(drawn, [0.1, 0.5, 0.9]) == pytest.approx(figure.quantiles, rel=0.08)


def test_a_mesh_stays_in_its_outline() -> None:
    rng = np.random.default_rng(3)
    ring = shapes.ragged_ring(rng, (0.0, 0.0), 1.0, 2.0, 0.2)
    edges = np.concatenate(shapes.mesh(rng, ring, 0.15))
    assert len(edges) > 50
    assert np.abs(edges).max(axis=0) == pytest.approx([0.5, 1.0], abs=0.2)
