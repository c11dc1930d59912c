"""What a label, and its absence, means: the one place where scopes and completeness of labels are read.

Loss, sampler and scores ask here, so that they agree. Labels are partial as a rule: a source may draw only
some classes, only in some pictures, only in a part of each; everything else is *unknown*, neither present nor
absent.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gatukoll.datasets.layout import (
    COLUMN_SCOPE,
    IGNORE,
    Box,
    Complete,
    LabelEntry,
    Picture,
    Source,
    picture_size,
)
from gatukoll.errors import DataError, nearest_word

DRAWN = ("box", "polygon", "polyline")
_WEAKEST_FIRST: tuple[Complete, ...] = ("no", "clear", "near", "yes")


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """One class in one picture, pixel by pixel.

    Attributes:
        positive: (h, w) bool, the class is there.
        known: (h, w) bool, presence or absence is labelled; loss and scores skip the rest.
    """

    positive: NDArray[np.bool_]
    known: NDArray[np.bool_]


def pixels(source: Source, picture: Picture, name: str, *, line: bool = False) -> Target:
    """Return where a class is present, absent and unknown in the mask of a picture.

    Args:
        source: the source of the picture.
        picture: one of its pictures.
        name: a class, or a more general name that classes of the source count as.
        line: the class is a line. An area that only *counts as* it (alligator cracking as crack) is then
            unknown, since the single lines inside are not drawn.

    Raises:
        DataError: where the scope names a column that ``groups.csv`` lacks.
    """
    mask = source.mask(picture)
    shape = mask.shape if mask is not None else picture_size(picture.path)
    own, others = _entries(source, name, ("mask",))
    indices = {n: i for i, n in source.classes.items()}
    nowhere = np.zeros(shape, dtype=bool)
    positive = nowhere if mask is None or own is None else mask == indices[name]
    wider = nowhere if mask is None else np.isin(mask, [indices[n] for n in others])
    deciding = [own] if own is not None else list(others.values())
    known = np.full(
        shape, bool(deciding) and all(_holds(source, picture, e, mask is not None) for e in deciding)
    )
    if mask is not None:
        known &= mask != IGNORE
    if line:
        return Target(positive, (known & ~wider) | positive)
    return Target(positive | wider, known | positive | wider)


def objects(source: Source, picture: Picture, name: str) -> list[Box]:
    """Return the drawn objects that are `name` or count as it, and the ignore regions of the picture.

    Ignore regions are ignore for every name. An object lower than the ``min_px`` of its entry is ignore, too.
    """
    own, others = _entries(source, name, DRAWN)
    wanted = dict(others) if own is None else {name: own, **others}
    found = []
    for box in source.boxes(picture):
        if box.ignore:
            found.append(box)
        elif box.name in wanted:
            small = box.box_px[3] - box.box_px[1] < wanted[box.name].min_px
            found.append(replace(box, ignore=True) if small else box)
    return found


def absence_known(
    source: Source, picture: Picture, name: str, forms: Collection[str] = ("mask", *DRAWN)
) -> bool:
    """Say whether "not drawn" means "not there" in a picture, at least in a part of it."""
    own, others = _entries(source, name, forms)
    deciding = [own] if own is not None else list(others.values())
    masked = (source.folder / "masks" / f"{picture.path.stem}.png").is_file()
    return bool(deciding) and all(_holds(source, picture, e, masked) for e in deciding)


def completeness(
    source: Source, name: str, forms: Collection[str] = ("mask", *DRAWN, "crop")
) -> Complete | None:
    """Return how completely a name is labelled; None where the source does not label it.

    The class of that very name says it, else the weakest of those that count as it.
    """
    own, others = _entries(source, name, forms)
    if own is not None:
        return own.complete
    return min((e.complete for e in others.values()), key=_WEAKEST_FIRST.index, default=None)


def labelled_names(source: Source) -> set[str]:
    """Return all names that the source labels, general ones included."""
    return set(source.labels) | {general for e in source.labels.values() for general in e.is_}


def _entries(
    source: Source, name: str, forms: Collection[str]
) -> tuple[LabelEntry | None, dict[str, LabelEntry]]:
    """Return the entry of `name` itself, and those that count as it, drawn in one of `forms`."""
    own: LabelEntry | None = None
    others: dict[str, LabelEntry] = {}
    for label, first in source.labels.items():
        for entry in (first, first.also):
            if entry is None or entry.form not in forms:
                continue
            if label == name and own is None:
                own = entry
            elif name in first.is_:
                others.setdefault(label, entry)
    return own, others


def _holds(source: Source, picture: Picture, entry: LabelEntry, masked: bool) -> bool:
    """Say whether the scope of an entry covers a picture."""
    if entry.scope == "picture":
        return True
    if entry.scope == "masked":
        return masked
    if entry.scope == "annotations":
        return False
    column = entry.scope.removeprefix(COLUMN_SCOPE)
    if column not in picture.row:
        raise DataError(
            f'has no column "{column}", which the scope in source.json names',
            where=str(source.folder / "groups.csv"),
            nearest=nearest_word(column, picture.row),
            allowed=", ".join(picture.row),
        )
    return picture.row[column] == "1" and (masked or entry.form != "mask")
