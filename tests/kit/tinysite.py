"""Made distributions with one detector each, and tiny labelled sources for them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SHAPE = (96, 128)
CODE = "from tinymodels import {cls}\nclass Found({cls}):\n    name = '{name}'\n"
Region = tuple[int, int, int, int]


def distribution(site: Path, dist: str, name: str, code: str, version: str = "1.2") -> Path:
    """Write a package with a detector and the metadata of its distribution; return the package's folder."""
    package = dist.replace("-", "_")
    folder = site / package
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text(code)
    info = site / f"{package}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {dist}\nVersion: {version}\n")
    (info / "entry_points.txt").write_text(f"[gatukoll.detectors]\n{name} = {package}:Found\n")
    return folder


def picture(*bright: Region) -> NDArray[np.uint8]:
    """Return a dark picture with bright rectangles x0, y0, x1, y1."""
    out = np.full((*SHAPE, 3), 60, np.uint8)
    for x0, y0, x1, y1 in bright:
        out[y0:y1, x0:x1] = 255
    return out


def mask(labels: Mapping[int, Sequence[Region]]) -> NDArray[np.uint8]:
    """Return a mask with rectangles of each value, later ones above."""
    out = np.zeros(SHAPE, np.uint8)
    for number, regions in labels.items():
        for x0, y0, x1, y1 in regions:
            out[y0:y1, x0:x1] = number
    return out


def source(
    folder: Path,
    pictures: Mapping[str, NDArray[np.uint8]],
    *,
    masks: Mapping[str, NDArray[np.uint8]] | None = None,
    boxes: Mapping[str, Sequence[Region]] | None = None,
    classes: Sequence[str] = ("spot", "stripe"),
    labels: Mapping[str, object] | None = None,
) -> Path:
    """Write a labelled source; each picture is a group of its own, named street_STEM."""
    form = "mask" if boxes is None else "box"
    scope = "masked" if boxes is None else "picture"
    entry = {"form": form, "scope": scope, "complete": "yes", "is": []}
    (folder / "images").mkdir(parents=True)
    rows = ["file,group,town"]
    for name, pixels in pictures.items():
        Image.fromarray(pixels).save(folder / "images" / name)
        rows.append(f"{name},street_{Path(name).stem},lund")
    (folder / "groups.csv").write_text("\n".join(rows) + "\n")
    for name, pixels in (masks or {}).items():
        (folder / "masks").mkdir(exist_ok=True)
        Image.fromarray(pixels).save(folder / "masks" / f"{Path(name).stem}.png")
    if boxes is not None:
        (folder / "annotations.json").write_text(json.dumps(_coco(list(pictures), boxes, classes)))
    description = {
        "name": folder.name,
        "task": "segmentation" if boxes is None else "detection",
        "classes": {str(i): name for i, name in enumerate(classes, 1)},
        "labels": labels or dict.fromkeys(classes, entry),
        "licence": "CC0-1.0",
        "train": True,
    }
    (folder / "source.json").write_text(json.dumps(description))
    return folder


def _coco(
    files: Sequence[str], boxes: Mapping[str, Sequence[Region]], classes: Sequence[str]
) -> dict[str, object]:
    drawn = [(file, region) for file, regions in boxes.items() for region in regions]
    return {
        "images": [
            {"id": i, "file_name": f, "width": SHAPE[1], "height": SHAPE[0]} for i, f in enumerate(files)
        ],
        "categories": [{"id": i, "name": name} for i, name in enumerate(classes, 1)],
        "annotations": [
            {
                "id": number,
                "image_id": files.index(file),
                "category_id": 1,
                "bbox": [x0, y0, x1 - x0, y1 - y0],
                "iscrowd": 0,
            }
            for number, (file, (x0, y0, x1, y1)) in enumerate(drawn)
        ],
    }


def photograph(path: Path, *bright: Region) -> Path:
    """Write a dark JPEG, 640 x 480, with bright rectangles and EXIF: time, zone, position, heading."""
    pixels = np.full((480, 640, 3), 70, np.uint8)
    for x0, y0, x1, y1 in bright:
        pixels[y0:y1, x0:x1] = 240
    exif = Image.Exif()
    exif.get_ifd(0x8769).update({0x9003: "2026:09:14 06:58:20", 0x9011: "+02:00"})
    exif.get_ifd(0x8825).update(
        {1: "N", 2: (55.0, 42.0, 15.0), 3: "E", 4: (13.0, 11.0, 30.0), 16: "T", 17: 90.0}
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, exif=exif, quality=95)
    return path
