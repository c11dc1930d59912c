"""Whole runs over made pictures with a tiny detector."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
import tinycity
import tinysite

from gatukoll.errors import ConfigError, StoppedEarly, UserError
from gatukoll.runtime import commands
from gatukoll.runtime.findings.store import Store
from gatukoll.runtime.sinks.reference import RUN


@pytest.fixture
def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    site = tmp_path / "site"
    tinycity.install(site)
    monkeypatch.syspath_prepend(str(site))
    yield tmp_path
    sys.modules.pop("tiny_town", None)


def rows(out: Path) -> list[dict[str, str]]:
    with (out / "findings.csv").open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream, delimiter=";"))


def noted(out: Path) -> dict[str, object]:
    return dict(json.loads((out / "run.json").read_text()))


def film(path: Path) -> None:
    """Write three grey frames."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as out:
        stream = out.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(3):
            picture = np.full((48, 64, 3), 90, np.uint8)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        out.mux(stream.encode(None))


def gpx(path: Path, lon: float = 13.19) -> None:
    """Write a trace of 900 m northwards in eight minutes."""
    fixes = "".join(
        f'<trkpt lat="{55.7 + i / 1000}" lon="{lon}"><time>2026-09-14T06:0{i}:00Z</time></trkpt>'
        for i in range(9)
    )
    path.write_text(f"<gpx><trk><trkseg>{fixes}</trkseg></trk></gpx>")


def test_a_spot_seen_in_two_pictures_is_one_finding_of_its_owner(town: Path) -> None:
    tinycity.street(town / "drive")
    code = commands.run([town / "drive"], city_file=tinycity.city(town), out=town / "out", threads=1)
    assert code == 0
    run = noted(town / "out")
    assert run["captures"] == {"offered": 1, "accepted": 1, "rejected": {}}
    assert run["frames"] == {"offered": 6, "accepted": 6, "rejected": {}}
    assert len(rows(town / "out")) == 1
    assert len(rows(town / "out" / "owners" / "gata")) == 1 and not rows(town / "out" / "owners" / "park")
    with Store.open(town / "city.sqlite") as store:
        (facts,) = store.fact_sets()
        (spot,) = facts.observations
    assert len(spot.sightings) == 2
    north_m = (spot.geometry.centroid.y - 55.7) * 111_320
    assert north_m == pytest.approx(13.5, abs=1.0)
    assert spot.size["area_m2"] == pytest.approx(4.5, rel=0.3)


def test_the_page_of_outputs_names_every_field_of_run_json(town: Path) -> None:
    drive = tinycity.street(town / "drive")
    commands.run([drive], city_file=tinycity.city(town), out=town / "out", threads=1)
    run = noted(town / "out")
    described = RUN.split("|")
    named = {word for cell in described for word in cell.split("`")[1::2]}
    assert set(run) <= named
    assert {*run["each_capture"][0], *run["each_capture"][0]["frames"], *run["findings"]} <= named  # type: ignore[index,misc]


def test_running_again_adds_nothing_and_gives_the_same(town: Path) -> None:
    tinycity.street(town / "drive")
    city = tinycity.city(town)
    commands.run([town / "drive"], city_file=city, out=town / "out", threads=1)
    first, note = rows(town / "out"), noted(town / "out")
    (town / "drive").rename(town / "moved")  # the same pictures elsewhere are the same capture
    commands.run([town / "moved"], city_file=city, out=town / "out", threads=1)
    again = noted(town / "out")
    assert rows(town / "out") == first
    assert {k: again[k] for k in ("captures", "frames", "findings")} == {
        k: note[k] for k in ("captures", "frames", "findings")
    }
    with Store.open(town / "city.sqlite") as store:
        assert len(store.records()) == 1 and len(store.fact_keys()) == 1


def test_two_passes_are_two_sets_of_facts_and_one_finding(town: Path) -> None:
    tinycity.street(town / "a")
    tinycity.street(town / "b", second=600, lat=55.700005)
    commands.run([town / "a", town / "b"], city_file=tinycity.city(town), out=town / "out", threads=1)
    assert noted(town / "out")["captures"]["accepted"] == 2  # type: ignore[index]
    assert len(rows(town / "out")) == 1


def test_limits_of_the_city_change_findings_without_new_facts(town: Path) -> None:
    tinycity.street(town / "drive")
    commands.run([town / "drive"], city_file=tinycity.city(town), out=town / "out", threads=1)
    more = "output: {language: en, epsg: 3008}\n"
    commands.run([], city_file=tinycity.city(town, more), out=town / "english", threads=1)
    with Store.open(town / "city.sqlite") as store:
        assert len(store.fact_keys()) == 1
    assert len(rows(town / "english")) == 1


def test_another_threshold_gives_a_second_set_beside_the_first(town: Path) -> None:
    tinycity.street(town / "drive")
    commands.run([town / "drive"], city_file=tinycity.city(town), out=town / "out", threads=1)
    path = tinycity.city(town)
    path.write_text(path.read_text().replace("{}", "{min_score: {spot: 0.999}}"))
    commands.run([town / "drive"], city_file=path, out=town / "out", threads=1)
    assert rows(town / "out") == []
    with Store.open(town / "city.sqlite") as store:
        assert len(store.fact_keys()) == 2 and len(store.records()) == 1


def test_bad_items_are_counted_and_the_rest_goes_on(town: Path) -> None:
    drive = tinycity.street(town / "drive")
    whole = (drive / "02.jpg").read_bytes()
    (drive / "02.jpg").write_bytes(whole[: len(whole) // 2])
    (drive / "empty.mp4").write_bytes(b"")
    (drive / "Thumbs.db").write_bytes(b"x")
    code = commands.run([drive], city_file=tinycity.city(town), out=town / "out", threads=1, strict=True)
    run = noted(town / "out")
    assert code == 4
    assert run["captures"] == {"offered": 2, "accepted": 1, "rejected": {"file_empty": 1}}
    assert run["frames"] == {"offered": 6, "accepted": 5, "rejected": {"image_truncated": 1}}
    assert run["ignored"] == {"not_media": 1}
    for out in ("out", "again"):  # from the store, the second time
        commands.run([drive], city_file=tinycity.city(town), out=town / out, threads=1)
        frames = noted(town / out)["each_capture"][0]["frames"]  # type: ignore[index]
        assert frames["items"] == [{"source": "02.jpg", "code": "image_truncated"}]
        assert frames["items_left_out"] == 0


def test_of_many_rejected_frames_the_first_are_named(town: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from gatukoll.runtime import observe

    monkeypatch.setattr(observe, "NAMED", 2)
    drive = tinycity.street(town / "drive")
    for name in ("01.jpg", "03.jpg", "04.jpg"):
        (drive / name).write_bytes((drive / name).read_bytes()[:5000])
    commands.run([drive], city_file=tinycity.city(town), out=town / "out", threads=1)
    frames = noted(town / "out")["each_capture"][0]["frames"]  # type: ignore[index]
    assert [item["source"] for item in frames["items"]] == ["01.jpg", "03.jpg"]
    assert frames["items_left_out"] == 1


def test_a_drive_outside_the_coordinate_system_is_rejected_with_what_to_set(
    town: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    tinycity.street(town / "drive", lat=37.4)
    tinycity.street(town / "home")
    paths = [town / "drive", town / "home"]
    assert commands.run(paths, city_file=tinycity.city(town), out=town / "out", threads=1) == 0
    run = noted(town / "out")
    assert run["captures"] == {"offered": 2, "accepted": 1, "rejected": {"position_outside_area": 1}}
    assert "EPSG" in str(run["each_capture"])


def test_what_the_store_holds_outside_the_coordinate_system_is_left_out_and_named(
    town: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tinycity.street(town / "far", lat=37.4)
    tinycity.street(town / "home")
    degrees = tinycity.city(town, "output: {epsg: 4326, language: en}\n")
    commands.run([town / "far", town / "home"], city_file=degrees, out=town / "out", threads=1)
    ids = {float(r["Latitude"].replace(",", ".")) > 50: r["Id"] for r in rows(town / "out")}
    assert len(ids) == 2 and noted(town / "out")["outside_area"] == []
    metres = tinycity.city(town, "output: {epsg: 3006, language: en}\n")
    capsys.readouterr()
    assert commands.run([town / "home"], city_file=metres, out=town / "out", threads=1) == 0
    assert [r["Id"] for r in rows(town / "out")] == [ids[True]]
    assert "1 capture in the city's store is left out of these results (far)" in capsys.readouterr().out
    (left,) = noted(town / "out")["outside_area"]  # type: ignore[misc]
    assert left["name"] == "far" and "made for Sweden" in left["detail"]
    commands.route_explain(ids[True], metres)
    with pytest.raises(UserError, match="no finding has this id"):
        commands.route_explain(ids[False], metres)
    # given again it is rejected, though the store has its facts
    commands.run([town / "far", town / "home"], city_file=metres, out=town / "out", threads=1)
    assert noted(town / "out")["captures"]["rejected"] == {"position_outside_area": 1}  # type: ignore[index]


def test_a_second_run_says_again_what_is_rejected_and_what_was_done(
    town: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tinycity.street(town / "drives" / "a")
    tinycity.street(town / "drives" / "b", lat=37.4)
    (town / "drives" / "empty.mp4").write_bytes(b"")
    city = tinycity.city(town)
    said = []
    for _ in range(2):
        commands.run([town / "drives"], city_file=city, out=town / "out", threads=1)
        said.append(capsys.readouterr().err.splitlines())
    assert said[0][0] == "[1/3] empty: rejected, file_empty: empty.mp4 is empty"
    assert said[0][1] == "[2/3] a: 6 frames due"
    assert said[0][2].startswith("[3/3] b: rejected, position_outside_area: ")
    assert said[1] == [said[0][0], said[0][2], "[3/3] 1 capture was already done"]


def test_dry_run_says_what_is_due_and_writes_nothing(town: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tinycity.street(town / "drive")
    city = tinycity.city(town)
    before = sorted(town.rglob("*"))
    assert commands.run([town / "drive"], city_file=city, out=town / "out", dry_run=True, threads=1) == 0
    said = capsys.readouterr().out
    assert "6 frames due" in said and "55.70000 13.19167" in said and "Nothing was done" in said
    assert sorted(p for p in town.rglob("*") if "__pycache__" not in p.parts) == [
        p for p in before if "__pycache__" not in p.parts
    ]


def test_a_strict_dry_run_is_4_where_something_would_be_rejected(
    town: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drive, city = tinycity.street(town / "drive"), tinycity.city(town)

    def dry() -> tuple[int, str]:
        code = commands.run([drive], city_file=city, out=town / "out", dry_run=True, strict=True, threads=1)
        return code, capsys.readouterr().out

    assert dry()[0] == 0
    (drive / "empty.mp4").write_bytes(b"")
    code, said = dry()
    assert code == 4 and "2 captures, 1 would be rejected; 0.03 km filmed, 6 frames due" in said


def test_a_film_without_trace_is_told_what_lies_beside_it(
    town: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    film(town / "drive" / "phoenix.mp4")
    gpx(town / "drive" / "phoenix_.gpx")
    (town / "drive" / "capture.yaml").write_text("clips: {phonix: {device: roof}}\n")
    commands.run([town / "drive"], city_file=tinycity.city(town), out=town / "out", threads=1)
    run = noted(town / "out")
    film_said, _ = run["each_capture"]  # type: ignore[misc]
    assert film_said["code"] == "no_trace"
    assert film_said["detail"].startswith("phoenix_.gpx lies beside it (is it its trace?); put phoenix.gpx")
    assert "clips.phonix: no film of this name is here" in capsys.readouterr().out
    assert 'Did you mean "phoenix"?' in str(run["notes"])
    gpx(town / "drive" / "walk.gpx", lon=13.2)  # of several the one of almost that name
    (town / "drive" / "phoenix_.gpx").rename(town / "drive" / "zphoenix.gpx")
    commands.run([town / "drive"], city_file=tinycity.city(town), out=town / "out", threads=1)
    said = {c["name"]: c["detail"] for c in noted(town / "out")["each_capture"]}  # type: ignore[attr-defined]
    assert said["phoenix"].startswith("zphoenix.gpx lies beside it")
    assert said["walk"] == said["zphoenix"] == ""


def test_km_are_those_that_were_filmed(town: Path) -> None:
    drive, city = tinycity.street(town / "drive"), tinycity.city(town)
    commands.run([drive], city_file=city, out=town / "out", threads=1)
    before = noted(town / "out")["km"]
    gpx(drive / "walk.gpx")
    commands.run([drive], city_file=city, out=town / "out", threads=1)
    run = noted(town / "out")
    assert run["km"] == before and run["captures"]["accepted"] == 2  # type: ignore[index]


def test_a_user_error_begins_nothing(town: Path) -> None:
    city = tinycity.city(town)
    with pytest.raises(UserError):
        commands.run([town / "nowhere"], city_file=city, out=town / "out")
    city.write_text(city.read_text().replace("fallback", "falback"))
    with pytest.raises(ConfigError, match=r'city.yaml:9 falback: unknown key. Did you mean "fallback"'):
        commands.run([], city_file=city, out=town / "out")
    assert not (town / "out").exists() and not (town / "city.sqlite").exists()


def test_results_that_can_not_be_written_are_refused_before_anything_is_begun(
    town: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    city, drive = tinycity.city(town), tinycity.street(town / "drive")
    for out in (drive, drive / "sub" / "out", drive / ".." / "drive" / "x"):
        with pytest.raises(UserError, match=r"--out .*: the results would lie among the captures"):
            commands.run([drive], city_file=city, out=out, threads=1)
    (town / "file").write_text("x")
    with pytest.raises(UserError, match=r"--out .*file: can't be written \(File exists\)"):
        commands.run([drive], city_file=city, out=town / "file", threads=1)

    def refuse(self: Path, *_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "write_bytes", refuse)
    with pytest.raises(UserError, match=r"--out .*out: can't be written \(Permission denied\)"):
        commands.run([drive], city_file=city, out=town / "out", threads=1)
    assert not (town / "city.sqlite").exists() and len(list(drive.iterdir())) == 6
    monkeypatch.undo()
    monkeypatch.syspath_prepend(str(town / "site"))
    assert commands.run([drive], city_file=city, out=town / "drive-out", threads=1) == 0
    assert not list((town / "drive-out").glob(".part*"))


def test_a_file_that_is_held_open_does_not_keep_the_others_from_being_written(
    town: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    city, drive, out = tinycity.city(town), tinycity.street(town / "drive"), town / "out"
    commands.run([], city_file=city, out=out, threads=1)
    replace = Path.replace

    def held(self: Path, target: Path) -> Path:
        if target == out / "owners" / "gata" / "findings.csv":
            raise PermissionError(13, "in use")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", held)
    with pytest.raises(StoppedEarly, match=r"owners/gata/findings\.csv \(can't be replaced \(in use\)\)"):
        commands.run([drive], city_file=city, out=out, threads=1)
    assert len(rows(out)) == 1 and rows(out / "owners" / "gata") == []
    run = noted(out)
    assert run["not_written"] == {"owners/gata/findings.csv": "can't be replaced (in use)"}
    assert run["captures"]["accepted"] == 1 and "owners/park/findings.csv" in run["files"]  # type: ignore[index,operator]
    monkeypatch.setattr(Path, "replace", replace)
    assert commands.run([drive], city_file=city, out=out, threads=1) == 0
    assert len(rows(out / "owners" / "gata")) == 1 and noted(out)["not_written"] == {}


def test_what_a_department_wrote_into_its_file_is_kept(
    town: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    city, drive, out = tinycity.city(town), tinycity.street(town / "drive"), town / "out"
    commands.run([drive], city_file=city, out=out, threads=1)
    own = out / "owners" / "gata" / "findings.csv"
    fresh = own.read_bytes()
    own.write_bytes(fresh + b"our;notes\r\n")
    os.utime(own, (1789369100, 1789369100))  # 2026-09-14 06:58:20 in Stockholm
    capsys.readouterr()
    commands.run([drive], city_file=city, out=out, threads=1)
    kept = own.with_name("findings (edited 2026-09-14 0658).csv")
    assert kept.read_bytes() == fresh + b"our;notes\r\n" and own.read_bytes() == fresh
    assert "owners/gata/findings (edited 2026-09-14 0658).csv" in capsys.readouterr().out
    assert noted(out)["edited"] == ["owners/gata/findings (edited 2026-09-14 0658).csv"]
    commands.run([drive], city_file=city, out=out, threads=1)
    assert noted(out)["edited"] == [] and kept.exists()
    assert len(list(out.rglob("*edited*"))) == 1


def test_a_user_error_that_comes_late_is_a_run_that_stopped(
    town: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gatukoll.runtime import results

    def late(*_: object) -> None:
        raise UserError("broken", where="store")

    monkeypatch.setattr(results, "gather", late)
    with pytest.raises(StoppedEarly, match="store: broken; what was finished is kept"):
        commands.run(
            [tinycity.street(town / "drive")], city_file=tinycity.city(town), out=town / "out", threads=1
        )


def test_a_signal_stops_between_frames_and_the_next_run_goes_on(
    town: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gatukoll.runtime import observe

    tinycity.street(town / "a")
    tinycity.street(town / "b", second=600)
    judged = observe._judge

    def interrupted(frame: object, *rest: object) -> None:
        judged(frame, *rest)  # type: ignore[arg-type]
        if "b" in str(getattr(frame, "source", "")) or frame.time.minute >= 10:  # type: ignore[attr-defined]
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(observe, "_judge", interrupted)
    city = tinycity.city(town)
    with pytest.raises(StoppedEarly, match="SIGINT"):
        commands.run([town / "a", town / "b"], city_file=city, out=town / "out", threads=1)
    with Store.open(town / "city.sqlite") as store:
        assert [r.name for r in store.records()] == ["a"]
    monkeypatch.undo()
    monkeypatch.syspath_prepend(str(town / "site"))
    assert commands.run([town / "a", town / "b"], city_file=city, out=town / "out", threads=1) == 0
    assert noted(town / "out")["captures"]["accepted"] == 2  # type: ignore[index]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_second_signal_ends_it_at_once(town: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from gatukoll.runtime import observe

    def interrupted(*_: object) -> None:
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGINT)
        raise AssertionError("the second one ends it here")

    monkeypatch.setattr(observe, "_judge", interrupted)
    with pytest.raises(StoppedEarly, match="Got two signals; the captures that were finished are kept"):
        commands.run(
            [tinycity.street(town / "a")], city_file=tinycity.city(town), out=town / "out", threads=1
        )
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    with Store.open(town / "city.sqlite") as store:
        assert store.records() == ()


def test_a_signal_while_captures_are_read_is_a_run_that_stopped(
    town: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gatukoll.runtime import job

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(job, "discover", interrupted)
    with pytest.raises(StoppedEarly, match="Interrupted"):
        commands.run([town], city_file=tinycity.city(town), out=town.parent / "out", threads=1)


def test_a_city_without_a_detector_that_is_enabled_is_refused(town: Path) -> None:
    city = tinycity.city(town)
    city.write_text(city.read_text().replace("{}", "{enabled: false}"))
    with pytest.raises(ConfigError, match=r"city\.yaml:2 detectors: no detector is enabled"):
        commands.run([tinycity.street(town / "a")], city_file=city, out=town / "out", threads=1)
    assert not (town / "out").exists()


def test_route_explain_names_the_rule(town: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tinycity.street(town / "drive")
    city = tinycity.city(town)
    commands.run([town / "drive"], city_file=city, out=town / "out", threads=1)
    (row,) = rows(town / "out")
    capsys.readouterr()
    commands.route_explain(f" {row['Id'][:6].upper()}", city)
    said = capsys.readouterr().out
    assert "owner: gata" in said and "city.yaml:8" in said
    with pytest.raises(UserError, match="no finding has this id"):
        commands.route_explain("zzz", city)


def test_pictures_of_real_captures_are_nowhere_in_what_is_written(town: Path) -> None:
    drive = tinycity.street(town / "drive")
    commands.run([drive], city_file=tinycity.city(town), out=town / "out", threads=1)
    shutil.rmtree(drive)
    written = [p for p in (*(town / "out").rglob("*"), *town.glob("city.sqlite*")) if p.is_file()]
    assert len(written) >= 8
    for path in written:
        data = path.read_bytes()
        for magic in (b"\xff\xd8\xff", b"\x89PNG\r\n", b"WEBPVP8"):
            assert magic not in data, path


def test_pictures_of_made_captures_go_to_their_owners_and_go_when_they_are_no_more(
    town: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gatukoll.runtime import evidence
    from gatukoll.runtime.capture.model import Capture
    from gatukoll.runtime.privacy import PictureGate

    class Made(PictureGate):
        def __init__(self, capture: Capture) -> None:
            super().__init__(capture)
            self.is_open = True

    def run() -> list[str]:
        commands.run([drive], city_file=city, out=out, threads=1)
        found = [p.relative_to(out).as_posix() for p in out.rglob("*.jpg")]
        assert set(found) == {f for f in noted(out)["files"] if f.endswith(".jpg")}  # type: ignore[attr-defined]
        return sorted(name.replace(rows(out)[0]["Id"], "ID") for name in found)

    city, drive, out = tinycity.city(town), tinycity.street(town / "drive"), town / "out"
    with monkeypatch.context() as patch:
        patch.setattr(evidence, "PictureGate", Made)
        assert run() == ["owners/gata/pictures/ID.jpg", "pictures/ID.jpg"]
        city.write_text(city.read_text().replace("owner: gata", "owner: park"))
        assert run() == ["owners/park/pictures/ID.jpg", "pictures/ID.jpg"]
        assert not (out / "owners" / "gata" / "pictures").exists()
    (out / "pictures" / "ours.jpg").write_bytes(b"x")
    commands.run([drive], city_file=city, out=out, threads=1)
    assert [p.name for p in out.rglob("*.jpg")] == ["ours.jpg"]


def test_a_lonely_picture_without_heading_is_said(town: Path) -> None:
    tinycity.street(town / "drive", pictures=1)
    commands.run([town / "drive"], city_file=tinycity.city(town), out=town / "out", threads=1)
    run = noted(town / "out")
    assert run["warnings"] == {"no_heading": 1} and rows(town / "out") == []


def test_a_capture_on_which_a_detector_fails_does_not_lose_the_others(town: Path) -> None:
    code = (town / "site" / "tiny_town" / "__init__.py").read_text()
    code = code.replace("    pass\n", "") + (
        "    def decode(self, *a):\n"
        "        found = super().decode(*a)\n"
        "        if len(found) > 1:\n"
        "            raise ZeroDivisionError('two at once')\n"
        "        return found\n"
    )
    (town / "site" / "tiny_town" / "__init__.py").write_text(code)
    tinycity.street(town / "b")
    tinysite.photograph(town / "a" / "1.jpg", (100, 300, 200, 400), (300, 300, 400, 400))
    done = commands.run([town / "a", town / "b"], city_file=tinycity.city(town), out=town / "out", threads=1)
    run = noted(town / "out")
    assert done == 1
    assert run["captures"] == {"offered": 2, "accepted": 1, "rejected": {"bug": 1}}
    assert "ZeroDivisionError: two at once" in str(run["each_capture"]) and len(rows(town / "out")) == 1


def test_a_mended_mounting_holds_in_later_runs_without_that_capture(town: Path) -> None:
    drive = tinycity.street(town / "drive")
    city = tinycity.city(town)
    commands.run([drive], city_file=city, out=town / "out", threads=1)
    before = rows(town / "out")[0]["Latitud"]
    for height in ("1.2", "1.3", "1.4"):  # of several readings the digests would pick any
        (drive / "capture.yaml").write_text(f"camera: {{height_m: {height}}}\n")
        commands.run([drive], city_file=city, out=town / "out", threads=1)
    mended = rows(town / "out")[0]["Latitud"]
    assert mended != before
    commands.run([], city_file=city, out=town / "later", threads=1)
    assert [r["Latitud"] for r in rows(town / "later")] == [mended]
    (drive / "capture.yaml").unlink()
    commands.run([drive], city_file=city, out=town / "out", threads=1)
    assert rows(town / "out")[0]["Latitud"] == before


def test_what_was_seen_too_seldom_is_held_back_and_counted(town: Path) -> None:
    tinycity.street(town / "drive")
    city = tinycity.city(town)
    commands.run([town / "drive"], city_file=city, out=town / "out", threads=1)
    assert len(rows(town / "out")) == 1 and noted(town / "out")["findings"]["held_back"] == 0  # type: ignore[index]
    city.write_text(city.read_text().replace("{}", "{min_sightings: 3}"))
    commands.run([town / "drive"], city_file=city, out=town / "out", threads=1)
    assert rows(town / "out") == [] and noted(town / "out")["findings"]["held_back"] == 1  # type: ignore[index]
    with Store.open(town / "city.sqlite") as store:
        assert len(store.fact_keys()) == 1


def test_other_code_of_a_detector_makes_other_facts(town: Path) -> None:
    tinycity.street(town / "drive")
    city = tinycity.city(town)
    commands.run([town / "drive"], city_file=city, out=town / "out", threads=1)
    code = town / "site" / "tiny_town" / "__init__.py"
    code.write_text(code.read_text().replace("    pass\n", "    def decode(self, *a):\n        return []\n"))
    del sys.modules["tiny_town"]
    commands.run([town / "drive"], city_file=city, out=town / "out", threads=1)
    assert rows(town / "out") == []
    with Store.open(town / "city.sqlite") as store:
        assert len(store.fact_keys()) == 2
