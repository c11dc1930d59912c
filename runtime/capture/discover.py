"""What lies in the folders that were named: captures, what can't be one, and what is ignored.

A film and a GPX of one folder and stem are one capture, the loose pictures of a folder are one, a GPX alone
is a capture without pictures. A GPX that capture.yaml names serves those films and is no capture of its own.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gatukoll.errors import ConfigError, UserError, nearest_word
from gatukoll.made import sha256
from gatukoll.runtime.capture.kinds import Kind, is_system, kind_of
from gatukoll.runtime.capture.model import Capture
from gatukoll.runtime.capture.sidecar import (
    FILM_ENDING,
    FOLDER_NAME,
    read_sidecar,
    sidecars_of,
    stem_key,
)
from gatukoll.runtime.capture.unused import unused_settings
from gatukoll.runtime.yamlfile import where

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Discovery:
    """What was found.

    Attributes:
        captures: in order of path; captures + rejected = captures offered.
        rejected: name, reason code, detail.
        ignored: reason code -> number of files.
        notes: what was said in a capture.yaml of films that are not there, a sentence each.
    """

    captures: tuple[Capture, ...]
    rejected: tuple[tuple[str, str, str], ...]
    ignored: Mapping[str, int]
    notes: tuple[str, ...] = ()

    def lone_traces(self, capture: Capture) -> list[str]:
        """Return the names of the GPX files beside a capture that belong to no film."""
        if not capture.media:
            return []
        here = capture.media[0].parent
        alone = (c.trace for c in self.captures if c.kind == "trace")
        return [trace.name for trace in alone if trace and trace.parent == here]


@dataclass(slots=True)
class _Folder:
    """The media of one folder; `only` names the files that were asked for, None = all."""

    path: Path
    root: Path
    only: set[Path] | None
    films: list[Path] = field(default_factory=list)
    pictures: list[Path] = field(default_factory=list)
    traces: list[Path] = field(default_factory=list)

    def asked(self, path: Path) -> bool:
        return self.only is None or path in self.only

    def name(self, path: Path) -> str:
        """Return a capture's name: its path without ending, from the folder that was named."""
        relative = path.relative_to(self.root)
        text = relative.as_posix() if path.is_dir() else relative.with_suffix("").as_posix()
        return text if text != "." else self.path.resolve().name


def discover(paths: Sequence[Path]) -> Discovery:
    """Find the captures below some folders or files.

    Raises:
        UserError: a path that does not exist.
        ConfigError: anything wrong in a capture.yaml.
    """
    ignored: Counter[str] = Counter()
    rejected: list[tuple[str, str, str]] = []
    captures: list[Capture] = []
    hashes: dict[Path, str] = {}
    seen: dict[str, str] = {}
    notes: list[str] = []
    for folder in _folders(paths, ignored):
        _sort_files(folder, ignored, rejected)
        lost = unused_settings(folder.path, folder.films, folder.traces)
        ignored.update({"sidecar_unused": len(lost)} if lost else {})
        notes += lost
        _check_clocks(folder)
        for kind, media, trace in _groups(folder):
            name = _unique(folder, kind, media, trace)
            try:
                capture, content = _capture(name, kind, media, trace, hashes)
            except OSError as error:
                rejected.append((name, "file_unreadable", error.strerror or "can't be read"))
                continue
            empty = [p for p in (*media, *([trace] if trace else [])) if p.stat().st_size == 0]
            if empty and kind != "pictures":
                rejected.append((name, "file_empty", f"{empty[0].name} is empty"))
            elif content in seen:
                rejected.append((name, "duplicate", f"same content as {seen[content]}"))
            else:
                seen[content] = name
                captures.append(capture)
    return Discovery(tuple(captures), tuple(rejected), dict(ignored), tuple(notes))


def _folders(paths: Sequence[Path], ignored: Counter[str]) -> list[_Folder]:
    """Return each real folder once, in order of path."""
    found: dict[Path, _Folder] = {}
    for path in paths:
        if not path.exists():
            siblings = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
            raise UserError(
                "no such file or folder", where=str(path), nearest=nearest_word(path.name, siblings)
            )
        if path.is_dir():
            for inner in _walk(path, ignored):
                found[inner.resolve()] = _Folder(inner, path, None)
            continue
        known = found.setdefault(path.parent.resolve(), _Folder(path.parent, path.parent, set()))
        if known.only is not None:
            known.only.add(path.parent / path.name)
    return [found[key] for key in sorted(found)]


def _walk(top: Path, ignored: Counter[str]) -> Iterator[Path]:
    def unreadable(error: OSError) -> None:
        ignored["file_unreadable"] += 1
        log.warning("%s: %s", error.filename, error.strerror)

    for folder, names, _ in os.walk(top, onerror=unreadable):
        here = Path(folder)
        links = [n for n in names if (here / n).is_symlink()]
        system = [n for n in names if is_system(n) and n not in links]
        ignored.update({"symlink_loop": len(links), "not_media": len(system)})
        names[:] = sorted(set(names) - set(links) - set(system))
        yield here
    for code in [c for c, n in ignored.items() if not n]:
        del ignored[code]


def _sort_files(folder: _Folder, ignored: Counter[str], rejected: list[tuple[str, str, str]]) -> None:
    """Put the files of a folder into its lists by kind; count what is ignored."""
    try:
        files = sorted(p for p in folder.path.iterdir() if not p.is_dir())
    except OSError:
        return  # counted when it was walked
    lists = {"film": folder.films, "pictures": folder.pictures, "trace": folder.traces}
    for path in files:
        if path.name == FOLDER_NAME or path.name.endswith((FILM_ENDING, ".made.json")):
            continue
        kind: Kind | None = None
        if not is_system(path.name) and path.is_file():
            try:
                kind = kind_of(path)
            except OSError as error:
                if folder.asked(path):
                    rejected.append((folder.name(path), "file_unreadable", error.strerror or "can't be read"))
                continue
        if kind in lists:
            lists[kind].append(path)
        elif folder.asked(path):
            ignored[kind or "not_media"] += 1
            log.info("ignored: %s", path)


def _check_clocks(folder: _Folder) -> None:
    """Refuse one start or one end for several films; a wrong capture.yaml stops the run before it begins."""
    own = folder.path / FOLDER_NAME
    if own.is_file():
        said = [read_sidecar(folder.path, p.stem, p.suffix) for p in folder.films]
        clocks = Counter(s.clock.text for s in said if s.clock and s.clock.instant)
        for text, n in clocks.items():
            if n > 1:
                raise ConfigError(
                    f"{text} can't be true for {n} films",
                    where=where(own, "clock"),
                    todo="Write a clock for each film under clips:.",
                )
    read_sidecar(folder.path, None)


def _groups(folder: _Folder) -> Iterator[tuple[str, tuple[Path, ...], Path | None]]:
    """Yield kind, media and trace of each capture that was asked for."""
    beside = {stem_key(t.stem): t for t in folder.traces}
    used: set[Path] = set()
    for film in folder.films:
        trace = read_sidecar(folder.path, film.stem, film.suffix).trace or beside.get(stem_key(film.stem))
        used |= {t.resolve() for t in (trace, beside.get(stem_key(film.stem))) if t}
        if folder.asked(film) or (trace and folder.asked(trace) and folder.only is not None):
            yield "film", (film,), trace
    pictures = tuple(p for p in folder.pictures if folder.asked(p))
    if folder.pictures:
        named = read_sidecar(folder.path, None).trace
        same = [beside[k] for p in folder.pictures if (k := stem_key(p.stem)) in beside]
        trace = named or next((t for t in same if t.resolve() not in used), None)
        used |= {trace.resolve()} if trace else set()
        if pictures:
            yield "pictures", pictures, trace
    for trace in folder.traces:
        if folder.asked(trace) and trace.resolve() not in used:
            yield "trace", (), trace


def _unique(folder: _Folder, kind: str, media: tuple[Path, ...], trace: Path | None) -> str:
    if kind == "pictures":
        return folder.name(folder.path)
    main = media[0] if media else trace
    assert main is not None
    twins = sum(stem_key(p.stem) == stem_key(main.stem) for p in folder.films) > 1
    return folder.name(main) + (main.suffix if twins else "")


def _capture(
    name: str, kind: str, media: tuple[Path, ...], trace: Path | None, hashes: dict[Path, str]
) -> tuple[Capture, str]:
    """Return a capture, and a digest of its content whatever the files are called."""
    files = (*media, *([trace] if trace else []))
    for path in files:
        if path.resolve() not in hashes:
            hashes[path.resolve()] = sha256(path)
    digests = [hashes[p.resolve()] for p in files]
    content = hashlib.sha256("\n".join([kind, *sorted(digests)]).encode()).hexdigest()
    named = [f"{stem_key(p.name)}\0{d}" for p, d in zip(files, digests, strict=True)]
    digest = hashlib.sha256("\n".join([kind, *named]).encode()).hexdigest()
    anchor = files[0]
    sidecars = sidecars_of(anchor.parent, None if kind == "pictures" else anchor.stem)
    return (
        Capture(name, kind, media, trace, sidecars[-1] if sidecars else None, digest),  # type: ignore[arg-type]
        content,
    )
