"""The picture gate fails closed."""

from __future__ import annotations

import re
from pathlib import Path

import av
import numpy as np
import pytest

from gatukoll.errors import PictureRefused
from gatukoll.made import MARK, vouch
from gatukoll.runtime.capture.model import Capture
from gatukoll.runtime.privacy import PictureGate

ROOT = Path(__file__).resolve().parents[2]


def film(path: Path, comment: str) -> Capture:
    with av.open(str(path), "w") as container:
        container.metadata["comment"] = comment
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(3):
            picture = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return Capture("film", "film", (path,), None, None, "digest")


def test_a_made_film_opens_the_gate(tmp_path: Path) -> None:
    capture = film(tmp_path / "a.mp4", f"{MARK} seed=1")
    vouch(capture.media[0], seed=1, scene="scene.json")
    PictureGate(capture).write(tmp_path / "x" / "p.jpg", np.zeros((48, 64, 3), np.uint8))
    assert [p.name for p in (tmp_path / "x").iterdir()] == ["p.jpg"]


def refused(capture: Capture, path: Path) -> bool:
    gate = PictureGate(capture)
    with pytest.raises(PictureRefused):
        gate.write(path, np.zeros((48, 64, 3), np.uint8))
    return not gate.is_open and not path.exists()


def test_everything_else_is_real(tmp_path: Path) -> None:
    unmarked = film(tmp_path / "a.mp4", "holiday")
    vouch(unmarked.media[0], seed=1, scene="scene.json")
    assert refused(unmarked, tmp_path / "p.jpg")

    unvouched = film(tmp_path / "b.mp4", f"{MARK} seed=1")
    assert refused(unvouched, tmp_path / "p.jpg")

    touched = film(tmp_path / "c.mp4", f"{MARK} seed=1")
    vouch(touched.media[0], seed=1, scene="scene.json")
    with touched.media[0].open("ab") as stream:
        stream.write(b"\0")
    assert refused(touched, tmp_path / "p.jpg")

    swapped = film(tmp_path / "d.mp4", f"{MARK} seed=1")
    (tmp_path / "d.made.json").write_text('["gatukoll-made"]')
    assert refused(swapped, tmp_path / "p.jpg")

    pictures = Capture("drive", "pictures", (tmp_path / "a.mp4",), None, None, "digest")
    assert refused(pictures, tmp_path / "p.jpg")

    missing = Capture("gone", "film", (tmp_path / "gone.mp4",), None, None, "digest")
    assert refused(missing, tmp_path / "p.jpg")


def test_nothing_else_in_the_runtime_can_write_a_picture() -> None:
    writers = re.compile(r"imwrite|imencode|\.save\(|VideoWriter|to_image|add_stream")
    found = {
        p.name for p in (ROOT / "runtime").rglob("*.py") if writers.search(p.read_text(encoding="utf-8"))
    }
    assert found == {"privacy.py"}


def test_the_runtime_imports_nothing_that_writes_pictures() -> None:
    """`simulate`, `train` and `evaluate --worst` may write; the runtime does not know them."""
    for path in (ROOT / "runtime").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert "gatukoll.datasets" not in text and "gatukoll.training" not in text, path
