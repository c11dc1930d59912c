"""The run, step by step: captures in, facts into the store, findings out of it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from gatukoll.errors import UserError
from gatukoll.runtime import results, summary
from gatukoll.runtime.collect import collect
from gatukoll.runtime.findings.store import Store
from gatukoll.runtime.job import Job
from gatukoll.runtime.stopping import stoppable


def run(job: Job, out: Path, *, threads: int | None, started: datetime) -> tuple[summary.Summary, list[Path]]:
    """Run a job to its end.

    Args:
        job: prepared, see `job.prepare`.
        out: folder of the results.
        threads: for the engine; None = every core.
        started: for the files, UTC.

    Returns:
        The numbers of the run, and the files that were written.

    Raises:
        UserError: the folder or the store can't be used; nothing has been begun.
        StoppedEarly: a signal or a full disk; what was finished is kept.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"can't make the folder ({error.strerror})", where=f"--out {out}") from error
    with stoppable() as check, Store.open(job.city.store_url, write=True) as store:
        records = collect(job, store, threads=threads, check=check)
        output = results.gather(job, store, started)
        files = results.write(job, output, out)
        numbers = summary.summarise(job, records, output)
        files.append(summary.write(numbers, job, started, files, out))
    return numbers, files
