# ruff: noqa: E501 (messages stand here as users read them)
from __future__ import annotations

import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from gatukoll.errors import CaptureRejected, ConfigError, UserError
from gatukoll.runtime.capture.discover import Discovery, discover
from gatukoll.runtime.capture.model import Capture
from gatukoll.runtime.capture.open import check_clock, open_capture
from gatukoll.runtime.capture.reading import Reading, reading_digest
from gatukoll.runtime.capture.sidecar import sidecar_for

Make = Callable[..., Path]
Fixes = list[tuple[float, float, float]]


@pytest.fixture
def day(film: Make, gpx: Make, jpeg: Make, north: Callable[..., Fixes], tmp_path: Path) -> Path:
    """Two films, one with its trace; a lone trace; pictures in two folders."""
    film(tmp_path / "a.mp4", [0, 0.1, 0.2])
    gpx(tmp_path / "a.gpx", north(8, 5))
    film(tmp_path / "b.mp4", [0, 0.1, 0.2, 0.3])
    gpx(tmp_path / "walk.gpx", north(1, 5))
    jpeg(tmp_path / "1.jpg")
    jpeg(tmp_path / "sub" / "2.jpg", shade=50)
    jpeg(tmp_path / "sub" / "3.JPG", shade=60)
    return tmp_path


def shape(found: Discovery) -> list[tuple[str, str, int, str | None]]:
    return [(c.name, c.kind, len(c.media), c.trace and c.trace.name) for c in found.captures]


def test_what_is_one_capture(day: Path) -> None:
    found = discover([day])
    assert shape(found) == [
        ("a", "film", 1, "a.gpx"),
        ("b", "film", 1, None),
        (day.name, "pictures", 1, None),
        ("walk", "trace", 0, "walk.gpx"),
        ("sub", "pictures", 2, None),
    ]
    assert found.rejected == () and found.ignored == {}
    assert len({c.digest for c in found.captures}) == 5


def test_single_files_can_be_named(day: Path) -> None:
    assert shape(discover([day / "a.mp4"])) == [("a", "film", 1, "a.gpx")]
    assert shape(discover([day / "a.gpx"])) == [("a", "film", 1, "a.gpx")]
    assert shape(discover([day / "walk.gpx"])) == [("walk", "trace", 0, "walk.gpx")]
    assert shape(discover([day / "sub" / "2.jpg"])) == [("sub", "pictures", 1, None)]
    assert len(discover([day, day / "sub", day / "a.mp4"]).captures) == 5, "each is found once"


def test_relative_paths_and_the_folder_itself(day: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(day)
    names = [c.name for c in discover([Path()]).captures]
    assert names == ["a", "b", day.name, "walk", "sub"]
    assert [c.name for c in discover([Path("a.mp4")]).captures] == ["a"]


def test_a_digest_is_of_content_and_names_not_of_places(
    day: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    before = {c.name: c.digest for c in discover([day]).captures}
    moved = tmp_path_factory.mktemp("other") / day.name
    day.rename(moved)
    assert {c.name: c.digest for c in discover([moved]).captures} == before
    (moved / "a.gpx").write_text((moved / "a.gpx").read_text() + "\n")
    after = {c.name: c.digest for c in discover([moved]).captures}
    assert {n for n in before if before[n] != after[n]} == {"a"}


def test_what_is_ignored_is_counted(day: Path) -> None:
    for name in ("._1.jpg", "Thumbs.db", ".DS_Store", "x.mp4.part", "notes.txt"):
        (day / name).write_bytes(b"x")
    (day / "log.nmea").write_text("$GPRMC")
    (day / "a.made.json").write_text("{}")
    (day / ".hidden").mkdir()
    (day / ".hidden" / "z.jpg").write_bytes(b"x")
    (day / "sub" / "loop").symlink_to("..")
    (day / "dangling.jpg").symlink_to("nowhere.jpg")
    found = discover([day])
    assert len(found.captures) == 5
    assert found.ignored == {"not_media": 7, "not_read_yet": 1, "symlink_loop": 1}


def test_empty_and_doubled(day: Path) -> None:
    (day / "empty.mp4").write_bytes(b"")
    (day / "void.gpx").write_bytes(b"")
    (day / "copy of b.mp4").write_bytes((day / "b.mp4").read_bytes())
    found = discover([day])
    assert found.rejected == (
        ("copy of b", "duplicate", "same content as b"),
        ("empty", "file_empty", "empty.mp4 is empty"),
        ("void", "file_empty", "void.gpx is empty"),
    )
    assert len(found.captures) == 5


def test_kind_by_content_not_by_name(film: Make, jpeg: Make, tmp_path: Path) -> None:
    film(tmp_path / "x.mp4", [0, 0.1]).rename(tmp_path / "x.jpg")
    jpeg(tmp_path / "y.mp4", kind="PNG")
    assert [(c.kind, c.media[0].name) for c in discover([tmp_path]).captures] == [
        ("film", "x.jpg"),
        ("pictures", "y.mp4"),
    ]


def test_names_are_compared_as_people_do(
    film: Make, gpx: Make, north: Callable[..., Fixes], tmp_path: Path
) -> None:
    film(tmp_path / unicodedata.normalize("NFD", "Gråbröder.MP4"), [0, 0.1])
    gpx(tmp_path / unicodedata.normalize("NFC", "gråbröder.gpx"), north(8, 5))
    assert [c.trace is not None for c in discover([tmp_path]).captures] == [True]


def test_two_films_of_one_name(film: Make, gpx: Make, north: Callable[..., Fixes], tmp_path: Path) -> None:
    film(tmp_path / "a.mp4", [0, 0.1])
    film(tmp_path / "a.mov", [0, 0.1, 0.2])
    gpx(tmp_path / "a.gpx", north(8, 5))
    assert shape(discover([tmp_path])) == [("a.mov", "film", 1, "a.gpx"), ("a.mp4", "film", 1, "a.gpx")]


def test_a_trace_may_serve_a_day_of_clips(day: Path) -> None:
    (day / "capture.yaml").write_text(
        "trace: walk.gpx\nclips:\n"
        "  a: {clock: 'start=2026-09-14T07:00:01Z'}\n"
        "  b: {clock: 'start=2026-09-14T07:00:03Z', device: roof}\n"
    )
    found = discover([day])
    assert shape(found)[:3] == [
        ("a", "film", 1, "walk.gpx"),
        ("b", "film", 1, "walk.gpx"),
        (day.name, "pictures", 1, "walk.gpx"),
    ]
    assert not [c for c in found.captures if c.kind == "trace"]
    plans = [open_capture(c, Reading()).plan for c in found.captures[:2]]
    assert [(p.starts.second, p.device) for p in plans if p.starts] == [(1, ""), (3, "roof")]


def test_a_missing_path_is_a_user_error(day: Path) -> None:
    with pytest.raises(UserError, match=r'sup: no such file or folder. Did you mean "sub"'):
        discover([day / "sup"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "clok: gps\n",
            'FILE:1 clok: unknown key. Did you mean "clock"? Allowed: camera, clips, clock, device, position_sd_m, trace, trace_zone, zone.',
        ),
        (
            "device: x\ncamera:\n  hight_m: 2\n",
            'FILE:3 camera.hight_m: unknown key. Did you mean "height_m"? Allowed: bonnet, height_m, height_sd_m, hfov_deg, hfov_sd_deg, pitch_deg, pitch_sd_deg, roll_deg, yaw_deg, yaw_sd_deg.',
        ),
        (
            "camera:\n  height_m: 1,4\n",
            "FILE:2 camera.height_m: '1,4' is wrong, it should be a number. Write the decimal point as a point.",
        ),
        ("camera:\n  height_m: 14\n", "FILE:2 camera.height_m: 14 is wrong, it should be below 5."),
        (
            "zone: Europe/Stokholm\n",
            """FILE:1 zone: 'Europe/Stokholm' is not a time zone. Did you mean "Europe/Stockholm"? Allowed: an IANA name such as Europe/Stockholm.""",
        ),
        (
            "\nclock: noon\n",
            "FILE:2 clock: 'noon' is not a clock policy. Allowed: start=2026-09-14T06:58:20Z, end=2026-09-14T07:13:11Z, offset=0 (seconds), stamp=start, stamp=end, stamp=end-7200 (seconds), gps.",
        ),
        (
            "clips:\n  a:\n    clock: start=2026-09-14T08:00:00\n",
            "FILE:3 clips.a.clock: '2026-09-14T08:00:00' has no zone. Write 2026-09-14T08:00:00Z if it is UTC, or add the line zone: Europe/Stockholm.",
        ),
        ("trace: none.gpx\n", "FILE:1 trace: no file DIR/none.gpx."),
        (
            "clock: start=2026-09-14T07:00:00Z\n",
            "FILE:1 clock: start=2026-09-14T07:00:00Z can't be true for 2 films. Write a clock for each film under clips:.",
        ),
        (
            "clips: [a]\n",
            "FILE:1 clips: a list is wrong, it should be lines of the form key: value. Write `clips: {a: {}}`.",
        ),
    ],
)
def test_a_bad_capture_yaml_stops_the_run(day: Path, text: str, message: str) -> None:
    (day / "capture.yaml").write_text(text)
    with pytest.raises(ConfigError) as error:
        discover([day])
    assert str(error.value).replace(str(day / "capture.yaml"), "FILE").replace(str(day), "DIR") == message


def test_a_bad_capture_yaml_of_one_film_stops_the_run_too(day: Path) -> None:
    (day / "b.capture.yaml").write_text("nonsense: 1\n")
    with pytest.raises(ConfigError, match=r"b\.capture\.yaml:1 nonsense: unknown key"):
        discover([day])


def test_settings_for_films_that_are_not_there_are_counted(day: Path) -> None:
    (day / "gone.capture.yaml").write_text("device: x\n")
    (day / "capture.yaml").write_text("clips:\n  gone: {device: x}\n  a: {device: y}\n")
    found = discover([day])
    assert found.ignored == {"sidecar_unused": 2}
    lost = "no film of this name is here, so it is not used"
    assert found.notes == (
        f"{day / 'gone.capture.yaml'}: {lost}. Films here: a, b.",
        f"{day / 'capture.yaml'}:2 clips.gone: {lost}. Films here: a, b.",
    )
    (day / "gone.capture.yaml").unlink()
    (day / "a.mp4").rename(day / "Gråbrödersgatan_1.mp4")
    (day / "capture.yaml").write_text("clips:\n  Grabrodersgatan_1.MP4: {device: x}\n")
    (note,) = discover([day]).notes
    assert note.endswith('Did you mean "Gråbrödersgatan_1"?')


def test_a_film_may_be_named_with_its_ending(film: Make, tmp_path: Path) -> None:
    film(tmp_path / "a.mp4", [0, 0.1])
    film(tmp_path / "a.mov", [0, 0.1, 0.2])
    (tmp_path / "capture.yaml").write_text(
        "clips:\n  a.MOV: {device: roof}\n  a: {device: bonnet, zone: UTC}\n"
    )
    found = discover([tmp_path])
    assert found.ignored == {} and found.notes == ()
    said = {c.name: sidecar_for(c) for c in found.captures}
    assert {name: s.device for name, s in said.items()} == {"a.mov": "roof", "a.mp4": "bonnet"}
    assert {s.zone for s in said.values()} == {"UTC"}


def test_traces_beside_a_film_that_belong_to_none(day: Path) -> None:
    found = discover([day])
    assert {c.name: found.lone_traces(c) for c in found.captures} == {
        "a": ["walk.gpx"], "b": ["walk.gpx"], day.name: ["walk.gpx"], "walk": [], "sub": []
    }  # fmt: skip


def test_a_trace_alone_is_driven_but_shows_nothing(day: Path) -> None:
    walk = next(c for c in discover([day]).captures if c.kind == "trace")
    capture = open_capture(walk, Reading())
    assert capture.plan.offered == 0 and list(capture.frames()) == []
    assert capture.plan.length_m == pytest.approx(5, abs=0.05) and len(capture.driven) == 1


def test_one_clock_for_several_captures_is_refused(day: Path) -> None:
    found = discover([day])
    with pytest.raises(ConfigError, match="can't be true for 4 captures"):
        check_clock(found.captures, Reading(clock="start=2026-09-14T07:00:00Z"))
    check_clock(found.captures, Reading(clock="offset=0"))
    check_clock(found.captures[:1], Reading(clock="start=2026-09-14T07:00:00Z"))


def test_what_changes_frames_changes_the_digest_of_the_reading(day: Path) -> None:
    def digest(**options: object) -> str:
        capture: Capture = discover([day]).captures[0]
        return reading_digest(capture, Reading(**options))  # type: ignore[arg-type]

    plain = digest()
    assert plain == digest()
    assert (
        len(
            {plain, digest(spacing_m=4), digest(every_s=1), digest(clock="offset=0"), digest(position_sd_m=2)}
        )
        == 5
    )
    (day / "capture.yaml").write_text("device: truck 7\n")
    assert digest() == plain
    (day / "capture.yaml").write_text("camera: {pitch_deg: 9}\n")
    assert digest() != plain
    (day / "capture.yaml").write_text("clock: offset=0\n")
    assert digest() == digest(clock="offset=0") != plain


def test_an_unreadable_file_is_rejected(day: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Path.open

    def broken(self: Path, *args: object, **kwargs: object) -> object:
        if self.name == "b.mp4":
            raise PermissionError(13, "Permission denied")
        return real(self, *args, **kwargs)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", broken)
    found = discover([day])
    assert found.rejected == (("b", "file_unreadable", "Permission denied"),)
    assert len(found.captures) == 4


def test_a_film_that_went_away_is_rejected(day: Path) -> None:
    found = discover([day])
    (day / "a.mp4").unlink()
    with pytest.raises(CaptureRejected, match="file_unreadable"):
        open_capture(found.captures[0], Reading())
