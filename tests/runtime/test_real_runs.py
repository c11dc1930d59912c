"""Real captures through the shipped models: counts add up, and no picture of them is in any byte written."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from gatukoll.runtime import commands

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
MAGIC = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"WEBPVP8", b"ftypavif", b"ftypheic")
CLOCKS = "clips:\n  boston: {clock: 'start=2026-09-14T06:58:20Z'}\n"


@pytest.fixture(scope="module")
def ran(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("real")
    streams = shared_data / "streams"
    shutil.copytree(streams / "photos" / "lund", folder / "in" / "lund")
    (folder / "in" / "clips").mkdir()
    for name in ("boston.mp4", "boston.gpx"):
        shutil.copy(streams / "city_clips" / name, folder / "in" / "clips")
    (folder / "in" / "clips" / "capture.yaml").write_text(CLOCKS)
    city = (ROOT / "configs" / "cities" / "helsingborg.yaml").read_text(encoding="utf-8")
    (folder / "city.yaml").write_text(city, encoding="utf-8")
    assert commands.run([folder / "in"], city_file=folder / "city.yaml", out=folder / "out") == 0
    return folder


def test_offered_is_accepted_and_rejected(ran: Path) -> None:
    run = json.loads((ran / "out" / "run.json").read_text())
    assert run["captures"] == {"offered": 2, "accepted": 2, "rejected": {}}
    assert run["frames"] == {"offered": 29 + 26, "accepted": 29 + 26, "rejected": {}}
    for each in run["each_capture"]:
        assert each["frames"]["offered"] == each["frames"]["accepted"] + sum(
            each["frames"]["rejected"].values()
        )


def test_routed_and_fallback_are_all_findings(ran: Path) -> None:
    found = json.loads((ran / "out" / "run.json").read_text())["findings"]
    assert found["routed"] + found["fallback"] == found["total"] == sum(found["by_owner"].values())
    assert found["total"] == sum(sum(n.values()) for n in found["by_class"].values())


def test_no_byte_written_is_a_picture(ran: Path) -> None:
    written = [p for p in ran.rglob("*") if p.is_file() and "in" not in p.relative_to(ran).parts]
    assert {"run.json", "findings.gpkg", "findings.csv", "city.sqlite"} <= {p.name for p in written}
    for path in written:
        data = path.read_bytes()
        for magic in MAGIC:
            assert magic not in data, f"{path} holds a picture"
