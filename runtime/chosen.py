"""The detectors that a city has on, with their models checked, before anything is begun."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any

from gatukoll.detectors import registry
from gatukoll.errors import UserError
from gatukoll.runtime.city.load import load_detectors, settings_digest
from gatukoll.runtime.city.model import City
from gatukoll.runtime.engine import Loaded
from gatukoll.runtime.placing.options import PlacingOptions

FACTS_VERSION = 1
"""Raise it when the code that makes facts (reading, placing) makes other facts of the same capture."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """One detector as this city runs it.

    Attributes:
        loaded: what the engine opens.
        options: its options, as its own model.
        model: sha256 over its ONNX files.
        settings: sha256 over what the city's file says that changes its facts.
        code: sha256 over its source files.
    """

    loaded: Loaded
    options: Any
    model: str
    settings: str
    code: str

    @property
    def name(self) -> str:
        """Name of the detector."""
        return self.loaded.detector.name

    def settings_for(self, reading: str) -> str:
        """Return the digest of all that changes its facts of a capture that is read in this way."""
        return digest_of(FACTS_VERSION, self.code, self.settings, reading, asdict(PlacingOptions()))


def choose(city: City) -> tuple[Chosen, ...]:
    """Return the detectors that are on, in the order of the city's file.

    Raises:
        ConfigError, PluginError, ModelError: one of them can't be used; nothing has been begun.
    """
    return tuple(_chosen(city, name) for name in load_detectors(city))


def _chosen(city: City, name: str) -> Chosen:
    plugin = registry.get(name, enabled=False)
    detector = plugin.load()
    try:
        paths = plugin.model_paths()
        cards = {which: plugin.card(which) for which in paths}
    except UserError as error:
        raise type(error)(
            f"{error.where}: {error.what}",
            where=city.at("detectors", name),
            todo=f"{error.todo} Or write enabled: false.".strip(),
        ) from error
    loaded = Loaded(
        detector,
        cards["model"],
        paths["model"],
        cards.get("classifier"),
        paths.get("classifier"),
        city.detectors[name].thresholds(cards["model"].thresholds),
    )
    return Chosen(
        loaded,
        city.options_for(detector),
        registry.digest(plugin),
        settings_digest(city, detector),
        plugin.code,
    )


def digest_of(*parts: str | int | dict[str, Any]) -> str:
    """Return the sha256 over JSON values."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()
