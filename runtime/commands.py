"""What the verbs of the runtime print; the work itself is in the modules that they call."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from gatukoll.errors import StoppedEarly, UserError
from gatukoll.runtime.stopping import DISK_FULL

FINISHED, BUG, STRICT = 0, 1, 4

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
        StoppedEarly: by a signal, a full disk or a file that can't be replaced; what was finished is kept.
    """
    try:
        return _run(paths, city_file, out, clock=clock, dry_run=dry_run, strict=strict, threads=threads)
    except KeyboardInterrupt:  # while it reads the captures, or writes; in between see `stopping`
        raise StoppedEarly("Interrupted; the captures that were finished are kept") from None


def _run(
    paths: Sequence[Path],
    city_file: Path,
    out: Path,
    *,
    clock: str | None,
    dry_run: bool,
    strict: bool,
    threads: int | None,
) -> int:
    from gatukoll.runtime import pipeline, say
    from gatukoll.runtime.job import prepare

    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    started = datetime.now(UTC)
    pipeline.check_out(out, paths)
    job = prepare(paths, city_file, clock)
    say.notes(job)
    if dry_run:
        return STRICT if say.plan(job, threads) and strict else FINISHED
    try:
        numbers = pipeline.run(job, out, threads=threads, started=started)
    except OSError as error:
        if error.errno in DISK_FULL:
            raise StoppedEarly(f"The disk is full ({error.filename or out})") from error
        raise
    say.summary(numbers, out)
    if failed := numbers.written.failed:
        said = ", ".join(f"{name} ({why})" for name, why in failed.items())
        raise StoppedEarly(
            f"Not written, as another program has it open or it is protected: {said}. All else is in {out}"
        )
    if "bug" in numbers.captures.rejected:
        return BUG
    rejected = sum(numbers.captures.rejected.values()) + sum(numbers.frames.rejected.values())
    return STRICT if strict and rejected else FINISHED


def detectors() -> None:
    """Print the installed detectors."""
    from gatukoll.detectors import registry

    rows = registry.rows()
    if not rows:
        screen.print("No detector is installed.")
    table = Table(box=None, pad_edge=False)
    for column in ("name", "version", "package", "state", "model"):
        table.add_column(column, overflow="fold")  # a reason or a path that is cut helps nobody
    for row in rows:
        table.add_row(row.name, row.version or "-", row.package, str(row.state), _short(row.model))
    screen.print(table, soft_wrap=False)


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
    from gatukoll.runtime import results, routing
    from gatukoll.runtime.findings.store import Store
    from gatukoll.runtime.job import prepare

    wanted = finding.strip().lower()
    job = prepare([], city_file)
    with Store.open(job.city.store_url) as store:
        output = results.gather(job, store)
    matches = [f for f in output.findings if f.id.startswith(wanted)]
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
