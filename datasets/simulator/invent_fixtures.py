"""Invent what lies on a carriageway and is no damage: marks, seams, covers, stains, tyre marks."""

from __future__ import annotations

import math

import numpy as np

from gatukoll.datasets.simulator.invent_damage import _clear, as_line, box_of
from gatukoll.datasets.simulator.items import Damage, Fixture, Line, Street, Surface

AHEAD_M = 220.0
"""Marks and seams go on so far beyond the street's end."""

Rng = np.random.Generator


def _rectangle(x: float, y: float, across: float, along: float) -> Line:
    return as_line(np.array([[x, y], [x + across, y], [x + across, y + along], [x, y + along]], float))


def _marks(rng: Rng, street: Street) -> list[Fixture]:
    """Middle line (1 m every 3 m, or 3 m every 12 m), edge lines on some streets, a few crossings."""
    found = []
    seed = int(rng.integers(1 << 31))
    dash, period = ((1.0, 3.0), (3.0, 12.0), (0.0, 0.0))[rng.integers(3)]
    end = street.length_m + AHEAD_M
    if dash:
        rings = tuple(_rectangle(-0.05, float(y), 0.1, dash) for y in np.arange(-9, end, period))
        found.append(Fixture("mark", rings, 0.1, float(rng.uniform(185, 225)), seed))
    if rng.random() < 0.4:
        rings = tuple(
            _rectangle(x, float(y), 0.1, 10.0)
            for x in (-street.width_m / 2 + 0.3, street.width_m / 2 - 0.4)
            for y in np.arange(-10, end, 10)
        )
        found.append(Fixture("mark", rings, 0.1, float(rng.uniform(180, 215)), seed + 1))
    for y in np.arange(float(rng.uniform(20, 140)), street.length_m, float(rng.uniform(90, 160))):
        rings = tuple(
            _rectangle(float(x), float(y), 0.5, 2.5)
            for x in np.arange(-street.width_m / 2 + 0.4, street.width_m / 2 - 0.7, 1.0)
        )
        found.append(Fixture("mark", rings, 0.5, float(rng.uniform(190, 225)), int(rng.integers(1 << 31))))
    return found


def _seams(rng: Rng, street: Street) -> list[Fixture]:
    """The closed joint between two paving lanes, and joints across where a day's work ended."""
    found = []
    end = street.length_m + AHEAD_M
    if rng.random() < 0.7:
        x = float(rng.normal(0, 0.25))
        line = as_line(np.array([[x, -10.0], [x, end]]))
        found.append(
            Fixture("seam", (line,), 0.012, float(rng.uniform(0.15, 0.4)), int(rng.integers(1 << 31)))
        )
    for y in np.arange(float(rng.uniform(10, 90)), street.length_m, float(rng.uniform(60, 200))):
        half = street.width_m / 2
        line = as_line(np.array([[-half, float(y)], [half, float(y) + rng.normal(0, 0.1)]]))
        found.append(
            Fixture("seam", (line,), 0.015, float(rng.uniform(0.15, 0.4)), int(rng.integers(1 << 31)))
        )
    return found


def fixtures(rng: Rng, street: Street, surface: Surface, damages: tuple[Damage, ...]) -> tuple[Fixture, ...]:
    """Invent the fixtures of a street; covers keep clear of damage."""
    found = _marks(rng, street) + _seams(rng, street)
    taken = [box_of(d) for d in damages]
    half = street.width_m / 2
    for y in np.arange(float(rng.uniform(5, 20)), street.length_m, 24.0):
        y = float(y + rng.normal(0, 4))
        x = float(rng.choice([rng.normal(half / 2, 0.3), rng.normal(-half / 2, 0.3), rng.normal(0, 0.2)]))
        if _clear((x - 0.4, y - 0.4, x + 0.4, y + 0.4), taken):
            found.append(
                Fixture(
                    "manhole",
                    (((round(x, 3), round(y, 3)),),),
                    0.64,
                    float(rng.uniform(0.2, 0.5)),
                    int(rng.integers(1 << 31)),
                )
            )
    for side in (-1, 1):
        for y in np.arange(float(rng.uniform(0, 30)), street.length_m, 38.0):
            x = side * (half - 0.28)
            box = (x - 0.2, float(y), x + 0.2, float(y) + 0.4)
            if _clear(box, taken):
                ring = _rectangle(x - 0.18, float(y), 0.36, 0.36)
                found.append(Fixture("gully", (ring,), 0.36, 0.6, int(rng.integers(1 << 31))))
    for _ in range(rng.poisson(0.35 * street.length_m)):
        x = float(rng.choice([-1, 1]) * street.width_m / 4 + rng.normal(0, 0.9))
        point = (round(x, 3), round(float(rng.uniform(-5, street.length_m + 30)), 3))
        size = float(np.clip(rng.lognormal(math.log(0.16), 0.7), 0.05, 1.2))
        found.append(
            Fixture("stain", ((point,),), size, float(rng.uniform(0.08, 0.4)), int(rng.integers(1 << 31)))
        )
    for _ in range(rng.poisson(0.02 * street.length_m)):
        x, y = street.width_m / 4 + float(rng.normal(0, 0.3)), float(rng.uniform(0, street.length_m))
        n, bend = int(rng.integers(20, 70)), float(rng.normal(0, 0.0006))
        steps = np.arange(n) * 0.2
        lines = tuple(
            as_line(np.column_stack([x + dx + bend * steps**2 * 10, y + steps])) for dx in (-0.74, 0.74)
        )
        found.append(Fixture("tyre", lines, 0.17, float(rng.uniform(0.1, 0.28)), int(rng.integers(1 << 31))))
    return tuple(found)
