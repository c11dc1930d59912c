"""The guide in detectors/README.md is true: its files are the sample distribution, its commands run.

The sample is a distribution of its own, installed with pip into a folder outside the repository.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import readme
import tinysite

TESTS = Path(__file__).resolve().parents[1]
SAMPLE = TESTS / "plugins" / "third_party"
GUIDE = TESTS.parent / "detectors" / "README.md"
LINES = 150


@pytest.fixture(scope="module")
def blocks() -> list[readme.Block]:
    return readme.blocks(GUIDE)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """A place where `pip install .` puts the sample, and no network to get anything else from."""
    target = tmp_path_factory.mktemp("site")
    return {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PIP_TARGET": str(target),
        "PIP_NO_DEPS": "1",
        "PIP_NO_INDEX": "1",
        "PIP_NO_BUILD_ISOLATION": "0",  # pip reads this one the wrong way round: 0 = no isolation
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PYTHONPATH": str(target),
        "PYTHONSAFEPATH": "1",
        "COLUMNS": "200",
    }


def run(command: str, folder: Path, environment: Mapping[str, str]) -> str:
    done = subprocess.run(
        ["bash", "-ec", command], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def workplace(
    blocks: list[readme.Block], environment: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A folder with the files that the guide tells to write, its first commands done."""
    folder = tmp_path_factory.mktemp("litter")
    for block in blocks:
        if block.language != "sh" and block.files:
            path = folder / block.files[0]
            path.parent.mkdir(exist_ok=True)
            path.write_text(block.text)
    first = next(b for b in blocks if b.language == "sh")
    assert first.text.splitlines()[-1] == "gatukoll detectors"
    listing = run(first.text, folder, environment)
    (folder / "listing.txt").write_text(listing)
    return folder


def test_the_files_of_the_guide_are_the_sample(blocks: list[readme.Block]) -> None:
    written = {b.files[0]: b.text for b in blocks if b.language != "sh" and b.files}
    sample = {
        p.relative_to(SAMPLE).as_posix(): p.read_text()
        for p in SAMPLE.rglob("*")
        if p.is_file() and p.suffix in (".py", ".toml", ".yaml")
    }
    assert written.pop("city.yaml")
    assert written == sample


def test_the_sample_is_small() -> None:
    files = [p for p in SAMPLE.rglob("*") if p.suffix in (".py", ".toml", ".yaml")]
    assert len(files) == 5
    assert sum(len(p.read_text().splitlines()) for p in files) < LINES


def test_it_is_listed(workplace: Path) -> None:
    lines = (workplace / "listing.txt").read_text().splitlines()
    words = next(line for line in lines if line.startswith("litter ")).split()
    assert words[:4] == ["litter", "0.1.0", "gatukoll-litter", "0.1.0"]
    assert words[-2] == "ok"


def test_the_commands_of_the_guide_run(
    blocks: list[readme.Block], workplace: Path, environment: Mapping[str, str]
) -> None:
    commands = [b.text for b in blocks if b.language == "sh"][1:]
    assert len(commands) == 1
    for command in commands:
        run(command, workplace, environment)


def test_the_code_of_the_guide_runs(
    blocks: list[readme.Block], workplace: Path, environment: Mapping[str, str]
) -> None:
    scripts = [b.text for b in blocks if b.language == "python" and not b.files]
    assert len(scripts) == 2
    for script in scripts:
        (workplace / "try.py").write_text(script)
        run("python try.py", workplace, environment)


def test_it_is_scored(workplace: Path, environment: Mapping[str, str]) -> None:
    spot = (40, 40, 80, 70)
    tinysite.source(
        workplace / "data",
        {"a.png": tinysite.picture(spot)},
        masks={"a.png": tinysite.mask({1: [spot]})},
        classes=["litter"],
    )
    out = run("gatukoll evaluate litter --data data --json scores.json", workplace, environment)
    assert out.splitlines()[-1] == "scores: scores.json"
    assert "1.000" in out


def test_a_run_reports_it(workplace: Path, environment: Mapping[str, str]) -> None:
    tinysite.photograph(workplace / "drive" / "01.jpg", (280, 360, 360, 420))
    run("gatukoll run drive --city city.yaml --out results", workplace, environment)
    found = [p.read_text(encoding="utf-8-sig") for p in (workplace / "results").rglob("*.csv")]
    assert any("nedskräpning" in text for text in found)


@pytest.mark.train
def test_its_recipe_is_found(workplace: Path, environment: Mapping[str, str]) -> None:
    pytest.importorskip("hydra")
    script = (
        "from gatukoll.training.settings import settings_of\n"
        "s = settings_of(['detector=litter', 'train.steps=5'])\n"
        "print(s.detector.name, s.train.steps, *s.data.sources)"
    )
    assert run(f'python -c "{script}"', workplace, environment).split() == [
        "litter",
        "5",
        "our_litter_pictures",
    ]


def test_the_repository_is_untouched(workplace: Path) -> None:
    assert not (SAMPLE / "gatukoll_litter" / "model.onnx").exists()
    assert not list(SAMPLE.rglob("*.egg-info"))
