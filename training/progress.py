"""Plain lines of progress while a network trains, and looks at the development pictures."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping

import pytorch_lightning as pl
from pytorch_lightning.loggers import MLFlowLogger

from gatukoll.training.task import SegmentationTask


class Progress(pl.Callback):
    """Plain lines with loss, pace and hours left; looks at the development pictures now and then."""

    def __init__(self) -> None:
        self.began, self.first, self.losses = time.monotonic(), 0, list[float]()

    def on_train_start(self, trainer: pl.Trainer, task: pl.LightningModule) -> None:
        """Begin to measure the pace."""
        self.began, self.first = time.monotonic(), trainer.global_step

    def on_train_batch_end(
        self, trainer: pl.Trainer, task: pl.LightningModule, outputs: object, *_: object
    ) -> None:
        """Say how it goes, every tenth step."""
        assert isinstance(outputs, Mapping)
        self.losses.append(float(outputs["loss"]))
        step, last = trainer.global_step, trainer.max_steps
        if step % 10 and step != last:
            return
        pace = (time.monotonic() - self.began) / max(1, step - self.first)
        loss = sum(self.losses) / len(self.losses)
        self.losses.clear()
        hours = pace * (last - step) / 3600
        say(f"step {step}/{last}  loss {loss:.4f}  {pace:.2f} s/step  {hours:.2f} h left")

    def on_train_epoch_end(self, trainer: pl.Trainer, task: pl.LightningModule) -> None:
        """Look at the development pictures after every few rounds, and after the last."""
        assert isinstance(task, SegmentationTask)
        due = (trainer.current_epoch + 1) % task.settings.train.check_every == 0
        if not task.development or not (due or trainer.global_step >= trainer.max_steps):
            return
        began = time.monotonic()
        found = task.validate_now()
        task.log_dict(found)
        self.began += time.monotonic() - began
        shown = "  ".join(f"{k.removeprefix('dev/')} {v:.3f}" for k, v in found.items() if k.count("/") == 2)
        say(f"step {trainer.global_step}  {shown}")
        log = trainer.logger
        if isinstance(log, MLFlowLogger) and task.pictures is not None:
            folder = task.pictures / f"step_{task.global_step:06d}"
            log.experiment.log_artifacts(log.run_id, str(folder), f"pictures/{folder.name}")


def say(line: str) -> None:
    """Print a line of progress for whoever waits at a terminal or reads the log file later."""
    print(line, file=sys.stderr, flush=True)
