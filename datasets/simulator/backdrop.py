"""Pictures for what stands beside and behind the street: sky, far trees, fronts of houses, trees, hedges.

All are drawn from seeds, RGB(A) uint8 in full light. None is copied from a photograph.
Pictures of things are kept for the next pass: they are never written to.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from gatukoll.datasets.simulator.items import Fence, House, Light

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]
FRONT_PX_M = 32
"""Pixels per metre of fronts and fences."""


def cloud_field(rng: np.random.Generator, h: int, w: int, scale: float) -> Floats:
    """Return fractal noise, about -1..1, whose largest shapes are `scale` px high and twice as wide."""
    total = np.zeros((h, w), np.float32)
    share = 1.0
    while scale > 3:
        small = rng.standard_normal((int(h / scale) + 3, int(w / (2 * scale)) + 3), dtype=np.float32)
        total += share * cv2.resize(small, (w, h), interpolation=cv2.INTER_CUBIC)
        share, scale = share * 0.55, scale / 2
    return total * np.float32(0.6)


def panorama(seed: int, light: Light, width: int, height: int, horizon: int, focal: float) -> Bytes:
    """Return the sky with a line of far trees, (height, width, 3); `horizon` is the horizon's row."""
    rng = np.random.default_rng([seed, 61])
    up = np.clip((horizon - np.arange(height, dtype=np.float32)) / (0.45 * focal), 0, 1)[:, None, None]
    low, high = np.array([206, 220, 234], np.float32), np.array([92, 146, 212], np.float32)
    grey = np.array([214, 217, 222], np.float32) - 26 * up
    clear = low + (high - low) * up**0.6
    clouds = cloud_field(rng, height, width, 90.0)[..., None]
    thick = np.clip((clouds + 0.9 * light.overcast - 0.25) * 1.6, 0, 1)
    white = np.array([246, 246, 246], np.float32) - 34 * np.clip(clouds, 0, 1)
    sky = clear * (1 - light.overcast) + grey * light.overcast
    sky = sky * (1 - thick) + (white * (1 - 0.6 * light.overcast) + grey * 0.6 * light.overcast) * thick
    picture = np.clip(sky, 0, 255)
    columns = np.arange(width)
    for far, tone in (
        (1.0, 0.75),
        (0.72, 0.5),
        (0.5, 0.3),
    ):  # three rows of trees, the nearest lowest in haze
        rough = 0.6 * cloud_field(rng, 1, width, 60)[0] + 1.1 * cloud_field(rng, 1, width, 14)[0]
        top = horizon - focal * (0.034 * far + 0.006 * rough * far)
        wood = np.array([66, 84, 50], np.float32) * (1 - tone) + np.array([176, 192, 204], np.float32) * tone
        grain = 1 + 0.14 * cloud_field(rng, height, width, 8)[..., None]
        mask = np.arange(height)[:, None] > top[columns][None]
        picture[mask] = (wood * grain)[mask]
    return np.asarray(np.clip(picture, 0, 255), np.uint8)


@lru_cache(maxsize=256)
def front(house: House) -> Bytes:
    """Return the street front of a house, top row at the eaves."""
    rng = np.random.default_rng([house.seed, 71])
    h, w = int(house.eaves_m * FRONT_PX_M), int((house.y1 - house.y0) * FRONT_PX_M)
    wall = np.full((h, w, 3), house.colour, np.float32)
    wall *= (
        1
        + 0.035 * cloud_field(rng, h, w, 60)[..., None]
        + 0.02 * rng.standard_normal((h, w, 1), dtype=np.float32)
    )
    if house.boards:
        wall[:, np.arange(w) % 5 == 0] *= 0.86
    wall[-int(0.45 * FRONT_PX_M) :] *= np.float32(0.62)
    wall[: int(0.25 * FRONT_PX_M)] *= np.float32(0.6)  # shade below the eaves
    picture = np.clip(wall, 0, 255).astype(np.uint8)
    storeys = max(int(house.eaves_m / 2.7), 1)
    across = float(rng.uniform(1.0, 1.5)) if storeys < 3 else float(rng.uniform(1.1, 1.6))
    pitch = across + float(rng.uniform(0.9, 1.7))
    n = max(int((house.y1 - house.y0 - 0.8) / pitch), 1)
    start = (house.y1 - house.y0 - n * pitch + pitch - across) / 2
    door = int(rng.integers(n))
    frame = (235, 235, 230) if rng.random() < 0.7 else (70, 60, 54)
    for storey in range(storeys):
        sill = house.eaves_m - (0.95 + storey * house.eaves_m / storeys)
        for i in range(n):
            x = start + i * pitch
            tall = 2.1 if storey == 0 and i == door else 1.35
            bottom = house.eaves_m - 0.4 if tall > 2 else sill
            _opening(picture, rng, x, bottom - tall, across if tall < 2 else 1.0, tall, frame)
    return picture


def _opening(
    picture: Bytes,
    rng: np.random.Generator,
    x: float,
    top: float,
    across: float,
    tall: float,
    frame: tuple[int, int, int],
) -> None:
    """Draw a window or door: frame, dark panes with a reflection of the sky, a cross bar."""
    c0, r0 = int(x * FRONT_PX_M), int(max(top, 0.1) * FRONT_PX_M)
    c1, r1 = c0 + int(across * FRONT_PX_M), r0 + int(tall * FRONT_PX_M)
    cv2.rectangle(picture, (c0 - 3, r0 - 3), (c1 + 3, r1 + 3), frame, -1)
    pane = np.linspace(rng.uniform(70, 150), rng.uniform(26, 52), max(r1 - r0, 1), dtype=np.float32)
    glass = pane[:, None, None] * np.array([0.92, 1.0, 1.1], np.float32)
    target = picture[r0:r1, c0:c1]
    target[:] = np.clip(np.broadcast_to(glass[: len(target)], target.shape), 0, 255).astype(np.uint8)
    cv2.line(picture, ((c0 + c1) // 2, r0), ((c0 + c1) // 2, r1), frame, 2)
    if tall < 2:
        cv2.line(picture, (c0, (2 * r0 + r1) // 3), (c1, (2 * r0 + r1) // 3), frame, 2)


@lru_cache(maxsize=256)
def fence(item: Fence) -> Bytes:
    """Return the side of a hedge, wall or picket fence, 12 m of it (repeated along its length)."""
    rng = np.random.default_rng([item.seed, 72])
    h, w = int(item.height_m * FRONT_PX_M), 12 * FRONT_PX_M
    if item.kind == "hedge":
        leaf = cloud_field(rng, h, w, 12)[..., None] * 0.32 + 0.22 * rng.standard_normal(
            (h, w, 1), dtype=np.float32
        )
        shade = np.linspace(1.15, 0.5, h, dtype=np.float32)[:, None, None]
        base = np.array([62, 86, 40], np.float32) * float(rng.uniform(0.8, 1.15))
        return np.asarray(np.clip(base * shade * (1 + leaf), 0, 255), np.uint8)
    if item.kind == "wall":
        tone = np.array([150, 144, 134], np.float32) * float(rng.uniform(0.8, 1.15))
        stone = (
            1
            + 0.08 * cloud_field(rng, h, w, 20)[..., None]
            + 0.03 * rng.standard_normal((h, w, 1), dtype=np.float32)
        )
        picture = np.clip(tone * stone, 0, 255).astype(np.uint8)
        picture[:: FRONT_PX_M // 3] = (picture[:: FRONT_PX_M // 3] * 0.75).astype(np.uint8)
        return np.asarray(picture, np.uint8)
    picture = np.full((h, w, 3), (58, 74, 44), np.uint8)
    columns = np.arange(w)
    picture[:, columns % 5 < 3] = (214, 212, 205)
    return picture


@lru_cache(maxsize=256)
def tree(seed: int, bush: bool) -> NDArray[np.uint8]:
    """Return a tree or bush, (h, w, 4) RGBA, foot at the middle of the lowest row."""
    rng = np.random.default_rng([seed, 81])
    h, w = (220, 260) if bush else (460, 360)
    crown, light = np.zeros((h, w), np.float32), np.zeros((h, w), np.float32)
    middle, spread = (0.58, 0.17) if bush else (0.36, 0.13)
    # boughs carry clumps of leaves; each clump is lit from above
    boughs = rng.normal([w / 2, h * middle], [0.17 * w, spread * h], (9 if bush else 16, 2))
    clumps = np.repeat(boughs, 70, axis=0) + rng.normal(0, [0.075 * w, 0.05 * h], (len(boughs) * 70, 2))
    low = h * (0.97 if bush else 0.72)
    for x, y in clumps[np.argsort(-clumps[:, 1])]:
        if not 0.03 * w < x < 0.97 * w or not 0.03 * h < y < low:
            continue
        r = max(int(rng.uniform(0.008, 0.03) * w), 2)
        tone = 0.62 + 0.75 * (1 - y / h) + float(rng.normal(0, 0.17))
        cv2.circle(crown, (int(x), int(y)), r, 1.0, -1)
        cv2.circle(light, (int(x), int(y) - 1), r, tone, -1)
    leaves = rng.standard_normal((h, w), dtype=np.float32)
    leaves = 0.6 * leaves + 1.2 * cv2.GaussianBlur(leaves, (0, 0), 1.5)
    alpha = np.clip((cv2.GaussianBlur(crown, (0, 0), 5.0) - 0.40 + 0.20 * leaves) * 5, 0, 1)
    tone = cv2.GaussianBlur(light, (0, 0), 1.5) * (1 + 0.30 * leaves)
    green = np.array([72, 96, 42], np.float32) * np.array(
        [rng.uniform(0.8, 1.25), 1.0, rng.uniform(0.8, 1.1)]
    )
    rgb = np.clip(green[None, None] * np.maximum(tone, 0.25)[..., None], 6, 230)
    if not bush:
        trunk = np.zeros((h, w), np.float32)
        cv2.line(trunk, (w // 2, h), (w // 2 + int(rng.normal(0, 5)), int(0.35 * h)), 1.0, 13, cv2.LINE_AA)
        bare = np.clip(trunk - alpha, 0, 1)[..., None]
        rgb = rgb * (1 - bare) + np.array([62, 52, 44], np.float32) * bare
        alpha = np.maximum(alpha, trunk)
    picture: NDArray[np.uint8] = np.dstack([rgb, alpha * 255]).astype(np.uint8)
    return picture
