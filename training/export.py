"""`gatukoll export`: a checkpoint in, an ONNX file with its card out, if the two agree on real pictures."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gatukoll.datasets.layout import find_source
from gatukoll.datasets.splits import Item, Split
from gatukoll.datasets.versions import Version
from gatukoll.detectors import registry
from gatukoll.detectors.card import ModelCard, Score, TrainedOn, TrunkInfo
from gatukoll.detectors.cardcheck import read_card
from gatukoll.detectors.contract import CONTRACT_VERSION, Detector
from gatukoll.errors import ConfigError, DataError, ModelError, nearest_word
from gatukoll.training import trunk as lite0
from gatukoll.training.config import Recipe, Settings
from gatukoll.training.graph import output_names, to_onnx, with_card
from gatukoll.training.parity import Parity, compare
from gatukoll.training.progress import say
from gatukoll.training.settings import data_root, settings_of
from gatukoll.training.task import SegmentationTask
from gatukoll.training.thresholds import TIE, UNKNOWN, choose
from gatukoll.training.train import dataset, load_task

PICTURES = 12
"""Development pictures that the network and the graph are compared on."""
HALF_FROM = (65_536, 200_000, None)
"""Sizes of tensors from which weights are stored in half precision: 7, 8 and 12 MB, tried in this order."""
RAW_HALF, RAW_FULL = 0.01, 1e-4
"""Largest difference of a score that passes, with weights stored in half and in full precision."""
BASELINE = "plain baseline (frozen ImageNet trunk), "


@dataclass(frozen=True, slots=True)
class Words:
    """What the command line of an export may say."""

    detector: str
    checkpoint: Path
    out: Path | None = None
    data_root: Path | None = None
    baseline: Path | None = None


def main(overrides: list[str]) -> Path:
    """Export a checkpoint as the overrides say and return the path of the ONNX file.

    Args:
        overrides: ``detector=NAME checkpoint=PATH``; optional ``out=PATH`` (default: beside the checkpoint;
            the detector's own model is replaced only where its path is named), ``data.root=FOLDER``,
            ``baseline=PATH`` (an exported model whose scores the card is to show beside its own).

    Raises:
        ModelError: the graph does not agree with the network; nothing is written.
        UserError: anything else the user can mend.
    """
    words = _words(overrides)
    plugin = registry.get(words.detector, enabled=False, where="detector")
    detector = plugin.load()
    task, saved = load_task(words.checkpoint)
    settings = _placed(task.settings, words)
    split, used = dataset(settings)
    if used.hash != saved["dataset"]["hash"]:
        raise DataError(
            "the pictures are not those that the checkpoint was trained on",
            where=str(settings.data.root),
            todo="Point data.root at the same data, or train again.",
        )
    out = words.out or words.checkpoint.with_name(detector.model)
    card = _card(task, saved, used, settings_of([f"detector={words.detector}"]).detector)
    thresholds = choose(task.net, settings.detector, card, detector, judging(settings, split))
    card = card.model_copy(update={"thresholds": thresholds})
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".export-") as folder:
        draft = Path(folder) / out.name
        _write(draft, task, card, detector, split.development)
        _add_scores(draft, words, settings, split)
        draft.replace(out)
    say(f"wrote {out}, {out.stat().st_size / 1e6:.1f} MB")
    return out


def _words(overrides: Sequence[str]) -> Words:
    """Read ``key=value`` words."""
    allowed = ("detector", "checkpoint", "out", "data.root", "baseline")
    given = dict(word.partition("=")[::2] for word in overrides)
    for key in given:
        if key not in allowed:
            nearest = nearest_word(key, allowed)
            raise ConfigError("unknown word", where=key, allowed=", ".join(allowed), nearest=nearest)
    for key in ("detector", "checkpoint"):
        if not given.get(key):
            raise ConfigError("is missing", where=key, todo="gatukoll export detector=NAME checkpoint=PATH")
    root = given.get("data.root") or os.environ.get("GATUKOLL_DATA")
    return Words(
        given["detector"],
        Path(given["checkpoint"]),
        *(Path(p) if p else None for p in (given.get("out"), root, given.get("baseline"))),
    )


def _placed(settings: Settings, words: Words) -> Settings:
    """Return the checkpoint's settings with the data where it lies today."""
    if settings.detector.name != words.detector:
        raise ModelError(f'is of the detector "{settings.detector.name}"', where=str(words.checkpoint))
    if words.data_root is None:
        return settings
    data = settings.data.model_copy(update={"root": words.data_root})
    return settings.model_copy(update={"data": data})


def judging(settings: Settings, split: Split) -> list[Item]:
    """Return the development pictures of the sources whose labels are good enough to judge by."""
    return [i for i in split.development if settings.data.sources[i.source.name].judge]


def _card(
    task: SegmentationTask,
    saved: dict[str, Any],
    used: Version,
    recipe: Recipe,
) -> ModelCard:
    """Write the card; its words are those of today's recipe, since failures are found afterwards."""
    s = task.settings
    frozen = s.model.freeze
    sources = ", ".join(n for n, use in s.data.sources.items() if use.judge)
    return ModelCard(
        name=s.detector.name,
        version=s.detector.version,
        contract=CONTRACT_VERSION,
        task="segmentation",
        classes=s.detector.classes,
        thresholds=dict.fromkeys(s.detector.classes, UNKNOWN),
        input=s.input.spec,
        outputs=output_names(s.detector),
        trunk=TrunkInfo(
            name=lite0.NAME,
            version=lite0.IMAGENET if frozen else f"{s.detector.name}-{s.detector.version}",
            digest=lite0.digest(task.net.trunk),
            frozen=frozen,
        ),
        trained_on=[
            TrainedOn(
                source=part.source,
                version=used.name,
                hash=part.hash,
                licence=part.licence,
                pictures=part.train,
                train=part.trainable,
            )
            for part in used.parts
            if part.train
        ],
        valid_footage=recipe.valid_footage,
        known_failures=recipe.known_failures,
        licence=recipe.licence,
        commit=saved.get("commit", ""),
        notes={
            "steps": str(saved["global_step"]),
            "batch": str(s.train.batch),
            "seed": str(s.train.seed),
            "dataset": f"{used.name}, sha256 {used.hash}",
            "split": f"{used.split}: development = {used.words}",
            "thresholds": "best mean of object F1 and of F1 at 3 px (lines) or IoU (areas), after decode, "
            f"over the development pictures of {sources}; of those within {TIE} the highest",
        },
    )


def _write(
    path: Path, task: SegmentationTask, card: ModelCard, detector: Detector, items: Sequence[Item]
) -> Parity:
    """Write the smallest of the graphs that agree with the network.

    Raises:
        ModelError: none does.
    """
    chosen = [items[i] for i in np.unique(np.linspace(0, len(items) - 1, PICTURES).round().astype(int))]
    recipe = task.settings.detector
    for half_from in HALF_FROM:
        tolerance = RAW_FULL if half_from is None else RAW_HALF
        model = to_onnx(task.net, recipe, half_from=half_from)
        parity = compare(task.net, recipe, model, card, detector, chosen)
        stored = "float32" if half_from is None else f"float16 for tensors from {half_from} numbers on"
        say(f"weights as {stored}: {parity}")
        if parity.raw <= tolerance and not parity.differing:
            notes = {**card.notes, "parity": str(parity), "weights": stored}
            path.write_bytes(with_card(model, card.model_copy(update={"notes": notes})).SerializeToString())
            return parity
    raise ModelError(
        f"the exported graph does not agree with the network ({parity}); nothing is written",
        where=str(path.name),
        todo="This is a fault of the export or of decode, not of the data: please report it.",
    )


def _add_scores(path: Path, words: Words, settings: Settings, split: Split) -> None:
    """Score the written file as a run would use it, and put the scores into its card."""
    import onnx

    from gatukoll.training.evaluate import evaluate

    rule = f"development: {split.words}"
    scores: list[Score] = []
    for name in dict.fromkeys(item.source.name for item in judging(settings, split)):
        folder = find_source(data_root(settings), name).folder
        groups = sorted({i.picture.group for i in split.development if i.source.name == name})
        report = evaluate(words.detector, folder, model=path, groups=",".join(groups))
        scores += report.card_scores(rule)
    if words.baseline is not None:
        scores += [
            s.model_copy(update={"split": BASELINE + s.split}) for s in read_card(words.baseline).scores
        ]
    card = read_card(path).model_copy(update={"scores": scores})
    path.write_bytes(with_card(onnx.load(path), card).SerializeToString())
