"""What the verbs of the runtime print; the work itself is in the modules that they call."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from gatukoll.errors import CaptureRejected, StoppedEarly, UserError

if TYPE_CHECKING:  # these bring onnxruntime, av and shapely, which `detectors` and `config` have no use for
    from gatukoll.runtime.pipeline import Job
    from gatukoll.runtime.summary import Summary, Tally

FINISHED, STRICT = 0, 4

screen = Console(highlight=False, soft_wrap=True)


def run(
    paths: Sequence[Path],
    *,
    city_file: Path,
    out: Path,
    clock: str | None = None,
    dry_run: bool = False,
    strict: bool = False,
    threads: int | None = None,
) -> int:
    """Run a city's detectors over captures; return the exit code.

    Raises:
        UserError: nothing has been begun.
        StoppedEarly: by a signal or a full disk; what was finished is kept.
    """
    from gatukoll.runtime import pipeline

    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    started = datetime.now(UTC)
    job = pipeline.prepare(paths, city_file, clock)
    if dry_run:
        _say_plan(job, threads)
        return FINISHED
    try:
        summary, files = _do(job, out, threads, started)
    except OSError as error:
        if error.errno in _DISK_FULL:
            raise StoppedEarly(f"The disk is full ({error.filename or out})") from error
        raise
    _say_summary(summary, files, out)
    rejected = sum(summary.captures.rejected.values()) + sum(summary.frames.rejected.values())
    return STRICT if strict and rejected else FINISHED


_DISK_FULL = (28, 122)  # ENOSPC, EDQUOT


def _do(job: Job, out: Path, threads: int | None, started: datetime) -> tuple[Summary, list[Path]]:
    """Collect facts, compute findings, write results."""
    from gatukoll.runtime import pipeline, results, summary
    from gatukoll.runtime.findings.store import Store
    from gatukoll.runtime.stopping import stoppable

    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"can't make the folder ({error.strerror})", where=f"--out {out}") from error
    with stoppable() as check, Store.open(job.city.store_url, write=True) as store:
        records = pipeline.collect(job, store, threads=threads, check=check)
        output = results.gather(job, store, started)
        files = results.write(job, output, out)
        numbers = summary.summarise(job, records, output)
        files.append(summary.write(numbers, job, started, files, out))
    return numbers, files


def _say_plan(job: Job, threads: int | None) -> None:
    from gatukoll.runtime.engine import Engine

    frames, km = 0, 0.0
    for capture in job.found.captures:
        opened = job.opened[capture.digest]
        if isinstance(opened, CaptureRejected):
            screen.print(f"{capture.name}: would be rejected, {opened}", markup=False)
            continue
        plan = opened.plan
        places = [f"{place[0]:.5f} {place[1]:.5f}" if place else "-" for place in (plan.first, plan.last)]
        span = " to ".join(t.strftime("%Y-%m-%dT%H:%M:%SZ") if t else "?" for t in (plan.starts, plan.ends))
        screen.print(
            f"{capture.name}: {capture.kind}, {span}, clock {plan.clock or '-'}, from {places[0]} to {places[1]}, "
            f"{plan.length_m / 1000:.2f} km, {plan.offered} frames due"
            + (f", warnings: {_counts(plan.warnings)}" if plan.warnings else ""),
            markup=False,
        )
        frames, km = frames + plan.offered, km + plan.length_m / 1000
    for name, code, detail in job.found.rejected:
        screen.print(f"{name}: would be rejected, {code}: {detail}", markup=False)
    engine = Engine([item.loaded for item in job.chosen], threads)
    minutes = frames * engine.seconds_per_frame() / 60
    screen.print(
        f"{len(job.found.captures)} captures, {km:.2f} km, {frames} frames due, about {minutes:.1f} minutes on "
        f"{engine.threads} threads. Ignored: {_counts(job.found.ignored) or 'nothing'}. Nothing was done."
    )


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{code} {count}" for code, count in sorted(counts.items()))


def _say_summary(summary: Summary, files: Sequence[Path], out: Path) -> None:
    table = Table("", "offered", "accepted", "rejected", "why", box=None, pad_edge=False)
    for name, tally in (("captures", summary.captures), ("frames", summary.frames)):
        table.add_row(*_tally(name, tally))
    screen.print(table)
    for extra, counts in (("warnings", summary.warnings), ("ignored", summary.ignored)):
        if counts:
            screen.print(f"{extra}: {_counts(counts)}")
    found = Table("findings", "severity 1", "2", "3", "all", box=None, pad_edge=False)
    for name, by_severity in summary.findings.items():
        numbers = [by_severity.get(s, 0) for s in (1, 2, 3)]
        found.add_row(name, *map(str, numbers), str(sum(numbers)))
    screen.print()
    screen.print(found)
    owners = ", ".join(f"{owner} {count}" for owner, count in summary.counts.owners.items())
    screen.print(
        f"\n{summary.counts.findings} findings in the city's store: {owners} "
        f"(by rule {summary.counts.routed}, fallback {summary.counts.fallback}). {summary.km:.2f} km filmed."
    )
    top = [path for path in files if path.parent == out]
    screen.print(f"{len(files)} files in {out}: " + ", ".join(path.name for path in top), markup=False)


def _tally(name: str, tally: Tally) -> tuple[str, ...]:
    return (
        name,
        str(tally.offered),
        str(tally.accepted),
        str(sum(tally.rejected.values())),
        _counts(tally.rejected),
    )


def detectors() -> None:
    """Print the installed detectors."""
    from gatukoll.detectors import registry

    rows = registry.rows()
    if not rows:
        screen.print("No detector is installed.")
    table = Table("name", "version", "package", "model", "state", box=None, pad_edge=False)
    for row in rows:
        table.add_row(row.name, row.version or "-", row.package, _short(row.model), str(row.state))
    screen.print(table)


def _short(path: str) -> str:
    """Return a path relative to here where that is shorter."""
    if not path:
        return "-"
    here = Path.cwd()
    return str(Path(path).relative_to(here)) if Path(path).is_relative_to(here) else path


def route_explain(finding: str, city_file: Path) -> None:
    """Print why a finding goes to its owner.

    Raises:
        UserError: no finding, or more than one, has an id that begins so.
    """
    from gatukoll.runtime import pipeline, results, routing
    from gatukoll.runtime.findings.store import Store

    job = pipeline.prepare([], city_file)
    with Store.open(job.city.store_url) as store:
        output = results.gather(job, store, datetime.now(UTC))
    matches = [f for f in output.findings if f.id.startswith(finding)]
    if len(matches) != 1:
        what = f"{len(matches)} findings have an id that begins so" if matches else "no finding has this id"
        raise UserError(
            what,
            where=finding,
            allowed=", ".join(f.id for f in matches[:8]),
            todo="The ids stand in the column id of findings.csv.",
        )
    for line in routing.explain(matches[0], job.city):
        screen.print(line, markup=False)


def config_check(file: Path) -> None:
    """Print what a city's file does, in plain words."""
    from gatukoll.runtime.city.check import check

    for line in check(file):
        screen.print(line, markup=False)


def config_schema() -> None:
    """Print the JSON schema of a city's file."""
    from gatukoll.runtime.city.load import schema

    print(json.dumps(schema(), indent=1, ensure_ascii=False))
