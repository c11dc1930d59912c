"""The loss sees nothing of what is unknown."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")
pytestmark = pytest.mark.train

from gatukoll.training.losses import partial_loss, resample  # noqa: E402


def _batch() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    logits = torch.randn(2, 3, 8, 8)
    positive = (torch.rand(2, 3, 8, 8) > 0.7).float()
    return logits, positive, torch.ones(2, 3, 8, 8)


def test_unknown_pixels_neither_count_nor_learn() -> None:
    logits, positive, weight = _batch()
    weight[:, :, :4] = 0
    logits.requires_grad_()
    partial_loss(logits, positive, weight).backward()
    assert logits.grad is not None
    assert not logits.grad[:, :, :4].any()
    assert logits.grad[:, :, 4:].any()
    with torch.no_grad():
        before = partial_loss(logits, positive, weight)
        wild, flipped = logits.clone(), positive.clone()
        wild[:, :, :4], flipped[:, :, :4] = 50.0, 1 - positive[:, :, :4]
        assert torch.equal(before, partial_loss(wild, flipped, weight))


def test_an_unknown_class_is_left_out_of_the_mean() -> None:
    logits, positive, weight = _batch()
    weight[:, 1] = 0
    two = partial_loss(logits[:, [0, 2]], positive[:, [0, 2]], weight[:, [0, 2]])
    assert torch.allclose(partial_loss(logits, positive, weight), two)


def test_nothing_known_gives_nothing_to_learn() -> None:
    logits, positive, weight = _batch()
    logits.requires_grad_()
    loss = partial_loss(logits, positive, weight * 0)
    loss.backward()
    assert loss == 0
    assert not logits.grad.any()  # type: ignore[union-attr]


def test_a_lower_weight_pulls_less() -> None:
    logits, positive, weight = _batch()
    light = weight.clone()
    light[0] = 0.1
    logits.requires_grad_()
    partial_loss(logits, positive, light, dice=0).backward()
    assert logits.grad is not None
    assert logits.grad[0].abs().mean() < 0.2 * logits.grad[1].abs().mean()


def test_right_answers_cost_less_than_wrong_ones() -> None:
    _, positive, weight = _batch()
    right = (positive * 2 - 1) * 8
    assert partial_loss(right, positive, weight) < 0.01 < partial_loss(-right, positive, weight)


def test_a_thin_line_survives_resampling_and_a_thin_area_does_not() -> None:
    positive = torch.zeros(1, 2, 8, 8, dtype=torch.uint8)
    positive[:, :, :, 3] = 1  # one pixel wide
    weight = torch.ones(1, 2, 8, 8)
    weight[:, :, 0] = 0
    cells, weights = resample(positive, weight, 4, [True, False])
    assert cells[0, 0].tolist() == [[1, 0], [1, 0]]
    assert not cells[0, 1].any()
    assert weights[0, 1, 0].tolist() == [0.75, 0.75]
    assert weights[0, 0, 1, 0] == 1


def test_an_unknown_stretch_of_a_line_stays_unknown() -> None:
    positive = torch.zeros(1, 1, 4, 4, dtype=torch.uint8)
    positive[0, 0, :, 1] = 1
    _, weights = resample(positive, torch.zeros(1, 1, 4, 4), 4, [True])
    assert weights.item() == 0
