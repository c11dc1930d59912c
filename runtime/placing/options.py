"""The numbers of placing and association. All change facts, so they belong in the settings' digest."""

from __future__ import annotations

from dataclasses import dataclass

GATE = 2.45
"""95 % of two-dimensional normal errors lie within this many standard deviations: the root of 5.99, the 0.95
quantile of chi-square with 2 degrees of freedom."""


@dataclass(frozen=True, slots=True)
class PlacingOptions:
    """How detections become observations.

    Attributes:
        max_distance_m: what lies farther ahead of the camera is left to a later, nearer frame.
        max_sd_along_m: the same for what the camera's mounting makes more uncertain than this.
        relative_sd_m: per axis, between neighbouring frames of one capture. A GPS receiver's error changes
            slowly, so over a few seconds it is far below `Frame.position_sd_m` (a judgement).
        shake: share of the camera's uncertainty that changes from frame to frame (the vehicle pitches); the
            rest is a fault of the mounting and the same in all frames (judgement).
        gate: standard deviations within which two sightings may be one thing.
        gate_cap_m: metres within which they may, however uncertain.
        reach_m: metres travelled after which a thing that was not seen again is behind the vehicle.
        min_sightings: frames that must show a thing.
    """

    max_distance_m: float = 20.0
    max_sd_along_m: float = 4.0
    relative_sd_m: float = 0.7
    shake: float = 0.3
    gate: float = GATE
    gate_cap_m: float = 3.5
    reach_m: float = 30.0
    min_sightings: int = 1
