"""From probabilities to detections."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from gatukoll.detectors.contract import View
from gatukoll.detectors.pavement import Pavement, to_frame
from gatukoll.detectors.pavement.options import Limits, PavementOptions

HALF = {"crack": 0.5, "network": 0.5, "pothole": 0.5, "patch": 0.5}
PLAIN = View(768, 480, 1, 1, 768, 480)


def scores() -> np.ndarray:
    return np.zeros((4, 120, 192), np.float32)


def test_nothing_gives_nothing() -> None:
    assert Pavement().decode({"scores": scores()}, PLAIN, HALF) == []


def test_a_crack_is_a_line_along_its_middle() -> None:
    plane = scores()
    cv2.line(plane[0], (20, 100), (120, 40), 0.9, 2)
    (crack,) = Pavement().decode({"scores": plane}, PLAIN, HALF)
    assert crack.name == "crack" and 0.5 < crack.score <= 0.9
    length = sum(np.hypot(*np.diff(line, axis=0).T).sum() for line in crack.lines_px)
    assert length == pytest.approx(4 * np.hypot(100, 60), rel=0.05)
    for x, y in crack.lines_px[0]:
        assert abs((y / 4 - 100) + 0.6 * (x / 4 - 20)) < 2.5  # cells from the drawn line


def test_a_branch_is_a_second_line() -> None:
    plane = scores()
    cv2.line(plane[0], (20, 100), (120, 100), 0.9, 2)
    cv2.line(plane[0], (70, 100), (70, 60), 0.9, 2)
    (crack,) = Pavement().decode({"scores": plane}, PLAIN, HALF)
    assert len(crack.lines_px) == 2


def test_specks_are_noise() -> None:
    plane = scores()
    plane[2, 50, 50] = 0.6
    assert Pavement().decode({"scores": plane}, PLAIN, HALF) == []


def test_cracks_inside_alligator_cracking_are_part_of_it() -> None:
    plane = scores()
    plane[1, 40:100, 40:120] = 0.9
    cv2.line(plane[0], (50, 90), (110, 50), 0.9, 2)
    assert [d.name for d in Pavement().decode({"scores": plane}, PLAIN, HALF)] == ["network"]
    cv2.line(plane[0], (110, 50), (190, 5), 0.9, 2)
    crack, network = Pavement().decode({"scores": plane}, PLAIN, HALF)
    assert (crack.name, network.name) == ("crack", "network")
    assert crack.box_px[0] >= network.box_px[2] - 12 or crack.box_px[3] <= network.box_px[1] + 12


def test_thresholds_hold_for_each_class() -> None:
    plane = scores()
    plane[2, 50:60, 50:60] = 0.6
    assert len(Pavement().decode({"scores": plane}, PLAIN, HALF)) == 1
    assert Pavement().decode({"scores": plane}, PLAIN, HALF | {"pothole": 0.7}) == []


@pytest.mark.parametrize("scale", [0.5, 1.0, 1.28])
def test_regions_lie_where_they_are_in_frames_of_any_size(scale: float) -> None:
    """A square of 40 px of input lies at the same place of the frame at any scale."""
    plane = scores()
    plane[3, 30:40, 50:60] = 0.9
    view = View(round(700 / scale), round(450 / scale), scale, scale, 768, 480)
    (patch,) = Pavement().decode({"scores": plane}, view, HALF)
    assert patch.box_px == pytest.approx(
        (200 / scale, 120 / scale, 240 / scale, 160 / scale), abs=2.5 / scale
    )


def test_upsampling_keeps_cell_centres() -> None:
    plane = np.arange(12, dtype=np.float32)[None].repeat(8, axis=0)
    wide = to_frame(plane, View(48, 32, 1, 1, 48, 32))
    centres = wide[16, [9, 10]].mean()  # the middle of cell 2 lies between px 9 and 10
    assert centres == pytest.approx(2.0)


def test_grades_follow_the_limits_and_name_their_source() -> None:
    options = PavementOptions(pothole=Limits(measure="area_m2", two=0.1, three=0.5, source="our own"))
    sizes = [0.09, 0.1, 0.5]
    grades = [Pavement().grade("pothole", {"area_m2": s, "length_m": 9.0}, options) for s in sizes]
    assert [g.severity for g in grades] == [1, 2, 3]
    assert {g.source for g in grades} == {"our own"}
    assert "0.5" in grades[2].rule


def test_what_lies_beside_the_carriageway_is_left_out() -> None:
    plane = scores()
    plane[3, 80:100, 20:170] = 0.9
    road = np.zeros((1, 120, 192), np.float32)
    road[0, 60:, 60:] = 1.0
    (patch,) = Pavement().decode({"scores": plane, "surface": road}, PLAIN, HALF)
    assert patch.box_px == pytest.approx((240, 320, 680, 400), abs=2)
    assert Pavement().decode({"scores": plane, "surface": road * 0}, PLAIN, HALF) == []


def test_a_crack_that_breaks_up_on_its_way_is_one_crack() -> None:
    plane = scores()
    cv2.line(plane[0], (20, 100), (60, 80), 0.9, 2)
    cv2.line(plane[0], (63, 79), (120, 50), 0.9, 2)
    (crack,) = Pavement().decode({"scores": plane}, PLAIN, HALF)
    assert len(crack.lines_px) == 2
    assert crack.mask is not None and crack.mask.pixels.any(axis=1)[[0, -1]].all()
    cv2.line(plane[0], (150, 20), (180, 10), 0.9, 2)
    assert len(Pavement().decode({"scores": plane}, PLAIN, HALF)) == 2


def test_the_joint_of_a_kerb_is_no_crack() -> None:
    plane = scores()
    cv2.line(plane[0], (100, 20), (100, 110), 0.9, 1)
    road = np.zeros((1, 120, 192), np.float32)
    road[0, :, :102] = 1.0
    assert Pavement().decode({"scores": plane, "surface": road}, PLAIN, HALF) == []
    road[0, :, :120] = 1.0
    assert len(Pavement().decode({"scores": plane, "surface": road}, PLAIN, HALF)) == 1
