from __future__ import annotations

import math

import numpy as np
import pytest

from gatukoll.errors import ConfigError, UserError
from gatukoll.runtime import crs

HELSINGBORG = (12.65, 56.02, 12.75, 56.08)
CALIFORNIA = (-117.33, 33.12, -117.32, 33.13)


def test_a_place_in_sweden_is_fine() -> None:
    crs.check_area(3006, HELSINGBORG)
    crs.check_area(4326, CALIFORNIA)


def test_california_is_refused_with_what_to_set() -> None:
    with pytest.raises(UserError) as error:
        crs.check_area(3006, CALIFORNIA, where="stad.yaml:9 output.epsg")
    assert str(error.value) == (
        "stad.yaml:9 output.epsg: EPSG:3006 (SWEREF99 TM) is made for Sweden - onshore and offshore "
        "(latitude 54.96 to 69.07, longitude 10.03 to 24.17), but the captures lie at latitude 33.12 to "
        "33.13, longitude -117.33 to -117.32. Set epsg: 32611 (WGS 84 / UTM zone 11N)."
    )
    crs.check_area(32611, CALIFORNIA)


@pytest.mark.parametrize(
    ("epsg", "words"),
    [
        (32632, "is made for between 6°E and 12°E … (latitude 0.00 to 84.00,"),
        (25832, "is made for Europe between 6°E and 12°E (latitude"),
        (3008, "is made for Sweden - communes between approximately 12°45'E and 14°15'E … (latitude"),
        (3832, "is made for Pacific Ocean - American Samoa, Antarctica, Australia … (latitude"),
    ],
)
def test_a_long_list_of_countries_is_cut(epsg: int, words: str) -> None:
    with pytest.raises(UserError) as error:
        crs.check_area(epsg, CALIFORNIA if epsg != 3832 else HELSINGBORG)
    assert words in str(error.value)
    assert len(str(error.value)) < 300


def test_the_proposal_fits() -> None:
    with pytest.raises(UserError, match=r"Set epsg: 3006 \(SWEREF99 TM\)"):
        crs.check_area(32611, HELSINGBORG)
    both = (CALIFORNIA[0], CALIFORNIA[1], HELSINGBORG[2], HELSINGBORG[3])
    with pytest.raises(UserError, match=r"Set epsg: 4326 \(degrees\), as no metric zone holds all of them"):
        crs.check_area(3006, both)
    with pytest.raises(UserError, match="epsg: 32756"):
        crs.check_area(3006, (151.2, -33.9, 151.3, -33.8))


def test_partly_outside_is_outside() -> None:
    with pytest.raises(UserError):
        crs.check_area(3006, (9.9, 56.0, 12.7, 56.1))


def test_an_area_across_180_degrees() -> None:
    pacific = 3832  # WGS 84 / PDC Mercator
    crs.check_area(pacific, (174.7, -41.3, 174.8, -41.2))  # Wellington
    crs.check_area(pacific, (-176.6, -44.0, -176.5, -43.9))  # Chatham Islands
    with pytest.raises(UserError):
        crs.check_area(pacific, HELSINGBORG)


@pytest.mark.parametrize(
    ("epsg", "words"), [(99999, "no coordinate system 99999"), (5613, "not a system of two")]
)
def test_a_number_that_is_no_flat_system(epsg: int, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        crs.check_epsg(epsg)


def test_metres_are_metres() -> None:
    """100 m on the ground are 100 m, to the scale of the projection and of the round earth used here."""
    lat = 56.0465
    step = 100 / (6371000 * math.cos(math.radians(lat)) * math.pi / 180)
    a, b = crs.projection(3006)(np.array([[12.6945, lat], [12.6945 + step, lat]]))
    assert np.hypot(*(b - a)) == pytest.approx(100, rel=5e-3)
    assert 350_000 < a[0] < 360_000 and 6_210_000 < a[1] < 6_220_000  # east first, north second
