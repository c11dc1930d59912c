"""The sweep over thresholds that chooses those of the card."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the train extra")
pytestmark = pytest.mark.train

from gatukoll.training.monitor import THRESHOLDS, Sweep, overlay  # noqa: E402


def _scene() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    positive = np.zeros((40, 60), bool)
    positive[10:30, 30:33] = True
    scores = np.where(positive, 0.6, 0.1).astype(np.float32)
    return scores, positive, np.ones_like(positive)


def test_an_area_is_counted_without_tolerance_and_a_line_with_it() -> None:
    scores, positive, known = _scene()
    aside = np.roll(scores, 3, axis=1)
    for line, expected in ((True, 1.0), (False, 0.0)):
        sweep = Sweep(line)
        sweep.add(aside, positive, known)
        assert sweep.values[THRESHOLDS == 0.5] == pytest.approx(expected)


def test_the_highest_of_equally_good_thresholds_is_taken() -> None:
    sweep = Sweep(line=False)
    sweep.add(*_scene())
    assert sweep.best == (0.6, 1.0)


def test_unknown_pixels_do_not_count() -> None:
    scores, positive, known = _scene()
    scores[:, :20] = 0.9
    known[:, :20] = False
    sweep = Sweep(line=False)
    sweep.add(scores, positive, known)
    assert sweep.best == (0.6, 1.0)


def test_pictures_without_the_class_bring_their_false_alarms() -> None:
    scores, positive, known = _scene()
    sweep = Sweep(line=False)
    sweep.add(scores, positive, known)
    empty = np.full_like(scores, 0.6)
    sweep.add(empty, np.zeros_like(positive), known)
    assert sweep.best[1] == pytest.approx(60 / (60 + 2400))


def test_an_overlay_shows_labels_left_and_predictions_right() -> None:
    scores, _, _ = _scene()
    picture = np.full((40, 60, 3), 100, np.uint8)
    drawn = overlay(picture, scores[None], None, [0.5])
    assert drawn.shape == (40, 120, 3)
    assert np.array_equal(drawn[:, :60], picture)
    assert (drawn[15, 91] != 100).any()
