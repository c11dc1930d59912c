"""How runs end that do not go as planned: signals, files in use, wrong words, bugs."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
import tinycity
import tinysite

from gatukoll.errors import ConfigError, StoppedEarly, UserError
from gatukoll.runtime import commands
from gatukoll.runtime.findings.store import Store


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
    assert len(tinycity.rows(out)) == 1 and tinycity.rows(out / "owners" / "gata") == []
    run = tinycity.noted(out)
    assert run["not_written"] == {"owners/gata/findings.csv": "can't be replaced (in use)"}
    assert run["captures"]["accepted"] == 1 and "owners/park/findings.csv" in run["files"]  # type: ignore[index,operator]
    monkeypatch.setattr(Path, "replace", replace)
    assert commands.run([drive], city_file=city, out=out, threads=1) == 0
    assert len(tinycity.rows(out / "owners" / "gata")) == 1 and tinycity.noted(out)["not_written"] == {}


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
    assert tinycity.noted(out)["edited"] == ["owners/gata/findings (edited 2026-09-14 0658).csv"]
    commands.run([drive], city_file=city, out=out, threads=1)
    assert tinycity.noted(out)["edited"] == [] and kept.exists()
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
    assert tinycity.noted(town / "out")["captures"]["accepted"] == 2  # type: ignore[index]
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
    run = tinycity.noted(town / "out")
    assert done == 1
    assert run["captures"] == {"offered": 2, "accepted": 1, "rejected": {"bug": 1}}
    assert (
        "ZeroDivisionError: two at once" in str(run["each_capture"]) and len(tinycity.rows(town / "out")) == 1
    )
