"""Which of a picture's times counts.

Without a policy the surest one: the receiver's own time, the camera's with its offset, a Mapillary app's (UTC
by their rule), last the camera's in a stated zone. A camera's clock without a zone is no time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from gatukoll.runtime.capture.clock import Clock, localise, plausible
from gatukoll.runtime.capture.exif import Shot

Told = tuple[datetime | None, str, str]  # the time (UTC), or None with a reason code and its detail


def times_of(shots: Sequence[Shot], clock: Clock | None, zone: str | None) -> tuple[list[Told], str]:
    """Return each picture's time, and in words where the times came from."""
    if clock is not None and clock.policy in ("start", "end", "offset"):
        return _shifted(shots, clock), clock.text
    sources: Counter[str] = Counter()
    told = [_own(s, None if clock else zone, clock is not None, sources) for s in shots]
    return told, ", ".join(f"{name} {n}" for name, n in sources.most_common())


def _own(shot: Shot, zone: str | None, only_gps: bool, sources: Counter[str]) -> Told:
    candidates = [("GPS", shot.gps_time), ("Mapillary", shot.json_time)]
    if not only_gps:
        candidates.insert(1, ("EXIF with offset", shot.zoned_time))
        if zone and shot.naive_time:
            try:
                candidates.append((f"EXIF in {zone}", localise(shot.naive_time, zone)))
            except ValueError as error:
                candidates.append(("", None))
                return _first(candidates, sources) or (None, "time_unknown", str(error))
    found = _first(candidates, sources)
    if found:
        return found
    naive = shot.naive_time
    if (
        shot.bad_date
        or any(when for _, when in candidates)
        or (naive and not plausible(naive.replace(tzinfo=UTC)))
    ):
        return None, "time_implausible", "its date lies before 2000 or in the future, or is none"
    if only_gps:
        return None, "time_unknown", "clock: gps, but the picture holds no GPS time"
    if naive:
        return (
            None,
            "time_unknown",
            f"it says {naive} without a zone; add zone: Europe/Stockholm to capture.yaml",
        )
    return None, "time_unknown", "it holds no time"


def _first(candidates: Sequence[tuple[str, datetime | None]], sources: Counter[str]) -> Told | None:
    for name, when in candidates:
        if when and plausible(when):
            sources[name] += 1
            return when, "", ""
    return None


def _shifted(shots: Sequence[Shot], clock: Clock) -> list[Told]:
    """Return the pictures' own stamps, all moved by as much as the policy says."""
    stamps = [s.naive_time or _bare(s.json_time) or _bare(s.gps_time) for s in shots]
    known = [s for s in stamps if s]
    shift = timedelta(seconds=clock.offset_s or 0.0)
    if clock.instant is not None and known:
        anchor = min(known) if clock.policy == "start" else max(known)
        shift = clock.instant.replace(tzinfo=None) - anchor
    told: list[Told] = []
    for stamp in stamps:
        try:
            when = (stamp + shift).replace(tzinfo=UTC) if stamp else None
        except OverflowError:
            when = None
        if when is None:
            told.append((None, "time_unknown", f"{clock.text}, but the picture carries no time of its own"))
        elif plausible(when):
            told.append((when, "", ""))
        else:
            told.append((None, "time_implausible", f"by {clock.text} it was taken at {when:%Y-%m-%d}"))
    return told


def _bare(when: datetime | None) -> datetime | None:
    return when.replace(tzinfo=None) if when else None
