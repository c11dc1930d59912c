"""Whole runs over made pictures with a tiny detector."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
import tinycity

from gatukoll.errors import UserError
from gatukoll.runtime import commands
from gatukoll.runtime.findings.store import Store
from gatukoll.runtime.sinks.reference import RUN


def test_a_spot_seen_in_two_pictures_is_one_finding_of_its_owner(town: Path) -> None:
    tinycity.street(town / "drive")
    code = commands.run([town / "drive"], city_file=tinycity.city(town), out=town / "out", threads=1)
    assert code == 0
    run = tinycity.noted(town / "out")
    assert run["captures"] == {"offered": 1, "accepted": 1, "rejected": {}}
    assert run["frames"] == {"offered": 6, "accepted": 6, "rejected": {}}
    assert len(tinycity.rows(town / "out")) == 1
    assert len(tinycity.rows(town / "out" / "owners" / "gata")) == 1 and not tinycity.rows(
        town / "out" / "owners" / "park"
    )
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
    run = tinycity.noted(town / "out")
    described = RUN.split("|")
    named = {word for cell in described for word in cell.split("`")[1::2]}
    assert set(run) <= named
    assert {*run["each_capture"][0], *run["each_capture"][0]["frames"], *run["findings"]} <= named  # type: ignore[index,misc]


def test_running_again_adds_nothing_and_gives_the_same(town: Path) -> None:
    tinycity.street(town / "drive")
    city = tinycity.city(town)
    commands.run([town / "drive"], city_file=city, out=town / "out", threads=1)
    first, note = tinycity.rows(town / "out"), tinycity.noted(town / "out")
    (town / "drive").rename(town / "moved")  # the same pictures elsewhere are the same capture
    commands.run([town / "moved"], city_file=city, out=town / "out", threads=1)
    again = tinycity.noted(town / "out")
    assert tinycity.rows(town / "out") == first
    assert {k: again[k] for k in ("captures", "frames", "findings")} == {
        k: note[k] for k in ("captures", "frames", "findings")
    }
    with Store.open(town / "city.sqlite") as store:
        assert len(store.records()) == 1 and len(store.fact_keys()) == 1


def test_two_passes_are_two_sets_of_facts_and_one_finding(town: Path) -> None:
    tinycity.street(town / "a")
    tinycity.street(town / "b", second=600, lat=55.700005)
    commands.run([town / "a", town / "b"], city_file=tinycity.city(town), out=town / "out", threads=1)
    assert tinycity.noted(town / "out")["captures"]["accepted"] == 2  # type: ignore[index]
    assert len(tinycity.rows(town / "out")) == 1


def test_limits_of_the_city_change_findings_without_new_facts(town: Path) -> None:
    tinycity.street(town / "drive")
    commands.run([town / "drive"], city_file=tinycity.city(town), out=town / "out", threads=1)
    more = "output: {language: en, epsg: 3008}\n"
    commands.run([], city_file=tinycity.city(town, more), out=town / "english", threads=1)
    with Store.open(town / "city.sqlite") as store:
        assert len(store.fact_keys()) == 1
    assert len(tinycity.rows(town / "english")) == 1


def test_another_threshold_gives_a_second_set_beside_the_first(town: Path) -> None:
    tinycity.street(town / "drive")
    commands.run([town / "drive"], city_file=tinycity.city(town), out=town / "out", threads=1)
    path = tinycity.city(town)
    path.write_text(path.read_text().replace("{}", "{min_score: {spot: 0.999}}"))
    commands.run([town / "drive"], city_file=path, out=town / "out", threads=1)
    assert tinycity.rows(town / "out") == []
    with Store.open(town / "city.sqlite") as store:
        assert len(store.fact_keys()) == 2 and len(store.records()) == 1


def test_route_explain_names_the_rule(town: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tinycity.street(town / "drive")
    city = tinycity.city(town)
    commands.run([town / "drive"], city_file=city, out=town / "out", threads=1)
    (row,) = tinycity.rows(town / "out")
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
        assert set(found) == {f for f in tinycity.noted(out)["files"] if f.endswith(".jpg")}  # type: ignore[attr-defined]
        return sorted(name.replace(tinycity.rows(out)[0]["Id"], "ID") for name in found)

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


def test_a_mended_mounting_holds_in_later_runs_without_that_capture(town: Path) -> None:
    drive = tinycity.street(town / "drive")
    city = tinycity.city(town)
    commands.run([drive], city_file=city, out=town / "out", threads=1)
    before = tinycity.rows(town / "out")[0]["Latitud"]
    for height in ("1.2", "1.3", "1.4"):  # of several readings the digests would pick any
        (drive / "capture.yaml").write_text(f"camera: {{height_m: {height}}}\n")
        commands.run([drive], city_file=city, out=town / "out", threads=1)
    mended = tinycity.rows(town / "out")[0]["Latitud"]
    assert mended != before
    commands.run([], city_file=city, out=town / "later", threads=1)
    assert [r["Latitud"] for r in tinycity.rows(town / "later")] == [mended]
    (drive / "capture.yaml").unlink()
    commands.run([drive], city_file=city, out=town / "out", threads=1)
    assert tinycity.rows(town / "out")[0]["Latitud"] == before


def test_what_was_seen_too_seldom_is_held_back_and_counted(town: Path) -> None:
    tinycity.street(town / "drive")
    city = tinycity.city(town)
    commands.run([town / "drive"], city_file=city, out=town / "out", threads=1)
    assert (
        len(tinycity.rows(town / "out")) == 1 and tinycity.noted(town / "out")["findings"]["held_back"] == 0
    )  # type: ignore[index]
    city.write_text(city.read_text().replace("{}", "{min_sightings: 3}"))
    commands.run([town / "drive"], city_file=city, out=town / "out", threads=1)
    assert tinycity.rows(town / "out") == [] and tinycity.noted(town / "out")["findings"]["held_back"] == 1  # type: ignore[index]
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
    assert tinycity.rows(town / "out") == []
    with Store.open(town / "city.sqlite") as store:
        assert len(store.fact_keys()) == 2


def test_what_lies_on_the_own_bonnet_is_left_out(town: Path) -> None:
    tinycity.street(town / "drive")
    city = tinycity.city(town)
    commands.run([town / "drive"], city_file=city, out=town / "out", threads=1)
    assert len(tinycity.rows(town / "out")) == 1
    (town / "drive" / "capture.yaml").write_text("camera: {bonnet: 0.55}\n")
    commands.run([town / "drive"], city_file=city, out=town / "out", threads=1)
    assert tinycity.rows(town / "out") == []
