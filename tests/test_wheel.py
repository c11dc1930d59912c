"""The wheel holds the whole package, and works in a fresh environment without torch."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import tinysite

ROOT = Path(__file__).resolve().parent.parent
PARTS = ["configs", "datasets", "detectors", "runtime", "training"]
DATA = (".yaml", ".onnx", ".md", ".qml", ".sql")
NOT_SOURCE = shutil.ignore_patterns(
    ".*", "build", "dist", "*.egg-info", "__pycache__", "tests", "outputs", "mlruns"
)

pytestmark = pytest.mark.slow


def run(*command: object, cwd: Path) -> str:
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env={**environment, "COLUMNS": "200", "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build from a copy, so that nothing of the build lands in the tree."""
    folder = tmp_path_factory.mktemp("wheel")
    shutil.copytree(ROOT, folder / "source", ignore=NOT_SOURCE)
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, "source", cwd=folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def fresh(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder with the programs of a new environment that has the wheel and its base alone."""
    folder = tmp_path_factory.mktemp("fresh")
    venv.create(folder, with_pip=True)
    programs = folder / "bin"
    run(programs / "pip", "install", "-q", "-c", ROOT / "constraints.txt", wheel, cwd=folder)
    return programs


def expected() -> Iterator[str]:
    for part in PARTS:
        for path in sorted((ROOT / part).rglob("*")):
            if path.suffix in (".py", *DATA) and (path.parent / "__init__.py").is_file():
                yield f"gatukoll/{path.relative_to(ROOT).as_posix()}"
    yield from (f"gatukoll/{p.name}" for p in [*ROOT.glob("*.py"), ROOT / "py.typed"] if p.name != "setup.py")


def test_everything_is_in_the_wheel_and_nothing_else(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    wanted = set(expected())
    assert "gatukoll/detectors/pavement/recipe.yaml" in wanted
    assert wanted - names == set()
    packages = {p.parent for part in PARTS for p in (ROOT / part).rglob("*.py")}
    assert [p for p in packages if not (p / "__init__.py").is_file()] == []
    assert {n.partition("/")[0] for n in names if ".dist-info" not in n} == {"gatukoll"}
    assert not [n for n in names if n.startswith(("gatukoll/tests", "gatukoll/docs", "gatukoll/build"))]


def test_it_works_in_a_fresh_environment_without_torch(fresh: Path, tmp_path: Path) -> None:
    """One test, so that two workers do not both build the environment."""
    has_no_torch(fresh, tmp_path)
    runs_and_scores_the_shipped_detector(fresh, tmp_path)
    runs_over_a_capture(fresh, tmp_path)
    says_what_to_install_for_training(fresh, tmp_path)


def has_no_torch(fresh: Path, folder: Path) -> None:
    code = "import importlib.util as u; print([n for n in ('torch', 'onnx', 'hydra') if u.find_spec(n)])"
    assert run(fresh / "python", "-c", code, cwd=folder).strip() == "[]"


def runs_and_scores_the_shipped_detector(fresh: Path, folder: Path) -> None:
    listing = run(fresh / "gatukoll", "detectors", cwd=folder)
    words = next(line for line in listing.splitlines() if line.startswith("pavement ")).split()
    assert words[-2] == "ok"
    dark = (40, 30, 80, 50)
    data = tinysite.source(
        folder / "tiny",
        {"a.png": 255 - tinysite.picture(dark), "b.png": 255 - tinysite.picture()},
        masks={"a.png": tinysite.mask({2: [dark]}), "b.png": tinysite.mask({})},
        classes=["crack", "pothole"],
    )
    out = folder / "scores.json"
    table = run(fresh / "gatukoll", "evaluate", "pavement", "--data", data, "--json", out, cwd=folder)
    assert table.splitlines()[-1] == f"scores: {out}"
    written = json.loads(out.read_text())
    assert written["pictures"] == 2
    assert written["labels"]["pothole"]["holding"] == 1
    assert written["classes"]["pothole"]["object_recall"]["count"] == 1
    assert written["classes"]["patch"]["iou"]["reason"] == "not labelled in tiny"


def runs_over_a_capture(fresh: Path, folder: Path) -> None:
    tinysite.photograph(folder / "drive" / "01.jpg")
    (folder / "city.yaml").write_text(
        "name: Lund\ndetectors: {pavement: {}}\nowners: [{id: gata, name: Gatan}]\nfallback: gata\n"
    )
    run(fresh / "gatukoll", "run", "drive", "--city", "city.yaml", "--out", "results", cwd=folder)
    record = json.loads((folder / "results" / "run.json").read_text())
    assert record["frames"] == {"offered": 1, "accepted": 1, "rejected": {}}


def says_what_to_install_for_training(fresh: Path, folder: Path) -> None:
    command = [fresh / "gatukoll", "train", "detector=pavement"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "-e '.[train]'" in done.stderr
