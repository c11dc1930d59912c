from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from gatukoll import made
from gatukoll.errors import CaptureRejected
from gatukoll.runtime.capture.discover import discover
from gatukoll.runtime.capture.film import open_film
from gatukoll.runtime.capture.model import Frame, FrameRejected
from gatukoll.runtime.capture.open import open_capture
from gatukoll.runtime.capture.reading import Opened, Reading

Fixes = list[tuple[float, float, float]]
Make = Callable[..., Path]
Number = Callable[[np.ndarray], int]
STEADY = [i / 10 for i in range(103)]  # 10.2 s at 10 fps, so that 80 m are driven at 8 m/s


def opened(folder: Path, **options: object) -> Opened:
    found = discover([folder])
    assert len(found.captures) == 1, found
    return open_capture(found.captures[0], Reading(**options))  # type: ignore[arg-type]


def code_of(folder: Path, **options: object) -> str:
    with pytest.raises(CaptureRejected) as error:
        opened(folder, **options)
    return f"{error.value.code}: {error.value.detail}"


def read(capture: Opened) -> tuple[list[Frame], Counter[str]]:
    """Read all frames and check what must always hold."""
    items = list(capture.frames())
    assert len(items) == capture.plan.offered
    assert [i.index for i in items] == list(range(len(items)))
    frames = [i for i in items if isinstance(i, Frame)]
    rejected = Counter(i.code for i in items if isinstance(i, FrameRejected))
    assert len(frames) + rejected.total() == capture.plan.offered
    assert all(a.time < b.time for a, b in pairwise(frames))
    return frames, rejected


@pytest.fixture
def drive(film: Make, gpx: Make, north: Callable[..., Fixes], tmp_path: Path) -> Callable[..., Path]:
    """A folder with a film (10 s, 10 fps, first frame at 07:00:05) and a trace at 8 m/s around it."""

    def make(stamps: list[float] = STEADY, fixes: Fixes | None = None, **kwargs: object) -> Path:
        film(tmp_path / "clip.mp4", stamps, **kwargs)
        gpx(tmp_path / "clip.gpx", fixes or north(8.0, 20))
        return tmp_path

    return make


AT5 = "start=2026-09-14T07:00:05Z"


def test_frames_by_distance(drive: Make, start: float, number_of: Number) -> None:
    capture = opened(drive(), clock=AT5)
    frames, rejected = read(capture)
    assert capture.plan.offered == 17 and not rejected  # 0, 5 ... 80 m
    assert capture.plan.length_m == pytest.approx(81.6, abs=0.1)
    for k, frame in enumerate(frames):
        due = 5 * k / 8.0
        assert abs(frame.time.timestamp() - start - 5 - due) <= 0.05 + 1e-6
        assert number_of(frame.picture) == round((frame.time.timestamp() - start - 5) * 10), (
            "the picture of that instant"
        )
        assert (frame.lat_deg - 59.34) * 111_413 == pytest.approx(
            (frame.time.timestamp() - start) * 8, abs=0.05
        )
        assert frame.speed_mps == pytest.approx(8, abs=0.01)
        assert min(frame.heading_deg, 360 - frame.heading_deg) < 0.01
        assert frame.picture.shape == (48, 64, 3) and frame.picture.dtype == np.uint8
        assert (frame.camera.width, frame.camera.height) == (64, 48)
    assert frames[1].source == "clip.mp4@0.600s"
    assert capture.plan.first == pytest.approx((frames[0].lat_deg, frames[0].lon_deg))
    assert [part.shape[1] for part in capture.driven] == [2]


def test_frames_can_be_read_twice_and_left_early(drive: Make) -> None:
    capture = opened(drive(), clock=AT5)
    assert next(capture.frames()).index == 0
    first, _ = read(capture)
    second, _ = read(capture)
    assert all(
        (a.picture == b.picture).all() and a.time == b.time for a, b in zip(first, second, strict=True)
    )


def test_frames_by_time(drive: Make) -> None:
    frames, rejected = read(opened(drive(), clock=AT5, every_s=2.0))
    assert [f.time.second for f in frames] == [5, 7, 9, 11, 13, 15] and not rejected


def test_spacing_is_obeyed(drive: Make) -> None:
    assert opened(drive(), clock=AT5, spacing_m=10.0).plan.offered == 9
    assert opened(drive(), clock=AT5, spacing_m=80.0).plan.offered == 2


@pytest.mark.parametrize(
    ("clock", "created", "first"),
    [
        ("start=2026-09-14T07:00:05Z", None, 5.0),
        ("start=2026-09-14T09:00:05+02:00", None, 5.0),
        ("end=2026-09-14T07:00:15.300Z", None, 5.0),  # 103 frames of 0.1 s
        ("offset=0", "2026-09-14T07:00:05Z", 5.0),
        ("offset=-7200", "2026-09-14T09:00:05Z", 5.0),
        ("offset=-1.5", "2026-09-14T07:00:05Z", 3.5),
        ("stamp=start", "2026-09-14T07:00:05Z", 5.0),
        ("stamp=end", "2026-09-14T07:00:15Z", 4.7),
        ("stamp=end-7200", "2026-09-14T09:00:15Z", 4.7),
    ],
)
def test_clock_policies(drive: Make, start: float, clock: str, created: str | None, first: float) -> None:
    capture = opened(drive(created=created), clock=clock)
    assert capture.plan.starts and capture.plan.starts.timestamp() == pytest.approx(start + first, abs=0.002)
    assert capture.plan.clock.endswith("(--clock)")
    frames, _ = read(capture)
    assert frames[0].time == capture.plan.starts


def test_the_stamp_of_the_end_is_said_once_for_a_folder(drive: Make, film: Make, start: float) -> None:
    """A day of clips of one camera, of which each carries the instant at which it was closed."""
    folder = drive(created="2026-09-14T07:00:15Z")
    film(folder / "later.mp4", STEADY[:50], created="2026-09-14T07:00:19Z")
    (folder / "capture.yaml").write_text("clock: stamp=end\ntrace: clip.gpx\n")
    plans = [open_capture(c, Reading()).plan for c in discover([folder]).captures]
    assert [p.clock for p in plans] == ["stamp=end (capture.yaml)"] * 2
    assert [p.starts.timestamp() - start for p in plans if p.starts] == pytest.approx([4.7, 14.0], abs=0.002)


def test_the_clock_of_capture_yaml_and_who_wins(drive: Make) -> None:
    folder = drive()
    (folder / "capture.yaml").write_text(
        "clock: start=2026-09-14T09:00:05\nzone: Europe/Stockholm\ndevice: truck 7\n"
    )
    plan = opened(folder).plan
    assert plan.clock == "start=2026-09-14T07:00:05Z (capture.yaml)" and plan.device == "truck 7"
    (folder / "clip.capture.yaml").write_text("clock: start=2026-09-14T07:00:04Z\n")
    assert opened(folder).plan.clock == "start=2026-09-14T07:00:04Z (clip.capture.yaml)"
    assert opened(folder, clock=AT5).plan.clock == "start=2026-09-14T07:00:05Z (--clock)"


@pytest.mark.parametrize(
    ("created", "clock", "line"),
    [
        (None, None, "clock: start=YYYY-MM-DDTHH:MM:SSZ"),
        (
            "2026-09-14T07:13:07Z",
            None,
            "clock: offset=0   # if the film's stamp 2026-09-14T07:13:07Z is its start",
        ),
        (None, "offset=0", "clock: start=YYYY-MM-DDTHH:MM:SSZ"),
        (
            "2026-09-14T07:13:07Z",
            "gps",
            "clock: offset=0   # if the film's stamp 2026-09-14T07:13:07Z is its start",
        ),
        ("1970-01-01T00:00:00Z", None, "clock: start=YYYY-MM-DDTHH:MM:SSZ"),
    ],
)
def test_an_unknown_clock_is_refused_with_the_line_to_add(
    drive: Make, created: str | None, clock: str | None, line: str
) -> None:
    said = code_of(drive(created=created), clock=clock)
    assert said.startswith("clock_unknown: ") and line in said
    assert "trace runs from 2026-09-14T07:00:00Z to 2026-09-14T07:00:20Z" in said


def test_a_film_that_starts_late(drive: Make, start: float, number_of: Number) -> None:
    """The clock says when the first frame was taken, wherever its stamp lies."""
    folder = drive([2.5 + s for s in STEADY])
    film = open_film(folder / "clip.mp4", 10**6)
    assert (film.first_s, film.last_s) == pytest.approx((2.5, 12.7), abs=0.001)
    frames, _ = read(opened(folder, clock=AT5))
    assert frames[0].time.timestamp() == start + 5 and frames[0].source == "clip.mp4@2.500s"
    assert [number_of(f.picture) for f in frames[:4] if f.index != 2] == [0, 6, 19]


def test_variable_frame_rate_and_a_hole(drive: Make, start: float, number_of: Number) -> None:
    noise = np.random.default_rng(2)
    stamps = [0.0]
    while stamps[-1] < 10:
        stamps.append(stamps[-1] + float(noise.uniform(0.02, 0.09)))
    stamps = [round(s, 4) for s in stamps if not 4.0 < s < 6.0]
    capture = opened(drive(stamps), clock=AT5)
    frames, rejected = read(capture)
    # due every 0.625 s, and a picture may be 0.3125 s off: 4.375, 5.0 and 5.625 lie too deep in the hole
    lost = [k for k in range(17) if not any(abs(s - 0.625 * k) <= 0.3125 for s in stamps)]
    assert rejected == {"frame_missing": len(lost)} and len(lost) == 3
    for frame in frames:
        stamp = stamps[
            [round(s, 3) for s in stamps].index(
                pytest.approx(float(frame.source.split("@")[1][:-1]), abs=0.0011)
            )
        ]
        assert frame.time.timestamp() - start - 5 == pytest.approx(stamp, abs=0.001)
        assert number_of(frame.picture) == stamps.index(stamp) % 256, "the picture that has this stamp"


def test_no_frame_is_used_twice(drive: Make) -> None:
    """A film of one picture a second at 8 m/s holds fewer pictures than are due."""
    frames, rejected = read(opened(drive([float(s) for s in range(12)]), clock=AT5))
    assert len({f.source for f in frames}) == len(frames) == 11
    assert rejected == {"frame_missing": 7}


def test_a_frame_half_way_between_two_instants_is_used_once(drive: Make) -> None:
    frames, rejected = read(opened(drive([0.0, 1.5, 3.0, 4.5]), clock=AT5, every_s=1.0))
    assert [f.source.split("@")[1] for f in frames] == ["0.000s", "1.500s", "3.000s", "4.500s"]
    assert rejected == {"frame_missing": 1}


@pytest.mark.parametrize(("turn", "bright"), [(0, "right"), (90, "bottom"), (180, "left"), (270, "top")])
def test_rotation_is_applied_once(drive: Make, turn: int, bright: str) -> None:
    frames, _ = read(opened(drive(turn=turn), clock=AT5))
    picture = frames[3].picture.astype(int)
    assert picture.shape == ((48, 64, 3) if turn % 180 == 0 else (64, 48, 3))
    sides = {"left": picture[:, :6], "right": picture[:, -6:], "top": picture[:6], "bottom": picture[-6:]}
    assert max(sides, key=lambda s: sides[s].mean()) == bright
    assert (frames[3].camera.width, frames[3].camera.height) == picture.shape[1::-1]


def test_frames_outside_the_trace_are_counted_and_rejected(
    drive: Make, north: Callable[..., Fixes], start: float
) -> None:
    capture = opened(drive(fixes=north(8.0, 6, first=8)), clock=AT5)  # trace 8..14 s, film 5..15 s
    frames, rejected = read(capture)
    assert capture.plan.warnings == {"partial_overlap": 1}
    assert len(frames) == 10  # 48 m
    assert rejected == {"outside_trace": 7}  # 3 s before and 1 s after, 0.625 s each
    assert all(start + 8 <= f.time.timestamp() <= start + 14 for f in frames)


def test_the_nearest_frame_outside_the_trace_gives_way_to_one_inside(
    drive: Make, north: Callable[..., Fixes], start: float
) -> None:
    capture = opened(drive(fixes=north(8.0, 6, first=8)), clock="start=2026-09-14T07:00:05.080Z")
    frames, rejected = read(capture)  # the trace begins between the frames of 7.98 and 8.08 s
    assert frames[0].time.timestamp() == pytest.approx(start + 8.08, abs=1e-5)
    assert set(rejected) == {"outside_trace"}


def test_no_overlap(drive: Make) -> None:
    said = code_of(drive(), clock="start=2026-09-14T07:10:00Z")
    assert said.startswith("no_overlap: film 2026-09-14T07:10:00Z to 2026-09-14T07:10:10.200Z by the clock")
    assert "trace 2026-09-14T07:00:00Z to 2026-09-14T07:00:20Z" in said
    assert said.endswith(
        "the film begins 9 min 40 s after the trace ends; correct the clock or give another trace"
    )


def test_a_gap_in_the_trace_is_not_bridged(drive: Make, north: Callable[..., Fixes], start: float) -> None:
    stamps = [i / 5 for i in range(151)]  # 30 s
    capture = opened(drive(stamps, north(8, 10) + north(8, 10, first=25)), clock="start=2026-09-14T07:00:02Z")
    frames, rejected = read(capture)
    assert not [f for f in frames if start + 10 < f.time.timestamp() < start + 25]
    assert rejected == {"trace_gap": 24}  # 15 s
    assert len(frames) == 24  # 64 m before the gap, 56 m after it
    assert len(capture.driven) == 2


def test_a_jump_in_the_trace_is_not_bridged(drive: Make, north: Callable[..., Fixes]) -> None:
    frames, rejected = read(
        opened(drive(fixes=[(s, n + (91 if s > 9 else 0), e) for s, n, e in north(8, 20)]), clock=AT5)
    )
    assert rejected == {"track_jump": 2} and len(frames) == 15


def test_standing_still_gives_no_frames(drive: Make, north: Callable[..., Fixes]) -> None:
    stand = [(float(s), 64.0, 0.0) for s in range(9, 30)]
    stamps = [i / 5 for i in range(101)]  # 20 s from 07:00:05 on, standing from :08
    frames, rejected = read(opened(drive(stamps, north(8, 8) + stand), clock=AT5))
    assert len(frames) == 5 and not rejected  # 24 m
    assert max(f.time.second for f in frames) <= 8
    capture = opened(drive(stamps, [(float(s), 0.0, 0.0) for s in range(30)]), clock=AT5)
    assert (
        capture.plan.offered == 0
        and capture.plan.warnings == {"standstill": 1}
        and read(capture) == ([], Counter())
    )


def test_a_film_within_one_fix_interval(drive: Make) -> None:
    frames, rejected = read(
        opened(drive([i / 30 for i in range(13)]), clock="start=2026-09-14T07:00:05.300Z")
    )
    assert len(frames) == 1 and not rejected


def test_a_cut_film_is_used_up_to_the_cut(
    film: Make, gpx: Make, north: Callable[..., Fixes], tmp_path: Path
) -> None:
    whole = film(tmp_path / "clip.mp4", STEADY, size=(320, 240))
    gpx(tmp_path / "clip.gpx", north(8.0, 20))
    data = whole.read_bytes()
    at = (
        data.index(b"moov") - 4
    )  # the index stands behind the pictures: put it first, as phones and copiers do
    moov, mdat = data[at:], data[:at]
    shift = len(moov)
    entry = moov.index(b"stco") + 8
    count = int.from_bytes(moov[entry : entry + 4], "big")
    offsets = [
        int.from_bytes(moov[entry + 4 + 4 * i : entry + 8 + 4 * i], "big") + shift for i in range(count)
    ]
    moov = moov[: entry + 4] + b"".join(o.to_bytes(4, "big") for o in offsets) + moov[entry + 4 + 4 * count :]
    head = int.from_bytes(data[:4], "big")
    whole.write_bytes((data[:head] + moov + mdat[head:])[: (len(data) + len(moov)) // 2 + 200])
    capture = opened(tmp_path, clock=AT5)
    frames, rejected = read(capture)
    assert capture.plan.offered == 17 and capture.plan.warnings == {"video_truncated": 1}
    assert set(rejected) == {"video_truncated"} and 3 < len(frames) < 14


def test_damage_costs_frames_up_to_the_next_key_frame(
    film: Make, gpx: Make, north: Callable[..., Fixes], tmp_path: Path
) -> None:
    path = film(tmp_path / "clip.mp4", STEADY, size=(320, 240), texture=True)
    gpx(tmp_path / "clip.gpx", north(8.0, 20))
    whole, _ = read(opened(tmp_path, clock=AT5, every_s=0.1))
    data = bytearray(path.read_bytes())
    begin = data.index(b"mdat")
    middle = begin + (data.rindex(b"moov") - begin) // 2
    data[middle : middle + 400] = np.random.default_rng(0).integers(0, 255, 400, dtype=np.uint8).tobytes()
    path.write_bytes(bytes(data))
    frames, rejected = read(opened(tmp_path, clock=AT5, every_s=0.1))
    assert set(rejected) == {"video_corrupt_frames"} and 1 <= rejected.total() <= 10, (
        "key frames are 10 apart"
    )
    pictures = {f.time: f.picture for f in whole}
    assert all((f.picture == pictures[f.time]).all() for f in frames), "what is handed on is whole"


def test_why_a_film_cannot_be_opened(film: Make, tmp_path: Path) -> None:
    path = film(tmp_path / "clip.mp4", STEADY)
    data = path.read_bytes()
    (tmp_path / "other.mp4").write_bytes(data)
    for content, code in [
        (b"not a film", "not_a_video"),
        (b"ffconcat version 1.0\nfile other.mp4\n", "not_a_video"),  # a list that would open another file
        (data[: data.index(b"moov") - 4], "video_no_index"),
        (b"", "file_empty"),
    ]:
        path.write_bytes(content)
        with pytest.raises(CaptureRejected) as error:
            open_film(path, 10**6)
        assert error.value.code == code
    with pytest.raises(CaptureRejected, match="file_unreadable"):
        open_film(tmp_path / "none.mp4", 10**6)
    with pytest.raises(CaptureRejected, match="image_too_large"):
        open_film(film(tmp_path / "big.mp4", [0, 0.1]), 3000)


def test_a_film_that_goes_away_while_it_is_read(drive: Make) -> None:
    folder = drive()
    capture = opened(folder, clock=AT5)
    (folder / "clip.mp4").unlink()
    frames, rejected = read(capture)
    assert not frames and rejected == {"file_unreadable": 17}


def test_no_trace(film: Make, tmp_path: Path) -> None:
    film(tmp_path / "clip.mp4", STEADY)
    assert code_of(tmp_path, clock=AT5) == "no_trace: put clip.gpx beside it, or name a GPX in trace:"
    assert "It needs a clock too" in code_of(tmp_path)


def test_area_and_camera(drive: Make) -> None:
    folder = drive()
    frames, rejected = read(opened(folder, clock=AT5, area=(55.0, 11.0, 56.0, 14.0)))
    assert not frames and set(rejected) == {"position_outside_area"}
    (folder / "capture.yaml").write_text("position_sd_m: 2.5\ncamera:\n  height_m: 2.35\n  hfov_deg: 90\n")
    frames, _ = read(opened(folder, clock=AT5))
    camera = frames[0].camera
    assert camera.height_m == 2.35 and camera.focal_px == pytest.approx(32) and camera.pitch_deg == 6.0
    assert frames[0].position_sd_m == 2.5


def test_only_a_vouched_film_counts_as_made(drive: Make) -> None:
    folder = drive(comment=made.MARK)
    assert not opened(folder, clock=AT5).plan.made, "no sidecar"
    made.vouch(folder / "clip.mp4", seed=1, scene="x")
    assert opened(folder, clock=AT5).plan.made
    made.vouch(drive() / "clip.mp4", seed=1, scene="x")
    assert not opened(folder, clock=AT5).plan.made, "no mark inside"


def test_memory_stays_flat(drive: Make) -> None:
    """Only the frame in hand and its neighbours are held, never the film."""
    import tracemalloc

    folder = drive([i / 30 for i in range(120)], size=(320, 240))
    capture = opened(folder, clock=AT5, every_s=0.1)
    tracemalloc.start()
    count = sum(1 for _ in capture.frames())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 40 and peak < 8 * 320 * 240 * 3


def test_times_are_utc(drive: Make) -> None:
    frames, _ = read(opened(drive(), clock=AT5))
    assert frames[0].time == datetime(2026, 9, 14, 7, 0, 5, tzinfo=UTC)
    assert all(f.time.utcoffset() == timedelta(0) for f in frames)
