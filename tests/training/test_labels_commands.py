"""The commands of docs/labels.md: what they train on is what the page says."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from labelspage import blocks, write_example
from tinysources import damaged, write_source

pytest.importorskip("torch", reason="needs the train extra")
pytest.importorskip("hydra", reason="needs the train extra")
pytestmark = pytest.mark.train

from gatukoll.training.settings import settings_of  # noqa: E402
from gatukoll.training.train import dataset  # noqa: E402


def trained_on(command: str) -> dict[str, tuple[int, int]]:
    """Return source -> pictures trained on and held back, by a ``gatukoll train`` line of the page."""
    words = shlex.split(command)
    assert words[:2] == ["gatukoll", "train"]
    _, used = dataset(settings_of(words[2:]))
    return {p.source: (p.train, p.development) for p in used.parts}


def commands() -> list[str]:
    found = [b.replace("\\\n", " ") for b in blocks("") if b.startswith("gatukoll train")]
    assert len(found) == 2
    return found


def test_on_it_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_example(tmp_path / "my_streets")
    (data,) = [b for b in blocks("yaml") if "sources:" in b]
    (tmp_path / "data.yaml").write_text(data)
    monkeypatch.chdir(tmp_path)
    assert trained_on(commands()[0]) == {"my_streets": (2, 1)}


def test_beside_the_sources_of_the_recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_example(tmp_path / "all" / "mine")
    shipped = settings_of(["detector=pavement"]).data
    stems = ["keep", *(v for values in shipped.split.development.values() for v in values)]
    for name in shipped.sources:  # stand-ins with every value that the recipe holds back
        write_source(
            tmp_path / "all" / "pavement" / name,
            {s: damaged(i) for i, s in enumerate(stems)},
            groups={s: s for s in stems},
            columns={c: {s: s for s in stems} for c in shipped.split.development if c != "group"},
        )
    monkeypatch.chdir(tmp_path)
    parts = trained_on(commands()[1])
    assert parts["my_streets"] == (2, 1)
    assert {parts[name] for name in shipped.sources} == {(1, len(stems) - 1)}
