"""The house: imports point one way, the light parts need nothing heavy, use cases are named at home only."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatukoll.detectors import registry

ROOT = Path(__file__).resolve().parent.parent
HEAVY = ["torch", "torchmetrics", "pytorch_lightning", "hydra", "omegaconf", "mlflow", "albumentations"]
HEAVY += ["onnx", "fiftyone", "pandas", "matplotlib"]

IMPORT_ALL = f"""
import importlib, pkgutil, sys
for name in {HEAVY!r}:
    sys.modules[name] = None  # import raises ImportError
import gatukoll
count = 0
for part in ("runtime", "detectors", "datasets"):
    package = importlib.import_module("gatukoll." + part)
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        importlib.import_module(module.name)
        count += 1
for name in ("evaluate", "worst"):
    importlib.import_module("gatukoll.training." + name)
importlib.import_module("gatukoll.cli")
print(count)
"""


def test_all_modules_of_the_light_parts_import_without_the_heavy_ones(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[-1]) > 50


def test_the_contract_alone_brings_nothing_but_numpy_and_pydantic(tmp_path: Path) -> None:
    code = (
        "import sys, gatukoll.detectors.contract, gatukoll.detectors.card, gatukoll.detectors.registry\n"
        "print(*{'cv2', 'onnxruntime', 'av', 'scipy', 'sqlalchemy', 'pyogrio', 'rich'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""


def test_imports_point_one_way(tmp_path: Path) -> None:
    pytest.importorskip("importlinter")
    command = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [command, str(ROOT / "pyproject.toml"), "--no-cache"],
        cwd=tmp_path,
        env={**os.environ, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 kept, 0 broken" in done.stdout


def test_the_linter_sees_lazy_imports() -> None:
    """The contracts would hold of themselves if the graph were empty."""
    grimp = pytest.importorskip("grimp")
    graph = grimp.build_graph("gatukoll", include_external_packages=True, cache_dir=None)
    assert "torch" in graph.find_modules_directly_imported_by("gatukoll.training.task")
    assert "gatukoll.training.worst" in graph.find_modules_directly_imported_by("gatukoll.training.evaluate")
    assert "onnxruntime" in graph.find_modules_directly_imported_by("gatukoll.detectors.cardcheck")


def own() -> list[registry.Plugin]:
    return [p for p in registry.installed() if p.distribution == "gatukoll"]


def test_the_linter_knows_every_use_case() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    for plugin in own():
        assert f'"{plugin.value.partition(":")[0]}"' in text.partition("[tool.importlinter]")[2]


def sources() -> Iterator[Path]:
    """All code outside the folders of use cases."""
    homes = {p.folder for p in own()}
    for part in ("runtime", "training", "datasets", "detectors", "configs"):
        for path in (ROOT / part).rglob("*.py"):
            if not homes & set(path.parents):
                yield path
    yield from ROOT.glob("*.py")


def is_scene(path: Path) -> bool:
    """Say whether code makes, or compares with, simulated streets: there damage has to have a name."""
    return "simulator" in path.parts or path.name == "drive_truth.py"


def words(path: Path) -> set[str]:
    """Return names and whole strings of a module, docstrings left out."""
    tree = ast.parse(path.read_text())
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
    }
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            found.add(node.value)
        elif isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.alias):
            found.update(node.name.split("."))
    return found


def test_use_cases_are_named_at_home_only() -> None:
    kinds = [plugin.load() for plugin in own()]
    names = {k.name for k in kinds} | {type(k).__name__ for k in kinds}
    classes = {c.name for k in kinds for c in k.classes}
    assert "pavement" in names
    files = list(sources())
    assert len(files) > 50
    told = {
        path.relative_to(ROOT).as_posix(): found
        for path in files
        if (found := words(path) & (names if is_scene(path) else names | classes))
    }
    assert told == {}
