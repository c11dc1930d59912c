"""The run, step by step: captures in, facts into the store, findings out of it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from gatukoll.errors import UserError
from gatukoll.runtime import results, summary
from gatukoll.runtime.collect import collect
from gatukoll.runtime.findings.store import Store
from gatukoll.runtime.job import Job
from gatukoll.runtime.sinks.base import load_sink
from gatukoll.runtime.stopping import DISK_FULL, late_errors, stoppable


def run(job: Job, out: Path, *, threads: int | None, started: datetime) -> summary.Summary:
    """Run a job to its end.

    Args:
        job: prepared, see `job.prepare`.
        out: folder of the results.
        threads: for the engine; None = every core.
        started: for the files, UTC.

    Returns:
        The numbers of the run, with what was written and what could not be.

    Raises:
        UserError: the folder or the store can't be used; nothing has been begun.
        StoppedEarly: a signal, a full disk, or a user error that came late; what was finished is kept.
    """
    _probe(out)
    sinks = [load_sink(name) for name in job.city.output.sinks]
    with stoppable() as check, Store.open(job.city.store_url, write=True) as store:
        records = collect(job, store, threads=threads, check=check)
        with late_errors():
            output = results.gather(job, store, started)
            written = results.write(job, output, out, sinks)
            numbers = summary.summarise(job, records, output, written)
            with results.failing(written, summary.FILE, out):
                written.files.append(summary.write(numbers, job, started, out))
    return numbers


def check_out(out: Path, paths: Sequence[Path]) -> None:
    """Refuse a folder of results that lies among the captures: the next run would read it.

    Raises:
        UserError: it is one of the folders given, or inside one.
    """
    for path in paths:
        if path.is_dir() and out.resolve().is_relative_to(path.resolve()):
            raise UserError(
                f"the results would lie among the captures in {path}",
                where=f"--out {out}",
                todo="Give a folder beside it.",
            )


def _probe(out: Path) -> None:
    """Make the folder of results, and see that files can be made and removed in it."""
    probe = out / ".part-probe"
    try:
        out.mkdir(parents=True, exist_ok=True)
        try:
            probe.write_bytes(b"x")
        finally:
            with suppress(FileNotFoundError):
                probe.unlink()
    except OSError as error:
        if error.errno in DISK_FULL:
            raise
        raise UserError(
            f"can't be written ({error.strerror})",
            where=f"--out {out}",
            todo="Give a folder that you may write, on a disk with room.",
        ) from error
