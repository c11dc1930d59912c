"""What a run says of itself: run.json, and the same in a few lines on the terminal."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gatukoll import __version__
from gatukoll.runtime import routing
from gatukoll.runtime.findings.facts import REJECTED_ITEMS, CaptureRecord
from gatukoll.runtime.job import Job
from gatukoll.runtime.results import Written
from gatukoll.runtime.sinks.base import Output, put_in_place

FILE = "run.json"


@dataclass(frozen=True, slots=True)
class Tally:
    """accepted + sum(rejected) = offered."""

    offered: int
    accepted: int
    rejected: Mapping[str, int]

    def as_json(self) -> dict[str, Any]:
        """Return it as it stands in run.json."""
        return {
            "offered": self.offered,
            "accepted": self.accepted,
            "rejected": dict(sorted(self.rejected.items())),
        }


@dataclass(frozen=True, slots=True)
class Summary:
    """The numbers of a run.

    Attributes:
        captures, frames: of the paths that were given.
        warnings, ignored: code -> count; outside the sums.
        findings: class -> severity -> count, of all that the city's store holds.
        counts: where they went.
        held_back: things that were seen too seldom to be reported.
        km: driven while filming, of the captures given.
        records: what is noted of each capture given.
        refused: name, code, detail of what was no capture.
        written: the files, and those that could not be written.
        outside: name and reason of captures in the store whose places the city's system can't hold.
    """

    captures: Tally
    frames: Tally
    warnings: Mapping[str, int]
    ignored: Mapping[str, int]
    findings: Mapping[str, Mapping[int, int]]
    counts: routing.Counts
    held_back: int
    km: float
    records: tuple[CaptureRecord, ...]
    refused: tuple[tuple[str, str, str], ...]
    outside: tuple[tuple[str, str], ...]
    written: Written


def summarise(job: Job, records: Sequence[CaptureRecord], output: Output, written: Written) -> Summary:
    """Count."""
    refused = Counter(code for _, code, _ in job.found.rejected)
    refused.update(r.code for r in records if r.state == "rejected")
    accepted = sum(r.state == "done" for r in records)
    findings: dict[str, Counter[int]] = {
        kind.name: Counter() for table in output.classes.values() for kind in table
    }
    for finding in output.findings:
        findings[finding.name][finding.severity] += 1
    return Summary(
        captures=Tally(len(records) + len(job.found.rejected), accepted, refused),
        frames=Tally(
            sum(r.offered for r in records),
            sum(r.accepted for r in records),
            _sum(r.rejected for r in records),
        ),
        warnings=_sum(r.warnings for r in records),
        ignored=job.found.ignored,
        findings=findings,
        counts=routing.count(output.findings, job.city),
        held_back=output.held_back,
        km=sum(float(r.plan.get("length_m", 0)) for r in records if _is_filmed(r)) / 1000,
        records=tuple(records),
        refused=job.found.rejected,
        outside=output.outside,
        written=written,
    )


def _is_filmed(record: CaptureRecord) -> bool:
    """Say whether something was seen on the way: a trace alone is driven, not filmed."""
    return record.state == "done" and record.kind != "trace"


def _sum(counts: Iterable[Mapping[str, int]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for count in counts:
        total.update(count)
    return total


def write(summary: Summary, job: Job, started: datetime, folder: Path) -> Path:
    """Write run.json, whole or not at all."""
    path = folder / FILE
    value = {
        "gatukoll": __version__,
        "started": started.isoformat(timespec="seconds"),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "city": job.city.name,
        "detectors": {
            item.name: {"version": item.loaded.card.version, "model": item.model} for item in job.chosen
        },
        "captures": summary.captures.as_json(),
        "frames": summary.frames.as_json(),
        "warnings": dict(sorted(summary.warnings.items())),
        "ignored": dict(sorted(summary.ignored.items())),
        "notes": list(job.found.notes),
        "km": round(summary.km, 3),
        "findings": {
            "total": summary.counts.findings,
            "held_back": summary.held_back,
            "by_class": {name: {str(s): n[s] for s in (1, 2, 3)} for name, n in summary.findings.items()},
            "routed": summary.counts.routed,
            "fallback": summary.counts.fallback,
            "by_owner": dict(summary.counts.owners),
        },
        "outside_area": [{"name": name, "detail": reason} for name, reason in summary.outside],
        "each_capture": [_each(r) for r in summary.records]
        + [{"name": n, "state": "rejected", "code": c, "detail": d} for n, c, d in summary.refused],
        "files": [f.relative_to(folder).as_posix() for f in summary.written.files],
        "edited": [f.relative_to(folder).as_posix() for f in summary.written.edited],
        "not_written": dict(summary.written.failed),
    }
    with put_in_place(path) as part:
        part.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def _each(record: CaptureRecord) -> dict[str, Any]:
    items = record.plan.get(REJECTED_ITEMS, ())
    return {
        "name": record.name,
        "kind": record.kind,
        "digest": record.digest,
        "state": record.state,
        "code": record.code,
        "detail": record.detail,
        "clock": record.plan.get("clock", ""),
        "starts": record.plan.get("starts"),
        "km": round(float(record.plan.get("length_m", 0)) / 1000, 3),
        "frames": Tally(record.offered, record.accepted, record.rejected).as_json()
        | {
            "items": [{"source": source, "code": code} for source, code in items],
            "items_left_out": sum(record.rejected.values()) - len(items),
        },
        "warnings": dict(record.warnings),
    }
