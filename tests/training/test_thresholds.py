"""Thresholds are chosen by what decode makes of them; of nearly equal ones the highest."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")
pytestmark = pytest.mark.train

from tinysources import damaged, label, write_source  # noqa: E402

from gatukoll.datasets.layout import read_source  # noqa: E402
from gatukoll.datasets.splits import Item  # noqa: E402
from gatukoll.detectors.card import InputSpec, ModelCard  # noqa: E402
from gatukoll.detectors.contract import Array, Detection, Detector, FindingClass, Mask, View  # noqa: E402
from gatukoll.training.config import Recipe  # noqa: E402
from gatukoll.training.thresholds import UNKNOWN, choose  # noqa: E402


class Holes(Detector):
    """Reports all pixels of a class over its threshold as one thing."""

    name = "holes"
    classes = tuple(FindingClass(n, n, n, "area", ("1", "2", "3")) for n in ("pothole", "spill"))

    def decode(
        self, outputs: Mapping[str, Array], view: View, thresholds: Mapping[str, float]
    ) -> list[Detection]:
        found = []
        for plane, kind in zip(outputs["scores"], self.classes, strict=True):
            pixels = np.kron(plane, np.ones((4, 4)))[: view.height, : view.width] >= thresholds[kind.name]
            if pixels.any():
                found.append(Detection(kind.name, 1.0, (0, 0, view.width, view.height), Mask(0, 0, pixels)))
        return found


class Answer(torch.nn.Module):
    """Says 0.66 in the pothole of `damaged(0)`, 0.35 in a shadow beside it, nothing of the other class."""

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        scores = torch.zeros(1, 2, 16, 24)
        scores[0, 0, 5:7, 10:13] = 0.66
        scores[0, 0, 12:15, 2:20] = 0.35
        return scores


def test_the_highest_threshold_without_loss_is_chosen(tmp_path: Path) -> None:
    labels = {"pothole": label(), "spill": label()}
    classes = {"1": "crack", "2": "pothole", "3": "patch", "4": "network", "5": "spill"}
    labels |= {name: label() for name in ("crack", "patch", "network")}
    folder = write_source(
        tmp_path / "s", {"a": damaged(0)}, groups={"a": "g"}, labels=labels, classes=classes
    )
    source = read_source(folder)
    card = ModelCard(
        name="holes",
        version="0",
        contract=1,
        task="segmentation",
        classes=["pothole", "spill"],
        thresholds={"pothole": 0.1, "spill": 0.1},
        input=InputSpec(height=64, width=96, fit="area"),
        outputs=["scores"],
        licence="CC0-1.0",
    )
    recipe = Recipe(name="holes", version="0", classes=["pothole", "spill"])
    chosen = choose(Answer(), recipe, card, Holes(), [Item(source, source.pictures()[0])])
    assert chosen == {"pothole": 0.6, "spill": UNKNOWN}
