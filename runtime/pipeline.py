"""The run, step by step: captures in, facts into the store, findings out of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import shapely

from gatukoll.errors import CaptureRejected, UserError
from gatukoll.runtime.capture.discover import Discovery, discover
from gatukoll.runtime.capture.model import Capture, Plan
from gatukoll.runtime.capture.open import check_clock, open_capture
from gatukoll.runtime.capture.reading import Opened, Reading, reading_digest
from gatukoll.runtime.chosen import Chosen, choose
from gatukoll.runtime.city.load import load_city
from gatukoll.runtime.city.model import City
from gatukoll.runtime.crs import check_area
from gatukoll.runtime.engine import Engine
from gatukoll.runtime.findings.facts import CaptureRecord, FactKey, FactSet
from gatukoll.runtime.findings.store import Store
from gatukoll.runtime.observe import Counts, Seen, observe
from gatukoll.runtime.progress import RunProgress


@dataclass(frozen=True, slots=True)
class Job:
    """A run that is about to begin: everything read and checked, no picture decoded.

    Attributes:
        city: whose file it is.
        chosen: the detectors that are on.
        found: what lies in the paths.
        opened: capture digest -> the capture, ready to be read, or why it can't be.
        readings: capture digest -> digest of how it is read.
    """

    city: City
    chosen: tuple[Chosen, ...]
    found: Discovery
    opened: Mapping[str, Opened | CaptureRejected]
    readings: Mapping[str, str]

    def key(self, capture: Capture, item: Chosen) -> FactKey:
        """Return the key of the facts that a detector has or will have of a capture."""
        settings = item.settings_for(self.readings[capture.digest])
        return FactKey(capture.digest, item.name, item.model, settings)


def prepare(paths: Sequence[Path], city_file: Path, clock: str | None = None) -> Job:
    """Read the city's file, find the captures and open each as far as its plan.

    Raises:
        UserError: in the city's file, a detector, a capture.yaml or a path; nothing has been begun.
    """
    city = load_city(city_file)
    reading = Reading(
        spacing_m=city.reading.spacing_m,
        every_s=city.reading.every_s,
        clock=clock,
        mounting=city.camera.mounting(),
    )
    chosen = choose(city)
    found = discover(paths)
    check_clock(found.captures, reading)
    opened = {capture.digest: _open(capture, reading, city) for capture in found.captures}
    readings = {capture.digest: reading_digest(capture, reading) for capture in found.captures}
    return Job(city, chosen, found, opened, readings)


def _open(capture: Capture, reading: Reading, city: City) -> Opened | CaptureRejected:
    try:
        opened = open_capture(capture, reading)
    except CaptureRejected as reason:
        return reason
    if opened.driven:
        west, south = np.concatenate(opened.driven)[:, ::-1].min(axis=0)
        east, north = np.concatenate(opened.driven)[:, ::-1].max(axis=0)
        try:
            check_area(city.output.epsg, (west, south, east, north), where=city.at("output", "epsg"))
        except UserError as outside:
            return CaptureRejected("position_outside_area", str(outside))
    return opened


def collect(
    job: Job, store: Store, *, threads: int | None, check: Callable[[], None]
) -> tuple[CaptureRecord, ...]:
    """Add the facts of every capture that the store lacks; one transaction a capture.

    Args:
        job: what to run.
        store: open for writing.
        threads: for the engine; None = every core.
        check: called after each frame; raises to stop.

    Returns:
        What is noted of each capture of the job, in its order.
    """
    due = {capture.digest: _lacking(job, capture, store) for capture in job.found.captures}
    plans = {c.digest: _plan(job.opened[c.digest]) for c in job.found.captures}
    begun = [c for c in job.found.captures if due[c.digest]]
    frames = sum(plan.offered for c in begun if (plan := plans[c.digest]))
    engine = Engine([item.loaded for item in job.chosen], threads) if frames else None
    records = []
    with RunProgress(len(begun), frames) as progress:
        for capture in job.found.captures:
            record = store.state(capture.digest, job.readings[capture.digest])
            if due[capture.digest] or record is None:
                record = _run_one(job, capture, due[capture.digest], store, engine, progress, check)
            records.append(replace(record, name=capture.name))
    return tuple(records)


def _lacking(job: Job, capture: Capture, store: Store) -> tuple[Chosen, ...]:
    """Return the detectors that have no facts of a capture that can be read."""
    if isinstance(job.opened[capture.digest], CaptureRejected):
        return ()
    return tuple(item for item in job.chosen if not store.has(job.key(capture, item)))


def _plan(opened: Opened | CaptureRejected) -> Plan | None:
    return opened.plan if isinstance(opened, Opened) else None


def _run_one(
    job: Job,
    capture: Capture,
    due: Sequence[Chosen],
    store: Store,
    engine: Engine | None,
    progress: RunProgress,
    check: Callable[[], None],
) -> CaptureRecord:
    """Read one capture to its end, and note it with its facts."""
    opened = job.opened[capture.digest]
    counts, seen, reason = Counts(), dict[str, Seen](), None
    if isinstance(opened, CaptureRejected):
        reason = opened
    elif opened.plan.offered and engine:

        def each_frame() -> None:
            progress.frame()
            check()

        progress.begin(capture.name, opened.plan.offered)
        spacing_m = job.city.reading.spacing_m
        try:
            counts, seen = observe(opened, due, engine, spacing_m=spacing_m, each_frame=each_frame)
        except CaptureRejected as late:  # what the header promised was not there
            counts, seen, reason = Counts(), {}, late
    else:
        seen = {item.name: Seen((), ()) for item in due}
    if reason:
        progress.say(f"{capture.name}: rejected, {reason}")
    record = _record(job, capture, counts, reason)
    cards = {item.name: item.loaded.card.version for item in due}
    sets = [
        FactSet(job.key(capture, item), cards[item.name], seen[item.name].observations, seen[item.name].looks)
        for item in due
        if item.name in seen
    ]
    store.add(record, sets)
    return record


def _record(job: Job, capture: Capture, counts: Counts, reason: CaptureRejected | None) -> CaptureRecord:
    opened = job.opened[capture.digest]
    plan = _plan(opened)
    driven = opened.driven if isinstance(opened, Opened) and reason is None else ()
    lines = [shapely.LineString(part[:, ::-1]) for part in driven]
    return CaptureRecord(
        digest=capture.digest,
        name=capture.name,
        kind=capture.kind,
        device=plan.device if plan else "",
        settings=job.readings[capture.digest],
        state="rejected" if reason else "done",
        code=reason.code if reason else "",
        detail=reason.detail if reason else "",
        plan=_as_json(plan) if plan else {},
        offered=counts.offered,
        accepted=counts.accepted,
        rejected=dict(sorted(counts.rejected.items())),
        warnings=dict(sorted((+(Counter(plan.warnings if plan else {}) + counts.warnings)).items())),
        trace=shapely.MultiLineString(lines) if lines else None,
    )


def _as_json(plan: Plan) -> dict[str, object]:
    """Return a plan as JSON values."""
    values = asdict(plan)
    for name in ("starts", "ends"):
        when = values[name]
        values[name] = when.isoformat() if when else None
    return values
