"""What the phone does to the light: vignetting, tone curve, sharpening, noise; and the bonnet before it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from gatukoll.datasets.simulator.items import CameraPath

Bytes = NDArray[np.uint8]


class Sensor:
    """The camera of one pass, prepared once."""

    def __init__(self, path: CameraPath) -> None:
        self.path = path
        h, w = path.camera.height, path.camera.width
        rng = np.random.default_rng([path.seed, 41])
        y, x = np.mgrid[:h, :w].astype(np.float32)
        far = ((x / w - 0.5) ** 2 + ((y / h - 0.5) * h / w) ** 2) * 4
        self.vignette = cv2.merge([np.clip(255 * (1 - 0.16 * far), 0, 255).astype(np.uint8)] * 3)
        grain = rng.standard_normal((h + 64, w + 64), dtype=np.float32)
        # the sensor's noise is smoothed by demosaicing and the phone's denoiser
        grain = np.asarray(cv2.GaussianBlur(grain, (0, 0), 0.6), np.float32)
        self.grain = np.clip(grain / grain.std() * path.light.noise, -40, 40).astype(np.int16)
        self.bonnet = _bonnet(rng, h, w, path.camera.bonnet) if path.camera.bonnet > 0 else None

    def _curve(self, flutter: float) -> Bytes:
        """Return the tone curve of a frame as a table (256, 1, 3)."""
        light = self.path.light
        v = np.clip(np.arange(256) / 255 * (1 + flutter), 0, 1)
        curve = 0.45 + (v - 0.45) * light.contrast
        curve = np.where(curve < 0.12, 0.12 * np.exp(np.clip((curve - 0.12) / 0.12, -6, 0)), curve)
        table = np.clip(curve[:, None] * np.array([light.warmth, 1.0, 2 - light.warmth]), 0, 1)
        return np.asarray(np.round(table * 255), np.uint8)[None]

    def expose(self, picture: Bytes, number: int) -> Bytes:
        """Return the picture as the phone would store it; `number` of the frame seeds its noise."""
        rng = np.random.default_rng([self.path.seed, 42, number])
        if self.bonnet is not None:
            rows = self.bonnet.shape[0]
            alpha = self.bonnet[..., 3:].astype(np.float32) / 255
            low = picture[-rows:] * (1 - alpha) + self.bonnet[..., :3] * alpha
            picture[-rows:] = low.astype(np.uint8)
        # automatic exposure follows the scene slowly: the flutter is a slow wave over the frames
        flutter = 0.03 * np.sin(number * 0.13 + self.path.seed % 7) + 0.02 * np.sin(number * 0.031)
        lit = cv2.LUT(cv2.multiply(picture, self.vignette, scale=1 / 255), self._curve(float(flutter)))
        soft = cv2.GaussianBlur(lit, (0, 0), 1.1)
        sharp = cv2.addWeighted(lit, 1 + self.path.light.sharpen, soft, -self.path.light.sharpen, 0)
        r, c = (int(v) for v in rng.integers(0, 64, 2))
        grain = self.grain[r : r + picture.shape[0], c : c + picture.shape[1]]
        return np.asarray(cv2.add(sharp, cv2.merge([grain] * 3), dtype=cv2.CV_8U), np.uint8)


def _bonnet(rng: np.random.Generator, h: int, w: int, share: float) -> Bytes:
    """Return the lower rows with the vehicle's bonnet, RGBA: a flat arch, lit by the sky."""
    rows = int(h * share * 1.35) + 4
    colour = np.array(
        ((40, 42, 46), (150, 26, 26), (222, 224, 226), (196, 150, 30))[rng.integers(4)], np.float32
    )
    y, x = np.mgrid[:rows, :w].astype(np.float32)
    arch = rows - h * share * (1 - 0.35 * ((x / w - 0.5) * 2) ** 2)
    inside = np.clip(y - arch + 0.5, 0, 1)
    sheen = 1.25 - 0.6 * np.clip((y - arch) / max(h * share, 1), 0, 1)
    rgb = np.clip(colour * sheen[..., None] * 0.8, 0, 255)
    rgb[np.abs(y - arch) < 1.5] *= 0.55
    return np.dstack([rgb, inside * 255]).astype(np.uint8)
