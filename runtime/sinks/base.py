"""What a sink gets and gives, and how files are put in place so that a kill leaves the old or the new."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from gatukoll.detectors.contract import FindingClass
from gatukoll.errors import ConfigError, PluginError, UserError, nearest_word

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


class Unwritten(UserError):
    """Some files of a sink could not be put in place; all others are.

    Args:
        written: the files that are in place.
        failed: file -> why it is not, in a few words.
    """

    def __init__(self, written: list[Path], failed: Mapping[Path, str]) -> None:
        self.written, self.failed = written, failed
        said = ", ".join(f"{path} ({why})" for path, why in failed.items())
        super().__init__(f"could not be written: {said}", todo="Close them in other programs and run again.")


class Sink(Protocol):
    """A kind of result; found by entry point in the group ``gatukoll.sinks``, made without arguments."""

    name: str

    def write(self, folder: Path, output: Output) -> list[Path]:
        """Write into a folder (made if missing) and return the files, all of them put in place whole.

        Raises:
            Unwritten: some files could not be replaced; all others have been written.
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
        OSError: the folder can't be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".part-{path.name}")
    _clear(part)
    part.touch()  # where that is refused, say so in the system's own words, not in a library's
    part.unlink()
    try:
        yield part
        with part.open("rb+") as stream:
            os.fsync(stream.fileno())
        _replace(part, path)
    finally:
        _clear(part)


def _replace(part: Path, path: Path) -> None:
    journal = path.with_name(f"{path.name}-wal")
    if journal.is_file() and journal.stat().st_size:  # SQLite would play it into the new file
        raise UserError(
            "is being edited in another program", where=str(path), todo="Close it there and run again."
        )
    try:
        part.replace(path)
    except PermissionError as error:  # Windows: somebody has it open in Excel
        raise UserError(
            f"can't be replaced ({error.strerror})",
            where=str(path),
            todo="Close it in other programs and run again.",
        ) from error


def _clear(part: Path) -> None:
    # a journal left by a kill would be played into a new database of the same name
    for ending in ("", "-journal", "-wal", "-shm"):
        part.with_name(part.name + ending).unlink(missing_ok=True)


def owner_files(folder: Path, owners: Iterable[str], file: str) -> dict[str, Path]:
    """Return owner's id -> path of its copy of a file."""
    return {owner: folder / OWNERS / folder_name(owner) / file for owner in owners}
