"""What ``gatukoll run`` says on the terminal: before (--dry-run) and after."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.table import Table

from gatukoll.errors import CaptureRejected
from gatukoll.runtime.engine import Engine
from gatukoll.runtime.job import Job
from gatukoll.runtime.summary import Summary, Tally

screen = Console(highlight=False, soft_wrap=True)


def notes(job: Job) -> None:
    """Say what in a capture.yaml is not used."""
    for note in job.found.notes:
        screen.print(note, markup=False)


def plan(job: Job, threads: int | None) -> int:
    """Say what was read and what is due, and do nothing; return how many captures would be rejected."""
    frames, km, rejected = 0, 0.0, len(job.found.rejected)
    for capture in job.found.captures:
        opened = job.opened[capture.digest]
        if isinstance(opened, CaptureRejected):
            screen.print(f"{capture.name}: would be rejected, {opened}", markup=False)
            rejected += 1
            continue
        due = opened.plan
        places = [f"{place[0]:.5f} {place[1]:.5f}" if place else "-" for place in (due.first, due.last)]
        span = " to ".join(t.strftime("%Y-%m-%dT%H:%M:%SZ") if t else "?" for t in (due.starts, due.ends))
        screen.print(
            f"{capture.name}: {capture.kind}, {span}, clock {due.clock or '-'}, "
            f"from {places[0]} to {places[1]}, "
            f"{due.length_m / 1000:.2f} km, {due.offered} frames due"
            + (f", warnings: {_counts(due.warnings)}" if due.warnings else ""),
            markup=False,
        )
        frames += due.offered
        km += due.length_m / 1000 if capture.media else 0
    for name, code, detail in job.found.rejected:
        screen.print(f"{name}: would be rejected, {code}: {detail}", markup=False)
    engine = Engine([item.loaded for item in job.chosen], threads)
    seconds = frames * engine.seconds_per_frame()
    takes = f"{seconds / 60:.0f} minutes" if seconds > 90 else f"{seconds:.0f} seconds"
    screen.print(
        f"{_captures(len(job.found.captures) + len(job.found.rejected))}, {rejected} would be rejected; "
        f"{km:.2f} km filmed, {frames} frames due, about {takes} on {engine.threads} threads. "
        f"Ignored: {_counts(job.found.ignored) or 'nothing'}. Nothing was done."
    )
    return rejected


def _captures(number: int) -> str:
    return f"{number} capture" + ("" if number == 1 else "s")


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{code} {count}" for code, count in sorted(counts.items()))


def summary(numbers: Summary, out: Path) -> None:
    """Say what a run did, in two small tables."""
    table = Table("", "offered", "accepted", "rejected", "why", box=None, pad_edge=False)
    for name, tally in (("captures", numbers.captures), ("frames", numbers.frames)):
        table.add_row(*_tally(name, tally))
    screen.print(table)
    for extra, counts in (("warnings", numbers.warnings), ("ignored", numbers.ignored)):
        if counts:
            screen.print(f"{extra}: {_counts(counts)}")
    found = Table("findings", "severity 1", "2", "3", "all", box=None, pad_edge=False)
    for name, by_severity in numbers.findings.items():
        row = [by_severity.get(s, 0) for s in (1, 2, 3)]
        found.add_row(name, *map(str, row), str(sum(row)))
    screen.print()
    screen.print(found)
    owners = ", ".join(f"{owner} {count}" for owner, count in numbers.counts.owners.items())
    screen.print(
        f"\n{numbers.counts.findings} findings in the city's store: {owners} "
        f"(by rule {numbers.counts.routed}, fallback {numbers.counts.fallback}); {numbers.held_back} more "
        f"were seen too seldom (min_sightings). {numbers.km:.2f} km filmed."
    )
    if numbers.outside:
        names = ", ".join(name for name, _ in numbers.outside[:8]) + (
            " …" if len(numbers.outside) > 8 else ""
        )
        verb = "is" if len(numbers.outside) == 1 else "are"
        screen.print(
            f"{_captures(len(numbers.outside))} in the city's store {verb} left out of these results "
            f"({names}): {numbers.outside[0][1]}",
            markup=False,
        )
    files = numbers.written.files
    if edited := numbers.written.edited:
        names = ", ".join(path.relative_to(out).as_posix() for path in edited)
        screen.print(
            f"Changed by somebody since the run before, so kept beside the new ones: {names}", markup=False
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
