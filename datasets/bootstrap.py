"""From counts to scores with intervals: the bootstrap over groups.

Pictures of one street, drive or section resemble each other, so the groups are what is drawn again, with
replacement (B. Efron and R. Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13: percentile
interval; the cluster form for dependent data).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from gatukoll.datasets.scores import Counts

TIMES = 1000
SEED = 20260914
"""Any number; fixed, so that a score printed twice is the same."""

Floats = NDArray[np.float64]
_COLUMN = {f.name: i for i, f in enumerate(fields(Counts))}


@dataclass(frozen=True, slots=True)
class Value:
    """One score: a ratio of sums, with its 95 % interval.

    Attributes:
        value: 0..1, None where it can't be said; `reason` says why.
        low, high: 2.5 and 97.5 percentile over resampled groups; None with fewer than two groups.
        count: what it rests on: objects for the scores of objects, pictures for those of pixels.
    """

    value: float | None
    low: float | None
    high: float | None
    count: int
    reason: str = ""


def _ratio(sums: Floats, above: str, below: str) -> Floats:
    """Return the ratio of two columns; NaN where the lower one is 0."""
    a, b = sums[..., _COLUMN[above]], sums[..., _COLUMN[below]]
    return np.divide(a, b, out=np.full_like(b, np.nan), where=b > 0)


def _f1(sums: Floats, precision: tuple[str, str], recall: tuple[str, str]) -> Floats:
    """Return the harmonic mean; 0 where one of the two can't be said, NaN where neither can."""
    p, r = _ratio(sums, *precision), _ratio(sums, *recall)
    nothing = np.isnan(p) & np.isnan(r)
    p, r = np.nan_to_num(p), np.nan_to_num(r)
    mean = np.divide(2 * p * r, p + r, out=np.zeros_like(p), where=p + r > 0)
    return np.where(nothing, np.nan, mean)


METRICS: Mapping[str, Callable[[Floats], Floats]] = {
    "iou": lambda s: _ratio(s, "inter", "union"),
    "f1_3px": lambda s: _f1(s, ("right_px", "predicted_px"), ("found_px", "truth_px")),
    "object_precision": lambda s: _ratio(s, "right", "predicted"),
    "object_recall": lambda s: _ratio(s, "found", "truth"),
    "object_f1": lambda s: _f1(s, ("right", "predicted"), ("found", "truth")),
}
"""Name of a score -> function of summed counts (..., 11) giving (...)."""

PIXEL_METRICS = ("iou", "f1_3px")
_NOTHING = {
    "iou": "nothing labelled and nothing reported",
    "f1_3px": "nothing labelled and nothing reported",
    "object_precision": "nothing reported",
    "object_recall": "nothing labelled",
    "object_f1": "nothing labelled and nothing reported",
}


def score(
    counts: Sequence[tuple[str, Counts]], metric: str, *, seed: int = SEED, times: int = TIMES
) -> Value:
    """Return one score over pictures, each given as (its group, its counts).

    Pictures whose absence is not labelled take no part; if there are no others, only the recall of objects
    can be said.

    Args:
        counts: a picture with an empty group name is a group of its own.
        metric: a name in `METRICS`.
        seed: of the resampling.
        times: how often groups are drawn again.
    """
    rows = [(group, c) for group, c in counts if c.scored]
    if not rows and counts:
        if metric != "object_recall":
            return Value(None, None, None, 0, "the absence of this class is not labelled")
        rows = list(counts)
    if not rows:
        return Value(None, None, None, 0, "no picture")
    table = _by_group(rows)
    total = table.sum(axis=0)
    value = float(METRICS[metric](total))
    count = _count(metric, total, len(rows))
    if np.isnan(value):
        return Value(None, None, None, count, _NOTHING[metric])
    low, high = interval(table, METRICS[metric], seed=seed, times=times)
    return Value(value, low, high, count)


def interval(
    table: Floats, metric: Callable[[Floats], Floats], *, seed: int = SEED, times: int = TIMES
) -> tuple[float | None, float | None]:
    """Return the 95 % percentile interval of a ratio of sums, groups drawn with replacement.

    Args:
        table: (groups, columns), the summed counts of each group.
        metric: summed counts (times, columns) -> values (times,); NaN draws are left out.
        seed: of the resampling.
        times: how often groups are drawn again.
    """
    groups = len(table)
    if groups < 2:
        return None, None
    draws = np.random.default_rng(seed).multinomial(groups, np.full(groups, 1 / groups), size=times)
    values = metric(draws @ table)
    values = values[~np.isnan(values)]
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def _by_group(rows: Sequence[tuple[str, Counts]]) -> Floats:
    """Return the sums of each group (groups, 11), groups in order of name."""
    sums: dict[str, Floats] = {}
    for number, (group, counts) in enumerate(rows):
        key = group or f"\0{number}"
        sums[key] = sums.get(key, 0.0) + counts.row().astype(np.float64)
    return np.stack([sums[key] for key in sorted(sums)])


def _count(metric: str, total: Floats, pictures: int) -> int:
    if metric in PIXEL_METRICS:
        return pictures
    return int(total[_COLUMN["predicted" if metric == "object_precision" else "truth"]])
