"""What stands on a picture of a finding."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import shapely

from gatukoll.runtime.evidence import caption
from gatukoll.runtime.findings.facts import Finding

NOW = datetime(2026, 9, 14, tzinfo=UTC)


def finding(**size: float) -> Finding:
    return Finding(
        "id", "d", "hole", "potthål", "pothole", 2, "", "", 0.5, shapely.Point(13, 55), size, 1.0, 0.0,
        NOW, NOW, 1, 2, (),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("size", "sv", "en"),
    [
        (
            {"area_m2": 0.414, "length_m": 0.9},
            "potthål, allvarlighet 2, 0,41 m²",
            "pothole, severity 2, 0.41 m²",
        ),
        (
            {"area_m2": 12.46, "length_m": 5.0},
            "potthål, allvarlighet 2, 12,5 m²",
            "pothole, severity 2, 12.5 m²",
        ),
        ({"length_m": 3.21, "area_m2": 0.0}, "potthål, allvarlighet 2, 3,2 m", "pothole, severity 2, 3.2 m"),
        ({}, "potthål, allvarlighet 2", "pothole, severity 2"),
    ],
)
def test_the_caption_says_what_how_severe_and_how_large(size: dict[str, float], sv: str, en: str) -> None:
    assert caption(finding(**size), "sv") == sv
    assert caption(finding(**size), "en") == en
