"""The columns of results: one stable list per table, the same in GeoPackage and CSV, described in one place.

Machine names are English and stay; headings are for people, in the city's language. docs/outputs.md repeats
them, and a test holds the two together. The tables are in `findingcolumns` and `factcolumns`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Literal, TypeVar

from gatukoll.runtime.city.model import City
from gatukoll.runtime.findings.facts import FactKey, Finding, Observation
from gatukoll.runtime.texts import Language

Kind = Literal["text", "int", "float", "time"]
Value = str | int | float | datetime | None
RowT = TypeVar("RowT")


@dataclass(frozen=True, slots=True)
class Column(Generic[RowT]):
    """One column.

    Attributes:
        name: the stable machine name.
        kind: of its values; any may be None.
        sv, en: heading.
        about: what it says, unit included.
        value: row -> value.
        only: the one place that has it: CSV in that language (``sv``, ``en``), any CSV (``csv``), GIS files
            (``gis``); "" = all. GIS files have the words of both languages.
    """

    name: str
    kind: Kind
    sv: str
    en: str
    about: str
    value: Callable[[RowT], Value]
    only: Language | Literal["", "csv", "gis"] = ""

    def title(self, language: Language) -> str:
        """Return the heading in a language."""
        return self.sv if language == "sv" else self.en

    def in_csv(self, language: Language) -> bool:
        """Say whether a CSV in this language has it."""
        return self.only in ("", "csv", language)


@dataclass(frozen=True, slots=True)
class FindingRow:
    """A finding with its place: degrees WGS84, and metres (or what the city's system counts in)."""

    finding: Finding
    city: City
    lon: float
    lat: float
    east: float
    north: float


@dataclass(frozen=True, slots=True)
class ObservationRow:
    """An observation with what it belongs to."""

    observation: Observation
    key: FactKey
    model_version: str
    capture: str
    words: Mapping[Language, str]
    finding: str | None
    lon: float
    lat: float


def metres(value: float | None) -> float | None:
    """Round a size (m, m²) to 0.1, below 1 to 0.01; None where it has no meaning for the geometry (0)."""
    if value is None or not math.isfinite(value) or value <= 0:
        return None
    return round(value, 1 if value >= 1 else 2)


def rounded(value: float | None, places: int) -> float | None:
    """Round a number; None where there is none."""
    return None if value is None or not math.isfinite(value) else round(value, places)


def heading(heading_deg: float) -> int | None:
    """Round a heading to whole degrees, 0-359; None where there is none."""
    return round(heading_deg) % 360 if math.isfinite(heading_deg) else None


def pairs(attributes: Mapping[str, str | float]) -> str | None:
    """Write attributes or counts as ``key=value, key=value``; None where there are none."""
    return ", ".join(f"{k}={v}" for k, v in sorted(attributes.items())) or None
