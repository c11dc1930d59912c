"""`gatukoll train`: a recipe in, a checkpoint out."""

from __future__ import annotations

import json
import os
import pickle
import warnings
from pathlib import Path
from typing import Any

# no telemetry, no questions to the network; before mlflow and Lightning are imported
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("DO_NOT_TRACK", "true")
os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
# waiting threads sleep: beside other work, busy waiting made a step three times as long
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import pytorch_lightning as pl
import torch
import yaml
from torch import Tensor
from torch.utils.data import DataLoader, Subset

from gatukoll.datasets.layout import find_source
from gatukoll.datasets.splits import Split, divide
from gatukoll.datasets.versions import Version, refuse_untrainable, version
from gatukoll.errors import ConfigError, ModelError, StoppedEarly
from gatukoll.training.augment import Augment
from gatukoll.training.config import Settings
from gatukoll.training.data import Crops, Sample
from gatukoll.training.progress import Progress, say
from gatukoll.training.runlog import commit, quiet, run_log
from gatukoll.training.settings import data_root, settings_of
from gatukoll.training.task import SegmentationTask

LAST = "last.ckpt"
SCORE = "net.decoder.score."
"""Where the weights of the last layer stand in a checkpoint; one row a channel."""


def main(overrides: list[str]) -> Path:
    """Train as the overrides say and return the path of the last checkpoint.

    Args:
        overrides: ``detector=NAME`` and any ``key=value`` of configs/train.yaml.

    Raises:
        UserError: before anything is begun, for anything the user can mend.
        StoppedEarly: by a signal; the last finished round is kept.
    """
    settings = settings_of(overrides)
    split, used = dataset(settings)
    if settings.resume and settings.finetune:
        raise ConfigError("resume and finetune are given both", where="resume", allowed="one of them")
    for path in (settings.resume, settings.finetune):
        if path is not None and not path.is_file():
            raise ConfigError(
                f"no such checkpoint: {path}", where="resume" if settings.resume else "finetune"
            )
    assert settings.out is not None
    settings.out.mkdir(parents=True, exist_ok=True)
    written = yaml.safe_dump(settings.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
    (settings.out / "settings.yaml").write_text(written, encoding="utf-8")
    (settings.out / "dataset.json").write_text(used.json(), encoding="utf-8")
    return _fit(settings, split, used)


def dataset(settings: Settings) -> tuple[Split, Version]:
    """Return the pictures of a training and what exactly they are.

    Raises:
        DataError: for a source that is missing, ungrouped, or not to be trained on.
    """
    root = data_root(settings)
    sources = [find_source(root, name) for name in settings.data.sources]
    refuse_untrainable(sources, settings.data.allow)
    spec = settings.data.split
    split = divide(spec.name, sources, spec.development)
    return split, version(settings.data.name, split)


def load_task(path: Path, settings: Settings | None = None) -> tuple[SegmentationTask, dict[str, Any]]:
    """Return a task with the weights of a checkpoint, and the checkpoint.

    Raises:
        ModelError: where the file is no checkpoint of a training, or fits other classes.
    """
    try:
        saved = torch.load(path, map_location="cpu", weights_only=False)
        before = Settings.model_validate(saved["settings"])
        task = SegmentationTask(settings or before, imagenet=False)
        channels = before.detector.channels, task.settings.detector.channels
        task.load_state_dict(_by_name(saved["state_dict"], task.state_dict(), *channels))
    except (OSError, KeyError, RuntimeError, ValueError, TypeError, pickle.UnpicklingError) as error:
        raise ModelError(f"is no checkpoint that fits ({error})", where=str(path)) from error
    return task, saved


def _by_name(
    saved: dict[str, Tensor], fresh: dict[str, Tensor], before: list[str], after: list[str]
) -> dict[str, Tensor]:
    """Return the weights of a checkpoint for other channels: each by its name, a new one as it begins."""
    state = dict(saved)
    for key in (k for k in saved if k.startswith(SCORE) and before != after):
        rows = [saved[key][before.index(n)] if n in before else fresh[key][i] for i, n in enumerate(after)]
        state[key] = torch.stack(rows)
    return state


def _fit(settings: Settings, split: Split, used: Version) -> Path:
    s, out = settings.train, settings.out
    assert out is not None
    quiet()
    torch.set_num_threads(s.threads)
    pl.seed_everything(s.seed, verbose=False)
    if settings.finetune:
        task, _ = load_task(settings.finetune, settings)
    else:
        task = SegmentationTask(settings, imagenet=settings.resume is None)
    task.development, task.pictures = split.development, out / "pictures"
    task.dataset, task.commit = json.loads(used.json()), commit()
    with warnings.catch_warnings():
        # Lightning warns of what is meant (few workers, a folder that exists), MLflow of its own SQL
        warnings.simplefilter("ignore")
        log = run_log(settings, used)
        trainer = pl.Trainer(
            accelerator="cpu",
            max_steps=min(s.steps, s.stop_after or s.steps),
            max_epochs=-1,
            reload_dataloaders_every_n_epochs=1,
            logger=log,
            callbacks=[Progress(), _checkpoints(out)],
            enable_progress_bar=False,
            enable_model_summary=False,
            log_every_n_steps=10,
            default_root_dir=out,
            gradient_clip_val=1.0,
        )
        try:
            trainer.fit(
                task, datamodule=Rounds(settings, split), ckpt_path=settings.resume, weights_only=False
            )
        except SystemExit as stopped:  # Lightning's answer to SIGINT and SIGTERM
            where = f"add resume={out / LAST}" if (out / LAST).is_file() else "no round was finished"
            raise StoppedEarly(f"At step {task.global_step}; {where}") from stopped
    say(
        f"wrote {out / LAST}; next: gatukoll export detector={settings.detector.name} checkpoint={out / LAST}"
    )
    return out / LAST


def _checkpoints(out: Path) -> pl.callbacks.ModelCheckpoint:
    """Keep the last state, written at the end of every round."""
    return pl.callbacks.ModelCheckpoint(
        dirpath=out, filename="last", save_top_k=1, save_on_train_epoch_end=True, enable_version_counter=False
    )


class Rounds(pl.LightningDataModule):
    """Gives the trainer one round of samples at a time: a resumed training goes on at the right sample."""

    def __init__(self, settings: Settings, split: Split) -> None:
        super().__init__()
        s = settings.train
        self.per_round, self.batch = s.round * s.batch, s.batch
        size = settings.input.crop_height, settings.input.crop_width
        self.crops = Crops(
            split.train,
            settings.detector,
            settings.data.sources,
            size,
            settings.input.spec,
            Augment(s.augment),
            seed=s.seed,
            length=s.steps * s.batch,
        )

    def train_dataloader(self) -> DataLoader[Sample]:
        """Return the samples of the round that begins at the current step, in order."""
        assert self.trainer is not None
        first = self.trainer.global_step * self.batch
        samples = range(first, min(first + self.per_round, len(self.crops)))
        return DataLoader(Subset(self.crops, samples), batch_size=self.batch)
