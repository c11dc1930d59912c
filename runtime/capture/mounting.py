"""How a camera sits in a vehicle, before the size of its frames is known."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from gatukoll.detectors.geometry import Camera

# 35 mm equivalence is defined over the diagonal of a 36 x 24 mm frame (CIPA DCG-001).
DIAGONAL_35MM = math.hypot(36, 24)
# Judgement: cameras round it to whole millimetres and crop a little for their own corrections.
FOCAL_35MM_SD = 0.05


@dataclass(frozen=True, slots=True)
class Mounting:
    """A camera's place and view, with standard deviations.

    The fields and defaults are those of `camera:` in a city file, which says where they come from: a phone in
    a refuse truck's windscreen that nobody has measured.

    Attributes:
        height_m: of the lens above the road.
        pitch_deg: positive looks down.
        roll_deg: positive is turned clockwise as seen from behind.
        yaw_deg: positive looks right of the driving direction.
        hfov_deg: field of view along the longer side of the upright picture.
        height_sd_m, pitch_sd_deg, yaw_sd_deg, hfov_sd_deg: one standard deviation.
        bonnet: share of the picture's height, from below, that shows the own vehicle.
    """

    height_m: float = 2.1
    height_sd_m: float = 0.3
    pitch_deg: float = 6.0
    pitch_sd_deg: float = 3.0
    roll_deg: float = 0.0
    yaw_deg: float = 0.0
    yaw_sd_deg: float = 3.0
    hfov_deg: float = 65.0
    hfov_sd_deg: float = 5.0
    bonnet: float = 0.0

    def with_(self, changes: Mapping[str, float]) -> Mounting:
        """Return a copy with some fields changed."""
        return replace(self, **changes)

    def camera(self, width: int, height: int, focal_35mm: float | None = None) -> Camera:
        """Return the camera for frames of a size (px).

        The focal length is half the longer side over tan(h / 2), h the field of view; with a deviation s of h
        it is off by s / sin(h), relative, in first order.

        Args:
            width: of the upright frame.
            height: of the upright frame.
            focal_35mm: 35 mm equivalent (mm) from the picture itself; it counts instead of `hfov_deg`.
        """
        view = math.radians(self.hfov_deg)
        focal = max(width, height) / 2 / math.tan(view / 2)
        sd = math.radians(self.hfov_sd_deg) / math.sin(view)
        if focal_35mm:
            focal, sd = focal_35mm / DIAGONAL_35MM * math.hypot(width, height), FOCAL_35MM_SD
        return Camera(
            width,
            height,
            focal,
            height_m=self.height_m,
            pitch_deg=self.pitch_deg,
            roll_deg=self.roll_deg,
            yaw_deg=self.yaw_deg,
            focal_sd=sd,
            height_sd_m=self.height_sd_m,
            pitch_sd_deg=self.pitch_sd_deg,
            yaw_sd_deg=self.yaw_sd_deg,
            bonnet=self.bonnet,
        )
