"""Finds detectors by their entry points, and says of each whether it can be used, or why not.

A detector is an entry point in the group ``gatukoll.detectors``: ours and a stranger's alike. Listing imports
nothing of a plugin; whatever a plugin raises on loading is its own state, never an error of the others.
"""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.machinery import PathFinder
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Literal

from gatukoll.detectors.card import ModelCard
from gatukoll.detectors.cardcheck import check_card, check_table, read_card
from gatukoll.detectors.contract import Detector
from gatukoll.errors import ConfigError, ModelError, PluginError, UserError, nearest_word
from gatukoll.made import sha256

GROUP = "gatukoll.detectors"
HOME = "gatukoll"  # our own distribution: of two plugins with one name, ours comes first

Which = Literal["model", "classifier"]


@dataclass(frozen=True, slots=True)
class PluginState:
    """Whether a plugin can be used; `reason` says why not, "" where it can."""

    ok: bool
    reason: str = ""

    def __str__(self) -> str:
        return "ok" if self.ok else f"disabled: {self.reason}"


@dataclass(frozen=True, slots=True)
class Plugin:
    """A detector as it is installed; nothing of it is imported before `load`.

    Attributes:
        name: of the entry point, as in the city's file.
        value: what the entry point names, ``module:Class``.
        distribution, version: the package that brings it.
        clash: the package that brought a detector of this name first, "" where there is none.
    """

    name: str
    value: str
    distribution: str
    version: str
    clash: str = ""

    @property
    def where(self) -> str:
        """Name and package, for messages."""
        return f'detector "{self.name}" (package {self.distribution} {self.version})'

    @property
    def folder(self) -> Path:
        """Folder of the entry point's module, found without importing it.

        Raises:
            PluginError: there is no such module.
        """
        return _module_file(self.value.partition(":")[0], self.where).parent

    @property
    def code(self) -> str:
        """SHA-256 over the plugin's own source files: what decode and measure make depends on them too."""
        file = _module_file(self.value.partition(":")[0], self.where)
        files = sorted(file.parent.rglob("*.py")) if file.name == "__init__.py" else [file]
        return digest_files(files)

    def load(self) -> Detector:
        """Import the detector and make one, its class table checked; its models are not opened.

        Raises:
            PluginError: whatever went wrong, in one line.
        """
        if self.clash:
            raise PluginError(f"the name is taken by package {self.clash}", where=self.where)
        try:
            kind = EntryPoint(self.name, self.value, GROUP).load()
            if not (isinstance(kind, type) and issubclass(kind, Detector)):
                raise PluginError(f"{self.value} is not a subclass of Detector", where=self.where)
            check_table(kind, self.name)
            return kind()
        except UserError:
            raise
        except (Exception, SystemExit) as error:  # a stranger's code may raise anything
            raise PluginError(f"can't be loaded: {_one_line(error)}", where=self.where) from error

    def model_path(self, which: Which = "model") -> Path:
        """Return the path of an ONNX file of this plugin.

        Raises:
            PluginError: the plugin can't be loaded, or has no second stage.
            ModelError: the file is not there.
        """
        detector = self.load()
        name = detector.model if which == "model" else detector.classifier
        if name is None:
            raise PluginError("it has no classifier", where=self.where)
        path = self.folder / name
        if not path.is_file():
            raise ModelError("no such file", where=str(path), todo=f"Train and export {self.name} first.")
        return path

    def model_paths(self) -> dict[Which, Path]:
        """Return all ONNX files of this plugin: the model, and the classifier where it has one."""
        stages: tuple[Which, ...] = ("model", "classifier") if self.load().classifier else ("model",)
        return {which: self.model_path(which) for which in stages}

    def card(self, which: Which = "model") -> ModelCard:
        """Return the card of one of its models, checked against class table and graph.

        Raises:
            PluginError, ModelError: in one line, what is wrong.
        """
        path = self.model_path(which)
        card = read_card(path)
        check_card(card, path, self.load(), which)
        return card

    def state(self) -> PluginState:
        """Say whether it can be used: loads it, and reads and checks the cards of its models."""
        try:
            for which in self.model_paths():
                self.card(which)
        except UserError as error:
            return PluginState(False, _reason(error, self.where))
        return PluginState(True)


@dataclass(frozen=True, slots=True)
class Row:
    """A line of ``gatukoll detectors``; `version` is the model's, "" where its card can't be read."""

    name: str
    version: str
    package: str
    model: str
    state: PluginState


def installed() -> list[Plugin]:
    """Return all detectors that are installed, by name; imports none of them."""
    points = sorted(entry_points(group=GROUP), key=lambda p: (p.name, _owner(p)[0] != HOME, _owner(p)))
    plugins: list[Plugin] = []
    first: dict[str, str] = {}
    for point in points:
        owner, version = _owner(point)
        plugins.append(Plugin(point.name, point.value, owner, version, first.get(point.name, "")))
        first.setdefault(point.name, owner)
    return plugins


def get(name: str, *, enabled: bool = True, where: str = "") -> Plugin:
    """Return the detector of that name.

    Args:
        name: as in `installed`.
        enabled: it is going to be used, so it must be in order.
        where: where the name was written, for the message.

    Raises:
        ConfigError: no detector has that name.
        PluginError: `enabled`, and it is disabled.
    """
    found = {p.name: p for p in installed() if not p.clash}
    if name not in found:
        raise ConfigError(
            f'unknown detector "{name}"',
            where=where,
            nearest=nearest_word(name, found),
            allowed=", ".join(found) or "no detector is installed",
        )
    plugin = found[name]
    if enabled and not (state := plugin.state()).ok:
        raise PluginError(
            f"{plugin.where} is disabled: {state.reason}", where=where, todo="See `gatukoll detectors`."
        )
    return plugin


def digest(plugin: Plugin) -> str:
    """Return the SHA-256 of a plugin's ONNX file, or over those of both where it has two."""
    return digest_files(list(plugin.model_paths().values()))


def digest_files(paths: Sequence[Path]) -> str:
    """Return the SHA-256 of one file, or over the SHA-256 of several, in their order."""
    sums = [sha256(path) for path in paths]
    return sums[0] if len(sums) == 1 else hashlib.sha256("\n".join(sums).encode()).hexdigest()


def describe(plugins: Sequence[Plugin]) -> list[Row]:
    """Return one line a plugin for people; whatever is wrong with one stands in its state."""
    return [_row(plugin) for plugin in plugins]


def rows() -> list[Row]:
    """Return the lines of ``gatukoll detectors``."""
    return describe(installed())


def _row(plugin: Plugin) -> Row:
    state = plugin.state()
    version, model = "", ""
    try:
        model = str(plugin.model_path())
        version = read_card(Path(model)).version
    except UserError:
        pass  # the state says why
    return Row(plugin.name, version, f"{plugin.distribution} {plugin.version}", model, state)


def _owner(point: EntryPoint) -> tuple[str, str]:
    """Return name and version of the distribution that brings an entry point."""
    return (point.dist.name, point.dist.version) if point.dist else ("?", "?")


def _module_file(module: str, where: str) -> Path:
    """Return the file of a module; unlike find_spec of its full name this imports no parent package."""
    top, *rest = module.split(".")
    try:
        spec = importlib.util.find_spec(top)
        for depth in range(len(rest)):
            places = spec.submodule_search_locations if spec else None
            spec = PathFinder.find_spec(".".join([top, *rest[: depth + 1]]), places) if places else None
    except (ImportError, ValueError) as error:
        raise PluginError(f"can't be loaded: {_one_line(error)}", where=where) from error
    if spec is None or spec.origin is None:
        raise PluginError(f"can't be loaded: there is no module {module}", where=where)
    return Path(spec.origin)


def _one_line(error: BaseException) -> str:
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0]}" if text else type(error).__name__


def _reason(error: UserError, where: str) -> str:
    """Return an error as the reason in a table, which already names the plugin."""
    return str(error).removeprefix(f"{where}: ").removesuffix(".")
