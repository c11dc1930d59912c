"""The city's file as a typed model: what a department may say, each field in plain words."""

from __future__ import annotations

import string
from collections.abc import Mapping
from datetime import UTC, tzinfo
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, PrivateAttr, ValidationInfo, field_validator

from gatukoll.detectors.contract import Detector
from gatukoll.errors import ConfigError
from gatukoll.runtime.capture.mounting import Mounting as CameraMounting
from gatukoll.runtime.yamlfile import Settings, where

Severity = Annotated[int, Field(ge=1, le=3)]
Score = Annotated[float, Field(gt=0, lt=1)]
Word = Annotated[str, Field(min_length=1)]

OPENSTREETMAP = "https://www.openstreetmap.org/?mlat={lat}&mlon={lon}#map=19/{lat}/{lon}"
LINK_WORDS = ("lat", "lon", "heading", "east", "north")


class DetectorSettings(Settings):
    """One detector and how the city wants it."""

    enabled: bool = Field(True, description="false = installed but not run for this city")
    options: dict[str, Any] = Field(
        default_factory=dict,
        description="the detector's own options, such as limits of severity; its README lists them",
    )
    min_score: dict[str, Score] = Field(
        default_factory=dict,
        description="class -> score (0-1) from which it is reported, in place of the model's own threshold",
    )
    min_sightings: int = Field(
        2,
        ge=1,
        description="pictures, over all passes, that must show a thing before it is reported; what was seen "
        "less often is kept and counted as held back. 1 = everything; with pictures farther apart than about "
        "10 m nothing is seen twice",
    )

    def thresholds(self, card: Mapping[str, float]) -> dict[str, float]:
        """Return class -> score: the model card's, with this city's own in their place."""
        return {**card, **self.min_score}


class Mounting(Settings):
    """How the camera sits in the vehicle where a capture's ``capture.yaml`` does not say it.

    The defaults are a judgement, not a measurement: a phone in the lower half of a refuse truck's windscreen,
    tilted so that the road fills the lower two thirds of the picture, filming with the main lens. Cabs differ
    (low-entry cabs sit about half a metre lower than conventional ones), so the standard deviations are wide
    and every size and place says so. A tape measure brings them down more than any model does.
    """

    height_m: float = Field(
        2.1, gt=0.3, lt=5, description="of the lens above the road; judgement: windscreens of refuse trucks"
    )
    height_sd_m: float = Field(
        0.3, ge=0, description="how well it is known, one standard deviation; measured by tape: 0.05"
    )
    pitch_deg: float = Field(
        6.0, gt=-45, lt=89, description="positive looks down; judgement: horizon a little above the middle"
    )
    pitch_sd_deg: float = Field(
        3.0, ge=0, description="how well it is known; read off the horizon in a picture: 0.5"
    )
    roll_deg: float = Field(
        0.0, gt=-180, le=180, description="positive when turned clockwise as seen from behind the camera"
    )
    yaw_deg: float = Field(
        0.0, gt=-90, lt=90, description="positive looks to the right of the driving direction"
    )
    yaw_sd_deg: float = Field(3.0, ge=0, description="how well it is known; judgement: placed by hand")
    hfov_deg: float = Field(
        65.0,
        gt=20,
        lt=140,
        description="field of view along the longer side of the frame; judgement: main lens of a phone "
        "(26 mm equivalent, 69 degrees) less what its film stabiliser cuts off",
    )
    hfov_sd_deg: float = Field(5.0, ge=0, description="how well it is known; phones crop differently")
    bonnet: float = Field(
        0.0,
        ge=0,
        lt=0.6,
        description="share of the picture's height, from below, that shows the own vehicle (bonnet, "
        "dashboard); what is detected in it is left out",
    )

    def mounting(self) -> CameraMounting:
        """Return it as the reader of captures takes it."""
        return CameraMounting(**self.model_dump())


class Reading(Settings):
    """How frames are taken out of films."""

    spacing_m: float = Field(5.0, ge=0.5, le=100, description="distance travelled between two frames, metres")
    every_s: float | None = Field(
        None, ge=0.04, le=3600, description="seconds between two frames; takes the place of spacing_m"
    )


class Owner(Settings):
    """Someone who gets findings."""

    id: str = Field(
        pattern=r"^\w[\w-]{0,39}$",
        description="short word used in rules and folder names: letters, digits, - and _, at most 40",
    )
    name: Word = Field(description="as people know it")
    email: str | None = Field(
        None, pattern=r"^[^@\s]+@[^@\s]+$", description="where its findings can be sent; nothing is sent yet"
    )


class Rule(Settings):
    """One line of the routing table: all conditions that it states must hold."""

    owner: Word = Field(description="id of the owner that gets what matches")
    classes: list[Word] | None = Field(None, min_length=1, description="class names; left out = every class")
    severities: list[Severity] | None = Field(
        None, min_length=1, description="1, 2, 3; left out = every severity"
    )
    detectors: list[Word] | None = Field(
        None, min_length=1, description="names of detectors; left out = every detector"
    )
    note: str = Field("", description="why this rule is so; shown by `gatukoll route explain`")


class Results(Settings):
    """How results look."""

    language: Literal["sv", "en"] = Field("sv", description="of headings and words: sv or en")
    epsg: int = Field(
        3006,
        description="EPSG number of the coordinate system of the GIS files; 3006 = SWEREF 99 TM (Sweden)",
    )
    sinks: list[Word] = Field(
        default_factory=lambda: ["geopackage", "csv"], min_length=1, description="kinds of files to write"
    )
    time_zone: str = Field(
        "UTC", description="of the times in the CSV, e.g. Europe/Stockholm; GIS files hold UTC"
    )
    map_link: str = Field(
        OPENSTREETMAP,
        description="link of each row to a map; {lat} {lon} {heading} and, in the city's coordinate system, "
        "{east} {north} are filled in. Nothing is fetched",
    )

    @property
    def zone(self) -> tzinfo:
        """The time zone; UTC needs no time zone data on the machine."""
        return UTC if self.time_zone == "UTC" else ZoneInfo(self.time_zone)

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            if name != "UTC":
                ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            raise ValueError(
                f'no time zone "{name}" on this machine; write e.g. '
                "Europe/Stockholm or UTC, or install tzdata"
            ) from None
        return name

    @field_validator("map_link")
    @classmethod
    def _known_words(cls, link: str) -> str:
        try:
            words = {word for _, word, _, _ in string.Formatter().parse(link) if word is not None}
        except ValueError as error:
            raise ValueError(f"not a link with words in braces: {error}") from None
        if unknown := sorted(words - set(LINK_WORDS)):
            raise ValueError(f"unknown word {{{unknown[0]}}}; known: {', '.join(LINK_WORDS)}")
        if not link.startswith(("https://", "http://")):
            raise ValueError("a link begins with https:// or http://")
        return link


class City(Settings):
    """A city: what is looked for, who gets it, where it goes. Read it with `load_city`."""

    version: Literal[1] = Field(1, description="of this file's format")
    name: Word = Field(description="of the city, as it stands on results")
    municipality: str = Field("", description="the municipality's full name, for people")
    store: str = Field(
        "",
        description="SQLite file that keeps what runs saw, relative to this file (or sqlite:///path); left "
        "out = beside this file, with its name and the ending .sqlite",
    )
    detectors: dict[str, DetectorSettings] = Field(
        min_length=1, description="name of a detector -> its settings; `gatukoll detectors` lists the names"
    )
    camera: Mounting = Field(
        default_factory=Mounting, description="mounting of the camera where capture.yaml does not say it"
    )
    reading: Reading = Field(default_factory=Reading, description="how frames are taken out of films")
    owners: list[Owner] = Field(min_length=1, description="who may get findings")
    routing: list[Rule] = Field(
        default_factory=list, description="rules, read from above; the first that matches decides"
    )
    fallback: Word = Field(description="id of the owner of every finding that no rule takes")
    output: Results = Field(default_factory=Results, description="how results look")

    _path: Path | None = PrivateAttr(None)

    @field_validator("detectors", "camera", "reading", "routing", "output", mode="before")
    @classmethod
    def _emptied(cls, value: Any, info: ValidationInfo) -> Any:  # noqa: ANN401
        """Take a section whose lines are all commented out as left out."""
        if value is None:
            return [] if info.field_name == "routing" else {}
        if info.field_name == "detectors" and isinstance(value, dict):
            return {name: {} if settings is None else settings for name, settings in value.items()}
        return value

    @field_validator("store")
    @classmethod
    def _file(cls, store: str) -> str:
        scheme, colon, _ = store.partition("://")
        if colon and scheme != "sqlite":
            raise ValueError(f"only SQLite files yet, not {scheme}://")
        return store

    @property
    def path(self) -> Path | None:
        """The file it was read from, None where it was made in code."""
        return self._path

    @property
    def enabled(self) -> tuple[str, ...]:
        """Names of the detectors that run, in the order of the file."""
        return tuple(name for name, settings in self.detectors.items() if settings.enabled)

    @property
    def store_url(self) -> str:
        """URL of the store, its path absolute.

        Raises:
            ConfigError: the city was made in code and names no store.
        """
        path = Path(self.store.removeprefix("sqlite:///")) if self.store else None
        if path is None and self._path is not None:
            path = self._path.with_suffix(".sqlite")
        if path is None:
            raise ConfigError("no store named", where="store", todo="Name a SQLite file.")
        base = self._path.parent if self._path else Path()
        return f"sqlite:///{(base / path).resolve()}"

    def at(self, *keys: str | int) -> str:
        """Return ``FILE:LINE key.path`` of a part of the file, as errors and explanations name it."""
        if self._path is None:
            return "".join(f"[{k}]" if isinstance(k, int) else f".{k}" for k in keys).removeprefix(".")
        return where(self._path, *keys)

    def owner(self, owner_id: str) -> Owner:
        """Return an owner by its id (KeyError where there is none)."""
        return {o.id: o for o in self.owners}[owner_id]

    def options_for(self, detector: Detector) -> Any:  # noqa: ANN401
        """Return a detector's options as its own model, defaults filled in."""
        given = self.detectors.get(detector.name, DetectorSettings()).options
        return detector.options_model.model_validate(given)
