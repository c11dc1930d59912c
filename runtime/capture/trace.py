"""GPX in, a clean Trace out: checked, sorted, cut where nothing may be interpolated.

gpxpy parses; what it lets through (HTML pages, times without a zone or none, zeros, unordered points, jumps)
is caught here. It is handed text, because it takes all bytes for UTF-8.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC
from functools import lru_cache
from pathlib import Path
from xml.etree.ElementTree import ParseError

import gpxpy
import numpy as np
from gpxpy.gpx import GPXException, GPXTrackPoint, GPXXMLSyntaxException
from numpy.typing import NDArray

from gatukoll.errors import CaptureRejected
from gatukoll.runtime.capture.clock import localise, plausible
from gatukoll.runtime.capture.kinematics import metres
from gatukoll.runtime.capture.model import Floats, Trace

# At 50 km/h a vehicle turns two corners in more than ten seconds: a straight line would cut through houses.
LONGEST_GAP_S = 10.0
# No vehicle of a city does this; receivers that lose their fix between houses do.
JUMP_MPS = 300 / 3.6

_UNFINISHED = {3, 5}  # expat: no element found, unclosed token


def read_trace(path: Path, zone: str | None = None) -> Trace:
    """Read a GPX file.

    Args:
        path: the file.
        zone: IANA zone of times that state none; UTC (as GPX says) with a warning where not given.

    Raises:
        CaptureRejected: with the reason why it can't be used.
    """
    try:
        state = path.stat()
        return _read(path, zone, state.st_size, state.st_mtime_ns)
    except OSError as error:
        raise CaptureRejected("file_unreadable", f"{path.name}: {error.strerror}") from None


@lru_cache(maxsize=4)  # one trace may serve a day of clips
def _read(path: Path, zone: str | None, _size: int, _changed: int) -> Trace:
    warnings: Counter[str] = Counter()
    raw = path.read_bytes()
    if not raw.strip():
        raise CaptureRejected("file_empty", f"{path.name} is empty")
    gpx = _parse(path.name, _decode(raw), warnings)
    points = [(segment, p) for segment, p in _points(gpx)]
    if not points:
        raise CaptureRejected("track_empty", f"{path.name} has no points")
    rows = _rows(points, zone, warnings)
    if not rows:
        worst = warnings.most_common(1)[0][0]
        code = worst if worst in ("track_no_time", "time_implausible", "position_zero") else "track_empty"
        told = ", ".join(f"{code} {n}" for code, n in warnings.items())
        raise CaptureRejected(code, f"{path.name}: none of {len(points)} points can be used ({told})")
    return _ordered(path.name, np.array(rows), warnings)


def _decode(raw: bytes) -> str:
    """Return the text of an XML file without its declaration: by byte order mark, declaration, else UTF-8."""
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encoding = "utf-16"
    else:
        named = re.match(rb"""\s*<\?xml[^>]*encoding=["']([\w.-]+)""", raw.removeprefix(b"\xef\xbb\xbf"))
        encoding = named.group(1).decode() if named else "utf-8-sig"
    try:
        text = raw.decode("utf-8-sig" if encoding.lower().replace("-", "") == "utf8" else encoding, "replace")
    except LookupError:
        text = raw.decode("utf-8-sig", "replace")
    return re.sub(r"^\s*<\?xml[^>]*\?>", lambda m: re.sub(r"[^\n]", " ", m.group()), text)


def _parse(name: str, text: str, warnings: Counter[str]) -> gpxpy.gpx.GPX:
    if not re.search(r"<(?:\w+:)?gpx[\s>]", text):
        raise CaptureRejected("not_a_track", f"{name} is not a GPX file: it has no <gpx>")
    try:
        return gpxpy.parse(text)
    except GPXXMLSyntaxException as error:
        cause = error.__cause__
        line, column = cause.position if isinstance(cause, ParseError) else (0, 0)
        saved = text.rpartition("</trkpt>")
        if not (isinstance(cause, ParseError) and cause.code in _UNFINISHED and saved[1]):
            raise CaptureRejected("track_not_xml", f"{name}: line {line}, column {column}: {cause}") from None
    except (GPXException, ValueError, TypeError) as error:
        raise CaptureRejected("not_a_track", f"{name}: {error}") from None
    try:
        gpx = gpxpy.parse(saved[0] + "</trkpt></trkseg></trk></gpx>")
    except (GPXException, ValueError, TypeError):
        raise CaptureRejected(
            "track_truncated", f"{name}: ends early, in line {line}, column {column}"
        ) from None
    warnings["track_truncated"] += 1
    return gpx


def _points(gpx: gpxpy.gpx.GPX) -> Iterator[tuple[int, GPXTrackPoint]]:
    number = 0
    for track in gpx.tracks:
        for segment in track.segments:
            for point in segment.points:
                yield number, point
            number += 1


def _rows(
    points: list[tuple[int, GPXTrackPoint]], zone: str | None, warnings: Counter[str]
) -> list[tuple[float, float, float, int]]:
    """Return (POSIX s, lat, lon, segment) of usable points; the others are counted."""
    rows = []
    for segment, point in points:
        when, lat, lon = point.time, point.latitude, point.longitude
        if when is None:
            warnings["track_no_time"] += 1
            continue
        if when.tzinfo is None:
            warnings["track_time_zone_unknown"] = 0 if zone else 1
            try:
                when = localise(when, zone) if zone else when.replace(tzinfo=UTC)
            except ValueError:  # the hour in which the clocks change is there twice, or not at all
                warnings["track_no_time"] += 1
                continue
        if not plausible(when):
            warnings["time_implausible"] += 1
        elif lat == 0 and lon == 0:
            warnings["position_zero"] += 1
        elif not (abs(lat) <= 90 and abs(lon) <= 180):
            warnings["position_out_of_range"] += 1
        else:
            rows.append((when.timestamp(), lat, lon, segment))
    return rows


def _ordered(name: str, rows: NDArray[np.float64], warnings: Counter[str]) -> Trace:
    """Sort fixes by time, drop doubled ones and cut the trace at gaps and jumps."""
    back = int((np.diff(rows[:, 0]) < 0).sum())
    rows = rows[np.argsort(rows[:, 0], kind="stable")]
    fresh = np.r_[True, np.diff(rows[:, 0]) > 0]
    warnings["track_out_of_order"] += back + int((~fresh).sum())
    rows = rows[fresh]
    if len(rows) < 2:
        raise CaptureRejected("track_too_short", f"{name} has a single usable point")
    times, lat, lon, given = rows.T
    jump = jumps(times, lat, lon)
    cut = (np.diff(times) > LONGEST_GAP_S) | (np.diff(given) != 0) | jump
    warnings["track_jump"] += int((jump & (np.diff(times) <= LONGEST_GAP_S) & (np.diff(given) == 0)).sum())
    segment = np.r_[0, np.cumsum(cut)].astype(np.int64)
    counted = {code: n for code, n in warnings.items() if n}
    return Trace(times.copy(), lat.copy(), lon.copy(), segment, counted)


def jumps(times_s: Floats, lat_deg: Floats, lon_deg: Floats) -> NDArray[np.bool_]:
    """Say for each step between fixes (n - 1,) whether it is faster than any vehicle."""
    east, north = metres(lat_deg[:-1], lon_deg[:-1], lat_deg[1:], lon_deg[1:])
    return np.asarray(np.hypot(east, north) > JUMP_MPS * np.diff(times_s))


def why_uncovered(trace: Trace, time_s: float) -> str:
    """Return the reason code for an instant at which nothing may be interpolated."""
    if not trace.times_s[0] <= time_s <= trace.times_s[-1]:
        return "outside_trace"
    i = int(np.clip(np.searchsorted(trace.times_s, time_s, side="right") - 1, 0, len(trace.times_s) - 2))
    pair = slice(i, i + 2)
    short = trace.times_s[i + 1] - trace.times_s[i] <= LONGEST_GAP_S
    jump = jumps(trace.times_s[pair], trace.lat_deg[pair], trace.lon_deg[pair])[0]
    return "track_jump" if short and jump else "trace_gap"
