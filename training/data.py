"""Training samples: crops at about the scale of the model's input, with per-class targets and weights.

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
from gatukoll.datasets.layout import IGNORE, picture_size, read_picture
from gatukoll.datasets.splits import Item
from gatukoll.detectors.card import InputSpec
from gatukoll.errors import DataError, nearest_word
from gatukoll.runtime.engine import fit
from gatukoll.training.augment import Augment
from gatukoll.training.config import Recipe, SourceUse, Weight

ABSENT = {"yes": 1.0, "near": 1.0, "clear": 0.25, "no": 0.0}
"""Completeness -> weight of absence: where only clear ones are drawn, absence is weak evidence."""
OUTSIDE_WEIGHT = 0.1
"""Weight of pixels that are no road (`none_above`, `surface`): easy and many, they must not drown others."""
FILL = 114
"""Grey of padding, as at inference."""


class Sample(NamedTuple):
    """One crop, or a batch of them.

    Attributes:
        image: (h, w, 3) uint8 RGB.
        positive: (channels, h, w) uint8.
        weight: (channels, h, w) float32, 0 = unknown.
    """

    image: Tensor
    positive: Tensor
    weight: Tensor


class Targets(NamedTuple):
    """Targets of a whole picture, (channels, h, w): positive bool, weight float32."""

    positive: NDArray[np.bool_]
    weight: NDArray[np.float32]


def targets(item: Item, recipe: Recipe, use: SourceUse) -> Targets:
    """Return what the loss of a picture rests on: label scopes, completeness, and the recipe's weights.

    Raises:
        DataError: where `SourceUse.surface` names a class that the source does not label.
    """
    ground = _surface(item, use)
    positive, weight = [], []
    for name in recipe.channels:
        if name == recipe.surface:
            target, w = ground, ground.known.astype(np.float32)
        else:
            target = labels.pixels(item.source, item.picture, name, line=name in recipe.lines)
            w = _weights(item, name, target, use)
            w[ground.known & ~ground.positive & ~target.known] = OUTSIDE_WEIGHT
        if use.none_above:
            top = round(use.none_above * len(w))
            w[:top][~target.known[:top]] = OUTSIDE_WEIGHT
        positive.append(target.positive)
        weight.append(w)
    return Targets(np.stack(positive), np.stack(weight))


def _weights(item: Item, name: str, target: labels.Target, use: SourceUse) -> NDArray[np.float32]:
    """Return how much each pixel of a class weighs: as the recipe says, else by its completeness."""
    said = use.weights.get(name, Weight())
    complete = labels.completeness(item.source, name, ("mask",)) or "no"
    absent = ABSENT[complete] if said.absent is None else said.absent
    present = 1.0 if said.present is None else said.present
    return np.where(target.positive, present, absent).astype(np.float32) * target.known


def _surface(item: Item, use: SourceUse) -> labels.Target:
    """Return where the ground lies on which damage can be; nowhere known where the source does not say."""
    mask = item.source.mask(item.picture)
    if mask is None or use.surface is None:
        nowhere = np.zeros(picture_size(item.picture.path) if mask is None else mask.shape, np.bool_)
        return labels.Target(nowhere, nowhere)
    if use.surface == "known":
        inside = mask != IGNORE
        return labels.Target(inside, inside)
    known = labels.labelled_names(item.source)
    for name in use.surface:
        if name not in known:
            raise DataError(
                f'labels no "{name}", which `surface` names',
                where=str(item.source.folder / "source.json"),
                nearest=nearest_word(name, known),
            )
    parts = [labels.pixels(item.source, item.picture, name) for name in use.surface]
    inside = np.logical_or.reduce([p.positive for p in parts])
    return labels.Target(inside, np.logical_and.reduce([p.known for p in parts]) | inside)


class Crops(Dataset[Sample]):
    """An endless row of random crops, balanced over sources and towards rare classes."""

    def __init__(
        self,
        items: Sequence[Item],
        recipe: Recipe,
        uses: Mapping[str, SourceUse],
        size: tuple[int, int],
        spec: InputSpec,
        augment: Augment,
        *,
        seed: int,
        length: int,
    ) -> None:
        self.items, self.recipe, self.uses = list(items), recipe, uses
        self.size, self.spec, self.augment, self.seed, self.length = size, spec, augment, seed, length
        self.chance = self._chances()

    def __len__(self) -> int:
        """Return how many samples the whole training takes."""
        return self.length

    def __getitem__(self, index: int) -> Sample:
        """Return sample `index`; the same one for the same seed, whatever came before."""
        rng = np.random.default_rng([self.seed, index])
        item = self.items[int(rng.choice(len(self.items), p=self.chance))]
        target = targets(item, self.recipe, self.uses[item.source.name])
        tensor, view = fit(read_picture(item.picture.path), self.spec)
        inner = round(view.height * view.scale_y), round(view.width * view.scale_x)
        varied = self.augment.scale(rng)
        scale = varied * view.scale_y, varied * view.scale_x
        y, x = self._corner(target, rng, scale, self.uses[item.source.name].none_above)
        flip = bool(rng.integers(2))
        shown = tensor[: inner[0], : inner[1]]
        image = _cut(shown, y, x, self.size, (varied, varied), flip, cv2.INTER_LINEAR, FILL)
        image = self.augment(image.astype(np.uint8), rng)
        cut = [
            np.stack([_cut(a, y, x, self.size, scale, flip, cv2.INTER_NEAREST, 0) for a in arrays])
            for arrays in (target.positive.view(np.uint8), target.weight)
        ]
        return Sample(torch.from_numpy(image), torch.from_numpy(cut[0]), torch.from_numpy(cut[1]))

    def _chances(self) -> NDArray[np.float64]:
        """Return how likely each picture is: its source's share, more for pictures with boosted classes."""
        chance = np.ones(len(self.items))
        boost = np.array([self.recipe.boost.get(name, 0.0) for name in self.recipe.channels])
        for i, item in enumerate(self.items):
            drawn = targets(item, self.recipe, self.uses[item.source.name]).positive
            chance[i] += boost @ drawn.any(axis=(1, 2))
        names = np.array([item.source.name for item in self.items])
        for name in set(names):
            here = names == name
            chance[here] *= self.uses[name].share / chance[here].sum()
        return np.asarray(chance / chance.sum())

    def _corner(
        self, target: Targets, rng: np.random.Generator, scale: tuple[float, float], none_above: float
    ) -> tuple[int, int]:
        """Choose the corner (y, x) of a crop, in px of the enlarged picture.

        It lies about a drawn pixel every other time, else about a known one.

        The class is drawn by lot among those present, so that a small pothole is met as often as a long
        crack.

        Args:
            target: of the picture.
            rng: decides.
            scale: px of the enlarged picture per px of the picture, vertical and horizontal.
            none_above: share of the height, from the top, that no crop is to lie about.
        """
        height, width = target.weight.shape[1:]
        things = len(self.recipe.classes)  # the surface is everywhere: no crop is laid for it
        counted = target.positive[:things] & (target.weight[:things] > 0)
        present = np.flatnonzero(counted.any(axis=(1, 2)))
        if len(present) and rng.random() < 0.5:
            spots = np.flatnonzero(counted[int(rng.choice(present))])
        else:
            top = round(none_above * height)
            spots = top * width + np.flatnonzero((target.weight[:, top:] > 0).any(axis=0))
        spot = int(rng.choice(spots)) if len(spots) else int(rng.integers(height * width))
        corner = []
        for centre, full, side, s in zip(divmod(spot, width), (height, width), self.size, scale, strict=True):
            start = centre * s - side * rng.uniform(0.15, 0.85)
            corner.append(round(min(max(start, 0), max(full * s - side, 0))))
        return corner[0], corner[1]


def _cut(
    array: NDArray[np.generic],
    y: int,
    x: int,
    size: tuple[int, int],
    scale: tuple[float, float],
    flip: bool,
    interpolation: int,
    fill: int,
) -> NDArray[np.generic]:
    """Enlarge `array` by `scale` (vertical, horizontal); return the window of `size` px at (x, y) of that."""
    matrix = np.array([[scale[1], 0, -x], [0, scale[0], -y]])
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
