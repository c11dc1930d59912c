"""Recipes are found without importing detectors; wrong words get the right ones."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

pytest.importorskip("hydra", reason="needs the train extra")
pytestmark = pytest.mark.train

from gatukoll.detectors import registry  # noqa: E402
from gatukoll.errors import ConfigError  # noqa: E402
from gatukoll.training.recipes import recipe_folders  # noqa: E402
from gatukoll.training.settings import data_root, settings_of  # noqa: E402

RECIPE = """
detector: {name: dots, version: 0.0.1, classes: [dot]}
train: {steps: 7}
data:
  name: dots-1
  sources: {made: {share: 1}}
  split: {name: none, development: {}}
"""


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Plugins beside ours: one whose import fails, one without a recipe, one without a module."""
    for name in ("dots_plugin", "bare_plugin"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise RuntimeError('must not be imported')")
    (tmp_path / "dots_plugin" / "recipe.yaml").write_text(RECIPE)
    monkeypatch.syspath_prepend(tmp_path)
    ours = [p for p in registry.entry_points(group=registry.GROUP) if p.name == "pavement"]
    more = [
        EntryPoint("dots", "dots_plugin:Dots", registry.GROUP),
        EntryPoint("bare", "bare_plugin:Bare", registry.GROUP),
        EntryPoint("gone", "no_such_module:Gone", registry.GROUP),
    ]
    monkeypatch.setattr(registry, "entry_points", lambda group: [*ours, *more])
    return tmp_path


def test_recipes_are_found_without_importing_a_detector(plugins: Path) -> None:
    folders = recipe_folders()
    assert folders["dots"] == plugins / "dots_plugin"
    assert "pavement" in folders
    assert not {"bare", "gone"} & set(folders)
    assert "dots_plugin" not in sys.modules


def test_a_plugins_recipe_lies_over_the_defaults_and_the_command_line_over_both(plugins: Path) -> None:
    settings = settings_of(["detector=dots", "train.batch=3"])
    assert (settings.train.steps, settings.train.batch, settings.train.seed) == (7, 3, 1)
    assert settings_of(["detector=dots", "train.steps=9"]).train.steps == 9


@pytest.mark.parametrize("name", ["dot", "Dots", "dotts"])
def test_an_unknown_detector_gets_the_nearest_word(plugins: Path, name: str) -> None:
    with pytest.raises(ConfigError, match='Did you mean "dots"'):
        settings_of([f"detector={name}"])


def test_no_detector_says_which_there_are(plugins: Path) -> None:
    with pytest.raises(ConfigError, match=r"no detector is named.*dots, pavement"):
        settings_of(["train.steps=3"])


def test_an_unknown_key_gets_the_nearest_word(plugins: Path) -> None:
    with pytest.raises(ConfigError, match=r'Did you mean "train\.steps"'):
        settings_of(["detector=dots", "train.step=3"])


def test_an_unknown_key_in_a_recipe_is_refused(plugins: Path) -> None:
    recipe = plugins / "dots_plugin" / "recipe.yaml"
    recipe.write_text(RECIPE.replace("steps: 7", "steps: 7, stepps: 8"))
    with pytest.raises(ConfigError, match=r'train\.stepps.*Did you mean "train\.steps"'):
        settings_of(["detector=dots"])


def test_a_wrong_value_names_its_key(plugins: Path) -> None:
    with pytest.raises(ConfigError, match=r"train\.batch"):
        settings_of(["detector=dots", "train.batch=0"])


def test_the_data_root_is_named_in_three_places(
    plugins: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GATUKOLL_DATA", raising=False)
    with pytest.raises(ConfigError) as refused:
        data_root(settings_of(["detector=dots"]))
    for place in ("data.root=", "GATUKOLL_DATA", "recipe.yaml"):
        assert place in str(refused.value)
    monkeypatch.setenv("GATUKOLL_DATA", str(tmp_path))
    assert data_root(settings_of(["detector=dots"])) == tmp_path
    (tmp_path / "other").mkdir()
    there = settings_of(["detector=dots", f"data.root={tmp_path / 'other'}"])
    assert data_root(there) == tmp_path / "other"


def test_nothing_lands_in_the_working_directory(
    plugins: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    settings = settings_of(["detector=dots"])
    assert list(here.iterdir()) == []
    assert settings.out is not None
    assert settings.out.parts[:3] == ("outputs", "train", "dots")


def test_every_recipe_of_ours_composes() -> None:
    for name in recipe_folders():
        settings = settings_of([f"detector={name}"])
        assert settings.detector.name == name
        assert set(settings.detector.lines) <= set(settings.detector.classes)
        assert set(settings.detector.boost) <= set(settings.detector.classes)


def test_data_of_ones_own_take_the_place_of_the_recipes(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("name: m\nsources: {a: {share: 1}}\nsplit: {name: s, development: {group: [b]}}\n")
    data = settings_of(["detector=pavement", f"data={file}", "data.sources.a.share=2"]).data
    assert list(data.sources) == ["a"] and data.sources["a"].share == 2
    with pytest.raises(ConfigError, match="no such file"):
        settings_of(["detector=pavement", "data=none.yaml"])
