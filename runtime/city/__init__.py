"""The city's file: what is looked for, who gets it, where results go."""

from __future__ import annotations

from gatukoll.runtime.city.check import check
from gatukoll.runtime.city.load import load_city, load_detectors, schema, settings_digest
from gatukoll.runtime.city.model import City, DetectorSettings, Mounting, Owner, Reading, Results, Rule

__all__ = [
    "City",
    "DetectorSettings",
    "Mounting",
    "Owner",
    "Reading",
    "Results",
    "Rule",
    "check",
    "load_city",
    "load_detectors",
    "schema",
    "settings_digest",
]
