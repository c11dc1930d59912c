"""Pictures of the worst cases of an evaluation: truth and prediction outlined beside the picture itself.

Only labelled pictures come here, never those of a capture; nothing is written outside the folder named.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from gatukoll.datasets import labels
from gatukoll.datasets.layout import read_picture
from gatukoll.datasets.scores import Bools, target_of, union_of
from gatukoll.detectors.card import ModelCard
from gatukoll.detectors.contract import Detection, FindingClass
from gatukoll.training.counting import PictureCounts

Picture = NDArray[np.uint8]
Detect = Callable[[Picture], list[Detection]]

EACH = 12
"""Pictures a class."""
TRUTH, PREDICTION = (0, 190, 255), (255, 120, 0)
"""Blue and orange: told apart by nearly everyone, and on asphalt."""
PANEL_PX, TEXT_PX = 900, 22


def write_worst(
    folder: Path,
    counted: Sequence[PictureCounts],
    kinds: Sequence[FindingClass],
    card: ModelCard,
    detect: Detect,
) -> list[Path]:
    """Write the worst pictures of each class as ``CLASS/01_NAME.jpg``, the worst first.

    Args:
        folder: where they go.
        counted: what each picture added to each class.
        kinds: the classes.
        card: of the model.
        detect: a picture (h, w, 3) uint8 RGB -> what the detector reports in it.
    """
    written = []
    for kind in kinds:
        for old in (folder / kind.name).glob("[0-9][0-9]_*.jpg"):
            old.unlink()  # of an earlier evaluation: they would pass for this one's
        rows = [c for c in counted if c.name == kind.name and _wrong(c, kind) > 0]
        rows.sort(key=lambda c: (-_wrong(c, kind), c.source.name, c.picture.file))
        for number, row in enumerate(rows[:EACH], 1):
            path = folder / kind.name / f"{number:02d}_{row.source.name}_{Path(row.picture.file).stem}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            picture = read_picture(row.picture.path)
            sheet = _sheet(row, kind, card, picture, detect(picture))
            sheet.save(path, quality=90)
            written.append(path)
    return written


def _wrong(row: PictureCounts, kind: FindingClass) -> int:
    """Return how much is wrong: px beyond the tolerance for lines, px for areas, boxes for boxes."""
    c = row.counts
    if not c.scored:
        return 0
    if row.form == "box" or c.union == 0:
        return (c.predicted - c.right) + (c.truth - c.found)
    if kind.geometry == "line":
        return (c.predicted_px - c.right_px) + (c.truth_px - c.found_px)
    return c.union - c.inter


def _sheet(
    row: PictureCounts, kind: FindingClass, card: ModelCard, picture: Picture, detections: Sequence[Detection]
) -> Image.Image:
    """Return the picture, beside it the same with truth and prediction outlined, and a legend below."""
    scale = PANEL_PX / picture.shape[1]
    size = (PANEL_PX, round(picture.shape[0] * scale))
    plain = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_CUBIC), dtype=np.uint8)
    drawn = plain.copy()
    own = [d for d in detections if d.name == kind.name]
    if row.form == "mask":
        target = target_of(row.source, row.picture, kind.name, line=kind.geometry == "line")
        unknown = cv2.resize((~target.known).astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
        _outline(drawn, target.positive, TRUTH, rim_px=4)  # wider, so that it shows where both agree
    else:
        for box in labels.objects(row.source, row.picture, kind.name):
            _box(drawn, box.box_px, scale, (150, 150, 150) if box.ignore else TRUTH)
    if card.task == "segmentation" and row.form == "mask":
        _outline(drawn, union_of(own, picture.shape[:2]), PREDICTION, rim_px=2)
    else:
        for detection in own:
            _box(drawn, detection.box_px, scale, PREDICTION)
    if row.form == "mask":
        drawn[unknown] //= 2
    return _with_legend(np.hstack([plain, drawn]), row, kind)


def _outline(drawn: Picture, mask: Bools, colour: tuple[int, int, int], rim_px: int) -> None:
    """Draw the rim of a mask (h, w), enlarged to the panel, just outside of what it covers."""
    height, width = drawn.shape[:2]
    large = cv2.resize(mask.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST)
    rim = cv2.dilate(large, np.ones((2 * rim_px + 1, 2 * rim_px + 1), np.uint8)) - large
    drawn[rim > 0] = colour


def _box(drawn: Picture, box: Sequence[float], scale: float, colour: tuple[int, int, int]) -> None:
    x0, y0, x1, y1 = (round(v * scale) for v in box)
    cv2.rectangle(drawn, (x0, y0), (x1, y1), colour, 2)


def _with_legend(panels: Picture, row: PictureCounts, kind: FindingClass) -> Image.Image:
    """Return the panels with two lines of text below."""
    height, width = panels.shape[:2]
    sheet = Image.new("RGB", (width, height + 3 * TEXT_PX + 8), "white")
    sheet.paste(Image.fromarray(panels), (0, 0))
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(TEXT_PX)
    c = row.counts
    group = f", group {row.picture.group}" if row.picture.group else ""
    draw.text((8, height + 4), f"{row.name}: {row.source.name}/{row.picture.file}{group}", "black", font)
    x, y = 8.0, height + 8 + 1.4 * TEXT_PX
    pieces: list[tuple[str, tuple[int, int, int] | str]] = [
        ("■ truth", TRUTH),
        (f"{c.found} of {c.truth} found", "black"),
        ("■ reported", PREDICTION),
        (f"{c.predicted - c.right} of {c.predicted} wrong", "black"),
    ]
    if row.form == "mask":
        line = f"px: {c.found_px} of {c.truth_px} found, {c.predicted_px - c.right_px} wrong"
        area = f"IoU {c.inter / max(c.union, 1):.2f}"
        pieces += [(area if kind.geometry == "area" else line, "black"), ("dark = not labelled", "black")]
    for text, colour in pieces:
        square = text.startswith("■ ")
        if square:
            draw.rectangle((x, y + 4, x + TEXT_PX - 4, y + TEXT_PX), fill=colour)
            x, text = x + TEXT_PX + 2, text.removeprefix("■ ")
        draw.text((x, y), text, "black", font)
        x += draw.textlength(text, font) + (10 if square else 36)
    return sheet
