"""How a camera sits in a vehicle, before the size of its frames is known."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from gatukoll.detectors.geometry import Camera

# 35 mm equivalence is defined over the diagonal of a 36 x 24 mm frame (CIPA DCG-001).
DIAGONAL_35MM = math.hypot(36, 24)
# Cameras round it to whole millimetres and crop a little for their own corrections.
FOCAL_35MM_SD = 0.05


@dataclass(frozen=True, slots=True)
class Mounting:
    """A camera's place and view, with standard deviations.

    The defaults are those of a phone behind the windscreen of a car or van that nobody has measured: 1.5 m
    above the road, looking 5 degrees down, its main camera filming landscape (26 mm equivalent, cropped to
    16:9 and a little more by stabilisation: about 64 degrees). The standard deviations say how rough that is.

    Attributes:
        height_m: of the lens above the road.
        pitch_deg: positive looks down.
        roll_deg: positive is turned clockwise as seen from behind.
        yaw_deg: positive looks right of the driving direction.
        hfov_deg: horizontal field of view of the upright picture; of the longer side where `longer_side`.
        longer_side: the default speaks of the longer side, whichever way the phone is held.
        height_sd_m, pitch_sd_deg, yaw_sd_deg, focal_sd: one standard deviation, the last one relative.
    """

    height_m: float = 1.5
    pitch_deg: float = 5.0
    roll_deg: float = 0.0
    yaw_deg: float = 0.0
    hfov_deg: float = 64.0
    height_sd_m: float = 0.3
    pitch_sd_deg: float = 3.0
    yaw_sd_deg: float = 3.0
    focal_sd: float = 0.1
    longer_side: bool = True

    def with_(self, changes: Mapping[str, float]) -> Mounting:
        """Return a copy with some fields changed; a stated field of view is that of the upright picture."""
        side = self.longer_side and "hfov_deg" not in changes
        return replace(self, **changes, longer_side=side)

    def camera(self, width: int, height: int, focal_35mm: float | None = None) -> Camera:
        """Return the camera for frames of a size (px).

        Args:
            width: of the upright frame.
            height: of the upright frame.
            focal_35mm: 35 mm equivalent from the picture itself, which then counts instead of `hfov_deg`.
        """
        side = max(width, height) if self.longer_side else width
        focal, sd = side / 2 / math.tan(math.radians(self.hfov_deg) / 2), self.focal_sd
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
        )
