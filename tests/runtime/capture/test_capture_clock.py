from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gatukoll.errors import ConfigError
from gatukoll.runtime.capture.clock import iso, localise, parse_clock
from gatukoll.runtime.capture.reading import Reading

AT = datetime(2026, 9, 14, 6, 58, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "zone", "policy", "instant", "offset"),
    [
        ("start=2026-09-14T06:58:20Z", None, "start", AT, None),
        ("start=2026-09-14T08:58:20+02:00", None, "start", AT, None),
        ("start=2026-09-14T08:58:20", "Europe/Stockholm", "start", AT, None),
        (" end = 2026-09-14 06:58:20Z ", None, "end", AT, None),
        ("offset=-7200", None, "offset", None, -7200.0),
        ("offset=0.5", None, "offset", None, 0.5),
        ("offset=1234567.25", None, "offset", None, 1234567.25),
        ("stamp=start", None, "offset", None, 0.0),
        ("stamp=start-7200", None, "offset", None, -7200.0),
        ("gps", None, "gps", None, None),
    ],
)
def test_policies(
    text: str, zone: str | None, policy: str, instant: datetime | None, offset: float | None
) -> None:
    clock = parse_clock(text, zone)
    assert (clock.policy, clock.instant, clock.offset_s) == (policy, instant, offset)
    assert parse_clock(clock.text) == clock, "what is reported can be pasted back"


@pytest.mark.parametrize(
    ("text", "seconds", "again"),
    [
        ("stamp=end", 0.0, "stamp=end"),
        (" stamp = end ", 0.0, "stamp=end"),
        ("stamp=end-7200", -7200.0, "stamp=end-7200"),
        ("stamp=end + 0.5", 0.5, "stamp=end+0.5"),
    ],
)
def test_the_stamp_of_the_end(text: str, seconds: float, again: str) -> None:
    clock = parse_clock(text)
    assert (clock.offset_s, clock.stamps_end, clock.text) == (seconds, True, again)
    assert parse_clock(clock.text) == clock


@pytest.mark.parametrize(
    ("text", "later"),
    [
        ("start=2026-09-14T06:58:20Z", "start=2026-09-14T07:58:20Z"),
        ("end=2026-09-14T06:58:20Z", "end=2026-09-14T07:58:20Z"),
        ("offset=-7200", "offset=-3600"),
        ("stamp=end", "stamp=end+3600"),
        ("stamp=start-3600", "stamp=start"),
        ("gps", "gps"),
    ],
)
def test_a_policy_moved_is_the_policy_of_its_text(text: str, later: str) -> None:
    clock = parse_clock(text).moved(3600)
    assert clock == parse_clock(later) and clock.text == later


@pytest.mark.parametrize(
    ("text", "zone", "message"),
    [
        ("strt=2026-09-14T06:58:20Z", None, 'Did you mean "start"'),
        ("noon", None, r"Allowed: start=.*end=.*offset=0 \(seconds\), stamp=start, stamp=end, .*gps"),
        ("", None, "not a clock policy"),
        ("gps=1", None, "not a clock policy"),
        ("offset=", None, "not a number of seconds"),
        ("offset=nan", None, "not a number of seconds"),
        ("stamp", None, "'stamp=' does not say whether the media's own stamp is their start or their end"),
        ("stamp=ende", None, 'Did you mean "stamp=end"'),
        ("stamp=end7200", None, "does not say"),
        ("stamp=end 7200", None, "does not say"),
        ("stamp=end-", None, "does not say"),
        ("stamp=end-2h", None, "'-2h' is not a number of seconds"),
        ("start=tomorrow", None, "'tomorrow' is not a time"),
        ("start=YYYY-MM-DDTHH:MM:SSZ", None, "is not a time"),
        ("start=2026-09-14", None, "a date without a time"),
        ("start=2026-09-14T08:58:20", None, "has no zone.*zone: Europe/Stockholm"),
        ("start=1970-01-01T00:00:00Z", None, "before 2000 or in the future"),
        ("start=2080-01-01T00:00:00Z", None, "before 2000 or in the future"),
        ("start=2026-09-14T08:58:20", "Europe/Stokholm", 'Did you mean "Europe/Stockholm"'),
        ("start=2025-10-26T02:30:00", "Europe/Stockholm", "change of the clocks"),
        ("start=2026-03-29T02:30:00", "Europe/Stockholm", "change of the clocks"),
    ],
)
def test_nonsense_is_refused_with_what_is_allowed(text: str, zone: str | None, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_clock(text, zone)


def test_the_command_line_says_where() -> None:
    with pytest.raises(ConfigError, match=r"^--clock: 'x' is not a clock policy"):
        Reading(clock="x")
    with pytest.raises(ConfigError, match="has no zone"):
        Reading(clock="start=2026-09-14T08:58:20")
    policy = Reading(clock="start=2026-09-14T08:58:20", zone="Europe/Stockholm").policy()
    assert policy and policy.instant == AT


@pytest.mark.parametrize(
    "wrong", [{"spacing_m": 0}, {"spacing_m": float("nan")}, {"every_s": -1.0}, {"zone": "Mars"}]
)
def test_other_nonsense_is_refused(wrong: dict[str, float | str]) -> None:
    with pytest.raises(ConfigError):
        Reading(**wrong)  # type: ignore[arg-type]


def test_summer_and_winter_time() -> None:
    assert localise(datetime(2026, 1, 1, 12), "Europe/Stockholm").hour == 11
    assert localise(datetime(2026, 7, 1, 12), "Europe/Stockholm").hour == 10


def test_iso_rounds() -> None:
    assert iso(AT.replace(microsecond=999_600)) == "2026-09-14T06:58:21Z"
    assert iso(AT.replace(microsecond=966_667)) == "2026-09-14T06:58:20.967Z"
