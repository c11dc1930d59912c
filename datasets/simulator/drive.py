"""Where the vehicle is at every moment of a pass, and what its GPS says."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import gpxpy.gpx
import numpy as np
from numpy.typing import NDArray
from pyproj import CRS, Transformer

from gatukoll.datasets.simulator.items import CameraPath, Street
from gatukoll.datasets.simulator.render import Pose

Floats = NDArray[np.float64]
GPS_SD_M = 1.8
"""Standard deviation of a phone's position, m per axis."""
GPS_TAU_S = 20.0
"""Time constant of its error: a phone's position wanders, it does not jump."""
LEAD_S, TAIL_S = 3, 2
"""The trace begins and ends so long before and after the film, whole seconds."""
STOP_BEFORE_END_M = 3.0


@dataclass(frozen=True, slots=True)
class Ground2World:
    """Street axes in WGS84: azimuthal equidistant about the street's origin, turned by its bearing."""

    street: Street

    def lonlat(self, points: Floats) -> Floats:
        """Return (n, 2) longitude and latitude of street points (n, 2); true to 1 mm over some km."""
        lat, lon = self.street.origin
        local = CRS.from_proj4(f"+proj=aeqd +lat_0={lat} +lon_0={lon} +datum=WGS84 +units=m")
        b = math.radians(self.street.bearing_deg)
        x, y = np.asarray(points, float).reshape(-1, 2).T
        east, north = y * math.sin(b) + x * math.cos(b), y * math.cos(b) - x * math.sin(b)
        lon_, lat_ = Transformer.from_crs(local, 4326, always_xy=True).transform(east, north)
        return np.column_stack([lon_, lat_])


def places(path: CameraPath, times_s: Floats) -> tuple[Floats, Floats]:
    """Return street points (n, 2) and headings (n,) degrees at times since the film's start.

    The speed swings by 6 % over 17 s and the vehicle sways in its lane over 9 and 23 s.
    """
    rng = np.random.default_rng([path.seed, 31])
    p = rng.uniform(0, 2 * math.pi, 3)
    t = np.asarray(times_s, float)
    w = 2 * math.pi / 17
    y = path.speed_mps * (t + 0.06 * (math.cos(p[0]) - np.cos(w * t + p[0])) / w)
    along = path.speed_mps * (1 + 0.06 * np.sin(w * t + p[0]))
    x, sideways = np.full_like(t, path.lane_x_m), np.zeros_like(t)
    for period, phase in ((9.0, p[1]), (23.0, p[2])):
        k = 2 * math.pi / period
        x += path.weave_m * np.sin(k * t + phase)
        sideways += path.weave_m * k * np.cos(k * t + phase)
    return np.column_stack([x, y]), np.degrees(np.arctan2(sideways, along))


def duration_s(path: CameraPath, street: Street) -> float:
    """Return how long the film of a pass is."""
    times = np.arange(0, 2 * street.length_m / path.speed_mps, 0.05)
    y = places(path, times)[0][:, 1]
    return float(times[int(np.argmax(y > street.length_m - STOP_BEFORE_END_M))])


def poses(path: CameraPath, street: Street, fps: int) -> list[Pose]:
    """Return the camera's pose in every frame of a pass."""
    n = max(int(duration_s(path, street) * fps), 1)
    where, headings = places(path, np.arange(n) / fps)
    rng = np.random.default_rng([path.seed, 32])
    shake = rng.normal(0, path.shake_deg, (n, 2))
    return [
        Pose(float(x), float(y), float(h), float(a), float(b))
        for (x, y), h, (a, b) in zip(where, headings, shake, strict=True)
    ]


def gps_error(rng: np.random.Generator, n: int) -> Floats:
    """Return (n, 2) metres of error at 1 Hz: first order Gauss-Markov, stationary from the first fix."""
    keep = math.exp(-1 / GPS_TAU_S)
    error = np.empty((n, 2))
    error[0] = rng.normal(0, GPS_SD_M, 2)
    for i in range(1, n):
        error[i] = keep * error[i - 1] + rng.normal(0, GPS_SD_M * math.sqrt(1 - keep**2), 2)
    return error


def gpx(path: CameraPath, street: Street, start: datetime) -> str:
    """Return the GPX of a pass, 1 Hz on whole seconds; `start` (aware) is the film's first frame."""
    first = start.astimezone(UTC).replace(microsecond=0) - timedelta(seconds=LEAD_S)
    ends = start + timedelta(seconds=duration_s(path, street) + TAIL_S)
    n = int((ends - first).total_seconds()) + 1
    fixes = [first + timedelta(seconds=i) for i in range(n)]
    where, _ = places(path, np.array([(f - start).total_seconds() for f in fixes]))
    noisy = where + gps_error(np.random.default_rng([path.seed, 33]), n)
    segment = gpxpy.gpx.GPXTrackSegment()
    for fix, (lon, lat) in zip(fixes, Ground2World(street).lonlat(noisy).tolist(), strict=True):
        segment.points.append(gpxpy.gpx.GPXTrackPoint(round(lat, 7), round(lon, 7), time=fix))
    track = gpxpy.gpx.GPXTrack(name=f"pass {path.number}")
    track.segments.append(segment)
    document = gpxpy.gpx.GPX()
    document.creator = "gatukoll simulate"
    document.tracks.append(track)
    return str(document.to_xml())
