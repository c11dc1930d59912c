"""Options of the pavement detector: from which size on a damage has which severity, and who says so."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from gatukoll.detectors.contract import Options

JUDGEMENT = "gatukoll 1"
"""Ours, from no standard: the handbook 'Bära eller brista' is not openly readable, and one camera sees
neither the width of a crack nor its depth. A city that has the handbook sets its limits and names it."""

DIAMETER = "gatukoll 1, after PCI diameters"
"""The diameters 200 and 450 mm part the classes of potholes in the PCI method (ASTM D6433), as generally
remembered, not checked against its text; there depth decides as well, which no camera sees."""


class Limits(BaseModel):
    """From which size on a class has severity 2 and 3; smaller is 1."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    measure: Literal["length_m", "width_m", "area_m2"] = Field(
        description="the size that decides, in m or m²"
    )
    two: float = Field(gt=0, description="severity 2 from here on")
    three: float = Field(gt=0, description="severity 3 from here on")
    source: str = Field(description="where the limits come from; shown with every finding")


class PavementOptions(Options):
    """Options under ``detectors: pavement: options:`` of a city's file."""

    crack: Limits = Field(
        Limits(measure="length_m", two=2.0, three=10.0, source=JUDGEMENT),
        description="limits for cracks, by length",
    )
    network: Limits = Field(
        Limits(measure="area_m2", two=1.0, three=5.0, source=JUDGEMENT),
        description="limits for alligator cracking (krackelering), by area",
    )
    pothole: Limits = Field(
        Limits(measure="length_m", two=0.2, three=0.45, source=DIAMETER),
        description="limits for potholes, by the longer diameter",
    )
    patch: Limits = Field(
        Limits(measure="area_m2", two=4.0, three=20.0, source=JUDGEMENT),
        description="limits for patches, by area; says how much was mended, not how well",
    )
