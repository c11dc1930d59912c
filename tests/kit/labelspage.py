"""The example of docs/labels.md, laid out on disk as the page says, with pictures drawn for it."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import cv2
import numpy as np

PAGE = Path(__file__).resolve().parents[2] / "docs" / "labels.md"


def blocks(language: str) -> list[str]:
    """Return the code blocks of the page in one language, "" = without one."""
    found = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.S | re.M)
    return [text for word, text in found if word == language]


def write_example(folder: Path) -> Path:
    """Write the page's files, and for each row of its groups.csv a picture with a mask."""
    for inner in ("images", "masks"):
        (folder / inner).mkdir(parents=True)
    (folder / "groups.csv").write_text(blocks("csv")[0], encoding="utf-8")
    source, annotations = blocks("json")
    (folder / "source.json").write_text(source, encoding="utf-8")
    (folder / "annotations.json").write_text(annotations, encoding="utf-8")
    mask = np.zeros((480, 640), np.uint8)
    mask[:200] = 255
    mask[250:400, 100:103] = 1
    mask[300:360, 200:300] = 2
    mask[420:450, 400:440] = 3
    with (folder / "groups.csv").open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            stem = Path(row["file"]).stem
            cv2.imwrite(str(folder / "images" / f"{stem}.jpg"), np.full((480, 640, 3), 110, np.uint8))
            cv2.imwrite(str(folder / "masks" / f"{stem}.png"), mask)
    return folder
