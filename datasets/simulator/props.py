"""Pictures of a scene's things in the light of one pass, ready to be drawn at any size."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from gatukoll.datasets.simulator import backdrop
from gatukoll.datasets.simulator.items import Fence, House, Light, Scene

Bytes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Props:
    """Pictures of a scene's things in the light of one pass, with their smaller versions."""

    fronts: dict[House, list[Bytes]]
    fences: dict[Fence, list[Bytes]]
    trees: list[list[Bytes]]
    bushes: list[list[Bytes]]
    light: Light
    gain: float


def _mips(picture: Bytes, levels: int = 5) -> list[Bytes]:
    found = [picture]
    for _ in range(levels - 1):
        h, w = found[-1].shape[:2]
        if min(h, w) < 8:
            break
        found.append(
            np.asarray(cv2.resize(found[-1], (w // 2, h // 2), interpolation=cv2.INTER_AREA), np.uint8)
        )
    return found


def _lit(picture: Bytes, factor: float) -> Bytes:
    return np.asarray(np.clip(picture * np.float32(factor), 0, 255), np.uint8)


def side_light(light: Light, side: float) -> float:
    """Return the brightness of a front on one side of the street (side -1 left, 1 right)."""
    toward = -side * math.sin(math.radians(light.sun_from_deg))
    sunny = 1.12 if toward > 0 else 0.62
    return sunny * (1 - light.overcast) + 0.85 * light.overcast


def prepare(scene: Scene, light: Light, gain: float) -> Props:
    """Draw the pictures of a scene's things; `gain` is the exposure of the pass."""
    g = gain**0.85

    def of(picture: Bytes, x: float) -> list[Bytes]:
        return _mips(_lit(picture, g * side_light(light, math.copysign(1, x))))

    soft = g * (0.95 if light.overcast < 0.5 else 0.85)
    greens = []
    for bush in (False, True):
        kinds = []
        for variant in range(6):
            full = backdrop.tree(scene.seed * 6 + variant, bush)
            alpha = full[..., 3:].astype(np.float32) / 255
            # colour times alpha, so that shrinking and pasting need no division
            rgb = np.clip(full[..., :3] * alpha * soft, 0, 255).astype(np.uint8)
            kinds.append(_mips(np.dstack([rgb, full[..., 3]])))
        greens.append(kinds)
    return Props(
        {h: of(backdrop.front(h), h.x) for h in scene.houses},
        {f: of(backdrop.fence(f), f.x) for f in scene.fences},
        greens[0],
        greens[1],
        light,
        g,
    )
