"""Training samples: crops at about native scale, with per-class targets and weights.

Sample i of a training is a function of (seed, i) alone, so that a resumed training sees what an undisturbed
one would have seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from gatukoll.datasets import labels
from gatukoll.datasets.layout import read_picture
from gatukoll.datasets.splits import Item
from gatukoll.training.augment import Augment
from gatukoll.training.config import Recipe, SourceUse, Weight

ABSENT = {"yes": 1.0, "near": 1.0, "clear": 0.25, "no": 0.0}
"""Completeness -> weight of absence: where only clear ones are drawn, absence is weak evidence."""
ABOVE_WEIGHT = 0.1
"""Weight of pixels above the road (`none_above`): easy and many, they must not drown those on it."""
FILL = 114
"""Grey of padding, as at inference."""


class Sample(NamedTuple):
    """One crop, or a batch of them.

    Attributes:
        image: (h, w, 3) uint8 RGB.
        positive: (classes, h, w) uint8.
        weight: (classes, h, w) float32, 0 = unknown.
    """

    image: Tensor
    positive: Tensor
    weight: Tensor


class Targets(NamedTuple):
    """Targets of a whole picture, (classes, h, w): positive bool, weight float32."""

    positive: NDArray[np.bool_]
    weight: NDArray[np.float32]


def targets(item: Item, recipe: Recipe, use: SourceUse) -> Targets:
    """Return what the loss of a picture rests on: label scopes, completeness, and the recipe's weights."""
    positive, weight = [], []
    for name in recipe.classes:
        target = labels.pixels(item.source, item.picture, name, line=name in recipe.lines)
        said = use.weights.get(name, Weight())
        complete = labels.completeness(item.source, name, ("mask",)) or "no"
        absent = ABSENT[complete] if said.absent is None else said.absent
        present = 1.0 if said.present is None else said.present
        w = np.where(target.positive, present, absent).astype(np.float32) * target.known
        if use.none_above:
            top = round(use.none_above * len(w))
            w[:top][~target.known[:top]] = ABOVE_WEIGHT
        positive.append(target.positive)
        weight.append(w)
    return Targets(np.stack(positive), np.stack(weight))


class Crops(Dataset[Sample]):
    """An endless row of random crops, balanced over sources and towards rare classes."""

    def __init__(
        self,
        items: Sequence[Item],
        recipe: Recipe,
        uses: Mapping[str, SourceUse],
        size: tuple[int, int],
        augment: Augment,
        *,
        seed: int,
        length: int,
    ) -> None:
        self.items, self.recipe, self.uses = list(items), recipe, uses
        self.size, self.augment, self.seed, self.length = size, augment, seed, length
        self.chance = self._chances()

    def __len__(self) -> int:
        """Return how many samples the whole training takes."""
        return self.length

    def __getitem__(self, index: int) -> Sample:
        """Return sample `index`; the same one for the same seed, whatever came before."""
        rng = np.random.default_rng([self.seed, index])
        item = self.items[int(rng.choice(len(self.items), p=self.chance))]
        target = targets(item, self.recipe, self.uses[item.source.name])
        picture = read_picture(item.picture.path)
        scale = self.augment.scale(rng)
        y, x = self._corner(target, rng, scale, self.uses[item.source.name].none_above)
        flip = bool(rng.integers(2))
        image = _cut(picture, y, x, self.size, scale, flip, cv2.INTER_LINEAR, FILL).astype(np.uint8)
        image = self.augment(image, rng)
        cut = [
            np.stack([_cut(a, y, x, self.size, scale, flip, cv2.INTER_NEAREST, 0) for a in arrays])
            for arrays in (target.positive.view(np.uint8), target.weight)
        ]
        return Sample(torch.from_numpy(image), torch.from_numpy(cut[0]), torch.from_numpy(cut[1]))

    def _chances(self) -> NDArray[np.float64]:
        """Return how likely each picture is: its source's share, more for pictures with boosted classes."""
        chance = np.ones(len(self.items))
        boost = np.array([self.recipe.boost.get(name, 0.0) for name in self.recipe.classes])
        for i, item in enumerate(self.items):
            drawn = targets(item, self.recipe, self.uses[item.source.name]).positive
            chance[i] += boost @ drawn.any(axis=(1, 2))
        names = np.array([item.source.name for item in self.items])
        for name in set(names):
            here = names == name
            chance[here] *= self.uses[name].share / chance[here].sum()
        return np.asarray(chance / chance.sum())

    def _corner(
        self, target: Targets, rng: np.random.Generator, scale: float, none_above: float
    ) -> tuple[int, int]:
        """Choose the corner (y, x) of a crop: about a drawn pixel every other time, else about a known one.

        The class is drawn by lot among those present, so that a small pothole is met as often as a long
        crack.
        """
        height, width = target.weight.shape[1:]
        counted = target.positive & (target.weight > 0)
        present = np.flatnonzero(counted.any(axis=(1, 2)))
        if len(present) and rng.random() < 0.5:
            spots = np.flatnonzero(counted[int(rng.choice(present))])
        else:
            top = round(none_above * height)
            spots = top * width + np.flatnonzero((target.weight[:, top:] > 0).any(axis=0))
        spot = int(rng.choice(spots)) if len(spots) else int(rng.integers(height * width))
        corner = []
        for centre, full, side in zip(divmod(spot, width), (height, width), self.size, strict=True):
            need = side / scale
            start = centre - need * rng.uniform(0.15, 0.85)
            corner.append(round(min(max(start, 0), max(full - need, 0))))
        return corner[0], corner[1]


def _cut(
    array: NDArray[np.generic],
    y: int,
    x: int,
    size: tuple[int, int],
    scale: float,
    flip: bool,
    interpolation: int,
    fill: int,
) -> NDArray[np.generic]:
    """Return the window of `size` px whose upper left corner is (x, y) of `array`, enlarged by `scale`."""
    matrix = np.array([[scale, 0, -x * scale], [0, scale, -y * scale]])
    if flip:
        matrix = np.array([[-1, 0, size[1] - 1], [0, 1, 0]]) @ np.vstack([matrix, [0, 0, 1]])
    border = (fill,) * 3 if array.ndim == 3 else fill
    return np.asarray(
        cv2.warpAffine(
            np.ascontiguousarray(array),
            matrix,
            (size[1], size[0]),
            flags=interpolation,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=border,
        )
    )
