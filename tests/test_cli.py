"""The command line as a user meets it: quick help, one sentence for an error, exit codes."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
import tinycity

PROGRAM = Path(sys.executable).with_name("gatukoll")
VERBS = ("run", "detectors", "train", "evaluate", "export", "simulate", "route", "config")


def call(
    *words: str | Path, site: Path | None = None, cwd: Path | None = None, columns: int = 200
) -> subprocess.CompletedProcess[str]:
    kit = Path(__file__).parent / "kit"
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, [site or kit, kit])), "COLUMNS": str(columns)}
    return subprocess.run([PROGRAM, *words], capture_output=True, text=True, env=env, cwd=cwd, timeout=120)


def cpu_of_help() -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = call("--help")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_help_takes_under_four_tenths_of_a_second_of_cpu() -> None:
    assert min(cpu_of_help() for _ in range(3)) < 0.4


def test_help_lists_the_verbs_and_each_has_an_example() -> None:
    said = call("--help").stdout
    for verb in VERBS:
        assert f" {verb} " in said
    for words in (
        *((v,) for v in VERBS[:6]),
        ("route", "explain"),
        ("config", "check"),
        ("config", "schema"),
    ):
        assert "Example: gatukoll " + " ".join(words) in call(*words, "--help").stdout


@pytest.fixture
def town(tmp_path: Path) -> Path:
    tinycity.install(tmp_path / "site")
    tinycity.street(tmp_path / "drive")
    tinycity.city(tmp_path)
    return tmp_path


def test_exit_codes(town: Path) -> None:
    def run(*more: str) -> subprocess.CompletedProcess[str]:
        words = ("run", "drive", "--city", "city.yaml", "--out", "out", *more)
        return call(*words, site=town / "site", cwd=town)

    assert run().returncode == 0
    (town / "drive" / "00.jpg").write_bytes(b"")
    assert run().returncode == 0
    assert run("--strict").returncode == 4
    (town / "city.yaml").write_text((town / "city.yaml").read_text().replace("tiny_masks", "tiny_mask"))
    wrong = run()
    assert wrong.returncode == 2
    assert wrong.stderr.startswith("gatukoll: city.yaml:3 detectors.tiny_mask: unknown detector")
    assert 'Did you mean "tiny_masks"?' in wrong.stderr and "Traceback" not in wrong.stderr
    assert run("--clock", "began=7").returncode == 2
    assert call("run", "drive", "--sity", "x", cwd=town).returncode == 2


def test_a_bug_is_a_traceback_and_one(town: Path) -> None:
    (town / "site" / "tiny_town" / "__init__.py").write_text(
        tinycity.CODE + "    def grade(self, *a):\n        raise ZeroDivisionError('mine')\n"
    )
    done = call("run", "drive", "--city", "city.yaml", "--out", "out", site=town / "site", cwd=town)
    assert done.returncode == 1 and "ZeroDivisionError: mine" in done.stderr


def test_progress_without_a_terminal_is_plain_lines(town: Path) -> None:
    done = call("run", "drive", "--city", "city.yaml", "--out", "out", site=town / "site", cwd=town)
    assert "[1/1] drive: 6 frames due" in done.stderr
    assert "\x1b" not in done.stderr + done.stdout


def test_detectors_lists_name_version_package_model_and_state(town: Path) -> None:
    said = call("detectors", site=town / "site").stdout
    (line,) = [row for row in said.splitlines() if row.startswith("tiny_masks")]
    assert line.split()[1:5] == ["0.1.0", "tiny-town", "1.2", "ok"] and line.rstrip().endswith("model.onnx")
    (town / "site" / "tiny_town" / "model.onnx").unlink()
    said = call("detectors", site=town / "site").stdout
    assert "disabled: " in said and "no such file" in said
    narrow = call("detectors", site=town / "site", columns=80).stdout
    assert max(map(len, narrow.splitlines())) <= 80 and "…" not in narrow
    assert set(said.split()) & {"disabled:", "model.onnx:"} <= set(narrow.split())


def test_config_check_and_schema(town: Path) -> None:
    good = call("config", "check", "city.yaml", site=town / "site", cwd=town)
    assert good.returncode == 0 and "gata" in good.stdout
    assert '"fallback"' in call("config", "schema", site=town / "site").stdout
