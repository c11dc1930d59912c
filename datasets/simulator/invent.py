"""Invent a street from a seed, and the passes through it."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np

from gatukoll.datasets.simulator import invent_damage, invent_fixtures, measured
from gatukoll.datasets.simulator.items import (
    Border,
    CameraPath,
    Fence,
    House,
    Light,
    Mounting,
    Scene,
    Street,
    Surface,
    Upright,
)

ORIGIN = (56.0465, 12.6945)
"""A street in central Helsingborg (lat, lon)."""

BEYOND_M = 220.0
"""Houses and trees go on so far beyond the street's end, so that the last frames look like the first."""

Rng = np.random.Generator
PLASTER = ((196, 186, 160), (208, 196, 150), (188, 172, 150), (214, 208, 198), (176, 150, 124))
BRICK = ((134, 84, 66), (120, 74, 60), (150, 104, 80), (158, 128, 96))
WOOD = ((122, 52, 44), (206, 206, 200), (198, 182, 128), (140, 152, 158), (96, 112, 106))
FENCES: tuple[Literal["hedge", "wall", "pickets"], ...] = ("hedge", "hedge", "wall", "pickets")
ROOFS = ((112, 66, 52), (84, 56, 50), (66, 66, 70), (92, 88, 84))


def random(
    seed: int,
    *,
    length_m: float = 300.0,
    origin: tuple[float, float] = ORIGIN,
    bearing_deg: float | None = None,
    density: float = 1.0,
) -> Scene:
    """Invent a street: the same seed gives the same street.

    Args:
        seed: of everything in the street.
        length_m: of the part that is driven and damaged.
        origin: (lat, lon) of its start.
        bearing_deg: of its direction; None = drawn.
        density: how much damage, 1 = `invent_damage.PER_100_M`.
    """
    rng = np.random.default_rng([seed, 1])
    bearing = float(rng.uniform(0, 360)) if bearing_deg is None else bearing_deg
    street = Street(length_m, round(float(rng.uniform(6.4, 8.0)), 2), origin, round(bearing, 2))
    surface = _surface(rng)
    borders = tuple(_border(rng, side) for side in (-1, 1))
    damages = invent_damage.damages(np.random.default_rng([seed, 2]), street, density)
    fixtures = invent_fixtures.fixtures(np.random.default_rng([seed, 3]), street, surface, damages)
    rng = np.random.default_rng([seed, 4])
    houses: list[House] = []
    fences: list[Fence] = []
    uprights: list[Upright] = []
    for border in borders:
        built = _side(rng, street, border)
        houses += built[0]
        fences += built[1]
        uprights += built[2]
    return Scene(
        seed, street, surface, borders, damages, fixtures, tuple(houses), tuple(fences), tuple(uprights)
    )


def _surface(rng: Rng) -> Surface:
    tint = (float(rng.normal(1.0, 0.012)), 1.0, float(rng.normal(0.995, 0.02)))
    return Surface(
        grey=float(rng.uniform(104, 136)),
        tint=tint,
        roughness=float(rng.uniform(0.09, 0.17)),
        blotches=float(rng.uniform(0.03, 0.06)),
        tracks=float(rng.choice([-1, 1]) * rng.uniform(0.02, 0.07)),
        wear=float(rng.uniform(0.1, 0.75)),
        seed=int(rng.integers(1 << 31)),
    )


def _border(rng: Rng, side: int) -> Border:
    return Border(
        -1 if side < 0 else 1,
        0.14,
        round(float(rng.uniform(1.6, 2.6)), 2),
        bool(rng.random() < 0.35),
        round(float(rng.choice([0.4, 1.2, 2.5])), 2),
    )


def _side(rng: Rng, street: Street, border: Border) -> tuple[list[House], list[Fence], list[Upright]]:
    """Build up one side of the street: lots with a house, a fence or hedge, trees; lamps in between."""
    edge = street.width_m / 2 + border.kerb_m + border.footway_m + border.verge_m
    villas = bool(rng.random() < 0.6)
    houses, fences, uprights = [], [], []
    y = -12.0
    while y < street.length_m + BEYOND_M:
        front = float(rng.uniform(9, 14) if villas else rng.uniform(16, 34))
        gap = float(rng.uniform(7, 16) if villas else rng.choice([0.0, 0.0, 8.0]))
        setback = float(rng.uniform(3.5, 8) if villas else rng.uniform(0.3, 1.5))
        if rng.random() < 0.86:
            houses.append(_house(rng, border.side * (edge + setback), y, y + front, villas))
        if villas and rng.random() < 0.8:
            fences.append(_fence(rng, border.side * edge, y - gap / 2, y + front + gap / 2 - 1.5))
        for _ in range(rng.integers(0, 4) if villas else rng.integers(0, 2)):
            at = border.side * (edge + float(rng.uniform(0.8, 3.0)))
            uprights.append(_green(rng, at, y + float(rng.uniform(-gap, front))))
        y += front + gap
    at = border.side * (street.width_m / 2 + border.kerb_m + border.footway_m + 0.15)
    post: Literal["lamp", "pole"] = "lamp" if border.side > 0 else "pole"
    for along in np.arange(float(rng.uniform(0, 30)), street.length_m + BEYOND_M, 34.0):
        height = 6.5 if post == "lamp" else 8.0
        uprights.append(Upright(post, at, float(along), height, 0.14, int(rng.integers(2))))
    return houses, fences, uprights


def _house(rng: Rng, x: float, y0: float, y1: float, villa: bool) -> House:
    palette = WOOD + PLASTER if villa else BRICK + PLASTER
    eaves = float(rng.uniform(3.0, 5.6) if villa else rng.uniform(7.5, 13))
    return House(
        x=x,
        y0=y0,
        y1=y1,
        depth_m=float(rng.uniform(8, 11)),
        eaves_m=eaves,
        ridge_m=eaves + float(rng.uniform(1.8, 3.6)),
        colour=palette[rng.integers(len(palette))],
        roof=ROOFS[rng.integers(len(ROOFS))],
        boards=villa and bool(rng.random() < 0.6),
        seed=int(rng.integers(1 << 31)),
    )


def _fence(rng: Rng, x: float, y0: float, y1: float) -> Fence:
    kind = FENCES[rng.integers(4)]
    height = float(rng.uniform(0.9, 1.7) if kind == "hedge" else rng.uniform(0.7, 1.1))
    return Fence(kind, x, y0, y1, height, int(rng.integers(1 << 31)))


def _green(rng: Rng, x: float, y: float) -> Upright:
    tall = rng.random() < 0.55
    height = float(rng.uniform(4.5, 10) if tall else rng.uniform(0.8, 2.2))
    width = height * float(rng.uniform(0.55, 0.9) if tall else rng.uniform(0.9, 1.4))
    return Upright("tree" if tall else "bush", x, y, height, width, int(rng.integers(6)))


def light(rng: Rng) -> Light:
    """Draw the light of a pass; exposure puts the asphalt where it lies in real pictures."""
    overcast = float(rng.choice([0.0, 0.15, 0.5, 0.95], p=[0.35, 0.25, 0.15, 0.25]))
    level = measured.EXPOSED_LEVEL.draw(rng, 60, 140)
    return Light(
        sun_from_deg=float(rng.choice([-1, 1]) * rng.uniform(35, 160)),
        sun_height_deg=float(rng.uniform(22, 52)),
        overcast=overcast,
        exposure=level / 118.0,
        contrast=float(rng.uniform(0.95, 1.12)),
        shutter_s=float(1 / rng.uniform(180, 900) if overcast < 0.9 else 1 / rng.uniform(120, 400)),
        noise=float(rng.uniform(1.0, 3.0)),
        haze=float(rng.uniform(0.04, 0.16)),
        sharpen=float(rng.uniform(0.3, 0.9)),
        warmth=float(rng.normal(0.98, 0.04)),
    )


def camera_path(
    seed: int,
    number: int,
    street: Street,
    *,
    speed_kmh: float,
    camera: Mounting | None = None,
    width: int = 1280,
) -> CameraPath:
    """Draw a pass: light, place in the lane and speed differ from pass to pass, the street does not.

    Without `camera` one is drawn (pictures `width` px wide, 16:9): a phone in a car or a truck, in the right
    lane (right-hand traffic).
    """
    rng = np.random.default_rng([seed, 100 + number])
    drawn = Mounting(
        width=width,
        height=width * 9 // 16,
        hfov_deg=round(float(rng.uniform(58, 72)), 1),
        height_m=round(float(rng.uniform(1.3, 2.4)), 2),
        pitch_deg=round(float(rng.uniform(2.5, 9.0)), 2),
        roll_deg=round(float(rng.normal(0, 0.5)), 2),
        yaw_deg=round(float(rng.normal(0, 1.0)), 2),
        bonnet=round(float(rng.choice([0.0, rng.uniform(0.02, 0.09)])), 3),
    )
    drawn = replace(drawn, pitch_deg=round(drawn.pitch_deg + (drawn.height_m - 1.6) * 2, 2))
    return CameraPath(
        number=number,
        lane_x_m=round(street.width_m / 4 + float(rng.normal(0, 0.18)), 3),
        weave_m=0.10,
        speed_mps=round(speed_kmh / 3.6 * float(rng.uniform(0.93, 1.07)), 3),
        shake_deg=0.10,
        camera=drawn if camera is None else camera,
        light=light(rng),
        seed=int(rng.integers(1 << 31)),
    )
