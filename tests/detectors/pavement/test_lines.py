"""Thinning and centre lines."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from gatukoll.detectors.pavement.lines import centre_lines, thin


def bar(angle: float, width: int = 9) -> np.ndarray:
    canvas = np.zeros((200, 200), np.uint8)
    dx, dy = np.cos(angle) * 70, np.sin(angle) * 70
    cv2.line(canvas, (round(100 - dx), round(100 - dy)), (round(100 + dx), round(100 + dy)), 1, width)
    return canvas.astype(np.bool_)


@pytest.mark.parametrize("angle", np.linspace(0, np.pi, 7))
def test_a_bar_thins_to_a_line_of_its_length(angle: float) -> None:
    mask = bar(angle)
    skeleton = thin(mask)
    assert skeleton.sum() < mask.sum() / 4 and (mask | ~skeleton).all()
    (line,) = centre_lines(mask, 0, 0)[:1]
    assert np.hypot(*np.diff(line, axis=0).T).sum() == pytest.approx(140, rel=0.12)


def test_lines_are_moved_to_the_frame() -> None:
    here, there = centre_lines(bar(0.3), 0, 0)[0], centre_lines(bar(0.3), 100, 40)[0]
    assert np.allclose(there - here, [100, 40])


def test_a_ring_ends_somewhere() -> None:
    canvas = np.zeros((80, 80), np.uint8)
    cv2.circle(canvas, (40, 40), 25, 1, 4)
    lines = centre_lines(canvas.astype(np.bool_), 0, 0)
    assert sum(np.hypot(*np.diff(line, axis=0).T).sum() for line in lines) == pytest.approx(
        2 * np.pi * 25, rel=0.15
    )


def test_a_single_pixel_is_a_short_line() -> None:
    (line,) = centre_lines(np.ones((1, 1), np.bool_), 5, 7)
    assert line.shape == (2, 2) and line.mean(axis=0) == pytest.approx([5.5, 7.5])
