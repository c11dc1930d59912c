"""Reads a city's file: checked against the model, the installed detectors and sinks, and itself."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import Field, create_model

from gatukoll.detectors import registry
from gatukoll.detectors.contract import Detector
from gatukoll.errors import ConfigError, PluginError, UserError, nearest_word
from gatukoll.runtime import crs
from gatukoll.runtime.city.model import City, DetectorSettings
from gatukoll.runtime.sinks.base import sink_names
from gatukoll.runtime.yamlfile import Settings, load_yaml, where


def load_city(path: Path | str) -> City:
    """Read and check a city's file; detectors that are on are imported, their models are not opened.

    Raises:
        ConfigError: with file, line, key and the nearest right word.
        PluginError: a detector that is on can't be loaded.
    """
    path = Path(path)
    city = load_yaml(path, City)
    city._path = path
    detectors = load_detectors(city, path)
    load_yaml(path, with_options(detectors.values()))  # said for its errors: options at their lines
    _check_scores(city, path, detectors)
    _check_owners(city, path)
    _check_rules(city, path, detectors)
    _check_output(city, path)
    return city


def load_detectors(city: City, path: Path | None = None) -> dict[str, Detector]:
    """Import the detectors that are on, in the order of the file.

    Raises:
        ConfigError: no detector has that name.
        PluginError: it can't be loaded.
    """
    found = {}
    for name in city.enabled:
        at = where(path, "detectors", name) if path else city.at("detectors", name)
        plugin = registry.get(name, enabled=False, where=at)
        try:
            found[name] = plugin.load()
        except PluginError as error:
            raise PluginError(
                f"{error.where or plugin.where}: {error.what}",
                where=at,
                todo="Mend it, or write enabled: false.",
            ) from error
    return found


def settings_digest(city: City, detector: Detector) -> str:
    """Return the sha256 over what the city's file says that changes the facts of a detector.

    That is how frames are taken out, the mounting that is assumed, and its thresholds. Its options are left
    out: by the contract they reach `grade` alone, so findings follow them without a picture being read
    again. Owners, routing, language and coordinate system touch results only.
    """
    facts = {
        "reading": city.reading.model_dump(mode="json"),
        "camera": city.camera.model_dump(mode="json"),
        "min_score": city.detectors.get(detector.name, DetectorSettings()).min_score,
    }
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def with_options(detectors: Iterable[Detector]) -> type[City]:
    """Return the model of the city's file with the options of these detectors typed.

    Detectors that are not among them may stand in the file with any options.
    """
    fields: dict[str, Any] = {}
    for detector in detectors:
        options = Field(default_factory=dict, validate_default=True, description="the detector's own options")
        settings = create_model(
            f"{detector.name}_settings",
            __base__=DetectorSettings,
            __doc__=f"Settings of the detector {detector.name}.",
            options=(detector.options_model, options),
        )
        fields[detector.name] = (
            settings,
            Field(default_factory=settings, description=f"how the city wants {detector.name}"),
        )
    table = create_model("Detectors", __base__=_AnyDetector, **fields)
    description = City.model_fields["detectors"].description
    typed: dict[str, Any] = {"detectors": (table, Field(description=description))}
    return create_model("CityWithOptions", __base__=City, __doc__=City.__doc__, **typed)


def schema() -> dict[str, Any]:
    """Return the JSON schema of the city's file, with the options of all detectors that are installed."""
    found = with_options(all_detectors().values()).model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **found, "title": "gatukoll city file"}


class _AnyDetector(Settings, extra="allow"):
    """What a city says of its detectors, by their names."""

    __pydantic_extra__: dict[str, DetectorSettings]


def classes_of(detectors: Mapping[str, Detector]) -> dict[str, tuple[str, ...]]:
    """Return class name -> names of the detectors that report it."""
    found: dict[str, tuple[str, ...]] = {}
    for name, detector in detectors.items():
        for kind in detector.classes:
            found[kind.name] = (*found.get(kind.name, ()), name)
    return found


def _check_scores(city: City, path: Path, detectors: Mapping[str, Detector]) -> None:
    for name, detector in detectors.items():
        for word in city.detectors[name].min_score:
            _known(
                word,
                [c.name for c in detector.classes],
                f"the detector {name} has no such class",
                where(path, "detectors", name, "min_score", word),
            )


def _check_owners(city: City, path: Path) -> None:
    ids: dict[str, int] = {}
    for i, owner in enumerate(city.owners):
        # folders are named after owners, and some file systems don't tell large letters from small
        first = ids.setdefault(owner.id.casefold(), i)
        if first != i:
            other = where(path, "owners", first, "id").split(" ")[0].rpartition(":")[2]
            raise ConfigError(
                f'the id "{owner.id}" is taken, see line {other}', where=where(path, "owners", i, "id")
            )
    known = [o.id for o in city.owners]
    for i, rule in enumerate(city.routing):
        _known(rule.owner, known, f'unknown owner "{rule.owner}"', where(path, "routing", i, "owner"))
    _known(city.fallback, known, f'unknown owner "{city.fallback}"', where(path, "fallback"))


def _check_rules(city: City, path: Path, detectors: Mapping[str, Detector]) -> None:
    """Refuse words that no installed detector knows; rules for detectors that are off may stay."""
    names = {p.name for p in registry.installed()}
    classes: set[str] | None = None
    for i, rule in enumerate(city.routing):
        for k, name in enumerate(rule.detectors or ()):
            at = where(path, "routing", i, "detectors", k)
            _known(name, sorted(names), f'unknown detector "{name}"', at)
        for k, word in enumerate(rule.classes or ()):
            if word in classes_of(detectors):
                continue
            classes = set(classes_of(all_detectors())) if classes is None else classes
            _known(
                word,
                sorted(classes),
                f'no installed detector has a class "{word}"',
                where(path, "routing", i, "classes", k),
            )


def all_detectors() -> dict[str, Detector]:
    """Import every installed detector that can be; the others are left out."""
    found = {}
    for plugin in registry.installed():
        try:
            if not plugin.clash:
                found[plugin.name] = plugin.load()
        except UserError:
            continue
    return found


def _check_output(city: City, path: Path) -> None:
    known = sink_names()
    for i, name in enumerate(city.output.sinks):
        _known(name, known, f'unknown sink "{name}"', where(path, "output", "sinks", i))
    crs.check_epsg(city.output.epsg, where=where(path, "output", "epsg"))


def _known(word: str, words: Sequence[str], what: str, at: str) -> None:
    """Raise unless a word is among those known."""
    if word not in words:
        raise ConfigError(what, where=at, nearest=nearest_word(word, words), allowed=", ".join(words))
