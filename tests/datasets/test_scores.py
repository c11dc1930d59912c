"""Every count and score against numbers worked out by hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gatukoll.datasets.bootstrap import METRICS, score
from gatukoll.datasets.boxscores import box_iou, count_boxes, parts_as_boxes
from gatukoll.datasets.choice import choose, fingerprint
from gatukoll.datasets.labels import Target
from gatukoll.datasets.layout import Box, read_source
from gatukoll.datasets.scores import Bools, Counts, count_pixels, near, target_of, union_of
from gatukoll.detectors.contract import Detection, Mask
from gatukoll.errors import ConfigError

SHAPE = (40, 60)


def plane(*regions: tuple[int, int, int, int]) -> Bools:
    """Return a mask with rectangles x0, y0, x1, y1."""
    out = np.zeros(SHAPE, np.bool_)
    for x0, y0, x1, y1 in regions:
        out[y0:y1, x0:x1] = True
    return out


def target(*regions: tuple[int, int, int, int], unknown: Bools | None = None) -> Target:
    truth = plane(*regions)
    known = np.ones(SHAPE, np.bool_) if unknown is None else ~unknown | truth
    return Target(truth, known)


def line(predicted: Bools, truth: Target) -> Counts:
    return count_pixels(predicted, truth, line=True)


def area(predicted: Bools, truth: Target) -> Counts:
    return count_pixels(predicted, truth, line=False)


def value(metric: str, *counts: Counts) -> float | None:
    return score([("g", c) for c in counts], metric).value


CRACK = (10, 20, 50, 21)  # 40 px long, 1 px wide


def test_near_is_a_disc_of_three_pixels() -> None:
    dot = np.zeros((9, 9), np.bool_)
    dot[4, 4] = True
    assert near(dot).sum() == 29  # whole points with x² + y² <= 9
    assert near(dot)[4, 7]
    assert not near(dot)[4, 8]
    assert not near(dot)[7, 5]


def test_a_perfect_line() -> None:
    counts = line(plane(CRACK), target(CRACK))
    assert counts == Counts(40, 40, 40, 40, 40, 40, 1, 1, 1, 1)
    assert all(value(m, counts) == 1.0 for m in METRICS)


@pytest.mark.parametrize(("shift", "f1", "found"), [(2, 1.0, 1), (3, 1.0, 1), (4, 0.0, 0), (5, 0.0, 0)])
def test_a_shifted_line(shift: int, f1: float, found: int) -> None:
    counts = line(plane((10, 20 + shift, 50, 21 + shift)), target(CRACK))
    assert (counts.inter, counts.union) == (0, 80)
    assert value("f1_3px", counts) == f1
    assert value("iou", counts) == 0.0
    assert (counts.found, counts.right) == (found, found)


def test_half_a_line_found_by_a_thick_one() -> None:
    counts = line(plane((10, 18, 27, 23)), target(CRACK))  # 17 columns, 5 rows, all within 2 px
    assert (counts.predicted_px, counts.right_px) == (85, 85)
    assert (counts.found_px, counts.truth_px) == (20, 40)  # 17 and 3 px of tolerance beyond its end
    assert value("f1_3px", counts) == pytest.approx(2 * 1 * 0.5 / 1.5)
    assert (counts.found, counts.truth, counts.right, counts.predicted) == (1, 1, 1, 1)  # half is enough
    assert line(plane((10, 18, 26, 23)), target(CRACK)).found == 0


def test_a_line_in_two_pieces_is_one_thing_found() -> None:
    counts = line(plane((10, 20, 28, 21), (32, 20, 50, 21)), target(CRACK))
    assert (counts.found, counts.truth, counts.right, counts.predicted) == (1, 1, 2, 2)
    assert counts.found_px == 40


def test_lines_that_touch_at_a_corner_are_one_part() -> None:
    truth = target((10, 10, 20, 11), (20, 11, 30, 12))
    assert line(truth.positive, truth).truth == 1


def test_nothing_there_and_nothing_reported() -> None:
    counts = line(plane(), target())
    assert counts == Counts()
    result = {m: score([("g", counts)], m) for m in METRICS}
    assert all(v.value is None for v in result.values())
    assert result["iou"].reason == "nothing labelled and nothing reported"
    assert result["object_precision"].reason == "nothing reported"
    assert result["object_recall"].reason == "nothing labelled"


def test_nothing_reported() -> None:
    counts = line(plane(), target(CRACK))
    assert [value(m, counts) for m in METRICS] == [0.0, 0.0, None, 0.0, 0.0]


def test_false_alarms_in_a_picture_without_an_object_count() -> None:
    perfect = line(plane(CRACK), target(CRACK))
    alarm = line(plane((0, 0, 40, 1), (0, 30, 10, 31)), target())
    assert alarm.predicted_px == 50
    assert (alarm.right, alarm.predicted) == (0, 2)
    assert value("f1_3px", perfect, alarm) == pytest.approx(2 * (40 / 90) / (1 + 40 / 90))
    assert value("iou", perfect, alarm) == pytest.approx(40 / 90)
    assert value("object_precision", perfect, alarm) == pytest.approx(1 / 3)
    assert value("object_recall", perfect, alarm) == 1.0
    assert value("f1_3px", alarm) == 0.0


def test_counts_are_summed_and_pictures_not_averaged() -> None:
    small = area(plane((0, 0, 5, 5)), target((0, 0, 5, 5)))
    large = area(plane(), target((0, 0, 30, 25)))
    assert value("iou", small, large) == pytest.approx(25 / (25 + 750))
    assert value("object_f1", small, large) == pytest.approx(2 * 1 * 0.5 / 1.5)


def test_unknown_pixels_count_for_nothing() -> None:
    unknown = plane((0, 0, 60, 15))
    counts = line(plane(CRACK, (0, 5, 60, 6)), target(CRACK, unknown=unknown))
    assert counts == Counts(40, 40, 40, 40, 40, 40, 1, 1, 1, 1)


def test_a_part_mostly_in_the_unknown_is_not_judged_and_one_mostly_outside_is() -> None:
    unknown = plane((0, 0, 30, 40))
    inside = line(plane((20, 5, 39, 6)), target(unknown=unknown))  # 10 px unknown, 9 known
    assert (inside.predicted_px, inside.right, inside.predicted) == (9, 0, 0)
    outside = line(plane((20, 5, 40, 6)), target(unknown=unknown))  # 10 and 10
    assert (outside.predicted_px, outside.right, outside.predicted) == (10, 0, 1)


def test_a_true_pixel_is_found_by_a_prediction_that_lies_in_the_unknown() -> None:
    unknown = plane((0, 0, 60, 20))
    counts = line(plane((10, 18, 50, 19)), target(CRACK, unknown=unknown))
    assert (counts.found_px, counts.predicted_px, counts.found) == (40, 0, 1)


@pytest.mark.parametrize(
    ("width", "found"),
    [(10, 1), (4, 1), (3, 1), (2, 0)],  # of a truth 10 px wide: IoU 1, 0.4, 0.3, 0.2
)
def test_areas_match_at_an_iou_of_three_tenths(width: int, found: int) -> None:
    counts = area(plane((10, 10, 10 + width, 20)), target((10, 10, 20, 20)))
    assert (counts.found, counts.right, counts.predicted, counts.truth) == (found, found, 1, 1)
    assert value("iou", counts) == pytest.approx(width / 10)


def test_areas_match_one_to_one_best_first() -> None:
    truth = target((10, 10, 20, 20))
    counts = area(plane((10, 10, 14, 20), (15, 10, 20, 20)), truth)  # IoU 0.4 and 0.5
    assert (counts.right, counts.predicted, counts.found, counts.truth) == (1, 2, 1, 1)
    over_both = area(plane((10, 10, 30, 20)), target((10, 10, 18, 20), (22, 10, 30, 20)))  # 0.4 each
    assert (over_both.right, over_both.predicted, over_both.found, over_both.truth) == (1, 1, 1, 2)


def test_tolerance_plays_no_part_for_areas() -> None:
    counts = area(plane((13, 10, 16, 13)), target((10, 10, 13, 13)))
    assert (counts.right, counts.predicted, counts.found, counts.truth) == (0, 1, 0, 1)


def test_splinters_are_no_objects() -> None:
    truth = target((0, 0, 2, 4), (10, 10, 13, 13))
    counts = area(plane(), truth)
    assert (counts.truth, counts.truth_px) == (1, 17)
    seen = area(truth.positive, truth)  # who reports a splinter is neither right nor wrong
    assert (seen.right, seen.predicted, seen.found, seen.truth) == (1, 1, 1, 1)


def test_union_of_masks_is_cut_at_the_frame() -> None:
    full = np.ones((4, 4), np.bool_)
    detections = [
        Detection("a", 0.9, (0, 0, 4, 4), Mask(-2, -2, full)),
        Detection("a", 0.9, (0, 0, 4, 4), Mask(8, 4, full)),
        Detection("a", 0.9, (0, 0, 4, 4), Mask(30, 30, full)),
        Detection("a", 0.9, (0, 0, 4, 4)),
    ]
    union = union_of(detections, (6, 10))
    assert union.sum() == 4 + 4
    assert union[:2, :2].all()
    assert union[4:, 8:].all()


def seen(*boxes: tuple[float, float, float, float, float]) -> list[Detection]:
    return [Detection("hole", s, (x0, y0, x1, y1)) for x0, y0, x1, y1, s in boxes]


def test_boxes_match_at_half() -> None:
    assert box_iou((0, 0, 10, 10), (0, 0, 10, 5)) == 0.5
    truth = [Box("hole", (0, 0, 10, 10))]
    assert count_boxes(seen((0, 0, 10, 5, 0.9)), truth) == Counts(right=1, predicted=1, found=1, truth=1)
    assert count_boxes(seen((0, 0, 10, 4.9, 0.9)), truth) == Counts(predicted=1, truth=1)
    assert count_boxes([], truth) == Counts(truth=1)
    assert count_boxes(seen((0, 0, 9, 9, 0.3)), []) == Counts(predicted=1)


def test_two_boxes_on_one_thing_are_one_right_and_one_wrong_and_the_surer_one_chooses() -> None:
    truth = [Box("hole", (0, 0, 10, 10)), Box("hole", (6, 0, 16, 10))]
    counts = count_boxes(seen((1, 0, 11, 10, 0.5), (0, 0, 10, 10, 0.9), (0, 1, 10, 10, 0.4)), truth)
    assert counts == Counts(right=1, predicted=3, found=1, truth=2)


def test_boxes_in_ignore_regions_too_low_or_unknown_are_left_out() -> None:
    ignore = [Box("hole", (0, 0, 20, 20), ignore=True)]
    assert count_boxes(seen((10, 0, 30, 10, 0.9)), ignore) == Counts()  # half of it inside
    assert count_boxes(seen((11, 0, 31, 10, 0.9)), ignore) == Counts(predicted=1)
    assert count_boxes(seen((0, 0, 30, 9, 0.9)), [], min_px=10) == Counts()
    assert count_boxes(seen((0, 0, 30, 10, 0.9)), [], min_px=10) == Counts(predicted=1)
    known = ~plane((0, 0, 30, 40))
    assert count_boxes(seen((20, 0, 38, 10, 0.9)), [], known=known) == Counts()
    assert count_boxes(seen((20, 0, 40, 10, 0.9)), [], known=known) == Counts(predicted=1)


def test_parts_of_a_mask_as_boxes() -> None:
    boxes = parts_as_boxes(target((10, 10, 20, 15), (30, 30, 33, 33), (50, 0, 52, 2)))
    assert [b.box_px for b in boxes] == [(10, 10, 20, 15), (30, 30, 33, 33)]


def test_pictures_without_a_known_absence_take_no_part_unless_there_are_no_others() -> None:
    full = Counts(right=1, predicted=2, found=1, truth=1)
    loose = Counts(right=1, predicted=9, found=1, truth=4, scored=0)
    both = [("a", full), ("b", loose)]
    assert score(both, "object_precision").value == 0.5
    assert score(both, "object_recall") == score([("a", full)], "object_recall")
    alone = score([("b", loose)], "object_recall")
    assert (alone.value, alone.count) == (0.25, 4)
    refused = score([("b", loose)], "object_precision")
    assert (refused.value, refused.reason) == (None, "the absence of this class is not labelled")


def test_interval_over_groups() -> None:
    good, bad = Counts(inter=10, union=10), Counts(inter=0, union=10)
    counts = [(f"g{i}", good if i % 2 else bad) for i in range(20)]
    first = score(counts, "iou")
    assert first == score(list(reversed(counts)), "iou")  # the order of pictures plays no part
    assert first.value == 0.5
    # 20 draws of a fair coin: mean 0.5, standard deviation 0.112
    assert first.low == pytest.approx(0.5 - 1.96 * 0.112, abs=0.05)
    assert first.high == pytest.approx(0.5 + 1.96 * 0.112, abs=0.05)
    assert first != score(counts, "iou", seed=1, times=50)


def test_interval_draws_groups_and_not_pictures() -> None:
    good, bad = Counts(inter=10, union=10), Counts(inter=0, union=10)
    one_each = [("a", good)] * 10 + [("b", bad)] * 10
    both = score(one_each, "iou")
    assert (both.low, both.high) == (0.0, 1.0)
    single = score([("a", c) for _, c in one_each], "iou")
    assert (single.value, single.low, single.high) == (0.5, None, None)


def test_pictures_without_a_group_are_groups_of_their_own() -> None:
    loose = score([("", Counts(inter=i, union=10)) for i in range(11)], "iou")
    assert loose.value == pytest.approx(0.5)
    assert loose.low is not None
    assert loose.low < 0.5


def test_count_says_what_a_score_rests_on() -> None:
    counts = [("a", Counts(40, 40, 40, 40, 40, 40, 1, 3, 1, 2)), ("b", Counts())]
    rests = {m: score(counts, m).count for m in METRICS}
    assert rests == {"iou": 2, "f1_3px": 2, "object_precision": 3, "object_recall": 2, "object_f1": 2}


@pytest.fixture
def source_folder(tmp_path: Path) -> Path:
    """A source with cracks, and alligator cracking that counts as crack."""
    mask = np.zeros((40, 60), np.uint8)
    mask[20, 10:30] = 1
    mask[5:15, 40:55] = 2
    (tmp_path / "masks").mkdir()
    (tmp_path / "images").mkdir()
    Image.fromarray(mask).save(tmp_path / "masks" / "a.png")
    Image.fromarray(np.zeros((40, 60, 3), np.uint8)).save(tmp_path / "images" / "a.jpg")
    entry = {"form": "mask", "scope": "masked", "complete": "yes", "is": []}
    (tmp_path / "source.json").write_text(
        json.dumps(
            {
                "name": "tiny",
                "task": "segmentation",
                "classes": {"1": "crack", "2": "network"},
                "labels": {"crack": entry, "network": {**entry, "is": ["crack"]}},
                "licence": "CC0-1.0",
                "train": True,
            }
        )
    )
    (tmp_path / "groups.csv").write_text("file,group,highway\na.jpg,street_1,df_080\n")
    return tmp_path


def test_alligator_cracking_is_left_out_of_the_crack_score(source_folder: Path) -> None:
    source = read_source(source_folder)
    (picture,) = source.pictures()
    cracks = target_of(source, picture, "crack", line=True)
    drawn = plane((10, 20, 30, 21), (42, 8, 52, 9))  # the crack, and one inside the network
    counts = line(drawn, cracks)
    assert counts == Counts(20, 20, 20, 20, 20, 20, 1, 1, 1, 1)
    assert line(plane((10, 20, 30, 21), (42, 2, 52, 3)), cracks).predicted_px == 20  # 3 px above it
    assert line(plane((10, 20, 30, 21), (42, 1, 52, 2)), cracks).predicted_px == 30  # 4 px above it
    networks = target_of(source, picture, "network", line=False)
    assert area(plane((40, 5, 55, 15)), networks) == Counts(150, 150, 150, 150, 150, 150, 1, 1, 1, 1)


def test_choosing_groups(source_folder: Path) -> None:
    source = read_source(source_folder)
    assert len(choose([source], "street_1")[0].pictures) == 1
    assert len(choose([source], "highway=df_080")[0].pictures) == 1
    for spec, what, nearest in [
        ("street_2", 'no group is called "street_2"', "street_1"),
        ("highway=df_081", 'no picture has highway "df_081"', "df_080"),
        ("higway=df_080", 'groups.csv has no column "higway"', "highway"),
    ]:
        with pytest.raises(ConfigError, match=what) as raised:
            choose([source], spec)
        assert raised.value.nearest == nearest


def test_fingerprint_changes_with_a_label_and_not_with_the_folder(
    source_folder: Path, tmp_path: Path
) -> None:
    source = read_source(source_folder)
    before = fingerprint(source, source.pictures())
    moved = read_source(source_folder.rename(tmp_path.with_name(tmp_path.name + "_moved")))
    assert fingerprint(moved, moved.pictures()) == before
    Image.fromarray(np.zeros((40, 60), np.uint8)).save(moved.folder / "masks" / "a.png")
    assert fingerprint(moved, moved.pictures()) != before


@pytest.mark.parametrize(
    ("labeller", "precision", "recall", "pothole_iou"), [("c", 0.43, 0.26, 0.44), ("d", 0.43, 0.22, 0.20)]
)
def test_the_figures_that_a_real_source_states_of_its_published_masks(
    shared_data: Path, labeller: str, precision: float, recall: float, pothole_iou: float
) -> None:
    source = read_source(shared_data / "pavement" / "brazil_dnit_gold")
    sums = {"crack": Counts().row(), "pothole": Counts().row()}
    for picture in source.pictures():
        if picture.row["labelled_by"] != labeller:
            continue
        file = source.folder / "published_masks" / f"{picture.path.stem}.png"
        published = np.asarray(Image.open(file))
        for number, name in ((1, "crack"), (2, "pothole")):
            truth = target_of(source, picture, name, line=name == "crack")
            sums[name] += count_pixels(published == number, truth, line=name == "crack").row()
    crack, pothole = sums["crack"], sums["pothole"]
    assert crack[2] / crack[3] == pytest.approx(precision, abs=0.0051)
    assert crack[4] / crack[5] == pytest.approx(recall, abs=0.0051)
    assert pothole[0] / pothole[1] == pytest.approx(pothole_iou, abs=0.0051)


@pytest.mark.parametrize("name", ["brazil_dnit_gold", "chiba_windscreen"])
def test_the_truth_itself_scores_one(shared_data: Path, name: str) -> None:
    source = read_source(shared_data / "pavement" / name)
    for label in ("crack", "patch"):
        counts = []
        for picture in source.pictures():
            truth = target_of(source, picture, label, line=label == "crack")
            counts.append((picture.group, count_pixels(truth.positive, truth, line=label == "crack")))
        assert {score(counts, metric).value for metric in METRICS} == {1.0}
