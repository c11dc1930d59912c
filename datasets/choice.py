"""Which pictures of which sources take part: groups by name or by a column, and the hash of what was used."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gatukoll.datasets.layout import Picture, Source
from gatukoll.errors import ConfigError, nearest_word
from gatukoll.made import sha256


@dataclass(frozen=True, slots=True)
class Chosen:
    """The pictures of one source that take part."""

    source: Source
    pictures: tuple[Picture, ...]


def choose(sources: Sequence[Source], groups: str | None = None) -> list[Chosen]:
    """Return the pictures of all sources, or of the named groups only; sources without any are left out.

    Args:
        sources: to choose from.
        groups: comma separated, a picture takes part if any fits: the name of a group, or COLUMN=VALUE of
            ``groups.csv``, e.g. ``chiba_20170925_1542,highway=df_080``.

    Raises:
        ConfigError: a name or a value that no picture has, with the nearest one.
    """
    everything = [Chosen(source, tuple(source.pictures())) for source in sources]
    if groups is None:
        return everything
    wanted = [word.strip() for word in groups.split(",") if word.strip()]
    for word in wanted:
        _refuse_unknown(word, [p for item in everything for p in item.pictures])
    kept = [
        Chosen(item.source, tuple(p for p in item.pictures if any(_fits(p, word) for word in wanted)))
        for item in everything
    ]
    return [item for item in kept if item.pictures]


def fingerprint(source: Source, pictures: Iterable[Picture]) -> str:
    """Return the SHA-256 over names and bytes of the pictures used, their masks and the source's tables."""
    files = [source.folder / name for name in ("source.json", "groups.csv", "annotations.json")]
    for picture in pictures:
        files += [picture.path, source.folder / "masks" / (Path(picture.file).stem + ".png")]
    total = hashlib.sha256()
    for path in sorted(f for f in files if f.is_file()):
        total.update(f"{path.relative_to(source.folder).as_posix()} {sha256(path)}\n".encode())
    return total.hexdigest()


def _fits(picture: Picture, word: str) -> bool:
    column, equals, value = word.partition("=")
    return picture.row.get(column) == value if equals else picture.group == word


def _refuse_unknown(word: str, pictures: Sequence[Picture]) -> None:
    if any(_fits(picture, word) for picture in pictures):
        return
    column, equals, value = word.partition("=")
    columns = {name for picture in pictures for name in picture.row}
    if equals and column not in columns:
        what, asked, known = f'groups.csv has no column "{column}"', column, columns
    elif equals:
        known = {picture.row[column] for picture in pictures if column in picture.row}
        what, asked = f'no picture has {column} "{value}"', value
    else:
        what, asked, known = f'no group is called "{word}"', word, {picture.group for picture in pictures}
    raise ConfigError(
        what, where="--groups", nearest=nearest_word(asked, known), allowed=", ".join(sorted(known)[:40])
    )
