"""Splits by group: a street, drive or survey section is trained on or held back, never both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from gatukoll.datasets.layout import Picture, Source
from gatukoll.errors import DataError, nearest_word

TEST_COLUMN = "split"
"""Where ``groups.csv`` has this column, groups with a row ``test`` are never trained on."""
SPLIT_KEY = "data.split.development"
"""Where a recipe, or the command line, says what is held back."""


@dataclass(frozen=True, slots=True)
class Item:
    """One picture of one source."""

    source: Source
    picture: Picture


@dataclass(frozen=True, slots=True)
class Split:
    """Pictures to train on and pictures to develop on (thresholds, choices); no group is in both.

    Attributes:
        name: of the split, written into cards.
        train: pictures to train on.
        development: pictures held back.
        words: the rule in words, e.g. ``highway df_060, df_080``.
    """

    name: str
    train: tuple[Item, ...]
    development: tuple[Item, ...]
    words: str


def divide(name: str, sources: Sequence[Source], held_back: Mapping[str, Sequence[str]]) -> Split:
    """Divide the pictures of sources by group.

    Args:
        name: of the split.
        sources: all sources that take part; groups of one name belong together across them.
        held_back: column of ``groups.csv`` -> values. A group with any such picture, in any source, is held
            back whole.

    Raises:
        DataError: for a source without groups, or a value that no picture has.
    """
    items = [Item(source, picture) for source in sources for picture in source.pictures()]
    for item in items:
        if not item.picture.group:
            raise DataError(
                f'the picture "{item.picture.file}" has no group',
                where=str(item.source.folder / "groups.csv"),
                todo="Pictures of one street, drive or section need one group; loose ones can't be split.",
            )
    _check_values(items, held_back)
    back = {item.picture.group for item in items if _held(item.picture, held_back)}
    train = tuple(i for i in items if i.picture.group not in back)
    development = tuple(i for i in items if i.picture.group in back)
    if not train:
        raise DataError("the split leaves nothing to train on", where=SPLIT_KEY, todo="Hold back less.")
    words = "; ".join(f"{column} {', '.join(values)}" for column, values in held_back.items())
    return Split(name, train, development, words)


def _held(picture: Picture, held_back: Mapping[str, Sequence[str]]) -> bool:
    if picture.row.get(TEST_COLUMN) == "test":
        return True
    return any(picture.row.get(column) in values for column, values in held_back.items())


def _check_values(items: Iterable[Item], held_back: Mapping[str, Sequence[str]]) -> None:
    """Refuse a column or value that occurs nowhere: a mistyped street would be trained on."""
    rows = [item.picture.row for item in items]
    columns = {column for row in rows for column in row}
    for column, values in held_back.items():
        where = f"{SPLIT_KEY}.{column}"
        if column not in columns:
            nearest = nearest_word(column, columns)
            raise DataError("no source has such a column in groups.csv", where=where, nearest=nearest)
        known = {row[column] for row in rows if column in row}
        for value in values:
            if value not in known:
                raise DataError(
                    f'no picture has the value "{value}"', where=where, nearest=nearest_word(value, known)
                )
