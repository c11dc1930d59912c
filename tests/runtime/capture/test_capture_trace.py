from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pyproj import Geod

from gatukoll.errors import CaptureRejected
from gatukoll.runtime.capture.kinematics import Motion, bearing_deg, metres
from gatukoll.runtime.capture.trace import read_trace, why_uncovered

Fixes = list[tuple[float, float, float]]


def code_of(path: Path) -> str:
    with pytest.raises(CaptureRejected) as error:
        read_trace(path)
    return error.value.code


def test_metres_are_those_of_the_ellipsoid() -> None:
    geod = Geod(ellps="WGS84")
    for lat, lon, lat2, lon2 in [
        (59.3, 18, 59.301, 18.002),
        (-33, 151, -33.01, 150.98),
        (60, 179.999, 60.001, -179.999),
    ]:
        azimuth, _, far = geod.inv(lon, lat, lon2, lat2)
        east, north = metres(lat, lon, lat2, lon2)
        assert np.hypot(east, north) == pytest.approx(far, rel=1e-5)
        assert float(bearing_deg(east, north)) == pytest.approx(azimuth % 360, abs=0.02)


def test_a_straight_drive(
    gpx: Callable[..., Path], north: Callable[..., Fixes], tmp_path: Path, start: float
) -> None:
    motion = Motion.of(read_trace(gpx(tmp_path / "a.gpx", north(8.0, 20))))
    assert motion.moved_m[-1] == pytest.approx(160, abs=0.1)
    assert motion.speed(start + 7.3) == pytest.approx(8, abs=0.01)
    assert min(motion.heading(start + 7.3), 360 - motion.heading(start + 7.3)) < 0.01
    assert list(motion.covered([start - 0.1, start, start + 20, start + 20.1])) == [False, True, True, False]
    lat, lon = motion.position(start + 10.25)
    assert (lat - 59.34) * 111_413 == pytest.approx(82, abs=0.1) and lon == pytest.approx(18.07)


def test_standing_still_moves_nothing_and_turns_nothing(
    gpx: Callable[..., Path], tmp_path: Path, start: float
) -> None:
    """A refuse truck: 10 s driving east, 60 s standing with a wandering receiver, 10 s driving on."""
    noise = np.random.default_rng(1)
    wander = np.cumsum(noise.normal(0, 0.08, (60, 2)), axis=0)
    wander -= np.linspace(0, 1, 60)[:, None] * wander[-1]
    fixes = [(s, 0.0, 5.0 * s) for s in range(11)]
    fixes += [(11 + i, float(w[0]), 50 + float(w[1])) for i, w in enumerate(wander)]
    fixes += [(71 + s, 0.0, 50 + 5.0 * s) for s in range(1, 11)]
    motion = Motion.of(read_trace(gpx(tmp_path / "a.gpx", fixes)))
    assert motion.moved_m[-1] == pytest.approx(100, abs=2)
    standing = motion.distance([start + 14, start + 68])
    assert standing[1] == standing[0]
    for s in (5, 12, 30, 50, 68, 75):
        assert motion.heading(start + s) == pytest.approx(90, abs=8)
    assert motion.speed(start + 40) == 0


def test_a_trace_that_never_moves_has_no_heading(
    gpx: Callable[..., Path], tmp_path: Path, start: float
) -> None:
    motion = Motion.of(read_trace(gpx(tmp_path / "a.gpx", [(s, 0.1 * (s % 2), 0) for s in range(30)])))
    assert motion.moved_m[-1] == 0 and np.isnan(motion.heading(start + 10))


def test_a_hop_of_a_standing_receiver_is_no_move(gpx: Callable[..., Path], tmp_path: Path) -> None:
    """Faster than the threshold for a moment, but it ends where it began."""
    hop = [0.0, 1.0, 2.0, 2.5, 2.0, 1.0]
    fixes = [(s, hop[s - 20] if 20 <= s < 26 else 0.0, 0.0) for s in range(50)]
    assert Motion.of(read_trace(gpx(tmp_path / "a.gpx", fixes))).moved_m[-1] == 0


def test_headings_are_smoothed_over_noise(gpx: Callable[..., Path], tmp_path: Path, start: float) -> None:
    fixes = [(s, 0.3 * (-1) ** s, 1.2 * s) for s in range(40)]  # each step by itself points 27 degrees off
    motion = Motion.of(read_trace(gpx(tmp_path / "a.gpx", fixes)))
    assert [motion.heading(start + s) for s in np.arange(5, 35, 0.7)] == pytest.approx([90] * 43, abs=6)


def test_walking_is_not_standing(
    gpx: Callable[..., Path], north: Callable[..., Fixes], tmp_path: Path
) -> None:
    motion = Motion.of(read_trace(gpx(tmp_path / "a.gpx", north(1.2, 30))))
    assert motion.moved_m[-1] == pytest.approx(36, abs=0.1)


def test_a_corner_is_turned_within_ten_metres(gpx: Callable[..., Path], tmp_path: Path, start: float) -> None:
    fixes = [(s, 5.0 * s, 0.0) for s in range(11)] + [(10 + s, 50.0, 5.0 * s) for s in range(1, 11)]
    motion = Motion.of(read_trace(gpx(tmp_path / "a.gpx", fixes)))
    headings = [motion.heading(start + s) for s in (8.9, 10, 11.1)]
    assert headings == pytest.approx([0, 45, 90], abs=1)


def test_gaps_segments_and_jumps_are_not_bridged(
    gpx: Callable[..., Path], north: Callable[..., Fixes], tmp_path: Path, start: float
) -> None:
    gap = north(8, 5) + north(8, 5, first=20)
    trace = read_trace(gpx(tmp_path / "gap.gpx", gap))
    motion = Motion.of(trace)
    assert len(motion.spans) == 2 and not motion.covered(start + 10)[0]
    assert motion.moved_m[-1] == pytest.approx(80, abs=0.1)
    assert why_uncovered(trace, start + 10) == "trace_gap"
    assert why_uncovered(trace, start - 1) == why_uncovered(trace, start + 26) == "outside_trace"
    ten = read_trace(gpx(tmp_path / "ten.gpx", north(8, 5) + north(8, 5, first=15)))
    assert len(Motion.of(ten).spans) == 1, "ten seconds are still one segment"
    cut = read_trace(gpx(tmp_path / "cut.gpx", north(8, 10), cuts=[5]))
    assert why_uncovered(cut, start + 4.5) == "trace_gap" and not cut.warnings
    jump = [(s, n + (91 if s > 5 else 0), e) for s, n, e in north(8, 10)]
    trace = read_trace(gpx(tmp_path / "jump.gpx", jump))
    assert dict(trace.warnings) == {"track_jump": 1}
    assert why_uncovered(trace, start + 5.5) == "track_jump"
    assert Motion.of(trace).moved_m[-1] == pytest.approx(72, abs=0.1)


def test_disorder_is_mended_and_counted(
    gpx: Callable[..., Path], north: Callable[..., Fixes], tmp_path: Path
) -> None:
    fixes = north(8, 10)
    fixes[4], fixes[5] = fixes[5], fixes[4]
    trace = read_trace(gpx(tmp_path / "a.gpx", [*fixes, fixes[-1]]))
    assert len(trace.times_s) == 11 and (np.diff(trace.times_s) > 0).all()
    assert dict(trace.warnings) == {"track_out_of_order": 2}


def test_zeros_and_wild_positions_are_dropped(
    tmp_path: Path, gpx: Callable[..., Path], north: Callable[..., Fixes]
) -> None:
    path = gpx(tmp_path / "a.gpx", north(8, 6))
    bad = [
        '<trkpt lat="0" lon="0"><time>2026-09-14T06:59:00Z</time></trkpt>',
        '<trkpt lat="95" lon="18"><time>2026-09-14T06:59:01Z</time></trkpt>',
        '<trkpt lat="nan" lon="18"><time>2026-09-14T06:59:02Z</time></trkpt>',
        '<trkpt lat="59" lon="18"><time>1980-01-06T00:00:00Z</time></trkpt>',
        '<trkpt lat="59" lon="18"/>',
    ]
    text = path.read_text().replace("<trkseg>", "<trkseg>" + "".join(bad))
    path.write_text(text)
    trace = read_trace(path)
    assert len(trace.times_s) == 7
    assert dict(trace.warnings) == {
        "position_zero": 1,
        "position_out_of_range": 2,
        "time_implausible": 1,
        "track_no_time": 1,
    }


def test_times_without_a_zone_are_utc_unless_a_zone_is_stated(
    gpx: Callable[..., Path], north: Callable[..., Fixes], tmp_path: Path, start: float
) -> None:
    path = gpx(tmp_path / "a.gpx", north(8, 6), zone="")
    trace = read_trace(path)
    assert trace.times_s[0] == start and dict(trace.warnings) == {"track_time_zone_unknown": 1}
    trace = read_trace(path, "Europe/Stockholm")
    assert trace.times_s[0] == start - 7200 and not trace.warnings


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1"])
def test_encodings(
    gpx: Callable[..., Path], north: Callable[..., Fixes], tmp_path: Path, encoding: str
) -> None:
    path = gpx(tmp_path / "a.gpx", north(8, 6))
    named = encoding.removesuffix("-sig")
    text = path.read_text().replace("UTF-8", named).replace('creator="test"', 'creator="Östermalm"')
    path.write_bytes(text.encode(encoding))
    assert len(read_trace(path).times_s) == 7


def test_reasons_why_a_trace_is_refused(
    gpx: Callable[..., Path], north: Callable[..., Fixes], tmp_path: Path
) -> None:
    path = tmp_path / "a.gpx"
    path.write_bytes(b"")
    assert code_of(path) == "file_empty"
    path.write_text("<html><body>403</body></html>")
    assert code_of(path) == "not_a_track"
    assert code_of(gpx(path, [])) == "track_empty"
    assert code_of(gpx(path, [(0, 0, 0)])) == "track_too_short"
    whole = gpx(path, north(8, 6)).read_text()
    path.write_text(whole.replace("</time>", "</tid>", 1))
    assert code_of(path) == "track_not_xml"
    path.write_text(whole.replace("<time>", "<note>").replace("</time>", "</note>"))
    assert code_of(path) == "track_no_time"
    path.write_text(whole.replace("2026-", "1901-"))
    assert code_of(path) == "time_implausible"
    path.write_text(whole.replace('lat="59', 'lat="5x9', 1))
    assert code_of(path) == "not_a_track"
    path.write_text(whole[: whole.index("</trkpt>") - 5])
    assert code_of(path) == "track_not_xml"
    assert code_of(tmp_path / "none.gpx") == "file_unreadable"


def test_a_trace_cut_while_writing_keeps_its_whole_points(
    gpx: Callable[..., Path], north: Callable[..., Fixes], tmp_path: Path
) -> None:
    path = gpx(tmp_path / "a.gpx", north(8, 6))
    path.write_text(path.read_text().rpartition("<time>")[0])
    trace = read_trace(path)
    assert len(trace.times_s) == 6 and dict(trace.warnings) == {"track_truncated": 1}
