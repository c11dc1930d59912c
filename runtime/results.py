"""From the store to the folder of results: findings, their owners, and files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import shapely

from gatukoll import __version__
from gatukoll.detectors.contract import Grade
from gatukoll.errors import UserError
from gatukoll.runtime.city.model import City
from gatukoll.runtime.crs import check_area
from gatukoll.runtime.evidence import PICTURES, write_pictures
from gatukoll.runtime.findings.facts import CaptureRecord, FactSet, Finding
from gatukoll.runtime.findings.merge import merge
from gatukoll.runtime.findings.store import Store
from gatukoll.runtime.job import Job
from gatukoll.runtime.routing import route
from gatukoll.runtime.sinks.base import Output, RunInfo, Sink, Unwritten
from gatukoll.runtime.sinks.register import keep_edited
from gatukoll.runtime.stopping import DISK_FULL


def gather(job: Job, store: Store, started: datetime | None = None) -> Output:
    """Compute all findings of the city from the facts in its store, with their owners.

    Args:
        job: the detectors that are on, with their settings.
        store: open for reading or writing.
        started: of the run, for the files; None = now.
    """
    started = started or datetime.now(UTC)
    records = store.records(in_use=True)
    in_use = [(item.name, item.model, item.settings_for(r.settings)) for item in job.chosen for r in records]
    by_name = {item.name: item for item in job.chosen}
    facts = store.fact_sets(by_name.keys(), in_use=in_use)
    outside = _outside(records, facts, job.city)
    facts = tuple(s for s in facts if s.key.capture not in outside)
    here = tuple(r for r in records if r.digest not in outside)
    left_out = tuple((r.name, outside[r.digest]) for r in records if r.digest in outside)

    def grade(detector: str, name: str, size: Mapping[str, float]) -> Grade:
        item = by_name[detector]
        return item.loaded.detector.grade(name, size, item.options)

    classes = {name: item.loaded.detector.classes for name, item in by_name.items()}
    merged = merge(facts, classes, grade)
    least = {name: job.city.detectors[name].min_sightings for name in by_name}
    kept = [f for f in merged if f.sightings >= least[f.detector]]
    findings: list[Finding] = []
    for name, item in by_name.items():
        findings += item.loaded.detector.combine([f for f in kept if f.detector == name])
    routed = route(findings, job.city)
    held_back = len(merged) - len(kept)
    info = RunInfo(started, __version__)
    return Output(routed, facts, here, classes, job.city, info, held_back, left_out)


def _outside(records: Iterable[CaptureRecord], facts: Iterable[FactSet], city: City) -> dict[str, str]:
    """Return digest -> reason of captures that lie outside the area of the city's coordinate system.

    They were read while the city had another system. One of them must not lock the city's results.
    """
    shapes = {r.digest: [r.trace] if r.trace is not None else [] for r in records}
    for facts_of in facts:
        shapes.setdefault(facts_of.key.capture, []).extend(o.geometry for o in facts_of.observations)
    found = {}
    for digest, all_of_it in shapes.items():
        if not (filled := [s for s in all_of_it if not s.is_empty]):
            continue
        west, south, east, north = map(float, shapely.total_bounds(filled))
        try:
            check_area(city.output.epsg, (west, south, east, north), where=city.at("output", "epsg"))
        except UserError as reason:
            found[digest] = str(reason)
    return found


@dataclass(slots=True)
class Written:
    """What came of writing.

    Attributes:
        files: in place.
        failed: file, relative to the folder (or a sink), -> why it could not be written.
        edited: copies of files that somebody had changed since the run before.
    """

    files: list[Path] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    edited: list[Path] = field(default_factory=list)


def write(job: Job, output: Output, folder: Path, sinks: Sequence[Sink]) -> Written:
    """Write what the city asked for, and pictures of findings in made captures.

    What can't be written does not keep the rest from being written.

    Raises:
        OSError: the disk is full.
    """
    done = Written(edited=keep_edited(folder, job.city.output.zone))
    for sink in sinks:
        with failing(done, f"sink {sink.name}", folder):
            done.files += sink.write(folder, output)
    with failing(done, PICTURES, folder):
        done.files += write_pictures(job, output, folder)
    return done


@contextmanager
def failing(done: Written, what: str, folder: Path) -> Iterator[None]:
    """Note what can't be written instead of raising; a full disk is for the caller."""
    try:
        yield
    except Unwritten as error:
        done.files += error.written
        done.failed |= {path.relative_to(folder).as_posix(): why for path, why in error.failed.items()}
    except UserError as error:
        done.failed[what] = error.what
    except OSError as error:
        if error.errno in DISK_FULL:
            raise
        done.failed[what] = f"{error.filename or ''} {error.strerror or error}".strip()
