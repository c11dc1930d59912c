"""What a person is told to write about a clock: it works when it is followed, and never chooses for them."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from gatukoll.errors import CaptureRejected
from gatukoll.runtime.capture.clock import parse_clock
from gatukoll.runtime.capture.discover import discover
from gatukoll.runtime.capture.model import Capture, Plan
from gatukoll.runtime.capture.open import open_capture
from gatukoll.runtime.capture.proposal import what_differs
from gatukoll.runtime.capture.reading import Reading

Make = Callable[..., Path]
STEADY = [i / 10 for i in range(40)]  # 4 s


@pytest.fixture
def day(
    film: Make, gpx: Make, north: Callable[..., list[tuple[float, float, float]]], tmp_path: Path
) -> Make:
    """A folder with films of 4 s and traces from 07:00:00 to 07:00:20."""

    def make(*stems: str, created: str | None = None, seconds: int = 20) -> Path:
        for i, stem in enumerate(stems):
            film(tmp_path / f"{stem}.mp4", [s + i / 1000 for s in STEADY], created=created)
            gpx(tmp_path / f"{stem}.gpx", north(8.0 + i, seconds))
        return tmp_path

    return make


def refusal(capture: Capture, clock: str | None = None) -> CaptureRejected:
    with pytest.raises(CaptureRejected) as error:
        open_capture(capture, Reading(clock=clock))
    return error.value


def lines_in(detail: str) -> list[tuple[str, str]]:
    """Return the proposed lines, each with the name of the file that it is to be put into."""
    found = re.findall(r"clock: (?:start|end|offset|stamp)=\S+   #[^\n]*", detail)
    place = re.search(r"(\S*capture\.yaml) beside it", detail)
    assert place and found, detail
    return [(place.group(1), line) for line in found]


def followed(folder: Path, name: str, place: str, line: str) -> Plan:
    """Do as the report says, and open the film again."""
    (folder / place).write_text(line.replace("YYYY-MM-DDTHH:MM:SS", "2026-09-14T07:00:05") + "\n")
    return open_capture(next(c for c in discover([folder]).captures if c.name == name), Reading()).plan


def test_both_readings_are_named_with_where_they_lie(day: Make) -> None:
    folder = day("a", created="2026-09-14T07:00:02Z")
    said = refusal(discover([folder]).captures[0])
    assert said.code == "clock_unknown"
    assert said.detail == (
        "nothing says when a.mp4 began (its trace runs from 2026-09-14T07:00:00Z to 2026-09-14T07:00:20Z); "
        "add to capture.yaml beside it one of these lines:\n"
        "    clock: offset=0   # if the film's stamp 2026-09-14T07:00:02Z is its start: inside the trace\n"
        "    clock: stamp=end   # if it is its end: partly inside the trace"
    )


def test_local_time_written_as_utc_is_named(day: Make) -> None:
    folder = day("a", created="2026-09-14T09:00:10Z")
    _, *lines = refusal(discover([folder]).captures[0]).detail.splitlines()
    stamp = "if the film's stamp 2026-09-14T09:00:10Z is local time (UTC+2) written as UTC, and its"
    assert lines == [
        f"    clock: offset=-7200   # {stamp} start: inside the trace",
        f"    clock: stamp=end-7200   # {stamp} end: inside the trace",
    ]


def test_a_long_trace_hides_no_time_zone(day: Make) -> None:
    folder = day("a", created="2026-09-14T09:00:10Z", seconds=2 * 3600 + 1800)
    *lines, last = refusal(discover([folder]).captures[0]).detail.splitlines()
    assert [line.endswith("inside the trace") for line in lines[1:]] == [True, True]
    assert last == (
        "    If it is local time written as UTC: with seconds of -3600 (UTC+1), -7200 (UTC+2) it lies inside "
        "the trace too."
    )


def test_a_film_of_another_day_fits_nowhere(day: Make) -> None:
    folder = day("a", created="2026-09-11T09:00:10Z")
    _, *lines = refusal(discover([folder]).captures[0]).detail.splitlines()
    assert [line.split(": ")[-1] for line in lines] == ["outside the trace"] * 2


@pytest.mark.parametrize(
    ("stems", "created", "before", "place"),
    [
        ("a", None, None, "capture.yaml"),
        ("ab", None, None, "a.capture.yaml"),
        ("ab", None, "clock: gps\n", "a.capture.yaml"),
        ("a", None, "clock: offset=0\n", "capture.yaml"),
        ("a", "2026-09-14T07:00:08Z", None, "capture.yaml"),
        ("ab", "2026-09-14T07:00:08Z", None, "capture.yaml"),
        ("ab", "2026-09-14T07:00:08Z", "clock: gps\n", "capture.yaml"),
    ],
)
def test_a_line_works_when_it_is_followed(
    day: Make, stems: str, created: str | None, before: str | None, place: str
) -> None:
    folder = day(*stems, created=created)
    if before:
        (folder / "capture.yaml").write_text(before)
    proposed = lines_in(refusal(discover([folder]).captures[0]).detail)
    assert len(proposed) == (2 if created else 1)
    for name, line in proposed:
        assert name == place
        plan = followed(folder, "a", name, line)
        assert plan.clock.startswith(line.split("clock: ")[1][:6]) and place in plan.clock
        assert not plan.warnings


def test_films_of_two_cameras_in_one_folder(day: Make) -> None:
    folder = day("a", "b", created="2026-09-14T07:00:08Z")
    said = refusal(discover([folder]).captures[0]).detail
    assert "add to capture.yaml beside it for all films, or to a.capture.yaml for this one, one of" in said
    plan = followed(folder, "a", "a.capture.yaml", lines_in(said)[1][1])
    assert plan.clock == "stamp=end (a.capture.yaml)"
    assert refusal(discover([folder]).captures[1]).code == "clock_unknown"


def test_pictures_beside_a_film_keep_their_clock(day: Make, jpeg: Make) -> None:
    folder = day("a", created="2026-09-14T07:00:08Z")
    jpeg(folder / "still.jpg")
    film = next(c for c in discover([folder]).captures if c.kind == "film")
    assert {place for place, _ in lines_in(refusal(film).detail)} == {"a.capture.yaml"}


def test_words_that_stand_there_already_are_to_be_replaced(day: Make) -> None:
    folder = day("a", "b")
    (folder / "a.capture.yaml").write_text("clock: gps\n")
    capture = discover([folder]).captures[0]
    assert (
        "; in a.capture.yaml beside it, write instead of its clock: clock: start=" in refusal(capture).detail
    )
    assert "; leave out --clock, and in a.capture.yaml beside it," in refusal(capture, "offset=0").detail


def test_a_film_without_a_trace_hears_of_both_readings(day: Make) -> None:
    folder = day("a", created="2026-09-14T07:00:08Z")
    (folder / "a.gpx").unlink()
    said = refusal(discover([folder]).captures[0])
    assert said.code == "no_trace" and len(lines_in(said.detail)) == 2


@pytest.mark.parametrize(
    ("clock", "proposed"),
    [
        ("offset=0", "offset=-7200"),
        ("stamp=end", "stamp=end-7200"),
        ("start=2026-09-14T09:00:05Z", "start=2026-09-14T07:00:05Z"),
        ("end=2026-09-14T05:00:10+00:00", "end=2026-09-14T07:00:10Z"),
    ],
)
def test_no_overlap_asks_for_the_time_zone(day: Make, clock: str, proposed: str) -> None:
    folder = day("a", created="2026-09-14T09:00:09Z")
    capture = discover([folder]).captures[0]
    said = refusal(capture, clock)
    early = clock.startswith("end=2026-09-14T05")
    apart = (
        "film ends 2 h 0 min before the trace begins" if early else "film begins 2 h 0 min after the trace"
    )
    way = "later" if early else "earlier"
    asks = f"; time zone? With --clock {proposed} (2 h {way}) it lies inside the trace"
    assert said.code == "no_overlap" and apart in said.detail
    assert asks in said.detail
    open_capture(capture, Reading(clock=proposed))
    (folder / "capture.yaml").write_text(f"clock: {clock}\n")
    assert f"time zone? With clock: {proposed} (" in refusal(capture).detail


def test_no_time_zone_is_asked_for_where_none_explains_it() -> None:
    said = what_differs((7200.0 + 900, 7260.0 + 900), (0.0, 60.0), parse_clock("offset=0"), overriding=False)
    assert said == (
        "the film begins 2 h 14 min after the trace ends; correct the clock or give another trace"
    )


def test_a_camera_that_stamps_the_end(shared_data: Path, tmp_path: Path) -> None:
    """The real film is stamped 07:13:11Z, its end; read as its start it fits the trace too, 4 s late."""
    streams = shared_data / "streams"
    shutil.copy(streams / "clips/clock_stop_time.mp4", tmp_path / "clip.mp4")
    shutil.copy(streams / "city_clips/detroit.gpx", tmp_path / "clip.gpx")
    proposed = lines_in(refusal(discover([tmp_path]).captures[0]).detail)
    starts = [followed(tmp_path, "clip", *line).starts for line in proposed]
    assert [f"{s:%H:%M:%S}" for s in starts if s] == ["07:13:11", "07:13:07"]
    assert all("inside the trace" in line for _, line in proposed)
