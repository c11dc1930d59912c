from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gatukoll.detectors.contract import Detector, FindingClass, Options
from gatukoll.errors import ConfigError, PluginError
from gatukoll.runtime.capture.mounting import Mounting as CameraMounting
from gatukoll.runtime.city import City, Mounting, check, load_city, schema, settings_digest
from gatukoll.runtime.city import load as loading
from gatukoll.runtime.city.reference import markdown

ROOT = Path(__file__).resolve().parents[2]
CITIES = sorted((ROOT / "configs" / "cities").glob("*.yaml"))

GOOD = """\
name: Prov
detectors:
  pavement:
    enabled: true
owners:
  - id: gata
    name: Gatan
  - id: drift
    name: Driften
routing:
  - classes: [pothole]
    severities: [2, 3]
    owner: drift
fallback: gata
output:
  epsg: 3006
  sinks: [csv]
"""


@pytest.fixture
def city_file(tmp_path: Path) -> Path:
    path = tmp_path / "stad.yaml"
    path.write_text(GOOD)
    return path


def changed(path: Path, old: str, new: str) -> Path:
    assert old in GOOD
    path.write_text(GOOD.replace(old, new, 1))
    return path


def error_of(path: Path) -> str:
    with pytest.raises(ConfigError) as error:
        load_city(path)
    return str(error.value)


# (text in the file, what stands there instead, the error after "FILE:")
WRONG: dict[str, tuple[str, str, str]] = {
    "unknown key": (
        "name: Prov",
        "name: Prov\nmunicipalty: X",
        '2 municipalty: unknown key. Did you mean "municipality"? Allowed: camera, '
        "detectors, fallback, municipality, "
        "name, output, owners, reading, routing, store, version.",
    ),
    "unknown key inside": (
        "    severities:",
        "    severity:",
        '12 routing[0].severity: unknown key. Did you mean "severities"? Allowed: classes, detectors, note, '
        "owner, severities.",
    ),
    "unknown owner in a rule": (
        "owner: drift",
        "owner: drfit",
        '13 routing[0].owner: unknown owner "drfit". Did you mean "drift"? Allowed: gata, drift.',
    ),
    "unknown fallback": (
        "fallback: gata",
        "fallback: gatan",
        '14 fallback: unknown owner "gatan". Did you mean "gata"? Allowed: gata, drift.',
    ),
    "missing fallback": (
        "fallback: gata\n",
        "",
        "1 fallback: missing. It is: id of the owner of every finding that no rule takes",
    ),
    "unknown detector": (
        "  pavement:",
        "  pavment:",
        '3 detectors.pavment: unknown detector "pavment". Did you mean "pavement"? Allowed: pavement.',
    ),
    "unknown detector in a rule": (
        "  - classes: [pothole]",
        "  - detectors: [paving]",
        '11 routing[0].detectors[0]: unknown detector "paving". Did you mean "pavement"? Allowed: pavement.',
    ),
    "unknown class in a rule": (
        "[pothole]",
        "[crack, pothol]",
        '11 routing[0].classes[1]: no installed detector has a class "pothol". Did you '
        'mean "pothole"? Allowed: '
        "crack, network, patch, pothole.",
    ),
    "unknown class in min_score": (
        "enabled: true",
        "min_score: {crak: 0.5}",
        '4 detectors.pavement.min_score.crak: the detector pavement has no such class. Did you mean "crack"? '
        "Allowed: crack, network, pothole, patch.",
    ),
    "unknown option": (
        "enabled: true",
        "options:\n      pot_hole: {}",
        '5 detectors.pavement.options.pot_hole: unknown key. Did you mean "pothole"? '
        "Allowed: crack, network, "
        "patch, pothole.",
    ),
    "unknown sink": (
        "[csv]",
        "[csv, geopackge]",
        '17 output.sinks[1]: unknown sink "geopackge". Did you mean "geopackage"? Allowed: csv, geopackage.',
    ),
    "wrong type": (
        "epsg: 3006",
        "epsg: SWEREF",
        "16 output.epsg: 'SWEREF' is wrong, it should be a whole number.",
    ),
    "severity out of range": (
        "[2, 3]",
        "[2, 4]",
        "12 routing[0].severities[1]: 4 is wrong, it should be at most 3.",
    ),
    "a rule that takes nothing": (
        "[2, 3]",
        "[]",
        "12 routing[0].severities: an empty list is wrong, it should hold at least one. It is: 1, 2, 3; left "
        "out = every severity",
    ),
    "bad EPSG": (
        "epsg: 3006",
        "epsg: 30066",
        "16 output.epsg: EPSG has no coordinate system 30066. Allowed: e.g. 3006 (SWEREF 99 TM), 3007-3018 "
        "(SWEREF 99 local zones), 25832 (UTM), 4326 (degrees).",
    ),
    "owner twice": ("id: drift", "id: Gata", '8 owners[1].id: the id "Gata" is taken, see line 6.'),
    "unknown language": (
        "epsg: 3006",
        "language: se",
        "16 output.language: 'se' is not a known value. Did you mean \"sv\"? Allowed: sv, en.",
    ),
    "unknown time zone": (
        "epsg: 3006",
        "time_zone: Europe/Helsingborg",
        '16 output.time_zone: no time zone "Europe/Helsingborg" on this machine; write e.g. '
        "Europe/Stockholm or UTC, or install tzdata.",
    ),
    "unknown word in the link": (
        "epsg: 3006",
        "map_link: https://karta.example/{latitude}",
        "16 output.map_link: unknown word {latitude}; known: lat, lon, heading, east, north.",
    ),
    "no link": (
        "epsg: 3006",
        "map_link: javascript:alert()",
        "16 output.map_link: a link begins with https:// or http://.",
    ),
    "a store that is no file": (
        "name: Prov",
        "name: Prov\nstore: postgresql://host/base",
        "2 store: only SQLite files yet, not postgresql://.",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_an_error_says_where_what_and_the_nearest_word(case: str, city_file: Path) -> None:
    old, new, message = WRONG[case]
    assert error_of(changed(city_file, old, new)) == f"{city_file}:{message}"


def test_several_errors_are_said_at_once(city_file: Path) -> None:
    city_file.write_text(GOOD.replace("id: gata", "idd: gata").replace("[2, 3]", "[0]"))
    lines = error_of(city_file).splitlines()
    assert [line.split(" ")[0].rpartition(":")[2] for line in lines] == ["6", "6", "12"]


def test_a_good_file(city_file: Path) -> None:
    city = load_city(city_file)
    assert city.enabled == ("pavement",)
    assert city.path == city_file
    assert city.store_url == f"sqlite:///{city_file.with_suffix('.sqlite')}"
    assert city.output.language == "sv"
    assert city.reading.spacing_m == 5.0
    assert city.at("routing", 0, "owner") == f"{city_file}:13 routing[0].owner"


def test_sections_that_are_empty_are_left_out(city_file: Path) -> None:
    changed(city_file, "    enabled: true\n", "camera:\nreading:\n  # spacing_m: 4\n")
    city = load_city(city_file)
    assert city.enabled == ("pavement",)
    assert (city.camera, city.reading.spacing_m) == (Mounting(), 5.0)
    city_file.write_text(GOOD.partition("routing:")[0] + "routing:\nfallback: gata\noutput:\n")
    assert load_city(city_file).routing == []
    city_file.write_text(GOOD.replace("  pavement:\n    enabled: true\n", ""))
    assert "detectors" in error_of(city_file)


def test_the_store_lies_relative_to_the_file(city_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changed(city_file, "name: Prov", "name: Prov\nstore: ../data/prov.sqlite")
    monkeypatch.chdir(city_file.parent.parent)
    expected = f"sqlite:///{city_file.parent.parent / 'data' / 'prov.sqlite'}"
    assert load_city(city_file).store_url == expected
    assert load_city(city_file.relative_to(city_file.parent.parent)).store_url == expected
    changed(city_file, "name: Prov", "name: Prov\nstore: sqlite:////var/lib/prov.sqlite")
    assert load_city(city_file).store_url == "sqlite:////var/lib/prov.sqlite"


@pytest.mark.parametrize("path", CITIES, ids=lambda p: p.stem)
def test_the_cities_that_are_shipped_are_right(path: Path) -> None:
    city = load_city(path)
    assert city.enabled
    lines = check(path)
    assert not [x for x in lines if x.startswith("warning") and "can't run" not in x]


def test_a_detector_that_is_off_is_not_loaded(city_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changed(city_file, "    enabled: true\n", "    {}\n  bikes: {enabled: false, options: {lane: 1}}\n")
    assert load_city(city_file).enabled == ("pavement",)
    assert "detector bikes: off" in check(city_file)


def test_a_broken_detector_stops_only_a_city_that_wants_it(
    city_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> Detector:
        raise PluginError("can't be loaded: boom", where='detector "pavement"')

    changed(city_file, "  - classes: [pothole]\n    severities", "  - severities")
    monkeypatch.setattr(loading.registry.Plugin, "load", fail)
    with pytest.raises(PluginError) as error:
        load_city(city_file)
    assert str(error.value) == (
        f'{city_file}:3 detectors.pavement: detector "pavement": can\'t be loaded: boom. Mend it, or write '
        "enabled: false."
    )
    city_file.write_text(city_file.read_text().replace("enabled: true", "enabled: false"))
    assert load_city(city_file).enabled == ()


# --- what changes facts -------------------------------------------------------------------------------------


class Rails(Detector):
    name = "rails"
    classes = (FindingClass("gap", "glapp", "gap", "point", ("", "", "")),)
    options_model = type("RailOptions", (Options,), {"__annotations__": {"limit": float}, "limit": 1.0})


def city(**parts: Any) -> City:
    base = {
        "name": "X",
        "detectors": {"rails": {}},
        "owners": [{"id": "a", "name": "A"}, {"id": "b", "name": "B"}],
        "fallback": "a",
    }
    return City.model_validate({**base, **parts})


@pytest.mark.parametrize(
    "parts",
    [
        {"reading": {"spacing_m": 4}},
        {"reading": {"every_s": 1}},
        {"camera": {"height_m": 2.2}},
        {"camera": {"hfov_sd_deg": 4}},
        {"detectors": {"rails": {"min_score": {"gap": 0.7}}}},
    ],
)
def test_what_changes_facts_changes_the_digest(parts: dict[str, Any]) -> None:
    assert settings_digest(city(**parts), Rails()) != settings_digest(city(), Rails())


@pytest.mark.parametrize(
    "parts",
    [
        {"name": "Y"},
        {"fallback": "b"},
        {"routing": [{"owner": "b"}]},
        {"output": {"language": "en", "epsg": 3008}},
        {"detectors": {"rails": {"options": {"limit": 2.0}}}},
        {"detectors": {"rails": {}, "other": {"min_score": {"x": 0.5}}}},
        {"reading": {"spacing_m": 5.0}},
    ],
)
def test_what_changes_results_alone_does_not(parts: dict[str, Any]) -> None:
    assert settings_digest(city(**parts), Rails()) == settings_digest(city(), Rails())


def test_the_digest_is_the_same_everywhere() -> None:
    """Pinned: a change of it would make every city read all its captures again."""
    assert settings_digest(city(), Rails())[:16] == "8d049385c0b0ea52"


def test_options_and_thresholds() -> None:
    made = city(detectors={"rails": {"options": {"limit": 2}, "min_score": {"gap": 0.7}}})
    assert made.options_for(Rails()).limit == 2.0
    assert made.detectors["rails"].thresholds({"gap": 0.4, "dent": 0.3}) == {"gap": 0.7, "dent": 0.3}


# --- the camera ---------------------------------------------------------------------------------------------


def test_the_mounting_becomes_a_camera() -> None:
    camera = (
        Mounting(hfov_deg=90, hfov_sd_deg=5, height_m=2, pitch_deg=7, yaw_deg=3).mounting().camera(1280, 720)
    )
    assert camera.focal_px == pytest.approx(640)
    assert (camera.height_m, camera.pitch_deg, camera.yaw_deg) == (2, 7, 3)
    wider = Mounting(hfov_deg=85).mounting().camera(1280, 720).focal_px
    narrower = Mounting(hfov_deg=95).mounting().camera(1280, 720).focal_px
    assert camera.focal_sd == pytest.approx((wider - narrower) / 2 / 640, rel=0.01)


def test_an_upright_film_has_the_same_focal_length() -> None:
    mounting = Mounting()
    assert mounting.mounting().camera(720, 1280).focal_px == mounting.mounting().camera(1280, 720).focal_px
    assert math.isclose(mounting.mounting().camera(1280, 720).focal_px, 640 / math.tan(math.radians(32.5)))


def test_city_and_capture_files_have_the_same_defaults() -> None:
    assert Mounting().mounting() == CameraMounting()


# --- check, schema, reference -------------------------------------------------------------------------------


def test_check_says_where_everything_goes(city_file: Path) -> None:
    lines = [line for line in check(city_file) if "can't run" not in line]
    assert lines == [
        f"{city_file}: Prov",
        "detector pavement: on; looks for crack (spricka), network (krackelering), pothole (potthål), "
        "patch (lagning)",
        "",
        "class                   severity 1  severity 2  severity 3",
        "crack (spricka)         gata *      gata *      gata *",
        "network (krackelering)  gata *      gata *      gata *",
        "pothole (potthål)       gata *      drift       drift",
        "patch (lagning)         gata *      gata *      gata *",
        "* = fallback, no rule takes it",
        "",
        "owner gata: Gatan; fallback",
        "owner drift: Driften",
        "no rule for crack, network, patch: they go to gata",
        "frames: one every 5 m",
        "results: csv; in Swedish; EPSG:3006 (SWEREF99 TM); CSV times UTC",
        f"store: {city_file.with_suffix('.sqlite')}",
    ]


def test_check_finds_rules_and_owners_that_do_nothing(city_file: Path) -> None:
    idle = "  - classes: [pothole]\n    severities: [3]\n    owner: drift\n"
    city_file.write_text(
        GOOD.replace("routing:\n", "  - {id: park, name: Parken}\nrouting:\n  - owner: gata\n").replace(
            "fallback:", f"{idle}fallback:"
        )
    )
    at = f"{city_file}:"
    assert [line for line in check(city_file) if line.startswith("warning") and "can't run" not in line] == [
        f"warning: {at}13 routing[1]: can never match, all of it is taken by {at}12 routing[0]",
        f"warning: {at}16 routing[2]: can never match, all of it is taken by {at}12 routing[0]",
        f"warning: {at}8 owners[1]: owner drift gets nothing, none of its rules can match",
        f"warning: {at}10 owners[2]: owner park gets nothing, no rule names it",
    ]


def test_check_warns_of_a_rule_for_a_detector_that_is_off(
    city_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gatukoll.runtime.city import check as _  # noqa: F401

    module = sys.modules["gatukoll.runtime.city.check"]
    rails = {**loading.all_detectors(), "rails": Rails()}
    monkeypatch.setattr(loading, "all_detectors", lambda: rails)
    monkeypatch.setattr(module, "all_detectors", lambda: rails)
    changed(city_file, "routing:\n", "routing:\n  - classes: [gap]\n    owner: drift\n")
    assert f"warning: {city_file}:11 routing[0]: can't match, rails is off" in check(city_file)


def test_the_schema_knows_every_field_and_the_options() -> None:
    found = schema()
    assert found["additionalProperties"] is False
    options = found["$defs"]["PavementOptions"]["properties"]
    assert {"crack", "network", "pothole", "patch"} <= set(options)
    for name, part in {"": found, **found["$defs"]}.items():
        for key, field in part.get("properties", {}).items():
            assert field.get("description"), f"{name}.{key} has no description"


def test_the_reference_page_is_fresh() -> None:
    page = (ROOT / "docs" / "city-file.md").read_text(encoding="utf-8")
    assert page == markdown(), "python -m gatukoll.runtime.city.reference > docs/city-file.md"


def test_the_city_imports_nothing_heavy() -> None:
    heavy = "torch cv2 av onnxruntime scipy sqlalchemy pyogrio shapely"
    code = (
        "import sys, gatukoll.runtime.city, gatukoll.runtime.routing;"
        f"print([m for m in '{heavy}'.split() if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
