"""Facts of every capture that the store lacks: one transaction a capture, whatever happens in between."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace

import shapely

from gatukoll.errors import CaptureRejected, GatukollError
from gatukoll.runtime.capture.model import Capture, Plan
from gatukoll.runtime.capture.reading import Opened
from gatukoll.runtime.chosen import Chosen
from gatukoll.runtime.engine import Engine
from gatukoll.runtime.findings.facts import REJECTED_ITEMS, CaptureRecord, FactSet
from gatukoll.runtime.findings.store import Store
from gatukoll.runtime.job import Job, bug
from gatukoll.runtime.observe import Counts, Seen, observe
from gatukoll.runtime.progress import RunProgress
from gatukoll.runtime.stopping import late_errors


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
    frames = sum(plan.offered for c in job.found.captures if due[c.digest] and (plan := plans[c.digest]))
    engine = Engine([item.loaded for item in job.chosen], threads) if frames else None
    records, already = [], 0
    offered = len(job.found.captures) + len(job.found.rejected)
    with RunProgress(offered, frames) as progress, late_errors():
        for name, code, detail in job.found.rejected:
            progress.begin(name)
            progress.say(f"{name}: rejected, {code}: {detail}")
        for capture in job.found.captures:
            record = store.state(capture.digest, job.readings[capture.digest])
            rejected = isinstance(job.opened[capture.digest], CaptureRejected)
            if due[capture.digest] or record is None or rejected:
                record = _run_one(job, capture, due[capture.digest], store, engine, progress, check)
            else:
                progress.begin(capture.name)
                already += 1
                store.use(capture.digest, record.settings)
            records.append(replace(record, name=capture.name))
        if already:
            progress.say(
                "1 capture was already done" if already == 1 else f"{already} captures were already done"
            )
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
    progress.begin(capture.name, opened.plan.offered if isinstance(opened, Opened) and engine else 0)
    if isinstance(opened, CaptureRejected):
        reason = opened
    elif opened.plan.offered and engine:

        def each_frame() -> None:
            progress.frame()
            check()

        spacing_m = job.city.reading.spacing_m
        try:
            counts, seen = observe(opened, due, engine, spacing_m=spacing_m, each_frame=each_frame)
        except CaptureRejected as late:  # what the header promised was not there
            counts, seen, reason = Counts(), {}, late
        except GatukollError:
            raise
        except Exception as error:  # one capture that nobody thought of must not lose the others
            counts, seen, reason = Counts(), {}, bug(capture, error)
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
        plan=(_as_json(plan) if plan else {}) | ({REJECTED_ITEMS: counts.items} if counts.items else {}),
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
