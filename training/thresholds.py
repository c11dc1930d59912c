"""Chooses the thresholds of a card: by the published scores, through the detector's own decode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from gatukoll.datasets.bootstrap import score
from gatukoll.datasets.layout import read_picture
from gatukoll.datasets.scores import Counts
from gatukoll.datasets.splits import Item
from gatukoll.detectors.card import ModelCard
from gatukoll.detectors.contract import Array, Detector, FindingClass, View
from gatukoll.runtime.engine import fit
from gatukoll.training.config import Recipe
from gatukoll.training.counting import count_class
from gatukoll.training.decoder import Segmenter
from gatukoll.training.graph import split_channels

CANDIDATES = tuple(round(0.1 * i, 1) for i in range(2, 10))
"""Below 0.2 a report would be wrong four times in five by the model's own word."""
TIE = 0.03
"""Of thresholds whose score is within this of the best the highest is taken: two trainings that differ in
their seed alone differ by as much, and a false alarm costs more than a miss."""
NEVER = 0.999
"""Threshold of the classes that have no turn yet."""
UNKNOWN = 0.5
"""Threshold of a class that no development picture shows."""


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """One picture with what the network says of it."""

    item: Item
    outputs: Mapping[str, Array]
    view: View


def choose(
    net: Segmenter, recipe: Recipe, card: ModelCard, detector: Detector, items: Sequence[Item]
) -> dict[str, float]:
    """Return class -> threshold, the best over all pictures, or a higher one that is nearly as good.

    The score is the mean of what is published of pixels (F1 with tolerance for lines, IoU for the rest) and
    of objects (F1). Areas come first, because what decode makes of lines may depend on them.

    Args:
        net: the network.
        recipe: says which channels are classes.
        card: of the model to be; its thresholds are not looked at.
        detector: whose decode reports them.
        items: development pictures with labels to judge by.
    """
    seen = [_look(net.eval(), recipe, card, item) for item in items]
    chosen = dict.fromkeys(card.classes, NEVER)
    lines = [kind for kind in detector.classes if kind.geometry == "line"]
    for kinds in ([k for k in detector.classes if k not in lines], lines):
        turn = [k for k in kinds if k.name in chosen]
        tried = [_values(seen, card, detector, turn, chosen | {k.name: t for k in turn}) for t in CANDIDATES]
        for kind in turn:
            values = [at[kind.name] for at in tried]
            good = [t for t, v in zip(CANDIDATES, values, strict=True) if v >= max(values) - TIE]
            chosen[kind.name] = good[-1] if max(values) > 0 else UNKNOWN
    return chosen


def _look(net: Segmenter, recipe: Recipe, card: ModelCard, item: Item) -> Seen:
    tensor, view = fit(read_picture(item.picture.path), card.input)
    with torch.no_grad():
        planes = split_channels(net(torch.from_numpy(tensor)[None]), recipe)
    outputs = {
        name: np.asarray(p[0].numpy(), np.float32) for name, p in zip(card.outputs, planes, strict=True)
    }
    return Seen(item, outputs, view)


def _values(
    seen: Sequence[Seen],
    card: ModelCard,
    detector: Detector,
    kinds: Sequence[FindingClass],
    thresholds: Mapping[str, float],
) -> dict[str, float]:
    """Return the score of some classes over all pictures, 0 where it can't be said."""
    rows: dict[str, list[tuple[str, Counts]]] = {kind.name: [] for kind in kinds}
    for one in seen:
        found = detector.decode(one.outputs, one.view, thresholds)
        shape = one.view.height, one.view.width
        for kind in kinds:
            row = count_class(one.item.source, one.item.picture, kind, card, found, shape)
            rows[kind.name] += [(one.item.picture.group, row.counts)] if row else []
    values = {}
    for kind in kinds:
        metrics = ("f1_3px" if kind.geometry == "line" else "iou", "object_f1")
        values[kind.name] = sum(score(rows[kind.name], m, times=1).value or 0.0 for m in metrics) / 2
    return values
