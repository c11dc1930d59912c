"""What a sink gets and gives, and how files are put in place so that a kill leaves the old or the new."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from gatukoll.detectors.contract import FindingClass
from gatukoll.errors import ConfigError, PluginError, UserError, nearest_word
from gatukoll.made import sha256

if TYPE_CHECKING:
    from gatukoll.runtime.city.model import City
    from gatukoll.runtime.findings.facts import CaptureRecord, FactKey, FactSet, Finding

GROUP = "gatukoll.sinks"
OWNERS = "owners"
# names that Windows keeps for devices, whatever their ending
RESERVED = {"con", "prn", "aux", "nul", *(f"{d}{n}" for d in ("com", "lpt") for n in range(1, 10))}


@dataclass(frozen=True, slots=True)
class RunInfo:
    """The run that results come from: when it was started (UTC) and by which version of gatukoll."""

    started: datetime
    version: str


@dataclass(frozen=True, slots=True)
class Output:
    """All that a run has to show.

    Attributes:
        findings: routed, in any order.
        facts: the sets that the findings were computed from.
        captures: what was noted of each capture, rejected ones too.
        classes: detector -> its class table.
        city: whose it is.
        run: where it comes from.
        held_back: things that were seen too seldom to be reported, see ``min_sightings``.
        outside: name and reason of captures that lie outside the city's coordinate system; what the store
            holds of them is in none of the above.
    """

    findings: tuple[Finding, ...]
    facts: tuple[FactSet, ...]
    captures: tuple[CaptureRecord, ...]
    classes: Mapping[str, tuple[FindingClass, ...]]
    city: City
    run: RunInfo
    held_back: int = 0
    outside: tuple[tuple[str, str], ...] = ()

    def ordered(self) -> list[Finding]:
        """Return the findings in the order of all files: worst first, then by class and id."""
        return sorted(self.findings, key=lambda f: (-f.severity, f.name, f.id))

    def finding_of(self) -> dict[tuple[FactKey, int], str]:
        """Return observation (key, number) -> id of the finding that it is part of."""
        return {key: f.id for f in self.findings for key in f.observations}

    def for_owner(self, owner_id: str) -> Output:
        """Return what one owner gets: its findings and their observations, and all that was driven."""
        findings = tuple(f for f in self.findings if f.owner == owner_id)
        part = replace(self, findings=findings)
        known = part.finding_of()
        facts = tuple(
            replace(s, observations=tuple(o for o in s.observations if (s.key, o.number) in known))
            for s in self.facts
        )
        return replace(part, facts=facts)


class Sink(Protocol):
    """A kind of result; found by entry point in the group ``gatukoll.sinks``, made without arguments."""

    name: str

    def write(self, folder: Path, output: Output) -> list[Path]:
        """Write into a folder (made if missing) and return the files, all of them put in place whole.

        Raises:
            UserError: what was asked can't be written, with the reason.
        """
        ...


def sink_names() -> list[str]:
    """Return the names of all sinks that are installed; imports none."""
    return sorted({p.name for p in entry_points(group=GROUP)})


def load_sink(name: str) -> Sink:
    """Return a sink by its name.

    Raises:
        ConfigError: no sink has that name.
        PluginError: it can't be loaded.
    """
    found = {p.name: p for p in entry_points(group=GROUP)}
    if name not in found:
        raise ConfigError(
            f'unknown sink "{name}"', nearest=nearest_word(name, found), allowed=", ".join(sorted(found))
        )
    try:
        sink: Sink = found[name].load()()
    except Exception as error:  # a stranger's code may raise anything
        raise PluginError(f"can't be loaded: {error}", where=f'sink "{name}"') from error
    return sink


def folder_name(owner_id: str) -> str:
    """Return the folder of an owner: its id, made harmless where a file system would choke on it.

    >>> folder_name("gatuingenjör"), folder_name("aux")
    ('gatuingenjör', 'aux_')
    """
    safe = "".join(c if c.isalnum() or c in "-_" else "_" for c in owner_id) or "_"
    return f"{safe}_" if safe.casefold() in RESERVED else safe


@contextmanager
def put_in_place(path: Path) -> Iterator[Path]:
    """Give a path to write to; what was written takes the place of `path` at the end, whole or not at all.

    The unfinished file has one fixed name beside it, so that what a kill left behind goes with the next run.

    Raises:
        UserError: the old file may not be replaced.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".part-{path.name}")
    _clear(part)
    try:
        yield part
        with part.open("rb+") as stream:
            os.fsync(stream.fileno())
        _replace(part, path)
    finally:
        _clear(part)


def _replace(part: Path, path: Path) -> None:
    try:
        part.replace(path)
    except PermissionError as error:  # Windows: somebody has it open in Excel
        raise UserError(
            "can't be replaced", where=str(path), todo="Close it in other programs and run again."
        ) from error


def _clear(part: Path) -> None:
    # a journal left by a kill would be played into a new database of the same name
    for ending in ("", "-journal", "-wal", "-shm"):
        part.with_name(part.name + ending).unlink(missing_ok=True)


def note_files(folder: Path, sink: str, files: Iterable[Path], sinks: Iterable[str]) -> None:
    """Note the files that a sink has written, and remove those of an earlier run that are no more.

    That is what belonged to an owner, or to a sink, that has left the city's file. Only files that a sink
    wrote and nobody has changed since are removed: a department may have put notes of its own into its copy.

    Args:
        folder: of the results; each sink's list lies in it.
        sink: name of the sink.
        files: what it has written, below the folder.
        sinks: names of all sinks that the city wants.
    """
    now = {path.relative_to(folder).as_posix(): sha256(path) for path in files}
    register = _register(folder, sink)
    _remove(folder, {n: d for n, d in _registered(register).items() if n not in now})
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
        if path.is_file() and sha256(path) == digest:
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


def owner_files(folder: Path, owners: Iterable[str], file: str) -> dict[str, Path]:
    """Return owner's id -> path of its copy of a file."""
    return {owner: folder / OWNERS / folder_name(owner) / file for owner in owners}
