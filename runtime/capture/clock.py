"""Clock policies: what says when a capture was taken. Named by a person, never guessed.

Cameras disagree: some stamp the start of a film and some its end, many write local time and call it UTC, some
write nothing. So a film's own stamp is only a proposal, and one of these is stated in capture.yaml or on the
command line:

start=TIME      the instant of the first frame (of the first picture by its own stamp)
end=TIME        the instant at which the film ends (of the last picture)
offset=SECONDS  seconds added to the media's own stamp, which is then trusted: ``offset=0`` takes it as UTC,
                ``offset=-7200`` mends Swedish summer time that was written as UTC
gps             the time that was recorded with each position (pictures only)
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from gatukoll.errors import nearest_word

FORMS = "start=2026-09-14T06:58:20Z, end=2026-09-14T07:13:11Z, offset=0 (seconds), gps"
EARLIEST = datetime(
    2000, 1, 1, tzinfo=UTC
)  # phones and receivers whose clock was never set say 1904, 1970, 1980


@dataclass(frozen=True, slots=True)
class Clock:
    """A policy that was read; exactly one of `instant` and `offset_s` is set, none for gps."""

    policy: Literal["start", "end", "offset", "gps"]
    text: str
    instant: datetime | None = None
    offset_s: float | None = None


def parse_clock(text: str, zone: str | None = None) -> Clock:
    """Read a policy.

    Args:
        text: one of the forms in `FORMS`.
        zone: IANA name for a time without a zone of its own.

    Raises:
        ValueError: in words for the user, without the place.

    >>> parse_clock("start=2026-09-14T08:58:20", "Europe/Stockholm").instant.isoformat()
    '2026-09-14T06:58:20+00:00'
    """
    policy, equals, value = (part.strip() for part in text.strip().partition("="))
    if policy == "gps" and not equals:
        return Clock("gps", "gps")
    if policy == "offset":
        try:
            seconds = float(value)
        except ValueError:
            seconds = math.nan
        if not math.isfinite(seconds) or abs(seconds) > 1e9:
            raise ValueError(f"{value!r} is not a number of seconds. Allowed: {FORMS}")
        return Clock("offset", f"offset={seconds:g}", offset_s=seconds)
    for policy_name in ("start", "end"):
        if policy == policy_name:
            instant = parse_time(value, zone)
            return Clock(policy_name, f"{policy}={iso(instant)}", instant=instant)
    near = nearest_word(policy, ["start", "end", "offset", "gps"])
    raise ValueError(
        f"{text!r} is not a clock policy."
        + (f' Did you mean "{near}"?' if near else "")
        + f" Allowed: {FORMS}"
    )


def parse_time(text: str, zone: str | None = None) -> datetime:
    """Read an ISO time into UTC; a time without a zone needs `zone`. ValueError in words for the user."""
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a time. Allowed: ISO 8601 such as 2026-09-14T06:58:20Z") from None
    if not re.match(r"\d{4}-?\d\d-?\d\d[T ]\d\d", text):
        raise ValueError(f"{text!r} is a date without a time. Allowed: ISO 8601 such as 2026-09-14T06:58:20Z")
    if when.tzinfo is None:
        if not zone:
            raise ValueError(
                f"{text!r} has no zone. Write {text}Z if it is UTC, or add the line zone: Europe/Stockholm"
            )
        when = localise(when, zone)
    when = when.astimezone(UTC)
    if not plausible(when):
        raise ValueError(f"{text!r} lies before 2000 or in the future")
    return when


def localise(naive: datetime, zone: str) -> datetime:
    """Return the UTC instant of a local time. ValueError where the clocks' change makes it none or two."""
    place = check_zone(zone)
    early, late = (naive.replace(tzinfo=place, fold=fold).astimezone(UTC) for fold in (0, 1))
    if early != late:
        raise ValueError(
            f"{naive.isoformat()} lies in the change of the clocks in {zone}. Write it with its offset, e.g. "
            f"{naive.isoformat()}+02:00"
        )
    return early


def check_zone(name: str) -> ZoneInfo:
    """Return the zone of an IANA name. ValueError in words for the user."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        from zoneinfo import available_timezones

        near = nearest_word(name, available_timezones())
        raise ValueError(
            f"{name!r} is not a time zone."
            + (f' Did you mean "{near}"?' if near else "")
            + " Allowed: an IANA name "
            "such as Europe/Stockholm"
        ) from None


def plausible(when: datetime) -> bool:
    """Say whether an aware time can be that of a capture: from 2000 until tomorrow."""
    return EARLIEST <= when <= datetime.now(UTC) + timedelta(days=1)


def iso(when: datetime) -> str:
    """Write an aware time as UTC with a Z, with thousandths only where there are any.

    >>> iso(datetime(2026, 9, 14, 7, 13, 7, 500000, tzinfo=UTC))
    '2026-09-14T07:13:07.500Z'
    """
    when = when.astimezone(UTC) + timedelta(microseconds=500)  # isoformat cuts, it does not round
    spec = "milliseconds" if when.microsecond >= 1000 else "seconds"
    return when.isoformat(timespec=spec).replace("+00:00", "Z")
