"""What capture.yaml says of films that are not there: most often a name that was mistyped."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gatukoll.errors import nearest_word
from gatukoll.runtime.capture.sidecar import FILM_ENDING, FOLDER_NAME, load_settings, stem_key
from gatukoll.runtime.yamlfile import where

_LISTED = 5


def unused_settings(folder: Path, films: Sequence[Path], traces: Sequence[Path]) -> list[str]:
    """Return a sentence for each film of which something is said and that is not in the folder.

    Args:
        folder: with its capture.yaml files, each of which is read.
        films: in it; what is said may name them with or without their endings.
        traces: in it, likewise.

    Raises:
        ConfigError: anything wrong in one of the files.
    """
    there = {stem_key(name) for path in (*films, *traces) for name in (path.stem, path.name)}
    said: list[tuple[str, str]] = []
    for path in sorted(folder.glob("*" + FILM_ENDING)):
        load_settings(path)
        stem = path.name[: -len(FILM_ENDING)]
        if stem_key(stem) not in {stem_key(p.stem) for p in (*films, *traces)}:
            said.append((str(path), stem))
    own = folder / FOLDER_NAME
    if own.is_file():
        lost = [key for key in load_settings(own).clips if stem_key(key) not in there]
        said += [(where(own, "clips", key), key) for key in lost]
    return [f"{at}: {_lost(name, [film.stem for film in films])}" for at, name in said]


def _lost(name: str, films: Sequence[str]) -> str:
    """Say that a film is not there, and which one may have been meant."""
    if near := nearest_word(Path(name).stem, films) or nearest_word(name, films):
        return f'no film of this name is here, so it is not used. Did you mean "{near}"?'
    more = " …" if len(films) > _LISTED else ""
    return f"no film of this name is here, so it is not used. Films here: {', '.join(films[:_LISTED])}{more}."
