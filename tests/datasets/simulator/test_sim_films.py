"""Films, traces, marks and truth on disk; small and short."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import av
import gpxpy
import numpy as np
import pytest
import yaml
from pyproj import Geod

from gatukoll import made
from gatukoll.datasets.simulator import drive, make, scene
from gatukoll.datasets.simulator.items import Mounting
from gatukoll.errors import DataError

SMALL = Mounting(width=320, height=180)
SEED = 10_003


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("made")
    (path,) = make.simulate(out, SEED, length_m=24, fps=5, camera=SMALL)
    return path


def _comment(path: Path) -> str:
    with av.open(str(path)) as container:
        return str(container.metadata["comment"])


def test_a_pass_is_a_film_with_trace_sidecar_mark_and_truth(film: Path) -> None:
    names = {p.name.removeprefix(film.stem) for p in film.parent.iterdir()}
    assert names == {
        ".mp4", ".gpx", ".capture.yaml", ".made.json", "truth.json", "truth.geojson", "scene.json"
    }  # fmt: skip
    with av.open(str(film)) as container:
        stamps = [float(f.pts * f.time_base) for f in container.decode(video=0)]
    record = json.loads((film.parent / "truth.json").read_text())["passes"][0]
    assert len(stamps) == record["frames"]
    assert stamps == pytest.approx([i / 5 for i in range(len(stamps))], abs=1e-3)


def test_the_mark_holds_and_breaks_with_one_byte(film: Path, tmp_path: Path) -> None:
    assert made.is_made(film, _comment(film))
    assert not made.is_made(film, "")
    copy = tmp_path / film.name
    data = bytearray(film.read_bytes())
    data[len(data) // 2] ^= 1
    copy.write_bytes(bytes(data))
    made.sidecar(copy).write_bytes(made.sidecar(film).read_bytes())
    assert not made.is_made(copy, _comment(film))


def test_the_same_again_byte_for_byte(film: Path, tmp_path: Path) -> None:
    make.simulate(tmp_path, SEED, length_m=24, fps=5, camera=SMALL)
    for path in film.parent.iterdir():
        assert (tmp_path / path.name).read_bytes() == path.read_bytes(), path.name


def test_the_sidecar_says_clock_and_mounting(film: Path) -> None:
    side = yaml.safe_load(film.with_suffix(".capture.yaml").read_text())
    assert side["clock"] == "start=2026-09-14T06:58:20Z"
    assert side["camera"] == {
        "height_m": 1.55, "pitch_deg": 5.0, "roll_deg": 0.0, "yaw_deg": 0.0, "hfov_deg": 66.0
    }  # fmt: skip


def test_the_trace_covers_the_film_and_lies_near_the_street(film: Path) -> None:
    points = gpxpy.parse(film.with_suffix(".gpx").read_text()).tracks[0].segments[0].points
    record = json.loads((film.parent / "truth.json").read_text())["passes"][0]
    start = datetime.fromisoformat(record["start_utc"])
    assert (start - points[0].time).total_seconds() == drive.LEAD_S
    assert (points[-1].time - start).total_seconds() >= record["seconds"] + drive.TAIL_S - 1
    away = [Geod(ellps="WGS84").inv(p.longitude, p.latitude, 12.6945, 56.0465)[2] for p in points]
    assert max(away) < 24 + 30 + 10


def test_truth_in_degrees_is_truth_in_metres(film: Path) -> None:
    value = json.loads((film.parent / "truth.json").read_text())
    geod = Geod(ellps="WGS84")
    for damage in value["damages"]:
        geometry = damage["geometry"]
        if geometry["type"] == "Polygon":
            lon, lat = np.array(geometry["coordinates"][0]).T
            area, _ = geod.polygon_area_perimeter(lon, lat)
            assert abs(area) == pytest.approx(damage["area_m2"], rel=0.02, abs=0.002)
        elif geometry["type"] == "LineString":
            lon, lat = np.array(geometry["coordinates"]).T
            assert geod.line_length(lon, lat) == pytest.approx(damage["length_m"], rel=0.02)
    (lon0, lat0), (lon1, lat1) = value["street"]["coordinates"]
    assert geod.inv(lon0, lat0, lon1, lat1)[2] == pytest.approx(24, abs=0.01)
    assert any(d["visible_in"] for d in value["damages"])
    features = json.loads((film.parent / "truth.geojson").read_text())["features"]
    assert [f["id"] for f in features] == [d["id"] for d in value["damages"]]


def test_gps_error_has_its_spread_and_its_memory() -> None:
    error = np.concatenate([drive.gps_error(np.random.default_rng(i), 400) for i in range(40)])
    assert error.std(axis=0) == pytest.approx([drive.GPS_SD_M] * 2, rel=0.1)
    runs = error.reshape(40, 400, 2)
    lag = float(drive.GPS_TAU_S)
    kept = (runs[:, :-20] * runs[:, 20:]).mean() / error.var()
    assert lag == 20 and kept == pytest.approx(np.exp(-1), abs=0.1)


def test_heading_follows_the_path_and_the_speed_is_kept() -> None:
    street = scene.random(1, length_m=200).street
    path = replace(scene.camera_path(1, 1, street, speed_kmh=36), speed_mps=10.0)
    t = np.arange(0, 17, 0.01)
    where, heading = drive.places(path, t)
    step = np.diff(where, axis=0)
    assert np.degrees(np.arctan2(step[:, 0], step[:, 1])) == pytest.approx(heading[:-1], abs=0.05)
    assert (where[-1, 1] - where[0, 1]) / 16.99 == pytest.approx(10, rel=0.01)


def test_refusals_come_before_anything_is_written(tmp_path: Path, film: Path) -> None:
    with pytest.raises(DataError, match=r"fps.*1 to 60"):
        make.simulate(tmp_path / "x", SEED, fps=0)
    assert not (tmp_path / "x").exists()
    with pytest.raises(DataError, match="another street"):
        make.simulate(film.parent, SEED + 1, length_m=24)


def test_start_is_kept_to_the_zone_it_names(tmp_path: Path) -> None:
    start = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    path = scene.camera_path(1, 1, scene.random(1, length_m=40).street, speed_kmh=30)
    trace = gpxpy.parse(drive.gpx(path, scene.random(1, length_m=40).street, start))
    assert trace.tracks[0].segments[0].points[3].time == start


def test_a_time_without_zone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="names no time zone"):
        make.simulate(tmp_path / "x", SEED, length_m=24, start_utc=datetime(2026, 1, 2))
