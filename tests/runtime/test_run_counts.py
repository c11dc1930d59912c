"""What a run says of what it was offered: accepted, rejected and why, before and after."""

from __future__ import annotations

from pathlib import Path

import pytest
import tinycity

from gatukoll.errors import UserError
from gatukoll.runtime import commands


def test_bad_items_are_counted_and_the_rest_goes_on(town: Path) -> None:
    drive = tinycity.street(town / "drive")
    whole = (drive / "02.jpg").read_bytes()
    (drive / "02.jpg").write_bytes(whole[: len(whole) // 2])
    (drive / "empty.mp4").write_bytes(b"")
    (drive / "Thumbs.db").write_bytes(b"x")
    code = commands.run([drive], city_file=tinycity.city(town), out=town / "out", threads=1, strict=True)
    run = tinycity.noted(town / "out")
    assert code == 4
    assert run["captures"] == {"offered": 2, "accepted": 1, "rejected": {"file_empty": 1}}
    assert run["frames"] == {"offered": 6, "accepted": 5, "rejected": {"image_truncated": 1}}
    assert run["ignored"] == {"not_media": 1}
    for out in ("out", "again"):  # from the store, the second time
        commands.run([drive], city_file=tinycity.city(town), out=town / out, threads=1)
        frames = tinycity.noted(town / out)["each_capture"][0]["frames"]  # type: ignore[index]
        assert frames["items"] == [{"source": "02.jpg", "code": "image_truncated"}]
        assert frames["items_left_out"] == 0


def test_of_many_rejected_frames_the_first_are_named(town: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from gatukoll.runtime import observe

    monkeypatch.setattr(observe, "NAMED", 2)
    drive = tinycity.street(town / "drive")
    for name in ("01.jpg", "03.jpg", "04.jpg"):
        (drive / name).write_bytes((drive / name).read_bytes()[:5000])
    commands.run([drive], city_file=tinycity.city(town), out=town / "out", threads=1)
    frames = tinycity.noted(town / "out")["each_capture"][0]["frames"]  # type: ignore[index]
    assert [item["source"] for item in frames["items"]] == ["01.jpg", "03.jpg"]
    assert frames["items_left_out"] == 1


def test_a_drive_outside_the_coordinate_system_is_rejected_with_what_to_set(
    town: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    tinycity.street(town / "drive", lat=37.4)
    tinycity.street(town / "home")
    paths = [town / "drive", town / "home"]
    assert commands.run(paths, city_file=tinycity.city(town), out=town / "out", threads=1) == 0
    run = tinycity.noted(town / "out")
    assert run["captures"] == {"offered": 2, "accepted": 1, "rejected": {"position_outside_area": 1}}
    assert "EPSG" in str(run["each_capture"])


def test_what_the_store_holds_outside_the_coordinate_system_is_left_out_and_named(
    town: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tinycity.street(town / "far", lat=37.4)
    tinycity.street(town / "home")
    degrees = tinycity.city(town, "output: {epsg: 4326, language: en}\n")
    commands.run([town / "far", town / "home"], city_file=degrees, out=town / "out", threads=1)
    ids = {float(r["Latitude"].replace(",", ".")) > 50: r["Id"] for r in tinycity.rows(town / "out")}
    assert len(ids) == 2 and tinycity.noted(town / "out")["outside_area"] == []
    metres = tinycity.city(town, "output: {epsg: 3006, language: en}\n")
    capsys.readouterr()
    assert commands.run([town / "home"], city_file=metres, out=town / "out", threads=1) == 0
    assert [r["Id"] for r in tinycity.rows(town / "out")] == [ids[True]]
    assert "1 capture in the city's store is left out of these results (far)" in capsys.readouterr().out
    (left,) = tinycity.noted(town / "out")["outside_area"]  # type: ignore[misc]
    assert left["name"] == "far" and "made for Sweden" in left["detail"]
    commands.route_explain(ids[True], metres)
    with pytest.raises(UserError, match="no finding has this id"):
        commands.route_explain(ids[False], metres)
    # given again it is rejected, though the store has its facts
    commands.run([town / "far", town / "home"], city_file=metres, out=town / "out", threads=1)
    assert tinycity.noted(town / "out")["captures"]["rejected"] == {"position_outside_area": 1}  # type: ignore[index]


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
    tinycity.film(town / "drive" / "phoenix.mp4")
    tinycity.gpx(town / "drive" / "phoenix_.gpx")
    (town / "drive" / "capture.yaml").write_text("clips: {phonix: {device: roof}}\n")
    commands.run([town / "drive"], city_file=tinycity.city(town), out=town / "out", threads=1)
    run = tinycity.noted(town / "out")
    film_said, _ = run["each_capture"]  # type: ignore[misc]
    assert film_said["code"] == "no_trace"
    assert film_said["detail"].startswith("phoenix_.gpx lies beside it (is it its trace?); put phoenix.gpx")
    assert "clips.phonix: no film of this name is here" in capsys.readouterr().out
    assert 'Did you mean "phoenix"?' in str(run["notes"])
    tinycity.gpx(town / "drive" / "walk.gpx", lon=13.2)  # of several the one of almost that name
    (town / "drive" / "phoenix_.gpx").rename(town / "drive" / "zphoenix.gpx")
    commands.run([town / "drive"], city_file=tinycity.city(town), out=town / "out", threads=1)
    said = {c["name"]: c["detail"] for c in tinycity.noted(town / "out")["each_capture"]}  # type: ignore[attr-defined]
    assert said["phoenix"].startswith("zphoenix.gpx lies beside it")
    assert said["walk"] == said["zphoenix"] == ""


def test_km_are_those_that_were_filmed(town: Path) -> None:
    drive, city = tinycity.street(town / "drive"), tinycity.city(town)
    commands.run([drive], city_file=city, out=town / "out", threads=1)
    before = tinycity.noted(town / "out")["km"]
    tinycity.gpx(drive / "walk.gpx")
    commands.run([drive], city_file=city, out=town / "out", threads=1)
    run = tinycity.noted(town / "out")
    assert run["km"] == before and run["captures"]["accepted"] == 2  # type: ignore[index]


def test_a_lonely_picture_without_heading_is_said(town: Path) -> None:
    tinycity.street(town / "drive", pictures=1)
    commands.run([town / "drive"], city_file=tinycity.city(town), out=town / "out", threads=1)
    run = tinycity.noted(town / "out")
    assert run["warnings"] == {"no_heading": 1} and tinycity.rows(town / "out") == []
