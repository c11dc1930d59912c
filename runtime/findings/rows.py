"""Facts as rows of the store's tables, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import RowMapping

from gatukoll.runtime.findings.facts import CaptureRecord, FactKey, FactSet, Look, Observation

_RECORD = tuple(f.name for f in fields(CaptureRecord))
_OBSERVATION = tuple(f.name for f in fields(Observation))
_LOOK = tuple(f.name for f in fields(Look))


def record_row(record: CaptureRecord) -> dict[str, Any]:
    """Return a capture's row, without the time of writing."""
    row = {name: getattr(record, name) for name in _RECORD}
    return row | {name: dict(row[name]) for name in ("plan", "rejected", "warnings")}


def observation_row(set_id: int, seen: Observation) -> dict[str, Any]:
    """Return an observation's row; its place for bounding-box searches is the centroid."""
    place = seen.geometry.centroid
    row = {name: getattr(seen, name) for name in _OBSERVATION}
    return row | {
        "set_id": set_id,
        "size": dict(seen.size),
        "sightings": [dict(s) for s in seen.sightings],
        "attributes": dict(seen.attributes),
        "lon_deg": place.x,
        "lat_deg": place.y,
    }


def look_row(set_id: int, look: Look) -> dict[str, Any]:
    """Return a look's row."""
    return {name: getattr(look, name) for name in _LOOK} | {"set_id": set_id}


def record_of(row: RowMapping) -> CaptureRecord:
    """Return the record that a row holds."""
    return CaptureRecord(**{name: row[name] for name in _RECORD})


def observation_of(row: RowMapping) -> Observation:
    """Return the observation that a row holds."""
    values = {name: row[name] for name in _OBSERVATION}
    return Observation(**values | {"sightings": tuple(row["sightings"])})


def look_of(row: RowMapping) -> Look:
    """Return the look that a row holds."""
    return Look(**{name: row[name] for name in _LOOK})


def key_of(row: RowMapping) -> FactKey:
    """Return the key of a fact set's row."""
    return FactKey(row["capture"], row["detector"], row["model"], row["settings"])


def fact_sets_of(
    sets: Sequence[RowMapping], observations: Sequence[RowMapping], looks: Sequence[RowMapping]
) -> tuple[FactSet, ...]:
    """Put rows together; `observations` and `looks` come sorted by number."""
    seen: dict[int, list[Observation]] = {}
    looked: dict[int, list[Look]] = {}
    for row in observations:
        seen.setdefault(row["set_id"], []).append(observation_of(row))
    for row in looks:
        looked.setdefault(row["set_id"], []).append(look_of(row))
    return tuple(
        FactSet(key_of(s), s["model_version"], tuple(seen.get(s["id"], ())), tuple(looked.get(s["id"], ())))
        for s in sets
    )


def key_values(key: FactKey) -> Mapping[str, str]:
    """Return a key's columns."""
    return {"capture": key.capture, "detector": key.detector, "model": key.model, "settings": key.settings}
