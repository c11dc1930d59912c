from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gatukoll.errors import CaptureRejected
from gatukoll.runtime.capture.discover import discover
from gatukoll.runtime.capture.model import Frame, FrameRejected
from gatukoll.runtime.capture.open import open_capture
from gatukoll.runtime.capture.reading import Opened, Reading

Make = Callable[..., Path]
AT = ("2026:09:14", (7.0, 0.0, 5.0))
STEP = 5 / 111_413  # 5 m in degrees of latitude


def opened(folder: Path, **options: object) -> Opened:
    found = discover([folder])
    assert len(found.captures) == 1 and found.captures[0].kind == "pictures"
    return open_capture(found.captures[0], Reading(**options))  # type: ignore[arg-type]


def read(folder: Path, **options: object) -> tuple[list[Frame], dict[str, str]]:
    capture = opened(folder, **options)
    items = list(capture.frames())
    assert len(items) == capture.plan.offered
    assert [i.index for i in items] == list(range(len(items)))
    return (
        [i for i in items if isinstance(i, Frame)],
        {i.source: i.code for i in items if isinstance(i, FrameRejected)},
    )


def notes(time: str) -> str:
    return json.dumps(
        {"MAPCaptureTime": time, "MAPSettingsEmail": "x@example.org", "MAPDeviceName": "someone"}
    )


@pytest.mark.parametrize(
    ("made", "options", "time"),
    [
        ({"gps": AT}, {}, "2026-09-14T07:00:05"),
        ({"gps": ("2026:09:14H", (7.0, 0.0, 5.25))}, {}, "2026-09-14T07:00:05.250"),
        ({"gps": AT, "when": "2026:09:14 09:01:00", "offset": "+02:00"}, {}, "2026-09-14T07:00:05"),
        ({"when": "2026:09:14 09:01:00", "offset": "+02:00"}, {}, "2026-09-14T07:01:00"),
        ({"when": "2026:09:14 01:01:00.5", "offset": "-06:00"}, {}, "2026-09-14T07:01:00.500"),
        ({"json": notes("2026_09_14_07_02_00_125")}, {}, "2026-09-14T07:02:00.125"),
        (
            {"json": notes("2026_09_14_07_02_00_125"), "gps": ("1999:08:22", (1.0, 0.0, 0.0))},
            {},
            "2026-09-14T07:02:00.125",
        ),
        ({"when": "2026:09:14 09:01:00"}, {"zone": "Europe/Stockholm"}, "2026-09-14T07:01:00"),
        ({"when": "2026:09:14 09:01:00"}, {"clock": "offset=-7200"}, "2026-09-14T07:01:00"),
        ({"when": "2026:09:14 09:01:00"}, {"clock": "start=2026-09-14T07:00:00Z"}, "2026-09-14T07:00:00"),
        ({"when": "1970:01:01 00:00:00"}, {"clock": "end=2026-09-14T07:00:00Z"}, "2026-09-14T07:00:00"),
        (
            {"when": "2026:09:14 09:01:00", "offset": "+02:00", "gps": AT},
            {"clock": "gps"},
            "2026-09-14T07:00:05",
        ),
    ],
)
def test_which_time_counts(
    jpeg: Make, tmp_path: Path, made: dict[str, object], options: dict[str, object], time: str
) -> None:
    jpeg(tmp_path / "a.jpg", **made)
    frames, rejected = read(tmp_path, **options)
    assert not rejected
    assert frames[0].time == datetime.fromisoformat(time).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("made", "options", "code"),
    [
        ({}, {}, "time_unknown"),
        ({"when": "2026:09:14 09:01:00"}, {}, "time_unknown"),
        ({"when": "2026:09:14 09:01:00", "offset": "+02:00"}, {"clock": "gps"}, "time_unknown"),
        ({}, {"clock": "offset=0"}, "time_unknown"),
        ({"when": "1970:01:01 00:00:00"}, {}, "time_implausible"),
        ({"when": "0000:00:00 00:00:00"}, {}, "time_implausible"),
        ({"when": "2080:01:06 00:00:10"}, {"zone": "Europe/Stockholm"}, "time_implausible"),
        ({"when": "2026:03:29 02:30:00"}, {"zone": "Europe/Stockholm"}, "time_unknown"),
        ({"position": None, "gps": AT}, {}, "no_position"),
        ({"position": (0.0, 0.0), "gps": AT}, {}, "position_zero"),
        ({"position": (95.7, 13.0), "gps": AT}, {}, "position_out_of_range"),
        ({"position": (55.7, -182.0), "gps": AT}, {}, "position_out_of_range"),
        ({"refs": False, "gps": AT}, {}, "position_incomplete"),
        ({"position": (13.2, 55.7), "gps": AT}, {"area": (55.0, 12.0, 69.1, 24.2)}, "position_outside_area"),
        ({"gps": AT, "size": (300, 200)}, {"max_pixels": 59_999}, "image_too_large"),
    ],
)
def test_why_a_picture_is_rejected(
    jpeg: Make, tmp_path: Path, made: dict[str, object], options: dict[str, object], code: str
) -> None:
    jpeg(tmp_path / "a.jpg", **made)
    assert read(tmp_path, **options) == ([], {"a.jpg": code})


@pytest.mark.parametrize("place", [(59.3, 18.0), (-33.9, 151.2), (-22.9, -43.2), (40.7, -74.0)])
def test_all_four_quarters_of_the_world(jpeg: Make, tmp_path: Path, place: tuple[float, float]) -> None:
    jpeg(tmp_path / "a.jpg", position=place, gps=AT)
    frames, _ = read(tmp_path)
    assert (frames[0].lat_deg, frames[0].lon_deg) == pytest.approx(place, abs=1e-6)


def test_broken_files_do_not_stop_the_others(jpeg: Make, tmp_path: Path) -> None:
    whole = jpeg(tmp_path / "0.jpg", gps=AT, size=(400, 300)).read_bytes()
    (tmp_path / "cut.jpg").write_bytes(whole[: len(whole) * 2 // 3])
    (tmp_path / "head.jpg").write_bytes(whole[:150])
    (tmp_path / "empty.jpg").write_bytes(b"")
    (tmp_path / "text.jpg").write_text("no picture")
    (tmp_path / "0 (1).jpg").write_bytes(whole)
    jpeg(tmp_path / "named.jpg", position=None, kind="PNG")
    frames, rejected = read(tmp_path)
    assert [f.source for f in frames] == ["0.jpg"]
    assert rejected == {
        "cut.jpg": "image_truncated",
        "head.jpg": "image_truncated",
        "empty.jpg": "file_empty",
        "text.jpg": "not_a_picture",
        "0 (1).jpg": "duplicate",
        "named.jpg": "no_position",
    }


def test_huge_pictures_are_refused_from_their_header(tmp_path: Path) -> None:
    Image.new("1", (20_000, 20_000)).save(tmp_path / "bomb.png")
    assert read(tmp_path)[1] == {"bomb.png": "image_too_large"}


def drive(
    jpeg: Make, folder: Path, steps: list[tuple[float, float]], pause_s: float = 1.0, **more: object
) -> None:
    """Pictures at places (m north, m east), a second apart; their compass says south."""
    for i, (north, east) in enumerate(steps):
        position = (
            59.34 + north * STEP / 5,
            18.07 + east / (111_413 * 1.005 * math.cos(math.radians(59.34))),
        )
        jpeg(
            folder / f"{i:02}.jpg",
            position=position,
            gps=("2026:09:14", (7.0, 0.0, i * pause_s)),
            compass=180.0,
            shade=50 + i,
            **more,
        )


def test_headings_come_from_neighbours_not_from_the_compass(jpeg: Make, tmp_path: Path) -> None:
    drive(jpeg, tmp_path, [(0, 0), (5, 0), (10, 0), (10, 5), (10, 10)])
    frames, _ = read(tmp_path)
    assert [f.heading_deg % 360 for f in frames] == pytest.approx([0, 0, 45, 90, 90], abs=1)
    assert frames[1].speed_mps == pytest.approx(5, abs=0.05)
    capture = opened(tmp_path)
    assert capture.plan.length_m == pytest.approx(20, abs=0.1) and not capture.plan.warnings
    assert [len(d) for d in capture.driven] == [5]


def test_pictures_taken_standing_keep_the_heading(jpeg: Make, tmp_path: Path) -> None:
    drive(jpeg, tmp_path, [(0, 0), (0, 5), (0, 10), (0, 10), (0, 10.3)], pause_s=8.0)
    frames, _ = read(tmp_path)
    assert [f.heading_deg for f in frames] == pytest.approx([90] * 5, abs=2)
    assert frames[3].speed_mps < 0.05


def test_only_a_lonely_picture_takes_its_compass(jpeg: Make, tmp_path: Path) -> None:
    drive(jpeg, tmp_path, [(0, 0), (500, 0)])
    frames, _ = read(tmp_path)
    assert [f.heading_deg for f in frames] == [180, 180]
    assert math.isnan(frames[0].speed_mps)
    plan = opened(tmp_path).plan
    assert plan.warnings == {"heading_from_compass": 2} and plan.length_m == 0


def test_pictures_of_one_second_are_ordered_by_name(jpeg: Make, tmp_path: Path) -> None:
    jpeg(tmp_path / "b.jpg", position=(59.3401, 18.07), gps=AT, shade=80)
    jpeg(tmp_path / "a.jpg", gps=AT)
    jpeg(tmp_path / "0.jpg", position=(59.3402, 18.07), gps=("2026:09:14", (7.0, 0.0, 6.0)), shade=70)
    frames, _ = read(tmp_path)
    assert [f.source for f in frames] == ["a.jpg", "b.jpg", "0.jpg"]
    assert all(f.heading_deg % 360 == pytest.approx(0, abs=0.1) or f.heading_deg > 359.9 for f in frames)
    assert not any(math.isinf(f.speed_mps) for f in frames)


@pytest.mark.parametrize(("orientation", "bright"), [(1, "right"), (3, "left"), (6, "bottom"), (8, "top")])
def test_orientation_is_applied_once(jpeg: Make, tmp_path: Path, orientation: int, bright: str) -> None:
    jpeg(tmp_path / "a.jpg", gps=AT, orientation=orientation)
    frames, _ = read(tmp_path)
    picture = frames[0].picture.astype(int)
    sides = {"left": picture[:, :5], "right": picture[:, -5:], "top": picture[:5], "bottom": picture[-5:]}
    assert max(sides, key=lambda s: sides[s].mean()) == bright
    assert (frames[0].camera.width, frames[0].camera.height) == picture.shape[1::-1]


def test_focal_length(jpeg: Make, tmp_path: Path) -> None:
    jpeg(tmp_path / "a.jpg", gps=AT, focal_35mm=28, size=(400, 300))
    camera = read(tmp_path)[0][0].camera
    assert camera.focal_px == pytest.approx(28 / 43.267 * 500, rel=1e-3) and camera.focal_sd == 0.05
    (tmp_path / "capture.yaml").write_text("camera: {hfov_deg: 90}\n")
    assert read(tmp_path)[0][0].camera.focal_px == pytest.approx(200)


@pytest.mark.parametrize("mode", ["L", "CMYK", "RGBA", "P"])
def test_other_colours_become_rgb(tmp_path: Path, mode: str, jpeg: Make) -> None:
    path = jpeg(tmp_path / "a.jpg", gps=AT)
    with Image.open(path) as picture:
        exif = picture.getexif().tobytes()
        kind = "JPEG" if mode in ("L", "CMYK") else "PNG"
        picture.convert(mode).save(path, kind, exif=exif)
    frames, rejected = read(tmp_path)
    assert not rejected and frames[0].picture.shape == (30, 40, 3) and frames[0].picture.dtype == np.uint8


def test_a_trace_gives_what_pictures_lack(
    jpeg: Make, gpx: Make, tmp_path: Path, north: Callable[..., list[tuple[float, float, float]]]
) -> None:
    gpx(tmp_path / "day.gpx", north(8.0, 20))
    (tmp_path / "capture.yaml").write_text("trace: day.gpx\nzone: Europe/Stockholm\n")
    jpeg(tmp_path / "a.jpg", position=None, when="2026:09:14 09:00:05")
    jpeg(tmp_path / "b.jpg", position=(0.0, 0.0), when="2026:09:14 09:00:06", shade=50)
    jpeg(tmp_path / "c.jpg", position=None, when="2026:09:14 09:01:00", shade=40)
    frames, rejected = read(tmp_path)
    assert [(f.lat_deg - 59.34) * 111_413 for f in frames] == pytest.approx([40, 48], abs=0.05)
    assert [f.speed_mps for f in frames] == pytest.approx([8, 8], abs=0.05)
    assert rejected == {"c.jpg": "no_position"}


def test_a_bad_trace_matters_only_where_it_is_needed(jpeg: Make, tmp_path: Path) -> None:
    (tmp_path / "day.gpx").write_text("<html/>")
    (tmp_path / "capture.yaml").write_text("trace: day.gpx\n")
    jpeg(tmp_path / "a.jpg", gps=AT)
    assert len(read(tmp_path)[0]) == 1
    jpeg(tmp_path / "b.jpg", position=None, gps=AT)
    with pytest.raises(CaptureRejected, match="not_a_track"):
        opened(tmp_path)


def test_the_plan_says_where_times_came_from(jpeg: Make, tmp_path: Path) -> None:
    jpeg(tmp_path / "a.jpg", gps=AT)
    jpeg(tmp_path / "b.jpg", gps=AT, shade=50)
    jpeg(tmp_path / "c.jpg", json=notes("2026_09_14_07_02_00_125"), shade=60)
    plan = opened(tmp_path).plan
    assert plan.clock == "each picture's own (GPS 2, Mapillary 1)" and plan.offered == 3
    assert plan.starts == datetime(2026, 9, 14, 7, 0, 5, tzinfo=UTC)


def test_nothing_personal_comes_through(jpeg: Make, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    jpeg(tmp_path / "a.jpg", json=notes("2026_09_14_07_02_00_125"))
    with caplog.at_level("DEBUG", logger="gatukoll"):
        capture = opened(tmp_path)
        said = repr(capture.plan) + "".join(repr(f) for f in capture.frames()) + caplog.text
    assert "someone" not in said and "example.org" not in said


def test_counts_add_up(jpeg: Make, tmp_path: Path) -> None:
    for i in range(6):
        jpeg(tmp_path / f"{i}.jpg", gps=AT if i % 2 else None, shade=50 + i)
    items = list(opened(tmp_path).frames())
    assert Counter(type(i).__name__ for i in items) == {"Frame": 3, "FrameRejected": 3}
