"""How captures are to be read, and what comes of opening one."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field

from gatukoll.errors import ConfigError
from gatukoll.runtime.capture.clock import Clock, check_zone, parse_clock
from gatukoll.runtime.capture.model import Capture, Floats, Frame, FrameRejected, Plan
from gatukoll.runtime.capture.mounting import Mounting
from gatukoll.runtime.capture.sidecar import Sidecar, sidecar_for


@dataclass(frozen=True, slots=True)
class Reading:
    """How captures are read, where their capture.yaml does not say otherwise.

    Attributes:
        spacing_m: metres between frames of a film.
        every_s: seconds between frames; counts instead of the spacing.
        clock: a policy that overrides capture.yaml, as text; None = as capture.yaml says.
        mounting: of the camera.
        zone: IANA zone of times that state none, None = refuse them.
        max_pixels: larger pictures are refused from their header. The default lets the 50 megapixels of a
            phone (8160 x 6144) through.
        area: south, west, north, east (degrees) outside of which a position is implausible.
        position_sd_m: of a position, per axis. Phones are typically accurate to within 4.9 m (radius) under
            open sky (van Diggelen and Enge 2015, quoted by GPS.gov): 3.3 m per axis; more between houses.
    """

    spacing_m: float = 5.0
    every_s: float | None = None
    clock: str | None = None
    mounting: Mounting = field(default_factory=Mounting)
    zone: str | None = None
    max_pixels: int = 52_000_000
    area: tuple[float, float, float, float] | None = None
    position_sd_m: float = 4.0

    def __post_init__(self) -> None:
        for name, value in (("spacing", self.spacing_m), ("every", self.every_s)):
            if value is not None and not (math.isfinite(value) and value > 0):
                raise ConfigError(f"{value} is not a distance or time", where=f"--{name}", allowed="above 0")
        try:
            if self.zone is not None:
                check_zone(self.zone)
        except ValueError as error:
            raise ConfigError(str(error).rstrip("."), where="zone") from None
        self.policy()

    def policy(self) -> Clock | None:
        """Return the overriding clock policy, read."""
        if self.clock is None:
            return None
        try:
            return parse_clock(self.clock, self.zone)
        except ValueError as error:
            raise ConfigError(str(error).rstrip("."), where="--clock") from None


@dataclass(frozen=True, slots=True)
class Opened:
    """A capture that can be read.

    Attributes:
        plan: what is due.
        driven: parts of the trace driven while filming, each (n, 2) latitude and longitude, n >= 2.
        pull: makes a fresh iterator over the frames.
    """

    plan: Plan
    driven: tuple[Floats, ...]
    pull: Callable[[], Iterator[Frame | FrameRejected]]

    def frames(self) -> Iterator[Frame | FrameRejected]:
        """Yield exactly `plan.offered` items in order, one decoded picture at a time."""
        return self.pull()


def clock_of(sidecar: Sidecar, reading: Reading) -> tuple[Clock | None, str]:
    """Return the policy that counts and, in words, where it stands."""
    policy = reading.policy()
    if policy:
        return policy, f"{policy.text} (--clock)"
    if sidecar.clock:
        return sidecar.clock, f"{sidecar.clock.text} ({sidecar.clock_from})"
    return None, ""


def in_area(lat: float, lon: float, reading: Reading) -> bool:
    """Say whether a position is plausible."""
    if reading.area is None:
        return True
    south, west, north, east = reading.area
    return south <= lat <= north and west <= lon <= east


def reading_digest(capture: Capture, reading: Reading) -> str:
    """Return a digest of everything besides its content that decides what a capture's frames are."""
    said = sidecar_for(capture)
    used = asdict(said) | {
        "clock": clock_of(said, reading)[0],
        "clock_from": None,  # the same words elsewhere are the same words
        "trace": None,  # its bytes are in the capture's own digest
        "device": None,
        "camera": asdict(said.mounting(reading.mounting)),
        "zone": said.zone or reading.zone,
        "position_sd_m": said.position_sd_m or reading.position_sd_m,
        "spacing_m": None if reading.every_s else reading.spacing_m,
        "every_s": reading.every_s,
        "max_pixels": reading.max_pixels,
        "area": reading.area,
    }
    return hashlib.sha256(json.dumps(used, sort_keys=True, default=str).encode()).hexdigest()
