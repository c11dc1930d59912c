"""What ``gatukoll evaluate`` says: the report as a type, as JSON and as a table."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from gatukoll.datasets.bootstrap import METRICS, PIXEL_METRICS, SEED, TIMES, Value
from gatukoll.datasets.boxscores import BOX_IOU
from gatukoll.datasets.scores import PART_IOU, SMALLEST_PART_PX, TOLERANCE_PX
from gatukoll.detectors.card import Metric, Score

RULES = {
    "tolerance_px": TOLERANCE_PX,
    "part_iou": PART_IOU,
    "box_iou": BOX_IOU,
    "smallest_part_px": SMALLEST_PART_PX,
    "bootstrap_times": TIMES,
    "bootstrap_seed": SEED,
}


@dataclass(frozen=True, slots=True)
class ScoredClass:
    """The scores of one class.

    Attributes:
        scores: name of the score -> value; always all of `METRICS`.
        form: ``mask`` or ``box``: what its truth was; "" where it is not labelled.
        complete: how completely it is labelled, as in source.json; of several sources the weakest.
        threshold: the card's.
        pictures: in scope.
        holding: pictures in scope that hold the class.
    """

    scores: Mapping[str, Value]
    form: str
    complete: str
    threshold: float
    pictures: int
    holding: int


@dataclass(frozen=True, slots=True)
class ScoredSource:
    """One source that took part, with the classes scored on it alone."""

    name: str
    folder: str
    hash: str
    licence: str
    pictures: int
    groups: int
    classes: Mapping[str, ScoredClass]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A picture, or all of a source for one class, that took no part, and why."""

    source: str
    what: str
    reason: str


@dataclass(frozen=True, slots=True)
class Report:
    """The result of one evaluation.

    Attributes:
        detector, model_version, model_digest, model: what was scored.
        classes: over all sources together.
        sources: each by itself.
        pictures, groups: how many took part.
        left_out: what took no part.
        command: the command line.
        json_file, worst: where things were written, None where they were not.
    """

    detector: str
    model: str
    model_version: str
    model_digest: str
    classes: Mapping[str, ScoredClass]
    sources: tuple[ScoredSource, ...]
    pictures: int
    groups: int
    left_out: tuple[LeftOut, ...]
    command: str
    json_file: Path | None = None
    worst: Path | None = None

    def card_scores(self, split: str) -> list[Score]:
        """Return the scores as they stand in a model card, one entry a source, without what can't be said."""
        return [
            Score(
                split=split,
                source=source.name,
                classes={
                    name: {
                        metric: Metric(value=v.value, low=v.low, high=v.high, count=v.count)
                        for metric, v in scored.scores.items()
                        if v.value is not None
                    }
                    for name, scored in source.classes.items()
                },
            )
            for source in self.sources
        ]


def to_json(report: Report) -> str:
    """Return the report as JSON; ``classes.<name>.<score>`` holds value, low, high, count (and reason)."""
    out = asdict(report)
    del out["json_file"]
    out["worst"] = str(report.worst) if report.worst else None
    out["classes"], out["labels"] = _flat(report.classes)
    for source, scored in zip(out["sources"], report.sources, strict=True):
        source["classes"], source["labels"] = _flat(scored.classes)
    out["rules"] = RULES
    return json.dumps(out, indent=1, ensure_ascii=False) + "\n"


def _flat(classes: Mapping[str, ScoredClass]) -> tuple[dict[str, object], dict[str, object]]:
    """Return the scores by class, and what is known of the labels of each class."""
    scores: dict[str, object] = {}
    labels: dict[str, object] = {}
    for name, scored in classes.items():
        fields = asdict(scored)
        scores[name] = {
            metric: value if value["reason"] else {k: v for k, v in value.items() if k != "reason"}
            for metric, value in fields.pop("scores").items()
        }
        labels[name] = fields
    return scores, labels


def print_table(report: Report, console: Console | None = None) -> None:
    """Print the scores as a table, of several sources each alone too, what was left out, and the paths."""
    console = console or Console(highlight=False)

    def say(text: str) -> None:
        console.print(text, highlight=False, markup=False, soft_wrap=True)

    say(
        f"{report.detector} {report.model_version}: {_number(report.pictures, 'picture')} in "
        f"{_number(report.groups, 'group')} of {_number(len(report.sources), 'source')}"
    )
    console.print(_table(report.classes))
    if len(report.sources) > 1:
        for source in report.sources:
            say(f"{source.name} alone: {_number(source.pictures, 'picture')}")
            console.print(_table(source.classes))
    say("value, 95 % interval over groups, pictures or objects it rests on; – can't be said:")
    for line in sorted(_reasons(report)):
        say(f"  {line}")
    for (reason, source_name), count in _left_out(report).items():
        say(f"left out: {count} of {source_name}: {reason}")
    if report.worst:
        say(f"worst cases: {report.worst}")
    if report.json_file:
        say(f"scores: {report.json_file}")


def _table(classes: Mapping[str, ScoredClass]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for head in ("class", "labels"):
        table.add_column(head, no_wrap=True)
    for metric in METRICS:
        table.add_column(metric.replace("_", "\n", 1), no_wrap=True, justify="right")
    for name, scored in classes.items():
        labels = f"{scored.form}\n{scored.complete}" if scored.form else "none"
        table.add_row(name, labels, *(_cell(v, metric) for metric, v in scored.scores.items()))
    return table


def _cell(value: Value, metric: str) -> str:
    if value.value is None:
        return "–"
    interval = "one group" if value.low is None or value.high is None else f"{value.low:.2f}-{value.high:.2f}"
    return f"{value.value:.3f}\n{interval}\n{value.count} {'pict.' if metric in PIXEL_METRICS else 'obj.'}"


def _number(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def _reasons(report: Report) -> set[str]:
    """Return why scores can't be said, once for each class and reason."""
    missing: dict[tuple[str, str], list[str]] = {}
    for name, scored in report.classes.items():
        for metric, value in scored.scores.items():
            if value.value is None:
                missing.setdefault((name, value.reason), []).append(metric)
    return {
        f"{name}: {reason}" if len(metrics) == len(METRICS) else f"{name} {', '.join(metrics)}: {reason}"
        for (name, reason), metrics in missing.items()
    }


def _left_out(report: Report) -> dict[tuple[str, str], int]:
    """Return (reason, source) -> how many pictures or classes took no part."""
    counts: dict[tuple[str, str], int] = {}
    for item in report.left_out:
        key = (item.reason, item.source)
        counts[key] = counts.get(key, 0) + 1
    return counts
