"""From recipe, defaults and command line to checked `Settings`; hydra is used here alone.

hydra's compose interface is used, not its application decorator: so nothing lands in the working directory.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from pydantic import ValidationError

from gatukoll.errors import ConfigError, nearest_word
from gatukoll.training.config import Settings
from gatukoll.training.recipes import DATA, RECIPE, chosen, recipe_folders

OWN_DATA = "data="
"""Word that names a file to take the place of the detector's own data.yaml."""
ROOT_HELP = (
    "Say data.root=FOLDER on the command line, or set GATUKOLL_DATA, or write data: {root: FOLDER} in the"
)


def settings_of(overrides: Sequence[str]) -> Settings:
    """Return the settings of a training.

    Args:
        overrides: ``detector=NAME``, ``data=FILE`` in place of the detector's data.yaml, and any
            ``key=value``, as hydra reads them.

    Raises:
        ConfigError: for an unknown detector, key or value.
    """
    name = chosen(list(overrides))
    raw = _composed(name, list(overrides))
    try:
        settings = Settings.model_validate(raw)
    except ValidationError as error:
        raise _from_pydantic(error) from error
    if settings.out is None:
        stamp = time.strftime("%Y%m%d-%H%M%S")
        settings = settings.model_copy(update={"out": Path("outputs") / "train" / name / stamp})
    return settings


def data_root(settings: Settings) -> Path:
    """Return the folder of the sources.

    Raises:
        ConfigError: naming all three places where it can be said, if it is nowhere or no folder.
    """
    root = settings.data.root
    if root is not None and root.is_dir():
        return root
    raise ConfigError(
        "the folder with the labelled sources is not known" if root is None else f"no such folder: {root}",
        where="data.root",
        todo=f"{ROOT_HELP} recipe ({RECIPE} or {DATA} of the detector).",
    )


def _composed(name: str, overrides: list[str]) -> Any:  # noqa: ANN401
    """Lay recipe and command line over the defaults."""
    folder = recipe_folders()[name]
    own = [Path(word.removeprefix(OWN_DATA)) for word in overrides if word.startswith(OWN_DATA)]
    overrides = [word for word in overrides if not word.startswith(OWN_DATA)]
    data = own[-1] if own else folder / DATA
    if own and not data.is_file():
        raise ConfigError("no such file", where=f"{OWN_DATA}{data}", todo="It takes the place of data.yaml.")
    try:
        recipe = OmegaConf.load(folder / RECIPE)
        if data.is_file():
            recipe = OmegaConf.merge(recipe, {"data": OmegaConf.load(data)})
    except Exception as error:
        raise ConfigError(f"can't be read ({error})", where=str(data if own else folder)) from error
    ConfigStore.instance().store(group="detector", name=name, node=recipe, package="_global_")
    GlobalHydra.instance().clear()
    try:
        with initialize_config_dir(str(files("gatukoll.configs")), version_base="1.3"):
            config = compose("train", overrides)
        return OmegaConf.to_container(config, resolve=True)
    except (HydraException, OmegaConfBaseException) as error:
        raise _from_hydra(error, name) from error


def _from_hydra(error: Exception, name: str) -> ConfigError:
    """Return hydra's complaint in our form, with the nearest key."""
    first = str(error).splitlines()[0].rstrip(".")
    known = _keys(Settings.model_json_schema())
    words = [w.strip("'\".,") for w in " ".join(str(error).splitlines()).split()]
    wrong = next((w for w in words if w and w.split("=")[0] not in known and "." in w.strip(".")), "")
    return ConfigError(
        first[0].lower() + first[1:],
        where=f"detector={name}",
        nearest=nearest_word(wrong.split("=")[0], known) if wrong else None,
        todo="Keys are listed in configs/train.yaml.",
    )


def _from_pydantic(error: ValidationError) -> ConfigError:
    first = error.errors()[0]
    path = ".".join(str(part) for part in first["loc"])
    known = _keys(Settings.model_json_schema())
    nearest = nearest_word(path, known) if first["type"] == "extra_forbidden" else None
    return ConfigError(first["msg"][0].lower() + first["msg"][1:], where=path, nearest=nearest)


def _keys(schema: dict[str, Any], definition: dict[str, Any] | None = None, before: str = "") -> list[str]:
    """Return all dotted keys of a settings schema."""
    found = []
    for key, value in (definition or schema).get("properties", {}).items():
        found.append(before + key)
        if "$ref" in value:
            inner = schema["$defs"][value["$ref"].rsplit("/", 1)[1]]
            found += _keys(schema, inner, f"{before}{key}.")
    return found
