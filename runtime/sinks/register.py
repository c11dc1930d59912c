"""What the sinks have written into a folder of results, so that files somebody changed are told apart."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import datetime, tzinfo
from pathlib import Path

from gatukoll.errors import UserError
from gatukoll.runtime.sinks.base import Unwritten, put_in_place
from gatukoll.runtime.stopping import DISK_FULL

_SQLITE = b"SQLite format 3\0"
_MOVING = ((18, 20), (24, 28), (92, 100))
"""Bytes of an SQLite header that change when a program merely opens the file: journal mode, counters of
changes, version of the library (https://www.sqlite.org/fileformat2.html, 1.3)."""


def write_files(
    folder: Path, sink: str, writers: Mapping[Path, Callable[[Path], None]], sinks: Iterable[str]
) -> list[Path]:
    """Write each file of a sink, note them, and return them; one that fails does not keep the others.

    Args:
        folder: of the results.
        sink: name of the sink.
        writers: file, below the folder -> what writes it.
        sinks: names of all sinks that the city wants.

    Raises:
        Unwritten: at the end, with the files that could not be written.
        OSError: the disk is full.
    """
    written: list[Path] = []
    failed: dict[Path, str] = {}
    for path, write in writers.items():
        try:
            write(path)
        except UserError as error:
            failed[path] = error.what
        except OSError as error:
            if error.errno in DISK_FULL:
                raise
            failed[path] = error.strerror or str(error)
        else:
            written.append(path)
    note_files(folder, sink, written, sinks, failed)
    if failed:
        raise Unwritten(written, failed)
    return written


def keep_edited(folder: Path, zone: tzinfo) -> list[Path]:
    """Copy each file that somebody has changed since a sink wrote it, before it is written anew.

    The copy lies beside it as ``NAME (edited YYYY-MM-DD HHMM).ENDING``, with the time of the change.

    Args:
        folder: of the results.
        zone: of that time.

    Returns:
        The copies.
    """
    kept: list[Path] = []
    for register in sorted(folder.glob(_register(folder, "*").name)):
        for name, digest in sorted(_registered(register).items()):
            path = folder / name
            if path.is_file() and _is_changed(path, digest):
                when = datetime.fromtimestamp(path.stat().st_mtime, zone)
                copy = path.with_name(f"{path.stem} (edited {when:%Y-%m-%d %H%M}){path.suffix}")
                if copy.exists():  # two edits and two runs within a minute
                    copy = path.with_name(f"{path.stem} (edited {when:%Y-%m-%d %H%M%S}){path.suffix}")
                _keep(path, copy)
                kept.append(copy)
    return kept


def _is_changed(path: Path, digest: str) -> bool:
    try:
        return digest_of(path) != digest
    except PermissionError:  # somebody made it so
        return True


def _keep(path: Path, copy: Path) -> None:
    try:
        shutil.copy2(path, copy)
    except PermissionError:
        with suppress(PermissionError):  # else it can't be replaced either, and the sink will say so
            path.rename(copy)


def note_files(
    folder: Path, sink: str, files: Iterable[Path], sinks: Iterable[str], failed: Iterable[Path] = ()
) -> None:
    """Note the files that a sink has written, and remove those of an earlier run that are no more.

    That is what belonged to an owner, or to a sink, that has left the city's file. Only files that a sink
    wrote and nobody has changed since are removed: a department may have put notes of its own into its copy.

    Args:
        folder: of the results; each sink's list lies in it.
        sink: name of the sink.
        files: what it has written, below the folder.
        sinks: names of all sinks that the city wants.
        failed: files that could not be replaced; what was noted of them stays.
    """
    now = {path.relative_to(folder).as_posix(): digest_of(path) for path in files}
    register = _register(folder, sink)
    before = _registered(register)
    old = {path.relative_to(folder).as_posix() for path in failed}
    now |= {name: before[name] for name in old & before.keys()}
    _remove(folder, {n: d for n, d in before.items() if n not in now})
    with put_in_place(register) as part:
        part.write_text(json.dumps(now, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    wanted = {_register(folder, name) for name in (sink, *sinks)}
    for other in set(folder.glob(_register(folder, "*").name)) - wanted:
        _remove(folder, _registered(other))
        other.unlink()


def _register(folder: Path, sink: str) -> Path:
    return folder / f".gatukoll-{sink}.json"


def _remove(folder: Path, files: Mapping[str, str]) -> None:
    """Remove files (relative path -> sha256) that are as they were written, and folders left empty."""
    for name, digest in files.items():
        path = folder / name
        if path.is_file() and digest_of(path) == digest:
            path.unlink()
            with suppress(OSError):  # other files in it stay
                path.parent.rmdir()


def _registered(register: Path) -> dict[str, str]:
    """Return relative path -> sha256 as noted by an earlier run; only paths inside the folder count."""
    try:
        noted = json.loads(register.read_text(encoding="utf-8"))
        pairs = dict(noted).items()
    except (OSError, ValueError, TypeError):
        return {}
    return {
        name: digest
        for name, digest in pairs
        if isinstance(digest, str) and ".." not in Path(name).parts and not Path(name).is_absolute()
    }


def digest_of(path: Path) -> str:
    """Return the sha256 of a file; of a database without what changes when it is merely opened."""
    with path.open("rb") as stream:
        head = bytearray(stream.read(100))
        if head.startswith(_SQLITE):
            for start, end in _MOVING:
                head[start:end] = bytes(end - start)
        digest = hashlib.sha256(head)
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
