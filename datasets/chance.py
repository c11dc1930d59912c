"""How much of a comparison with the truth is luck: a street full of damage is hit by anything reported."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from shapely import affinity

from gatukoll.datasets.drive_truth import GATE_M, FoundThing, compare, read_truth

SHIFTS_M = (-45.0, -30.0, 20.0, 35.0, 50.0)
"""Ways along the street by which the findings are moved: far beyond any error of place."""


def by_chance(truth: Path, findings: Sequence[FoundThing], gate_m: float = GATE_M) -> dict[str, float]:
    """Return class (and ``all``) -> damages that the same findings would hit if they lay elsewhere.

    The findings are moved along the street, as they are, and compared again; the mean over `SHIFTS_M`.

    Args:
        truth: truth.json of a simulated street.
        findings: as for `compare`.
        gate_m: as for `compare`.

    Raises:
        DataError: truth.json can't be read.
    """
    read_truth(truth)  # said for its errors
    street = json.loads(truth.read_text(encoding="utf-8"))
    (x0, y0), *_, (x1, y1) = street["street"]["coordinates"]
    hit: Counter[str] = Counter()
    for shift in SHIFTS_M:
        share = shift / float(street["length_m"])
        moved = [
            replace(f, geometry=affinity.translate(f.geometry, (x1 - x0) * share, (y1 - y0) * share))
            for f in findings
        ]
        result = compare(truth, moved, gate_m)
        for row in (*result.classes, result.total):
            hit[row.name] += row.found
    return {name: count / len(SHIFTS_M) for name, count in hit.items()}
