"""What a picture says of itself: position, times, orientation, focal length; read from its header alone.

Read are EXIF and the JSON that Mapillary's apps leave in ImageDescription. Both hold personal fields (names,
addresses, device ids): only the fields named here are taken, and nothing is logged.
"""

from __future__ import annotations

import json
import math
import re
import struct
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from PIL import Image, UnidentifiedImageError

GPS_IFD, EXIF_IFD = 0x8825, 0x8769
IMAGE_DESCRIPTION, DATE_ORIGINAL, DATE_DIGITIZED = 270, 36867, 36868
SUBSEC_ORIGINAL, OFFSET_TIME, OFFSET_ORIGINAL, FOCAL_35MM = 37521, 36880, 36881, 41989
LAT_REF, LAT, LON_REF, LON, GPS_TIME, IMAGE_DIRECTION, GPS_DATE = 1, 2, 3, 4, 7, 17, 29

# what Pillow raises on damaged headers
BROKEN = (OSError, SyntaxError, ValueError, TypeError, KeyError, EOFError, struct.error, OverflowError)


@dataclass(frozen=True, slots=True)
class Shot:
    """What a picture's header says.

    Attributes:
        path: the file.
        code: reason why the picture can't be used at all, "" otherwise.
        detail: the particulars.
        position: WGS84 latitude and longitude, None where `no_position` says why.
        no_position: reason code, "" where there is a position.
        gps_time: UTC, of the receiver.
        zoned_time: UTC, of the camera's clock with its offset.
        json_time: UTC, of a Mapillary app (their rule: MAPCaptureTime is UTC).
        naive_time: of the camera's clock, zone unknown.
        bad_date: a date is there that is no date (0000:00:00).
        focal_35mm: 35 mm equivalent, mm; None where not given.
        compass_deg: direction of the view, degrees from north; None where not given.
    """

    path: Path
    code: str = ""
    detail: str = ""
    position: tuple[float, float] | None = None
    no_position: str = "no_position"
    gps_time: datetime | None = None
    zoned_time: datetime | None = None
    json_time: datetime | None = None
    naive_time: datetime | None = None
    bad_date: bool = False
    focal_35mm: float | None = None
    compass_deg: float | None = None


def read_shot(path: Path, max_pixels: int) -> Shot:
    """Read a picture's header; what is wrong with it stands in the result."""
    try:
        if path.stat().st_size == 0:
            return Shot(path, "file_empty", f"{path.name} is empty")
        with warnings.catch_warnings():
            # Pillow warns of damaged EXIF and of large pictures; both are judged here
            warnings.simplefilter("ignore")
            with Image.open(path) as picture:
                if picture.width * picture.height > max_pixels:
                    return Shot(path, "image_too_large", f"{picture.width} x {picture.height} px")
                return _shot(path, picture)
    except Image.DecompressionBombError:
        return Shot(path, "image_too_large", "larger than any camera's picture")
    except UnidentifiedImageError:
        return Shot(path, *_unidentified(path))
    except OSError as error:
        if error.errno is None:  # Pillow's own, of the content
            return Shot(path, *_unidentified(path))
        return Shot(path, "file_unreadable", error.strerror or "can't be read")
    except BROKEN:
        return Shot(path, "image_truncated", "its header is damaged")


def _unidentified(path: Path) -> tuple[str, str]:
    """Tell a picture that ends in its header from a file that is none."""
    with path.open("rb") as stream:
        head = stream.read(8)
    if head.startswith((b"\xff\xd8\xff", b"\x89PNG")):
        return "image_truncated", "the file ends in its header"
    return "not_a_picture", f"{path.name} is not a picture that can be read"


def _shot(path: Path, picture: Image.Image) -> Shot:
    try:
        exif = picture.getexif()
        root, gps, inner = dict(exif), dict(exif.get_ifd(GPS_IFD)), dict(exif.get_ifd(EXIF_IFD))
    except BROKEN:
        root, gps, inner = {}, {}, {}
    notes = _mapillary(root.get(IMAGE_DESCRIPTION))
    position, no_position = _position(gps)
    if position is None and no_position == "no_position" and notes:
        position, no_position = _checked(
            _number(notes.get("MAPLatitude")), _number(notes.get("MAPLongitude"))
        )
    text = _text(inner.get(DATE_ORIGINAL)) or _text(inner.get(DATE_DIGITIZED))
    naive = _date(text, _text(inner.get(SUBSEC_ORIGINAL)))
    focal = _number(inner.get(FOCAL_35MM))
    return Shot(
        path,
        position=position,
        no_position=no_position,
        gps_time=_gps_time(gps),
        zoned_time=_zoned(naive, _text(inner.get(OFFSET_ORIGINAL)) or _text(inner.get(OFFSET_TIME))),
        json_time=_json_time(notes),
        naive_time=naive,
        bad_date=bool(re.search(r"\d", text)) and naive is None,
        focal_35mm=focal if focal and 5 <= focal <= 1000 else None,
        compass_deg=_number(gps.get(IMAGE_DIRECTION)),
    )


def _mapillary(description: object) -> Mapping[str, Any]:
    """Return the fields of a Mapillary app's JSON that are used; nothing else of it is kept."""
    try:
        notes = json.loads(str(description))
    except ValueError:
        return {}
    if not isinstance(notes, dict):
        return {}
    return {k: notes[k] for k in ("MAPCaptureTime", "MAPLatitude", "MAPLongitude") if k in notes}


def _position(gps: Mapping[int, Any]) -> tuple[tuple[float, float] | None, str]:
    """Return a position, or None and the reason."""
    lat, lon = _degrees(gps.get(LAT)), _degrees(gps.get(LON))
    if lat is None or lon is None:
        return None, "no_position"
    if lat == 0 and lon == 0:
        return None, "position_zero"
    north, east = _text(gps.get(LAT_REF)).upper(), _text(gps.get(LON_REF)).upper()
    if north not in ("N", "S") or east not in ("E", "W"):
        return None, "position_incomplete"
    return _checked(-lat if north == "S" else lat, -lon if east == "W" else lon)


def _checked(lat: float | None, lon: float | None) -> tuple[tuple[float, float] | None, str]:
    if lat is None or lon is None:
        return None, "no_position"
    if lat == 0 and lon == 0:
        return None, "position_zero"
    if abs(lat) > 90 or abs(lon) > 180:
        return None, "position_out_of_range"
    return (lat, lon), ""


def _degrees(value: object) -> float | None:
    """Return degrees from degrees, minutes and seconds, of which some writers leave the last ones out."""
    parts = value if isinstance(value, tuple) else (value,)
    numbers = [_number(p) for p in parts[:3]]
    if any(n is None for n in numbers):
        return None
    return float(sum((n or 0.0) / 60**i for i, n in enumerate(numbers)))


def _number(value: object) -> float | None:
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    return number if math.isfinite(number) else None  # 0/0 is how receivers without a fix write "nothing"


def _text(value: object) -> str:
    text = value.decode("ascii", "ignore") if isinstance(value, bytes) else str(value or "")
    return text.strip("\0 ")


def _date(text: str, subsec: str = "") -> datetime | None:
    """Return a naive time from ``2026:09:14 09:13:08``, with a fraction where there is one."""
    found = re.match(r"(\d{4})[:-](\d\d)[:-](\d\d)[ T](\d\d):(\d\d):(\d\d)(?:\.(\d+))?", text)
    if not found:
        return None
    fraction = found[7] or re.match(r"\d*", subsec)[0] or "0"  # type: ignore[index]
    try:
        when = datetime(*(int(n) for n in found.groups()[:6]))  # type: ignore[arg-type]
    except ValueError:
        return None
    return when + timedelta(seconds=float(f"0.{fraction}"))


def _zoned(naive: datetime | None, offset: str) -> datetime | None:
    found = re.match(r"([+-])(\d\d):(\d\d)$", offset)
    if offset in ("Z", "UTC"):
        found = re.match(r"([+-])(\d\d):(\d\d)$", "+00:00")
    if naive is None or not found:
        return None
    shift = timedelta(hours=int(found[2]), minutes=int(found[3])) * (-1 if found[1] == "-" else 1)
    try:
        return naive.replace(tzinfo=timezone(shift)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _gps_time(gps: Mapping[int, Any]) -> datetime | None:
    """Return the receiver's time; both the date and the time of day must be there."""
    day = re.match(r"(\d{4})[:-](\d\d)[:-](\d\d)", _text(gps.get(GPS_DATE)))
    clock = gps.get(GPS_TIME)
    parts = [_number(p) for p in clock] if isinstance(clock, tuple) and len(clock) == 3 else [None]
    if not day or any(p is None for p in parts):
        return None
    hours, minutes, seconds = (p or 0.0 for p in parts)
    try:
        midnight = datetime(int(day[1]), int(day[2]), int(day[3]), tzinfo=UTC)
        return midnight + timedelta(hours=hours, minutes=minutes, seconds=seconds)
    except (ValueError, OverflowError):
        return None


def _json_time(notes: Mapping[str, Any]) -> datetime | None:
    parts = str(notes.get("MAPCaptureTime", "")).split("_")
    try:
        year, month, day, hour, minute, second, milli = (int(p) for p in [*parts, "0"][:7])
        return datetime(year, month, day, hour, minute, second, milli * 1000, tzinfo=UTC)
    except ValueError:
        return None
