"""Compare what a run found with the truth of a simulated street.

A finding and a damage of the same class are candidates for each other where their geometries are at most
`GATE_M` apart: the position of a phone (1.8 m a axis, and it wanders, so a whole pass is off) decides over
that distance, not the detector. Among the candidates the pairs are chosen one to one so that as many as
possible are matched and their summed distance is least. A further finding near a matched damage and in line
with it is *split* (one long crack, reported in pieces), counted apart; what then remains is false.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from scipy.optimize import linear_sum_assignment
from shapely import hausdorff_distance, transform
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from gatukoll.errors import DataError

GATE_M = 3.0
"""Greatest distance between a finding and its damage: about 95 % of the GPS error of two passes that were
merged (1.8 m a axis each). A wider gate finds more by chance, see `by_chance`."""
SPLIT_ALONG_M = 3.0
"""A split lies beside the extent of its damage, drawn out by this much at both ends."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FoundThing:
    """One finding of a run: what the comparison needs of it.

    Attributes:
        id: of the finding.
        name: its class.
        geometry: WGS84, x = longitude, y = latitude.
        size: length in m for lines, area in m2 for areas; None where it has none.
    """

    id: str
    name: str
    geometry: BaseGeometry
    size: float | None = None


@dataclass(frozen=True, slots=True)
class TrueThing:
    """One damage of a simulated street; `geometry` WGS84, `visible` = some pass shows it big enough."""

    id: str
    name: str
    geometry: BaseGeometry
    size: float
    visible: bool


@dataclass(frozen=True, slots=True)
class Match:
    """A damage and the finding that reports it.

    Attributes:
        truth, finding: ids.
        name: class.
        distance_m: from the finding's centroid to the damage's geometry
            for lines, from centroid to centroid for areas.
        size_ratio: size of the finding over that of the damage; None where either has none.
    """

    truth: str
    finding: str
    name: str
    distance_m: float
    size_ratio: float | None


@dataclass(frozen=True, slots=True)
class ClassCount:
    """The result for one class (`name`) or all (``all``).

    Attributes:
        truths: damages that some pass shows.
        found, missed: found + missed = truths.
        hidden: damages that no pass shows big enough; finding one is neither right nor wrong.
        findings: reported; matched + split + false + on_hidden = findings.
        split: further findings on a damage that is matched already.
        on_hidden: findings that match a hidden damage.
        false: findings with no damage.
        position_m: median of the matches' `distance_m`; None without a match.
        size_error: median of abs(size_ratio - 1); None without one.
    """

    name: str
    truths: int
    found: int
    missed: int
    hidden: int
    findings: int
    split: int
    on_hidden: int
    false: int
    position_m: float | None
    size_error: float | None

    @property
    def recall(self) -> float | None:
        """Share of the visible damages that were found."""
        return self.found / self.truths if self.truths else None

    @property
    def precision(self) -> float | None:
        """Share of the findings that lie on a damage, splits counted as right."""
        return 1 - self.false / self.findings if self.findings else None


@dataclass(frozen=True, slots=True)
class Comparison:
    """A run against the truth: counts per class and over all, and every pair by id."""

    classes: tuple[ClassCount, ...]
    total: ClassCount
    matches: tuple[Match, ...]
    missed: tuple[str, ...]
    split: tuple[tuple[str, str], ...]  # (finding, truth)
    false: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Pairs:
    matches: list[Match]
    split: list[tuple[str, str]]
    false: list[str]


def read_truth(path: Path) -> tuple[TrueThing, ...]:
    """Read the damages of a truth.json.

    Raises:
        DataError: the file can't be read or is not one of `gatukoll simulate`.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        if value["format"] != "gatukoll-truth-1":
            raise DataError(f"format {value['format']}", where=str(path), allowed="gatukoll-truth-1")
        return tuple(
            TrueThing(
                d["id"],
                d["name"],
                shape(d["geometry"]),
                d["length_m"] if d["name"] == "crack" else d["area_m2"],
                bool(d["visible_in"]),
            )
            for d in value["damages"]
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"is no truth of a simulated street ({error})",
            where=str(path),
            todo="Run gatukoll simulate again.",
        ) from error


def compare(
    truth: Path | Sequence[TrueThing], findings: Iterable[FoundThing], gate_m: float = GATE_M
) -> Comparison:
    """Compare findings with the truth of a simulated street.

    Args:
        truth: truth.json, or its damages.
        findings: of all passes together, after the merge.
        gate_m: greatest distance between a finding and its damage, m.

    Raises:
        DataError: truth.json can't be read.
    """
    truths = read_truth(truth) if isinstance(truth, Path) else tuple(truth)
    found = tuple(findings)
    local = _to_metres([t.geometry for t in truths] + [f.geometry for f in found])
    metres = {("t", t.id): g for t, g in zip(truths, local, strict=False)}
    metres |= {("f", f.id): g for f, g in zip(found, local[len(truths) :], strict=True)}
    pairs = _Pairs([], [], [])
    names = sorted({t.name for t in truths} | {f.name for f in found})
    for name in names:
        _match_class(
            [t for t in truths if t.name == name], [f for f in found if f.name == name], metres, gate_m, pairs
        )
    classes = tuple(_count(name, truths, found, pairs) for name in names)
    matched = {m.truth for m in pairs.matches}
    missed = tuple(t.id for t in truths if t.visible and t.id not in matched)
    return Comparison(
        classes,
        _count("all", truths, found, pairs),
        tuple(pairs.matches),
        missed,
        tuple(pairs.split),
        tuple(pairs.false),
    )


def _to_metres(geometries: Sequence[BaseGeometry]) -> list[BaseGeometry]:
    """Return geometries on a plane through the first one (azimuthal equidistant), metres."""
    if not geometries:
        return []
    middle = geometries[0].centroid
    plane = CRS.from_proj4(f"+proj=aeqd +lat_0={middle.y} +lon_0={middle.x} +datum=WGS84 +units=m")
    to_plane = Transformer.from_crs(4326, plane, always_xy=True)
    return [transform(g, lambda xy: np.column_stack(to_plane.transform(*xy.T))) for g in geometries]


def _match_class(
    truths: list[TrueThing],
    found: list[FoundThing],
    metres: dict[tuple[str, str], BaseGeometry],
    gate_m: float,
    pairs: _Pairs,
) -> None:
    """Match the things of one class and add what came out to `pairs`."""
    if not truths or not found:
        pairs.false.extend(f.id for f in found)
        return
    away: Floats = np.array([[metres["t", t.id].distance(metres["f", f.id]) for f in found] for t in truths])
    # of two candidates at the same distance the one that fills more of the damage is the better
    fit = np.array(
        [[hausdorff_distance(metres["t", t.id], metres["f", f.id]) for f in found] for t in truths]
    )
    hidden = np.array([not t.visible for t in truths])[:, None]
    cost = np.where(away <= gate_m, away + 0.1 * fit + 20 * hidden, 1e6)
    taken: set[int] = set()
    matched: set[int] = set()
    for i, j in zip(*linear_sum_assignment(cost), strict=True):
        if away[i, j] > gate_m:
            continue
        taken.add(int(j))
        matched.add(int(i))
        t, f = truths[i], found[j]
        ratio = f.size / t.size if f.size and t.size else None
        apart = _apart(metres["t", t.id], metres["f", f.id])
        pairs.matches.append(Match(t.id, f.id, t.name, apart, ratio))
    for j, f in enumerate(found):
        if j in taken:
            continue
        on = [
            i
            for i in sorted(matched)
            if away[i, j] <= gate_m and _in_line(metres["t", truths[i].id], metres["f", f.id])
        ]
        if on:
            pairs.split.append((f.id, truths[min(on, key=lambda i: float(away[i, j]))].id))
        else:
            pairs.false.append(f.id)


def _apart(true: BaseGeometry, found: BaseGeometry) -> float:
    """Return a finding's error of place, m: across a line (its ends may be out of sight), else of middles."""
    if true.geom_type.endswith("LineString"):
        return float(true.distance(found.centroid))
    return float(true.centroid.distance(found.centroid))


def _in_line(true: BaseGeometry, found: BaseGeometry) -> bool:
    """Say whether a finding lies beside the extent of a long damage, so that it can be a piece of it."""
    box = true.minimum_rotated_rectangle
    if box.geom_type != "Polygon":
        return bool(true.distance(found) <= SPLIT_ALONG_M)
    corners = np.array(box.exterior.coords)[:4]
    sides = [corners[1] - corners[0], corners[2] - corners[1]]
    lengths = [float(np.hypot(*s)) for s in sides]
    k = int(np.argmax(lengths))
    if lengths[k] < 1e-6:
        return False
    along = sides[k] / lengths[k]
    points = np.array([[found.centroid.x, found.centroid.y]])
    start = min(float(c @ along) for c in corners)
    at = float((points @ along)[0]) - start
    return -SPLIT_ALONG_M <= at <= lengths[k] + SPLIT_ALONG_M


def _count(name: str, truths: Sequence[TrueThing], found: Sequence[FoundThing], pairs: _Pairs) -> ClassCount:
    own = [t for t in truths if name in ("all", t.name)]
    reported = [f for f in found if name in ("all", f.name)]
    ids = {f.id for f in reported}
    seen = {t.id for t in own if t.visible}
    matches = [m for m in pairs.matches if m.finding in ids]
    right = [m for m in matches if m.truth in seen]
    ratios = [m.size_ratio for m in right if m.size_ratio is not None]
    return ClassCount(
        name=name,
        truths=len(seen),
        found=len(right),
        missed=len(seen) - len(right),
        hidden=len(own) - len(seen),
        findings=len(reported),
        split=sum(f in ids for f, _ in pairs.split),
        on_hidden=len(matches) - len(right),
        false=sum(f in ids for f in pairs.false),
        position_m=float(np.median([m.distance_m for m in right])) if right else None,
        size_error=float(np.median([abs(r - 1) for r in ratios])) if ratios else None,
    )
