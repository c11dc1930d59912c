"""Invent the damage of a street: kinds, places and sizes, drawn from the measured figures."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from gatukoll.datasets.simulator import measured, shapes
from gatukoll.datasets.simulator.items import Damage, DamageName, Line, Street

PER_100_M: dict[DamageName, float] = {"crack": 6.0, "network": 2.0, "pothole": 2.6, "patch": 1.8}
"""How many of each class lie on 100 m: a street that needs work, so that a short film shows every class."""

MARGIN_M = 0.5
"""Least clearance between the boxes of two damages, so that each is a thing of its own."""

Rng = np.random.Generator
Box = tuple[float, float, float, float]


def as_line(points: shapes.Points) -> Line:
    """Return points as plain tuples in whole millimetres, so that a scene reads alike everywhere."""
    return tuple((round(float(x), 3), round(float(y), 3)) for x, y in points)


def wheel_tracks(street: Street) -> tuple[float, ...]:
    """Return the x of the four wheel tracks: 0.75 m to each side of a lane's middle."""
    quarter = street.width_m / 4
    return (-quarter - 0.75, -quarter + 0.75, quarter - 0.75, quarter + 0.75)


def _track(rng: Rng, street: Street) -> float:
    """Return the x of a wheel track, two out of three times in the right lane, which the passes drive."""
    return float(rng.choice(wheel_tracks(street), p=[1 / 6, 1 / 6, 1 / 3, 1 / 3]))


def _clip(lines: list[shapes.Points], half: float) -> list[shapes.Points]:
    """Cut lines where they leave the carriageway (the part up to there is kept)."""
    kept = []
    for line in lines:
        out = np.flatnonzero(np.abs(line[:, 0]) > half)
        line = line[: out[0]] if len(out) else line
        if len(line) > 4:
            kept.append(line)
    return kept


def _crack(rng: Rng, street: Street, y: float, number: int) -> Damage | None:
    half = street.width_m / 2 - 0.06
    kind = str(rng.choice(["longitudinal", "transverse", "wandering", "branched"], p=[0.38, 0.24, 0.18, 0.2]))
    if kind == "longitudinal":
        x = float(rng.choice([*wheel_tracks(street), 0.12, half - 0.35, -half + 0.35])) + rng.normal(0, 0.15)
        length = float(np.clip(rng.lognormal(math.log(5.0), 0.6), 1.5, 18))
        lines = [shapes.wander(rng, (x, y), math.pi / 2 + rng.normal(0, 0.02), length, 0.22)]
    elif kind == "transverse":
        whole = rng.random() < 0.5
        length = 2 * half + 0.5 if whole else float(rng.uniform(1.2, half + 0.8))
        side = float(rng.choice([-1, 1]))
        angle = (0.0 if side > 0 else math.pi) + rng.normal(0, 0.07)
        lines = [shapes.wander(rng, (-side * half, y), angle, length, 0.33)]
    else:
        x = float(rng.uniform(-half * 0.8, half * 0.8))
        angle = float(rng.uniform(0.15, 0.85) * math.pi)
        lines = [shapes.wander(rng, (x, y), angle, float(rng.uniform(1.2, 5.0)), 0.5)]
        for _ in range(int(rng.integers(2, 5)) if kind == "branched" else 0):
            at = lines[0][int(rng.integers(2, max(3, len(lines[0]) - 2)))]
            turn = angle + float(rng.choice([-1, 1])) * rng.uniform(0.5, 1.2)
            lines.append(shapes.wander(rng, (at[0], at[1]), turn, float(rng.uniform(0.4, 1.8)), 0.45))
    lines = _clip(lines, half)
    if not lines:
        return None
    black = measured.CRACK_BLACK_M.draw(rng, 0.0025, 0.028)
    level = float(rng.uniform(0.6, 0.88))
    return Damage(
        f"crack-{number:02d}",
        "crack",
        kind,
        tuple(as_line(p) for p in lines),
        round(black / level, 4),
        round(level, 3),
        1.0,
        int(rng.integers(1 << 31)),
    )


def _network(rng: Rng, street: Street, y: float, number: int) -> Damage | None:
    across = measured.NETWORK_ACROSS_M.draw(rng, 0.6, 1.8)
    along = measured.NETWORK_ALONG_M.draw(rng, max(1.3, across), 6.0)
    x = _track(rng, street) + rng.normal(0, 0.2)
    x = float(np.clip(x, -street.width_m / 2 + across / 2 + 0.1, street.width_m / 2 - across / 2 - 0.1))
    ring = shapes.ragged_ring(rng, (x, y + along / 2), across, along, 0.28)
    return Damage(
        f"network-{number:02d}",
        "network",
        "network",
        (as_line(ring),),
        round(float(rng.uniform(0.004, 0.010)), 4),
        round(float(rng.uniform(0.65, 0.88)), 3),
        1.0,
        int(rng.integers(1 << 31)),
    )


def _pothole(rng: Rng, street: Street, y: float, number: int) -> Damage | None:
    across = measured.POTHOLE_ACROSS_M.draw(rng, 0.22, 0.9)
    along = across * float(np.clip(rng.lognormal(0.08, 0.25), 0.6, 1.9))
    x = _track(rng, street) + rng.normal(0, 0.3)
    x = float(np.clip(x, -street.width_m / 2 + 0.3, street.width_m / 2 - 0.3 - across / 2))
    ring = shapes.ragged_ring(rng, (x, y + along / 2), across, along, 0.22)
    return Damage(
        f"pothole-{number:02d}",
        "pothole",
        "pothole",
        (as_line(ring),),
        round(float(rng.uniform(0.025, 0.09)), 3),
        round(measured.POTHOLE_LEVEL.draw(rng, 0.6, 1.08), 3),
        round(measured.POTHOLE_ROUGH.draw(rng, 1.5, 4.5), 2),
        int(rng.integers(1 << 31)),
    )


def _patch(rng: Rng, street: Street, y: float, number: int) -> Damage | None:
    half = street.width_m / 2
    if rng.random() < 0.3:  # a trench across one lane or the whole street, as mains and cables leave
        along, across = float(rng.uniform(0.6, 1.2)), float(rng.choice([half - 0.1, 2 * half - 0.1]))
        x = 0.0 if across > half else float(rng.choice([-half / 2, half / 2]))
    else:
        across = measured.PATCH_ACROSS_M.draw(rng, 0.4, 2.6)
        along = measured.PATCH_ALONG_M.draw(rng, 0.45, 8.0)
        x = float(rng.uniform(-half + across / 2 + 0.1, half - across / 2 - 0.1))
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * [across / 2, along / 2]
    turn = rng.normal(0, 0.012)
    corners = corners @ np.array([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]])
    corners = np.clip(corners + [x, 0], -half + 0.02, half - 0.02) * [1, 1] + [0, y + along / 2]
    level = measured.PATCH_LEVEL.draw(rng, 0.55, 1.15)
    if 0.93 < level < 1.07:  # the eye would not find it, nor did the labellers
        level = float(rng.uniform(1.07, 1.13) if rng.random() < 0.3 else rng.uniform(0.86, 0.93))
    sealed = float(rng.choice([0.0, 0.0, 0.03, 0.05]))
    return Damage(
        f"patch-{number:02d}",
        "patch",
        "patch",
        (as_line(corners),),
        sealed,
        round(level, 3),
        round(measured.PATCH_ROUGH.draw(rng, 0.5, 1.8), 2),
        int(rng.integers(1 << 31)),
    )


MAKERS: dict[DamageName, Callable[[Rng, Street, float, int], Damage | None]] = {
    "patch": _patch,
    "network": _network,
    "crack": _crack,
    "pothole": _pothole,
}


def box_of(damage: Damage) -> Box:
    """Return (x0, y0, x1, y1) of a damage in street axes."""
    points = np.array([p for line in damage.lines for p in line])
    (x0, y0), (x1, y1) = points.min(axis=0), points.max(axis=0)
    return float(x0), float(y0), float(x1), float(y1)


def _clear(box: Box, taken: list[Box]) -> bool:
    m = MARGIN_M
    return all(
        box[2] + m < t[0] or t[2] + m < box[0] or box[3] + m < t[1] or t[3] + m < box[1] for t in taken
    )


def damages(rng: Rng, street: Street, density: float = 1.0) -> tuple[Damage, ...]:
    """Invent the damage of a street; none lies nearer than 8 m to its start or than 2 m to its end.

    Args:
        rng: source of chance.
        street: where.
        density: factor on `PER_100_M`.
    """
    found: list[Damage] = []
    taken: list[Box] = []
    for name, maker in MAKERS.items():
        mean = PER_100_M[name] * density * street.length_m / 100
        wanted = int(mean) + int(rng.random() < mean % 1)
        number = 1
        for _ in range(wanted * 6):
            if number > wanted:
                break
            made = maker(rng, street, float(rng.uniform(8, max(8.5, street.length_m - 4))), number)
            if made is None:
                continue
            box = box_of(made)
            if _clear(box, taken) and box[3] < street.length_m - 2 and box[1] > 7:
                found.append(made)
                taken.append(box)
                number += 1
    return tuple(sorted(found, key=lambda d: box_of(d)[1]))
