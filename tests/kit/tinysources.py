"""Writes tiny labelled sources in the layout of `gatukoll.datasets.layout`, made up on the spot."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

CLASSES = {"1": "crack", "2": "pothole", "3": "patch", "4": "network"}


def label(form: str = "mask", scope: str = "masked", complete: str = "yes", **more: Any) -> dict[str, Any]:
    """One value of the field ``labels``."""
    return {"form": form, "scope": scope, "complete": complete, "is": [], **more}


ALL_LABELS = {
    "crack": label(),
    "pothole": label(),
    "patch": label(),
    "network": label(**{"is": ["crack"]}),
}


def write_source(
    folder: Path,
    masks: Mapping[str, NDArray[np.uint8] | None],
    *,
    groups: Mapping[str, str] | None = None,
    columns: Mapping[str, Mapping[str, str]] | None = None,
    labels: Mapping[str, Any] = ALL_LABELS,
    coco: Mapping[str, Sequence[tuple[str, tuple[float, float, float, float], bool]]] | None = None,
    train: bool = True,
    size: tuple[int, int] = (64, 96),
    **changed: Any,
) -> Path:
    """Write a source: stem -> mask (None = a picture without one), stem -> group, column -> stem -> text."""
    (folder / "images").mkdir(parents=True)
    (folder / "masks").mkdir()
    rng = np.random.default_rng(0)
    for stem, mask in masks.items():
        shape = size if mask is None else mask.shape
        picture = rng.integers(90, 140, (*shape, 3)).astype(np.uint8)
        if mask is not None:
            picture[(mask > 0) & (mask < 255)] //= 2
            cv2.imwrite(str(folder / "masks" / f"{stem}.png"), mask)
        cv2.imwrite(str(folder / "images" / f"{stem}.jpg"), picture)
    columns = columns or {}
    if groups is not None:
        with (folder / "groups.csv").open("w", newline="") as stream:
            out = csv.writer(stream)
            out.writerow(["file", "group", *columns])
            for stem in masks:
                out.writerow([f"{stem}.jpg", groups[stem], *(columns[c][stem] for c in columns)])
    source = {
        "name": folder.name,
        "task": "segmentation",
        "classes": CLASSES,
        "labels": dict(labels),
        "licence": "CC0-1.0",
        "train": train,
        **changed,
    }
    (folder / "source.json").write_text(json.dumps(source))
    if coco is not None:
        _write_coco(folder / "annotations.json", list(masks), coco)
    return folder


def _write_coco(
    path: Path,
    stems: Sequence[str],
    drawn: Mapping[str, Sequence[tuple[str, tuple[float, float, float, float], bool]]],
) -> None:
    names = sorted({name for boxes in drawn.values() for name, _, _ in boxes})
    annotations = [
        {
            "image_id": stems.index(stem),
            "category_id": names.index(name),
            "bbox": [x0, y0, x1 - x0, y1 - y0],
            "iscrowd": int(ignore),
        }
        for stem, boxes in drawn.items()
        for name, (x0, y0, x1, y1), ignore in boxes
    ]
    coco = {
        "images": [{"id": i, "file_name": f"{stem}.jpg"} for i, stem in enumerate(stems)],
        "categories": [{"id": i, "name": name} for i, name in enumerate(names)],
        "annotations": annotations,
    }
    path.write_text(json.dumps(coco))


def damaged(seed: int = 0, size: tuple[int, int] = (64, 96)) -> NDArray[np.uint8]:
    """A mask with every class and an unlabelled edge."""
    mask = np.zeros(size, np.uint8)
    rng = np.random.default_rng(seed)
    x = int(rng.integers(10, 30))
    mask[10:50, x : x + 3] = 1
    mask[20:30, 40:52] = 2
    mask[35:55, 55:75] = 3
    mask[8:28, 60:85] = 4
    mask[:, :5] = 255
    return mask
