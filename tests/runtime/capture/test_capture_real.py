"""Real films, pictures and traces; their truth stands beside them."""

from __future__ import annotations

import csv
import shutil
from collections import Counter
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from gatukoll.errors import CaptureRejected
from gatukoll.runtime.capture.discover import discover
from gatukoll.runtime.capture.kinematics import Motion, metres
from gatukoll.runtime.capture.model import Frame, FrameRejected
from gatukoll.runtime.capture.open import open_capture
from gatukoll.runtime.capture.reading import Opened, Reading
from gatukoll.runtime.capture.trace import read_trace


@pytest.fixture(scope="session")
def streams(shared_data: Path) -> Path:
    return shared_data / "streams"


def read(capture: Opened) -> tuple[list[Frame], Counter[str]]:
    items = list(capture.frames())
    assert len(items) == capture.plan.offered
    frames = [i for i in items if isinstance(i, Frame)]
    return frames, Counter(i.code for i in items if isinstance(i, FrameRejected))


@pytest.mark.parametrize("clip", ["boston.mp4", "detroit.mp4"])
def test_city_clips(streams: Path, clip: str) -> None:
    with (streams / "city_clips/clips.csv").open() as lines:
        said = next(row for row in csv.DictReader(lines) if row["clip"] == clip)
    found = discover([streams / "city_clips" / clip])
    capture = open_capture(found.captures[0], Reading(clock=f"start={said['clip_start_utc']}"))
    frames, rejected = read(capture)
    assert not rejected and not capture.plan.warnings
    assert len(frames) == int(capture.plan.length_m // 5) + 1
    assert capture.plan.length_m == pytest.approx(float(said["duration_s"]) * 30 / 3.6, rel=0.05), "30 km/h"
    trace = read_trace(streams / "city_clips" / said["gpx"])
    for frame in frames:
        assert trace.lat_deg.min() <= frame.lat_deg <= trace.lat_deg.max()
        assert trace.lon_deg.min() <= frame.lon_deg <= trace.lon_deg.max()
        lat = np.interp(frame.time.timestamp(), trace.times_s, trace.lat_deg)
        lon = np.interp(frame.time.timestamp(), trace.times_s, trace.lon_deg)
        assert np.hypot(*metres(lat, lon, frame.lat_deg, frame.lon_deg)) < 0.01
        stamp = float(frame.source.split("@")[1][:-1])
        start = datetime.fromisoformat(said["clip_start_utc"])
        assert abs((frame.time - start).total_seconds() - stamp) < 0.001
        assert frame.picture.shape == (406, 722, 3)
        assert frame.speed_mps == pytest.approx(30 / 3.6, rel=0.15)
    gaps = np.diff(Motion.of(trace).distance([f.time.timestamp() for f in frames]))
    assert np.allclose(gaps, 5, atol=0.35), "a frame is 0.28 m of road"


def test_a_city_clip_without_a_clock_is_refused(streams: Path) -> None:
    found = discover([streams / "city_clips/boston.mp4"])
    with pytest.raises(
        CaptureRejected, match=r"clock_unknown.*add to boston.capture.yaml beside it: clock: start="
    ):
        open_capture(found.captures[0], Reading())


def test_lund(streams: Path) -> None:
    capture = open_capture(discover([streams / "photos/lund"]).captures[0], Reading())
    frames, rejected = read(capture)
    assert capture.plan.offered == len(frames) == 29 and not rejected
    with (streams / "photos/photos.csv").open() as lines:
        truth = {r["file"].split("/")[1]: r for r in csv.DictReader(lines) if r["file"].startswith("lund/")}
    for frame in frames:
        said = truth[frame.source]
        assert frame.lat_deg == pytest.approx(float(said["lat"]), abs=1e-6)
        assert frame.lon_deg == pytest.approx(float(said["lon"]), abs=1e-6)
        assert frame.time.strftime("%Y_%m_%d_%H_%M_%S_%f")[:-3] == said["json_capture_time"]
        assert frame.picture.shape == (768, 1024, 3)
    # a walk north by west, whatever the compass says
    turn = np.array([(f.heading_deg - 340 + 180) % 360 - 180 for f in frames])
    assert np.median(np.abs(turn)) < 20 and (np.abs(turn) < 90).all()
    assert len({f.heading_deg for f in frames[-3:]}) == 1, "27 to 29 were taken at one place"
    assert capture.plan.length_m == pytest.approx(195, abs=8)


def test_variable_frame_rate(streams: Path, tmp_path: Path) -> None:
    """The picture at an instant is the one whose stamp says so, not the one whose number does."""
    import av

    shutil.copy(streams / "clips/vfr_phone.mp4", tmp_path / "clip.mp4")
    shutil.copy(streams / "city_clips/detroit.gpx", tmp_path / "clip.gpx")
    capture = open_capture(discover([tmp_path]).captures[0], Reading(clock="start=2026-09-14T07:13:07.500Z"))
    frames, rejected = read(capture)
    with av.open(str(tmp_path / "clip.mp4")) as film:
        pictures = {
            f"{f.time:.3f}": f.to_ndarray(format="rgb24") for f in film.decode(video=0) if f.time is not None
        }
    for frame in frames:
        assert (frame.picture == pictures[frame.source.split("@")[1][:-1]]).all()
    # the hole from 3.3 to 4.04 s may cost one frame
    assert len(frames) >= 12 and rejected.total() <= 1 and set(rejected) <= {"frame_missing"}


@pytest.mark.parametrize(
    ("clip", "clock", "late_s"),
    [
        ("clock_utc_start.mp4", "offset=0", -0.5),
        ("clock_local_as_utc.mp4", "offset=-7200", -0.5),
        ("clock_stop_time.mp4", "end=2026-09-14T07:13:11.500Z", 0.0),
        ("clock_stop_time.mp4", "stamp=end", -0.5),
        ("clock_utc_start.mp4", "stamp=start", -0.5),
        ("clock_quicktime_offset.mov", "start=2026-09-14T09:13:07+02:00", -0.5),
        ("late_start.mp4", "start=2026-09-14T07:13:07.500Z", 0.0),
        ("fragmented.mp4", "start=2026-09-14T07:13:07.500Z", 0.0),
        ("dashcam.ts", "start=2026-09-14T07:13:07.500Z", 0.0),
        ("hevc_audio.mp4", "start=2026-09-14T07:13:07.500Z", 0.0),
        ("old_phone.3gp", "start=2026-09-14T07:13:07.500Z", 0.0),
        ("half_second.mp4", "start=2026-09-14T07:13:07.500Z", 0.0),
    ],
)
def test_clips_of_many_kinds(streams: Path, tmp_path: Path, clip: str, clock: str, late_s: float) -> None:
    path = tmp_path / f"clip{Path(clip).suffix}"
    shutil.copy(streams / "clips" / clip, path)
    shutil.copy(streams / "city_clips/detroit.gpx", tmp_path / "clip.gpx")
    frames, rejected = read(open_capture(discover([tmp_path]).captures[0], Reading(clock=clock)))
    assert frames and not rejected
    assert frames[0].time.isoformat(timespec="milliseconds")[14:23] == f"13:{7.5 + late_s:06.3f}"


# what each damaged film, picture and trace must end as; with the trace of detroit and a stated clock or zone
BROKEN = {
    "jpeg_cut_in_half.jpg": "image_truncated",
    "jpeg_header_only.jpg": "image_truncated",
    "jpeg_no_exif.jpg": "no_position",
    "exif_0_0.jpg": "position_zero",
    "exif_1970.jpg": "time_implausible",
    "exif_date_zero.jpg": "time_implausible",
    "exif_future.jpg": "time_implausible",
    "exif_lat_95.jpg": "position_out_of_range",
    "exif_no_ref.jpg": "position_incomplete",
    "exif_swapped.jpg": "position_outside_area",
    "png_named.jpg": "no_position",
    "zero_bytes.jpg": "file_empty",
    "big_8000x8000.jpg": "image_too_large",
    "big_20000x20000.png": "image_too_large",
    "._01.jpg": "not_media",
    "Thumbs.db": "not_media",
    "unfinished.mp4.part": "not_media",
    "svensk_excel.csv": "not_media",
    "bad_checksums.nmea": "not_read_yet",
    "all_bad_checksums.nmea": "not_read_yet",
    "no_moov.mp4": "video_no_index",
    "cut_in_the_middle.mp4": "video_truncated",
    "cut_fragment.mp4": "video_truncated",
    "bit_rot.mp4": "video_corrupt_frames",
    "zero_bytes.mp4": "file_empty",
    "text_as.mp4": "not_a_video",
    "audio_only.mp4": "no_video_stream",
    # the wrong tag that it was made with was cut off with its end: nothing but the end is missing
    "malformed.gpx": "track_truncated",
    "cut_while_writing.gpx": "track_truncated",
    "no_points.gpx": "track_empty",
    "one_point.gpx": "track_too_short",
    "no_times.gpx": "track_no_time",
    "jump_300_kmh.gpx": "track_jump",
    "out_of_order.gpx": "track_out_of_order",
    "local_time.gpx": "track_time_zone_unknown",
    "utf16.gpx": "ok",
    "zero_first.gpx": "position_zero",
    "html_error.gpx": "not_a_track",
    "names/med mellanslag i namnet.jpg": "ok",
    "names/Östermalmsgatan åäö.jpg": "ok",
    "names/vägarbete 🚧.jpg": "ok",
    "names/-rf.jpg": "ok",
    "names/UPPER.JPG": "ok",
}


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_broken_files_end_as_their_reason(streams: Path, tmp_path: Path, name: str) -> None:
    source = streams / "broken" / name
    shutil.copy(source, tmp_path)
    if source.suffix == ".mp4":
        shutil.copy(streams / "city_clips/detroit.gpx", tmp_path / f"{source.stem}.gpx")
    sweden = (55.0, 10.5, 69.1, 24.2)
    found = discover([tmp_path])
    said = Counter(found.ignored) + Counter(code for _, code, _ in found.rejected)
    for capture in found.captures:
        clock = "start=2026-09-14T07:13:07Z" if capture.kind == "film" else None
        try:
            opened = open_capture(capture, Reading(clock=clock, zone="Europe/Stockholm", area=sweden))
        except CaptureRejected as reason:
            said[reason.code] += 1
            continue
        frames, rejected = read(opened)
        said += rejected + Counter(opened.plan.warnings)
        said["ok"] += len(frames) + (capture.kind == "trace")
    assert said[BROKEN[name]] >= 1
    assert set(said) - {"ok"} <= {BROKEN[name]}


def test_a_copy_is_a_duplicate_and_a_burst_is_kept(streams: Path) -> None:
    reading = Reading(zone="Europe/Stockholm")
    items = list(open_capture(discover([streams / "broken/copy"]).captures[0], reading).frames())
    assert [(i.source, getattr(i, "code", "ok")) for i in items] == [
        ("01.jpg", "ok"),
        ("01 (1).jpg", "duplicate"),
    ]
    frames, rejected = read(open_capture(discover([streams / "broken/same_time"]).captures[0], reading))
    assert [f.source for f in frames] == ["a.jpg", "b.jpg"] and not rejected


def test_overlap(streams: Path) -> None:
    partial = open_capture(
        discover([streams / "broken/partial_overlap"]).captures[0], Reading(clock="offset=0")
    )
    frames, rejected = read(partial)
    assert partial.plan.warnings == {"partial_overlap": 1}
    assert rejected == {"outside_trace": 3} and len(frames) == 4
    with pytest.raises(CaptureRejected, match="no_overlap: film 2026-09-14T07:13:07Z"):
        open_capture(discover([streams / "broken/no_overlap"]).captures[0], Reading(clock="offset=0"))


@pytest.mark.parametrize("folder", ["", "broken", "clips", "embedded", "gopro", "photos/oddities", "tracks"])
def test_nothing_real_crashes(streams: Path, folder: str) -> None:
    """Whole folders as they are delivered: every capture opens or has a reason, and the sums hold."""
    found = discover(
        [streams / folder] if folder else [streams / "photos/berlin", streams / "photos/brittany"]
    )
    for capture in found.captures:
        try:
            read(open_capture(capture, Reading()))
        except CaptureRejected as reason:
            assert reason.detail
