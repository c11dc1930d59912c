"""Loss for partial labels: what is unknown weighs nothing, in both of its parts."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def partial_loss(logits: Tensor, positive: Tensor, weight: Tensor, *, dice: float = 1.0) -> Tensor:
    """Return binary cross-entropy plus soft Dice, each averaged over the classes that are known in the batch.

    Dice (Milletari et al. 2016) counts over the whole batch, so that a thin or rare class weighs as much as a
    large one; a class without a positive in the batch has no Dice.

    Args:
        logits: (n, classes, h, w).
        positive: (n, classes, h, w), 1 where the class is there.
        weight: (n, classes, h, w), 0 where it is unknown.
        dice: weight of the Dice part.
    """
    positive, weight = positive.float(), weight.float()
    axes = (0, 2, 3)
    total = weight.sum(axes)
    entropy = F.binary_cross_entropy_with_logits(logits, positive, weight, reduction="none").sum(axes)
    known = total > 0
    if not bool(known.any()):
        return logits.sum() * 0.0
    loss = (entropy[known] / total[known]).mean()
    scores = logits.sigmoid()
    there = (weight * positive).sum(axes)
    overlap = (weight * positive * scores).sum(axes)
    size = (weight * scores).sum(axes) + there
    present = there > 0
    if dice > 0 and bool(present.any()):
        loss = loss + dice * (1 - (2 * overlap[present] + 1) / (size[present] + 1)).mean()
    return loss


def resample(positive: Tensor, weight: Tensor, factor: int, lines: list[bool]) -> tuple[Tensor, Tensor]:
    """Return targets at 1 / `factor` of their size.

    A thin line survives: its cell is positive where any of its pixels is. An area's cell goes by majority.
    The weight is the mean over a cell, and for a line the largest one of its positive pixels.
    """
    positive, weight = positive.float(), weight.float()
    share = F.avg_pool2d(positive, factor)
    line = torch.tensor(lines, device=positive.device).view(1, -1, 1, 1)
    cells = torch.where(line, share > 0, share >= 0.5).float()
    mean = F.avg_pool2d(weight, factor)
    drawn = F.max_pool2d(weight * positive, factor)
    return cells, torch.where(line & (cells > 0), drawn, mean)
