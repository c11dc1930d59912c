"""The only door to albumentations: how a picture and its targets are varied while training.

albumentations 2.0.8 is the last release under MIT and is no longer developed; whoever replaces it replaces
this file alone.
"""

from __future__ import annotations

import os
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

os.environ.setdefault(
    "NO_ALBUMENTATIONS_UPDATE", "1"
)  # else it asks the network for a newer version at import

import albumentations as A

Strength = Literal["none", "weak", "medium", "strong"]
_SCALE = {"none": 0.0, "weak": 0.13, "medium": 0.25, "strong": 0.45}


class Augment:
    """Varies light, sharpness and compression of a picture; geometry is the crop's business.

    Args:
        strength: pavement wants weak to medium; strong costs thin cracks.
    """

    def __init__(self, strength: Strength) -> None:
        self.strength = strength
        self._compose = A.Compose(_transforms(strength))

    def scale(self, rng: np.random.Generator) -> float:
        """Return a random enlargement about 1, even on a logarithmic scale."""
        spread = np.log1p(_SCALE[self.strength])
        return float(np.exp(rng.uniform(-spread, spread)))

    def __call__(self, picture: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
        """Return a varied copy of an RGB picture (h, w, 3); the same `rng` state gives the same picture."""
        self._compose.set_random_seed(int(rng.integers(2**31)))
        return np.ascontiguousarray(self._compose(image=picture)["image"])


def _transforms(strength: Strength) -> list[Any]:
    if strength == "none":
        return []
    light = {"weak": 0.15, "medium": 0.2, "strong": 0.35}[strength]
    chain: list[Any] = [
        A.RandomBrightnessContrast(light, light, p=0.7),
        A.HueSaturationValue(5, 12, 0, p=0.3),
        A.ImageCompression(quality_range=(50, 95), p=0.3),
    ]
    if strength != "weak":
        chain += [
            A.RandomGamma((75, 135), p=0.3),
            A.OneOf([A.MotionBlur(blur_limit=(3, 5)), A.GaussianBlur(blur_limit=(3, 3))], p=0.15),
            A.RandomShadow(shadow_roi=(0, 0.3, 1, 1), num_shadows_limit=(1, 2), p=0.2),
        ]
    if strength == "strong":
        chain += [A.RandomSunFlare(p=0.05), A.RandomRain(p=0.05), A.GaussNoise(p=0.2)]
    return chain
