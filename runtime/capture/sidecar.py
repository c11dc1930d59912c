"""capture.yaml: what a person says about media; all fields optional, unknown ones refused.

``capture.yaml`` in a folder speaks for all its media, its ``clips:`` for single films, and
``STEM.capture.yaml`` for one film; the nearer one wins field by field.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from gatukoll.errors import ConfigError
from gatukoll.runtime.capture.clock import Clock, check_zone, parse_clock
from gatukoll.runtime.capture.model import Capture
from gatukoll.runtime.capture.mounting import Mounting
from gatukoll.runtime.yamlfile import Settings, load_yaml, where

FOLDER_NAME = "capture.yaml"
FILM_ENDING = ".capture.yaml"


def _zone(name: str) -> str:
    check_zone(name)
    return name


Zone = Annotated[str, AfterValidator(_zone)]


class MountingSettings(Settings):
    """How the camera sits in the vehicle; fields that are left out keep the city's value.

    Limits are those of `camera:` in a city file.
    """

    height_m: float | None = Field(None, gt=0.3, lt=5, description="of the lens above the road")
    height_sd_m: float | None = Field(None, ge=0, description="its standard deviation")
    pitch_deg: float | None = Field(None, gt=-45, lt=89, description="positive looks down")
    pitch_sd_deg: float | None = Field(None, ge=0, description="its standard deviation")
    roll_deg: float | None = Field(
        None, gt=-180, le=180, description="positive when turned clockwise as seen from behind the camera"
    )
    yaw_deg: float | None = Field(None, gt=-90, lt=90, description="positive looks right of straight ahead")
    yaw_sd_deg: float | None = Field(None, ge=0, description="its standard deviation")
    hfov_deg: float | None = Field(
        None, gt=20, lt=140, description="field of view along the longer side of the frame"
    )
    hfov_sd_deg: float | None = Field(None, ge=0, description="its standard deviation")
    bonnet: float | None = Field(
        None, ge=0, lt=0.6, description="share of the picture's height, from below, that is the own vehicle"
    )


class ClipSettings(Settings):
    """What can be said about one film."""

    clock: str | None = Field(
        None, description="start=TIME, end=TIME, offset=SECONDS, stamp=start, stamp=end or gps"
    )
    zone: Zone | None = Field(None, description="IANA zone of times that state none, e.g. Europe/Stockholm")
    device: str | None = Field(None, max_length=100, description="the device, in the operator's own words")
    trace: str | None = Field(None, min_length=1, description="GPX file, relative to this file")
    trace_zone: Zone | None = Field(
        None, description="IANA zone of trace times that state none; UTC otherwise"
    )
    position_sd_m: float | None = Field(
        None, gt=0, le=100, description="standard deviation of a position, m per axis"
    )
    camera: MountingSettings = Field(
        default_factory=MountingSettings, description="how the camera sits in the vehicle"
    )


class CaptureSettings(ClipSettings):
    """What can be said about all media of a folder, or about one film."""

    clips: dict[str, ClipSettings] = Field(
        {}, description="name of a film, with or without its ending: what differs for it"
    )

    @model_validator(mode="after")
    def _clips_have_no_empty_name(self) -> CaptureSettings:
        if any(not name.strip() for name in self.clips):
            raise ValueError("a film in clips: has no name")
        return self


@dataclass(frozen=True, slots=True)
class Sidecar:
    """What capture.yaml says about one capture, all files taken together.

    Attributes:
        clock, clock_from: the policy and the name of the file that gave it; None and "" where none did.
        zone, trace_zone: IANA names.
        device: "" where not given.
        trace: file, resolved.
        position_sd_m: None where not given.
        camera: overrides of the mounting, field -> value.
    """

    clock: Clock | None = None
    clock_from: str = ""
    zone: str | None = None
    trace_zone: str | None = None
    device: str = ""
    trace: Path | None = None
    position_sd_m: float | None = None
    camera: tuple[tuple[str, float], ...] = ()

    def mounting(self, base: Mounting) -> Mounting:
        """Return a mounting with what capture.yaml overrides."""
        return base.with_(dict(self.camera))


def stem_key(stem: str) -> str:
    """Return a film's name as it is compared: Macs store å decomposed, cameras mix capitals."""
    return unicodedata.normalize("NFC", stem).casefold()


def sidecars_of(folder: Path, stem: str | None) -> tuple[Path, ...]:
    """Return the files that speak for a film (None: the pictures) of a folder, the nearest last."""
    found = [folder / FOLDER_NAME]
    if stem is not None:
        found += [
            p
            for p in folder.glob("*" + FILM_ENDING)
            if stem_key(p.name[: -len(FILM_ENDING)]) == stem_key(stem)
        ]
    return tuple(p for p in found if p.is_file())


def load_settings(path: Path) -> CaptureSettings:
    """Read one capture.yaml; it may speak for hundreds of films, so each state of it is parsed once."""
    try:
        state = path.stat()
    except OSError:
        return load_yaml(path, CaptureSettings)  # which says what is wrong
    return _load(path, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=64)
def _load(path: Path, _size: int, _changed: int) -> CaptureSettings:
    return load_yaml(path, CaptureSettings)


def read_sidecar(folder: Path, stem: str | None, ending: str = "") -> Sidecar:
    """Return what is said about a film (or with None about the pictures) of a folder.

    Args:
        folder: of the film.
        stem: its name without the ending.
        ending: with its dot; a key under clips: may have it too, and then speaks for that film alone.

    Raises:
        ConfigError: anything wrong in one of the files.
    """
    said: dict[str, object] = {}
    camera: dict[str, float] = {}
    origin: dict[str, tuple[Path, tuple[str, ...]]] = {}
    for path in sidecars_of(folder, stem):
        settings = load_settings(path)
        layers: list[tuple[tuple[str, ...], ClipSettings]] = [((), settings)]
        for name in (stem, stem + ending) if stem and ending else (stem,):
            layers += [
                (("clips", k), c) for k, c in settings.clips.items() if name and stem_key(k) == stem_key(name)
            ]
        for keys, layer in layers:
            for name in layer.model_fields_set - {"clips", "camera"}:
                said[name], origin[name] = getattr(layer, name), (path, (*keys, name))
            camera |= layer.camera.model_dump(exclude_none=True)
    return _resolved(said, origin, camera)


def _resolved(
    said: dict[str, object], origin: dict[str, tuple[Path, tuple[str, ...]]], camera: dict[str, float]
) -> Sidecar:
    text = {name: str(value) for name, value in said.items() if value is not None}
    clock = trace = None
    if "clock" in text:
        path, keys = origin["clock"]
        try:
            clock = parse_clock(text["clock"], text.get("zone"))
        except ValueError as error:
            raise ConfigError(str(error).rstrip("."), where=where(path, *keys)) from None
    if "trace" in text:
        path, keys = origin["trace"]
        trace = path.parent / text["trace"]
        if not trace.is_file():
            raise ConfigError(f"no file {trace}", where=where(path, *keys))
    return Sidecar(
        clock=clock,
        clock_from=origin["clock"][0].name if clock else "",
        zone=text.get("zone"),
        trace_zone=text.get("trace_zone"),
        device=text.get("device", ""),
        trace=trace,
        position_sd_m=float(text["position_sd_m"]) if "position_sd_m" in text else None,
        camera=tuple(sorted(camera.items())),
    )


def sidecar_for(capture: Capture) -> Sidecar:
    """Return what capture.yaml says about a capture."""
    anchor = capture.media[0] if capture.media else capture.trace
    if anchor is None:
        return Sidecar()
    return read_sidecar(anchor.parent, anchor.stem if capture.kind != "pictures" else None, anchor.suffix)
