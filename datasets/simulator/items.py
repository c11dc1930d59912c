"""What a simulated street is made of: plain data, so that it can be stored, compared and added to.

Street axes: x in metres to the right of the carriageway's middle line, y in metres along the street in the
direction of travel, z up. A street is straight and level. Points are (x, y). New use cases add item types
here and a painter for each; nothing else has to know them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Point = tuple[float, float]
Line = tuple[Point, ...]

DamageName = Literal["crack", "pothole", "patch", "network"]
CLASSES: dict[DamageName, int] = {"crack": 1, "pothole": 2, "patch": 3, "network": 4}
"""Damage classes and their values in masks, as in the labelled sources."""


@dataclass(frozen=True, slots=True)
class Street:
    """The frame of everything: `origin` (lat, lon in degrees) is x = 0, y = 0; y runs along `bearing_deg`."""

    length_m: float
    width_m: float  # carriageway between the kerbs
    origin: tuple[float, float]
    bearing_deg: float


@dataclass(frozen=True, slots=True)
class Surface:
    """The carriageway's asphalt.

    Attributes:
        grey: mean luma 0-255 in full light, before exposure.
        tint: RGB relative to grey.
        roughness: relative standard deviation of the grain (stones of about 1 cm).
        blotches: relative standard deviation of stains and differences of 0.1 to 5 m.
        tracks: relative brightness of the wheel tracks less 1.
        wear: 0 fresh marks, 1 marks worn away.
        seed: of its texture.
    """

    grey: float
    tint: tuple[float, float, float]
    roughness: float
    blotches: float
    tracks: float
    wear: float
    seed: int


@dataclass(frozen=True, slots=True)
class Damage:
    """One damage on the carriageway.

    Attributes:
        id: unique in the street, e.g. ``crack-03``.
        name: its class.
        kind: crack: longitudinal, transverse, wandering, branched; else the class again.
        lines: crack: centre lines, the first is the main one; else one open ring, its outline.
        width_m: crack: mean opening; network: mean opening of its cracks; pothole: depth; patch: sealed edge.
        level: crack, network: darkness of the opening 0-1; pothole, patch: luma over that of the asphalt.
        rough: roughness over that of the asphalt (pothole, patch).
        seed: of all that is finer than `lines`.
    """

    id: str
    name: DamageName
    kind: str
    lines: tuple[Line, ...]
    width_m: float
    level: float
    rough: float
    seed: int


@dataclass(frozen=True, slots=True)
class Fixture:
    """Something flat on the carriageway that is no damage.

    Attributes:
        kind: mark, seam, manhole, gully, stain, tyre.
        lines: mark: outline rings; seam, tyre: lines; manhole, stain: one point, its middle; gully: outline.
        size_m: line width, or diameter.
        level: luma 0-255 of a mark; darkness 0-1 otherwise.
        seed: of its texture.
    """

    kind: Literal["mark", "seam", "manhole", "gully", "stain", "tyre"]
    lines: tuple[Line, ...]
    size_m: float
    level: float
    seed: int


@dataclass(frozen=True, slots=True)
class House:
    """A house with its front along the street from y0 to y1, at x (negative: left side)."""

    x: float
    y0: float
    y1: float
    depth_m: float
    eaves_m: float
    ridge_m: float
    colour: tuple[int, int, int]
    roof: tuple[int, int, int]
    boards: bool
    seed: int


@dataclass(frozen=True, slots=True)
class Upright:
    """Something that stands beside the carriageway and looks alike from all sides: tree, bush, lamp, pole."""

    kind: Literal["tree", "bush", "lamp", "pole"]
    x: float
    y: float
    height_m: float
    width_m: float
    variant: int


@dataclass(frozen=True, slots=True)
class Fence:
    """A hedge, wall or fence along the street at x from y0 to y1."""

    kind: Literal["hedge", "wall", "pickets"]
    x: float
    y0: float
    y1: float
    height_m: float
    seed: int


@dataclass(frozen=True, slots=True)
class Border:
    """What lies beside the carriageway on one side (-1 left, 1 right): kerb, footway, verge."""

    side: Literal[-1, 1]
    kerb_m: float
    footway_m: float
    paved: bool  # slabs instead of asphalt
    verge_m: float  # grass between footway and fence


@dataclass(frozen=True, slots=True)
class Light:
    """Light, lens and sensor of one pass.

    Attributes:
        sun_from_deg: where the sun stands, clockwise from the driving direction.
        sun_height_deg: above the horizon.
        overcast: 0 clear sky with hard shadows, 1 no shadows.
        exposure: gain of the whole picture.
        contrast: slope of the tone curve in its middle.
        shutter_s: exposure time; it makes the motion blur.
        noise: standard deviation of the sensor's noise, grey levels.
        haze: share of sky light over 100 m.
        sharpen: strength of the phone's sharpening.
        warmth: red over blue.
    """

    sun_from_deg: float
    sun_height_deg: float
    overcast: float
    exposure: float
    contrast: float
    shutter_s: float
    noise: float
    haze: float
    sharpen: float
    warmth: float


@dataclass(frozen=True, slots=True)
class Mounting:
    """The camera on the vehicle: as in `gatukoll.detectors.geometry.Camera`."""

    width: int = 1280
    height: int = 720
    hfov_deg: float = 66.0
    height_m: float = 1.55
    pitch_deg: float = 5.0
    roll_deg: float = 0.0
    yaw_deg: float = 0.0
    bonnet: float = 0.0  # height of the bonnet's edge, share of the picture


@dataclass(frozen=True, slots=True)
class CameraPath:
    """One pass: where the vehicle goes, and what is filmed with.

    Attributes:
        number: 1.. of the pass.
        lane_x_m: mean lateral place of the camera.
        weave_m: standard deviation of its slow sway in the lane.
        speed_mps: mean speed.
        shake_deg: standard deviation of pitch and roll on the road.
        camera, light: see there.
        seed: of sway, shake, noise and of the GPS error.
    """

    number: int
    lane_x_m: float
    weave_m: float
    speed_mps: float
    shake_deg: float
    camera: Mounting
    light: Light
    seed: int


@dataclass(frozen=True, slots=True)
class Scene:
    """A street with all that lies and stands in it; the passes through it are `CameraPath`s beside it."""

    seed: int
    street: Street
    surface: Surface
    borders: tuple[Border, ...]
    damages: tuple[Damage, ...]
    fixtures: tuple[Fixture, ...]
    houses: tuple[House, ...]
    fences: tuple[Fence, ...]
    uprights: tuple[Upright, ...]
