"""The Lightning module: one network, its loss, its optimiser, and looks at the development pictures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytorch_lightning as pl
import torch
from numpy.typing import NDArray
from pytorch_lightning.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor, nn
from torch.nn import functional as F

from gatukoll.datasets.layout import read_picture
from gatukoll.datasets.splits import Item
from gatukoll.detectors.card import InputSpec
from gatukoll.runtime.engine import fit
from gatukoll.training import trunk as lite0
from gatukoll.training.config import Settings, SourceUse
from gatukoll.training.data import Sample, targets
from gatukoll.training.decoder import STRIDE, Segmenter
from gatukoll.training.losses import partial_loss, resample
from gatukoll.training.monitor import Sweep, overlay

LOSS_STRIDE = 2
"""The loss is taken at half size: a line 3 px wide still shows its course, at a quarter of the cost."""
LOOKED_AT = 8
"""Development pictures drawn at every check."""


class SegmentationTask(pl.LightningModule):
    """Trains a `Segmenter` on partial labels.

    Args:
        settings: of the training; stored in the checkpoint.
        imagenet: begin with the ImageNet weights; False where a checkpoint is loaded anyway.
    """

    def __init__(self, settings: Settings, *, imagenet: bool = True) -> None:
        super().__init__()
        self.settings = settings
        self.net = Segmenter(len(settings.detector.channels), settings.model.width)
        if imagenet:
            lite0.load_imagenet(self.net.trunk)
        if settings.model.freeze:
            self.net.trunk.requires_grad_(False)
            self.net.trunk.eval()  # Lightning leaves the mode as it finds it
        self.lines = [name in settings.detector.lines for name in settings.detector.channels]
        self.development: Sequence[Item] = ()
        self.dataset: dict[str, Any] = {}
        self.commit = ""
        self.pictures: Path | None = None

    def train(self, mode: bool = True) -> SegmentationTask:
        """Switch to training; a frozen trunk keeps its statistics."""
        super().train(mode)
        if self.settings.model.freeze:
            self.net.trunk.eval()
        return self

    def training_step(self, batch: Sample, index: int) -> Tensor:
        """Return the loss of one batch."""
        image, positive, weight = batch
        logits = F.interpolate(
            self.net.logits(image), scale_factor=STRIDE / LOSS_STRIDE, mode="bilinear", align_corners=False
        )
        cells, weights = resample(positive, weight, LOSS_STRIDE, self.lines)
        loss = partial_loss(logits, cells, weights, dice=self.settings.train.dice)
        self.log("loss", loss, on_step=True, on_epoch=False)
        return loss

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """Return AdamW with a warm-up and a cosine down to nothing at the last step."""
        s = self.settings.train
        groups: list[dict[str, Any]] = [{"params": list(self.net.decoder.parameters()), "lr": s.rate}]
        if not self.settings.model.freeze:
            groups.append({"params": list(self.net.trunk.parameters()), "lr": s.trunk_rate})
        optimiser = torch.optim.AdamW(groups, weight_decay=s.decay)

        def rate(step: int) -> float:
            if step < s.warmup:
                return (step + 1) / (s.warmup + 1)
            return 0.5 + 0.5 * math.cos(math.pi * min(1.0, (step - s.warmup) / max(1, s.steps - s.warmup)))

        schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, rate)
        return OptimizerLRSchedulerConfig(
            optimizer=optimiser, lr_scheduler={"scheduler": schedule, "interval": "step"}
        )

    def validate_now(self) -> dict[str, float]:
        """Sweep the development pictures; return metric name -> value, and write overlays.

        Names: ``dev/SOURCE/CLASS`` and the threshold it was reached at, ``dev/SOURCE/CLASS/threshold``.
        """
        recipe = self.settings.detector
        sweeps: dict[tuple[str, str], Sweep] = {}
        drawn = set(np.linspace(0, len(self.development) - 1, LOOKED_AT).round().astype(int).tolist())
        was_training = self.training
        self.eval()
        for i, item in enumerate(self.development):
            picture = read_picture(item.picture.path)
            scores = predict(self.net, picture, self.settings.input.spec)
            as_labelled = SourceUse(share=1.0, surface=self.settings.data.sources[item.source.name].surface)
            wanted = targets(item, recipe, as_labelled)
            for k, name in enumerate(recipe.channels):
                sweep = sweeps.setdefault((item.source.name, name), Sweep(self.lines[k]))
                sweep.add(scores[k], wanted.positive[k], wanted.weight[k] > 0)
            if self.pictures is not None and i in drawn:
                self._draw(item, overlay(picture, scores, wanted, [0.5] * len(recipe.channels)))
        self.train(was_training)
        found: dict[str, float] = {}
        for (source, name), sweep in sweeps.items():
            if sweep.met.max() + sweep.missed.max() > 0:
                threshold, value = sweep.best
                found[f"dev/{source}/{name}"] = value
                found[f"dev/{source}/{name}/threshold"] = threshold
        return found

    def _draw(self, item: Item, picture: NDArray[np.uint8]) -> None:
        assert self.pictures is not None
        folder = self.pictures / f"step_{self.global_step:06d}"
        folder.mkdir(parents=True, exist_ok=True)
        name = folder / f"{item.source.name}_{item.picture.path.stem}.jpg"
        cv2.imwrite(str(name), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep beside the weights what an export needs to know."""
        checkpoint["settings"] = self.settings.model_dump(mode="json")
        checkpoint["dataset"] = self.dataset
        checkpoint["commit"] = self.commit


@torch.no_grad()
def predict(net: nn.Module, picture: NDArray[np.uint8], spec: InputSpec) -> NDArray[np.float32]:
    """Return scores (channels, h, w) of a picture at its own size, seen as the engine would show it."""
    tensor, view = fit(picture, spec)
    cells = net(torch.from_numpy(tensor)[None])[0].numpy()
    sx, sy = view.scale_x / STRIDE, view.scale_y / STRIDE
    # from the centre of a pixel to the centre of its cell
    to_cells = np.array([[sx, 0, sx / 2 - 0.5], [0, sy, sy / 2 - 0.5]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = (view.width, view.height)
    planes = [cv2.warpAffine(c, to_cells, size, flags=flags, borderMode=cv2.BORDER_REPLICATE) for c in cells]
    return np.stack(planes).astype(np.float32)
