"""The one resize policy."""

from __future__ import annotations

import numpy as np
import pytest

from gatukoll.detectors.card import InputSpec
from gatukoll.runtime.engine import PADDING, fit

SIZES = [(480, 768), (600, 600), (406, 722), (720, 1280), (768, 1024), (1920, 1080), (270, 480), (61, 43)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("how", ["area", "letterbox"])
def test_frames_keep_their_shape_and_padding_lies_at_the_end(size: tuple[int, int], how: str) -> None:
    picture = np.full((*size, 3), 200, np.uint8)
    spec = InputSpec(height=480, width=768, fit=how)
    tensor, view = fit(picture, spec)
    assert tensor.dtype == np.uint8 and tensor.shape == (view.input_height, view.input_width, 3)
    inner_h, inner_w = round(size[0] * view.scale_y), round(size[1] * view.scale_x)
    assert (tensor[:inner_h, :inner_w] == 200).all()
    assert (tensor[inner_h:] == PADDING).all() and (tensor[:, inner_w:] == PADDING).all()
    assert view.scale_x == pytest.approx(view.scale_y, rel=0.03) and view.scale_x <= 1.55
    if how == "letterbox":
        assert tensor.shape == (480, 768, 3)
    else:
        assert tensor.shape[0] % 32 == 0 and tensor.shape[1] % 32 == 0
        assert inner_h * inner_w <= 480 * 768 * 1.01


def test_a_frame_of_the_input_size_is_passed_on_untouched() -> None:
    picture = np.random.default_rng(0).integers(0, 255, (480, 768, 3), dtype=np.uint8)
    tensor, view = fit(picture, InputSpec(height=480, width=768, fit="area"))
    assert (tensor == picture).all() and view.scale_x == view.scale_y == 1


def test_the_cost_is_the_same_for_every_large_camera() -> None:
    spec = InputSpec(height=480, width=768, fit="area")
    areas = [np.prod(fit(np.zeros((*s, 3), np.uint8), spec)[0].shape[:2]) for s in SIZES[:6]]
    assert max(areas) < 1.25 * 480 * 768
