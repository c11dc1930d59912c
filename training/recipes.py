"""Finds recipes beside the detectors that are installed, without importing a single detector."""

from __future__ import annotations

import logging
from pathlib import Path

from gatukoll.detectors import registry
from gatukoll.errors import ConfigError, PluginError, nearest_word

RECIPE, DATA = "recipe.yaml", "data.yaml"
logger = logging.getLogger(__name__)


def recipe_folders() -> dict[str, Path]:
    """Return detector name -> folder with its ``recipe.yaml``; detectors without one are left out."""
    found = {}
    for plugin in registry.installed():
        try:
            folder = plugin.folder
        except PluginError as error:  # a broken plugin must not stop the others
            logger.info("%s", error)
            continue
        if not plugin.clash and (folder / RECIPE).is_file():
            found[plugin.name] = folder
    return found


def chosen(overrides: list[str]) -> str:
    """Return the detector that ``detector=NAME`` names.

    Raises:
        ConfigError: where none is named, or one without a recipe.
    """
    known = recipe_folders()
    names = [o.partition("=")[2] for o in overrides if o.lstrip("+").partition("=")[0] == "detector"]
    listed = ", ".join(sorted(known)) or "none installed"
    if not names:
        raise ConfigError("no detector is named", where="detector=NAME", allowed=listed)
    if names[-1] not in known:
        raise ConfigError(
            f'no detector with a recipe is called "{names[-1]}"',
            where=f"detector={names[-1]}",
            allowed=listed,
            nearest=nearest_word(names[-1], known),
        )
    return names[-1]
