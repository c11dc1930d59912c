"""Clock policies: what says when a capture was taken. Named by a person, never guessed.

Cameras disagree: some stamp the start of a film and some its end, many write local time and call it UTC, some
write nothing. So a film's own stamp is only a proposal, and one of these is stated in capture.yaml or on the
command line:

start=TIME      the instant of the first frame (of the first picture by its own stamp)
end=TIME        the instant at which the film ends (of the last picture)
offset=SECONDS  seconds added to the media's own stamp, which is then trusted as the start: ``offset=0`` takes
                it as UTC, ``offset=-7200`` mends Swedish summer time that was written as UTC
stamp=start     the media's own stamp is the start; the same as ``offset=0``
stamp=end       a film's own stamp is its end; ``stamp=end-7200`` adds seconds as offset does
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

FORMS = (
    "start=2026-09-14T06:58:20Z, end=2026-09-14T07:13:11Z, offset=0 (seconds), stamp=start, stamp=end, "
    "stamp=end-7200 (seconds), gps"
)
EARLIEST = datetime(
    2000, 1, 1, tzinfo=UTC
)  # phones and receivers whose clock was never set say 1904, 1970, 1980


@dataclass(frozen=True, slots=True)
class Clock:
    """A policy that was read; exactly one of `instant` and `offset_s` is set, none for gps.

    Attributes:
        policy: ``stamp=…`` is an offset too, of 0 s where none is given.
        text: as it can be written again.
        instant: of start and end.
        offset_s: seconds added to the media's own stamp.
        stamps_end: the media's own stamp says when a film ended. A picture begins and ends at once.
    """

    policy: Literal["start", "end", "offset", "gps"]
    text: str
    instant: datetime | None = None
    offset_s: float | None = None
    stamps_end: bool = False

    def moved(self, seconds: float) -> Clock:
        """Return the same policy with every time moved by some seconds.

        >>> parse_clock("stamp=end").moved(-7200).text
        'stamp=end-7200'
        """
        if self.instant is not None:
            instant = self.instant + timedelta(seconds=seconds)
            return Clock(self.policy, f"{self.policy}={iso(instant)}", instant)
        if self.offset_s is None:
            return self
        offset_s = self.offset_s + seconds
        named = self.text.startswith("stamp")
        text = _stamp_text(self.stamps_end, offset_s) if named else f"offset={offset_s:.12g}"
        return Clock("offset", text, offset_s=offset_s, stamps_end=self.stamps_end)


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
        seconds = _seconds(value)
        return Clock("offset", f"offset={seconds:.12g}", offset_s=seconds)
    if policy == "stamp":
        return _stamp(value)
    for policy_name in ("start", "end"):
        if policy == policy_name:
            instant = parse_time(value, zone)
            return Clock(policy_name, f"{policy}={iso(instant)}", instant=instant)
    near = nearest_word(policy, ["start", "end", "offset", "stamp", "gps"])
    raise ValueError(
        f"{text!r} is not a clock policy."
        + (f' Did you mean "{near}"?' if near else "")
        + f" Allowed: {FORMS}"
    )


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not math.isfinite(seconds) or abs(seconds) > 1e9:
        raise ValueError(f"{text!r} is not a number of seconds. Allowed: {FORMS}")
    return seconds


def _stamp(value: str) -> Clock:
    """Read what stands behind ``stamp=``: start or end, and seconds with their sign."""
    which, sign, rest = re.fullmatch(r"(?s)\s*(\w*)\s*([-+]?)\s*(.*)", value).groups()  # type: ignore[union-attr]
    if which not in ("start", "end") or bool(sign) != bool(rest):
        near = nearest_word(which, ["start", "end"]) if which not in ("start", "end") else None
        raise ValueError(
            f"'stamp={value}' does not say whether the media's own stamp is their start or their end."
            + (f' Did you mean "stamp={near}"?' if near else "")
            + f" Allowed: {FORMS}"
        )
    seconds = _seconds(sign + rest) if sign else 0.0
    ends = which == "end"
    return Clock("offset", _stamp_text(ends, seconds), offset_s=seconds, stamps_end=ends)


def _stamp_text(ends: bool, seconds: float) -> str:
    return f"stamp={'end' if ends else 'start'}" + (f"{seconds:+.12g}" if seconds else "")


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
