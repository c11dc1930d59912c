"""Labelled sources on disk: a folder with ``source.json``, ``groups.csv``, ``images/`` and labels.

The layout: ``masks/NAME.png`` (one channel, uint8; 0 background, 1.. the classes, 255 not labelled),
``annotations.json`` (COCO boxes in pixels of the picture, ``iscrowd`` 1 = ignore region), and ``groups.csv``
(file, group, any further columns). What a label's absence means is not decided here but in `labels`.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gatukoll.errors import DataError, nearest_word

Form = Literal["mask", "box", "polygon", "polyline", "crop"]
Complete = Literal["yes", "near", "clear", "no"]
IGNORE = 255
"""Value of a mask's pixels that are not labelled."""
COLUMN_SCOPE = "groups.csv:"
PICTURE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")


@dataclass(frozen=True, slots=True)
class LabelEntry:
    """What ``source.json`` says of one name: how it is drawn, and where its absence means something.

    Attributes:
        form: how it is drawn.
        scope: ``picture``, ``masked``, ``annotations`` or ``groups.csv:COLUMN``.
        complete: how completely it is labelled inside its scope.
        is_: more general names that it also counts as.
        min_px: height in px of the picture from which it is complete; 0 where not stated.
        note: a reason in words.
        also: a second entry, where the name is drawn in a second form too.
    """

    form: Form
    scope: str
    complete: Complete
    is_: tuple[str, ...] = ()
    min_px: float = 0.0
    note: str = ""
    also: LabelEntry | None = None


@dataclass(frozen=True, slots=True)
class Box:
    """One drawn object: its name and bounding box (x0, y0, x1, y1 in px of the picture, ends exclusive)."""

    name: str
    box_px: tuple[float, float, float, float]
    ignore: bool = False


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture of a source.

    Attributes:
        file: its name, as in ``groups.csv``.
        group: street, drive or section; never on both sides of a split. Empty where the source has none.
        path: of the picture file.
        row: its row in ``groups.csv``, column -> text.
    """

    file: str
    group: str
    path: Path
    row: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Source:
    """One labelled source, as its ``source.json`` describes it."""

    name: str
    folder: Path
    task: str
    classes: Mapping[int, str]
    labels: Mapping[str, LabelEntry]
    licence: str
    train: bool

    def pictures(self) -> list[Picture]:
        """Return its pictures in the order of their names.

        Raises:
            DataError: where ``groups.csv`` names a picture that is not there.
        """
        rows = _groups(self.folder)
        if not rows:
            files = sorted(p for p in (self.folder / "images").glob("*") if p.suffix in PICTURE_SUFFIXES)
            return [Picture(p.name, "", p) for p in files]
        pictures = [
            Picture(file, row.get("group", ""), self.folder / "images" / file, row)
            for file, row in sorted(rows.items())
        ]
        for picture in pictures:
            if not picture.path.is_file():
                raise DataError(
                    f'the picture "{picture.file}" is not in images/', where=str(self.folder / "groups.csv")
                )
        return pictures

    def mask(self, picture: Picture) -> NDArray[np.uint8] | None:
        """Return the mask of a picture, (h, w) uint8, or None where it has none.

        Raises:
            DataError: for a value that is neither 0, 255 nor a class.
        """
        path = self.folder / "masks" / (Path(picture.file).stem + ".png")
        if not path.is_file():
            return None
        with Image.open(path) as image:
            if image.mode not in ("L", "P"):
                raise DataError(
                    f"is a mask of mode {image.mode}", where=str(path), allowed="one 8-bit channel"
                )
            mask = np.asarray(image, dtype=np.uint8)
        unknown = set(np.unique(mask).tolist()) - {0, IGNORE, *self.classes}
        if unknown:
            raise DataError(
                f"holds the values {sorted(unknown)}",
                where=str(path),
                allowed=f"0, {IGNORE} and the classes {dict(self.classes)}",
            )
        return mask

    def boxes(self, picture: Picture) -> list[Box]:
        """Return what ``annotations.json`` draws in a picture, ignore regions included."""
        return list(_annotations(self.folder).get(picture.file, ()))


def find_sources(root: Path) -> list[Source]:
    """Return the sources in `root` (itself one, or a tree of them, two levels deep), sorted by path.

    Raises:
        DataError: where there is none, or one can't be read.
    """
    if not root.is_dir():
        raise DataError("no such folder", where=str(root), todo="Name a folder with labelled sources.")
    folders = [p.parent for depth in ("", "*/", "*/*/") for p in root.glob(depth + "source.json")]
    if not folders:
        raise DataError(
            "no source.json here or in the two levels below",
            where=str(root),
            allowed="a labelled source (source.json, groups.csv, images/ …) or a folder of such sources",
        )
    return [read_source(folder) for folder in sorted(set(folders))]


def find_source(root: Path, name: str) -> Source:
    """Return the source called `name` below `root`.

    Raises:
        DataError: with the nearest name, where there is none.
    """
    sources = {s.name: s for s in find_sources(root)}
    if name not in sources:
        raise DataError(
            f'no source is called "{name}"',
            where=str(root),
            nearest=nearest_word(name, sources),
            allowed=", ".join(sources),
        )
    return sources[name]


def read_source(folder: Path) -> Source:
    """Read the ``source.json`` of a folder.

    Raises:
        DataError: where a field is missing or wrong, with file and field.
    """
    path = folder / "source.json"
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"can't be read ({error})", where=str(path)) from error
    missing = [key for key in ("name", "task", "labels", "licence", "train") if key not in raw]
    if missing:
        raise DataError(f"lacks the field {missing[0]}", where=str(path))
    if not isinstance(raw["train"], bool):
        raise DataError(f"is {raw['train']!r}", where=f"{path} train", allowed="true or false")
    classes = raw.get("classes")
    numbered = (
        {int(k): str(v) for k, v in classes.items() if str(k).isdigit()} if isinstance(classes, dict) else {}
    )
    labels = {n: _entry(e, f"{path} labels.{n}") for n, e in raw["labels"].items()}
    return Source(raw["name"], folder, raw["task"], numbered, labels, str(raw["licence"]), train=raw["train"])


def read_picture(path: Path) -> NDArray[np.uint8]:
    """Return a picture as RGB uint8 (h, w, 3); an EXIF turn is not applied, labels are in stored pixels.

    Raises:
        DataError: where it can't be decoded.
    """
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    if picture is None:
        raise DataError("can't be read as a picture", where=str(path))
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), dtype=np.uint8)


def picture_size(path: Path) -> tuple[int, int]:
    """Return (height, width) in px without decoding the picture."""
    with Image.open(path) as image:
        return image.height, image.width


def _entry(raw: Any, where: str) -> LabelEntry:  # noqa: ANN401
    """Check one value of ``labels``."""
    if not isinstance(raw, dict):
        raise DataError(f"is {raw!r}", where=where, allowed="form, scope, complete, is")
    _one_of(raw.get("form"), get_args(Form), f"{where}.form")
    _one_of(raw.get("complete"), get_args(Complete), f"{where}.complete")
    scope = str(raw.get("scope"))
    if not scope.startswith(COLUMN_SCOPE):
        _one_of(scope, ("picture", "masked", "annotations", COLUMN_SCOPE + "COLUMN"), f"{where}.scope")
    also = raw.get("also")
    return LabelEntry(
        raw["form"],
        scope,
        raw["complete"],
        tuple(raw.get("is", ())),
        float(raw.get("min_px", 0.0)),
        str(raw.get("note", "")),
        _entry(also, f"{where}.also") if also else None,
    )


def _one_of(word: object, words: Sequence[str], where: str) -> None:
    if word not in words:
        nearest = nearest_word(str(word), words)
        raise DataError(f'is "{word}"', where=where, allowed=", ".join(words), nearest=nearest)


def _groups(folder: Path) -> dict[str, dict[str, str]]:
    """Return the rows of ``groups.csv`` by file; empty where there is no such file."""
    path = folder / "groups.csv"
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    if rows and not {"file", "group"} <= set(rows[0]):
        raise DataError("lacks the columns file and group", where=f"{path}:1")
    return {row["file"]: row for row in rows}


@lru_cache(maxsize=64)
def _annotations(folder: Path) -> Mapping[str, tuple[Box, ...]]:
    """Return the drawn objects of a source by file."""
    path = folder / "annotations.json"
    if not path.is_file():
        return {}
    try:
        coco = json.loads(path.read_text(encoding="utf-8"))
        names = {c["id"]: c["name"] for c in coco["categories"]}
        files = {i["id"]: i["file_name"] for i in coco["images"]}
        found: dict[str, list[Box]] = {}
        for a in coco["annotations"]:
            x, y, w, h = a["bbox"]
            box = Box(names[a["category_id"]], (x, y, x + w, y + h), ignore=bool(a.get("iscrowd", 0)))
            found.setdefault(files[a["image_id"]], []).append(box)
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"is no COCO file ({error!r})", where=str(path)) from error
    return {file: tuple(boxes) for file, boxes in found.items()}
