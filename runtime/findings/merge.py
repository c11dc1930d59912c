"""Facts into findings: a pure function, so the same facts in any order give the same findings.

Canonical order is (time of the first frame, content digest of the capture, number). Passages are taken in it
one by one, and each is matched as a whole with the things found so far, so two potholes side by side stay
two. Later passages never change what earlier ones were matched to; they only join parts of long things.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gatukoll.detectors.contract import FindingClass, Grade
from gatukoll.runtime.findings.clusters import clusters
from gatukoll.runtime.findings.facts import FactKey, FactSet, Finding, Observation
from gatukoll.runtime.findings.promotion import promoted
from gatukoll.runtime.findings.things import MergeOptions
from gatukoll.runtime.placing.plane import Plane

GradeFunction = Callable[[str, str, Mapping[str, float]], Grade]
"""(detector, class, size) -> severity with its rule."""

_SIZES = ("length_m", "width_m", "area_m2")
_LEAST_SD_M = 0.5
_CLEARLY_WORSE = 1.5
_ID_DECIMALS, _ID_LENGTH = 5, 12  # 1e-5 degrees is a metre; 12 letters are 60 bits

Seen = tuple[FactKey, str, Observation]  # with the model's version


def merge(
    sets: Iterable[FactSet],
    class_tables: Mapping[str, Sequence[FindingClass]],
    grade_fn: GradeFunction,
    options: MergeOptions | None = None,
    *,
    in_use: Collection[tuple[str, str, str]] = (),
) -> tuple[Finding, ...]:
    """Compute the findings, in order of first sight.

    Args:
        sets: facts in any order; of several sets of one capture and detector, the promoted one is read.
        class_tables: detector -> its classes; facts of other detectors are left out. A class that the table
            no longer has goes by its own name.
        grade_fn: gives the severity.
        options: when two observations are one thing.
        in_use: see `promotion.promoted`.
    """
    known = {s.key: s for s in sets if s.key.detector in class_tables}
    chosen = promoted(((key, s.model_version) for key, s in known.items()), in_use)
    groups: dict[tuple[str, str], list[Seen]] = {}
    for key in chosen:
        for seen in known[key].observations:
            groups.setdefault((key.detector, seen.name), []).append((key, known[key].model_version, seen))
    found: list[tuple[Finding, str]] = []
    for detector, name in sorted(groups):
        group = sorted(groups[detector, name], key=_canonical)
        words = {c.name: c for c in class_tables[detector]}.get(name)
        for thing in clusters([k for k, _, _ in group], [o for _, _, o in group], options or MergeOptions()):
            passages = [[group[i] for i in way] for way in thing]
            key, _, earliest = min(passages[0], key=_canonical)
            finding = _finding(passages, words, grade_fn, options or MergeOptions())
            found.append((finding, _origin(key, earliest)))
    return _named(sorted(found, key=lambda f: (f[0].first_seen, f[0].observations)))


def _canonical(seen: Seen) -> tuple[object, ...]:
    key, _, observation = seen
    return observation.first, key.capture, observation.number


def _finding(
    passages: Sequence[Sequence[Seen]],
    words: FindingClass | None,
    grade_fn: GradeFunction,
    options: MergeOptions,
) -> Finding:
    """Make a finding, without its id, of one thing's observations by passage."""
    members = sorted((m for way in passages for m in way), key=_canonical)
    key, _, earliest = members[0]
    observations = [o for _, _, o in members]
    size, complete = _size(passages, options)
    best = _best(complete, options)
    grade = grade_fn(key.detector, earliest.name, size)
    newest = max(members, key=lambda m: (m[2].last, _canonical(m)))
    by_score = sorted(members, key=lambda m: (m[2].score, _canonical(m)))
    return Finding(
        id="",
        detector=key.detector,
        name=earliest.name,
        sv=words.sv if words else earliest.name,
        en=words.en if words else earliest.name,
        severity=grade.severity,
        rule=grade.rule,
        rule_source=grade.source,
        score=by_score[-1][2].score,
        geometry=_geometry(best, passages, options),
        size=size,
        sd_m=max(float(sum(o.sd_m**-2 for o in observations)) ** -0.5, _LEAST_SD_M)
        if len(observations) > 1
        else earliest.sd_m,
        heading_deg=best[0][2].heading_deg,
        first_seen=min(o.first for o in observations),
        last_seen=max(o.last for o in observations),
        captures=len({k.capture for k, _, _ in members}),
        sightings=len({(k.capture, s["frame"]) for k, _, o in members for s in o.sightings}),
        observations=tuple((k, o.number) for k, _, o in members),
        attributes={k: v for _, _, o in by_score for k, v in o.attributes.items()},
        model_version=newest[1],
    )


def _best(complete: Sequence[Sequence[Seen]], options: MergeOptions) -> Sequence[Seen]:
    """Return the passage whose geometry the finding takes: the best placed, or of a long thing the longest.

    The longest of those that are not placed clearly worse than the best; a thing is rarely seen too long.
    """
    lengths = {id(way): sum(o.size.get("length_m", 0.0) for _, _, o in way) for way in complete}
    best = min(complete, key=lambda way: (_sd(way), _canonical(way[0])))
    if max(lengths.values()) <= options.compact_m:
        return best
    reliable = [way for way in complete if _sd(way) <= _CLEARLY_WORSE * _sd(best)]
    return min(reliable, key=lambda way: (-round(lengths[id(way)], 3), _sd(way), _canonical(way[0])))


def _sd(way: Sequence[Seen]) -> float:
    return float(np.mean([o.sd_m for _, _, o in way]))


def _size(
    passages: Sequence[Sequence[Seen]], options: MergeOptions
) -> tuple[dict[str, float], list[Sequence[Seen]]]:
    """Return the mean size, weighed with the inverse relative variance, and the passages that it rests on.

    Of a long thing only passages count that saw nearly all of it: a part says nothing of the whole.
    """
    totals = [_total([o for _, _, o in way]) for way in passages]
    main = "area_m2" if any(t["area_m2"] for t in totals) else "length_m"
    largest = max(t[main] for t in totals)
    long = max(t["length_m"] for t in totals) > options.compact_m
    used = [i for i, t in enumerate(totals) if not long or t[main] >= options.complete * largest]
    weights = np.array([1 / max(totals[i]["size_sd"], 1e-3) ** 2 for i in used])
    weights /= weights.sum()
    names = (*_SIZES, "size_sd")
    size = {name: float(weights @ [totals[i][name] for i in used]) for name in names}
    return size, [passages[i] for i in used]


def _total(parts: Sequence[Observation]) -> dict[str, float]:
    """Return the size of what one passage saw of a thing."""
    return {
        "length_m": float(sum(o.size.get("length_m", 0.0) for o in parts)),
        "width_m": float(max(o.size.get("width_m", 0.0) for o in parts)),
        "area_m2": float(sum(o.size.get("area_m2", 0.0) for o in parts)),
        "size_sd": float(np.mean([o.size.get("size_sd", 0.0) for o in parts])),
    }


def _geometry(
    best: Sequence[Seen], passages: Sequence[Sequence[Seen]], options: MergeOptions
) -> BaseGeometry:
    """Return the best passage's geometry; that of a compact thing is moved to the mean place of all."""
    shapes = [o.geometry for _, _, o in best]
    if len(passages) == 1 and len(shapes) == 1:
        return shapes[0]
    anchor = shapes[0].centroid
    plane = Plane(anchor.y, anchor.x)
    if len(shapes) > 1:
        return plane.round(shapely.union_all([plane.flat(s) for s in shapes]))
    members = [o for way in passages for _, _, o in way]
    if max(o.size.get("length_m", 0.0) for o in members) > options.compact_m:
        return shapes[0]
    middles = plane.to_metres([(o.geometry.centroid.x, o.geometry.centroid.y) for o in members])
    weights = np.array([max(o.sd_m, _LEAST_SD_M) ** -2 for o in members])
    shift = weights @ middles / weights.sum()  # the plane's origin is the middle of the best
    return shapely.transform(shapes[0], lambda lon_lat: plane.to_degrees(plane.to_metres(lon_lat) + shift))


def _named(found: Sequence[tuple[Finding, str]]) -> tuple[Finding, ...]:
    """Give each finding its id, made of its earliest observation's capture, detector, class and place.

    Neither other observations nor the model play a part, so an id stays when passages or things elsewhere are
    added. It changes when the earliest observation does: by an earlier passage that comes late, or by another
    model that places it elsewhere by more than the rounding. Two in one metre get ids by their order.
    """
    used: Counter[str] = Counter()
    named = []
    for finding, origin in found:
        used[origin] += 1
        digest = hashlib.sha256(f"{origin}#{used[origin]}".encode()).digest()
        named.append(replace(finding, id=base64.b32encode(digest).decode().lower()[:_ID_LENGTH]))
    return tuple(named)


def _origin(key: FactKey, earliest: Observation) -> str:
    """Return what a finding's id is made of."""
    place = earliest.geometry.centroid
    lon, lat = round(place.x, _ID_DECIMALS), round(place.y, _ID_DECIMALS)
    return f"{key.capture} {key.detector} {earliest.name} {lon:.{_ID_DECIMALS}f} {lat:.{_ID_DECIMALS}f}"
