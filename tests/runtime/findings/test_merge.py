"""The merge: one finding a thing, whatever the order of the facts, the passages and the place on earth."""

from __future__ import annotations

import itertools
import math
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import shapely
from shapely.geometry.base import BaseGeometry

from gatukoll.detectors.contract import FindingClass, Grade
from gatukoll.runtime.findings.facts import FactKey, FactSet, Finding, Observation
from gatukoll.runtime.findings.merge import merge
from gatukoll.runtime.findings.neighbours import neighbours
from gatukoll.runtime.placing.plane import Plane

START = datetime(2026, 9, 14, 7, tzinfo=UTC)
PLANE = Plane(56.05, 12.7)
WORDS = ("a", "b", "c")
TABLES = {
    "d": (
        FindingClass("hole", "potthål", "pothole", "area", WORDS),
        FindingClass("crack", "spricka", "crack", "line", WORDS),
    )
}


def grade(detector: str, name: str, size: Mapping[str, float]) -> Grade:
    return Grade(3 if max(size["area_m2"], size["length_m"] / 10) > 0.5 else 1, f"{detector}.{name}", "test")


def hole(x: float, y: float, size_m: float = 0.5) -> BaseGeometry:
    return shapely.Point(x, y).buffer(size_m / 2, quad_segs=4)


def crack(x: float, start_m: float, end_m: float) -> BaseGeometry:
    return shapely.LineString([(x, s) for s in np.linspace(start_m, end_m, 12)])


def seen(
    capture: str,
    shapes: Sequence[BaseGeometry],
    day: float = 0.0,
    shift: tuple[float, float] = (0.0, 0.0),
    sd_m: float = 3.0,
    plane: Plane = PLANE,
    model: tuple[str, str] = ("m1", "1"),
    detector: str = "d",
    heading_deg: float = 0.0,
) -> FactSet:
    """Make what one passage saw, in order, a second apart, its position wrong by `shift`."""
    observations = []
    for number, shape in enumerate(shapes):
        at = START + timedelta(days=day, seconds=number)
        x0, y0, x1, y1 = shape.bounds
        line = shape.area == 0
        observations.append(
            Observation(
                number=number,
                name="crack" if line else "hole",
                score=0.5 + number / 1000,
                geometry=plane.round(shapely.transform(shape, lambda p: p + shift)),
                size={
                    "length_m": shape.length if line else max(x1 - x0, y1 - y0),
                    "width_m": 0.0 if line else min(x1 - x0, y1 - y0),
                    "area_m2": shape.area,
                    "size_sd": 0.1,
                },
                sd_m=sd_m,
                heading_deg=heading_deg,
                first=at,
                last=at + timedelta(seconds=1),
                sightings=({"source": f"{capture}@{number}", "frame": number, "score": 0.5},),
                attributes={"seen_by": capture},
            )
        )
    return FactSet(FactKey(capture, detector, model[0], "s"), model[1], tuple(observations), ())


def merged(*sets: FactSet) -> tuple[Finding, ...]:
    return merge(sets, TABLES, grade)


def members(findings: Sequence[Finding]) -> list[list[tuple[str, int]]]:
    return [[(key.capture, number) for key, number in f.observations] for f in findings]


def test_several_passages_of_a_hole_are_one_finding() -> None:
    sets = [
        seen("a", [hole(0, 0, 0.4)], day=0, shift=(2, 0)),
        seen("b", [hole(0, 0, 0.6)], day=1, shift=(-2, 1), heading_deg=180.0),
        seen("c", [hole(0, 0, 0.5)], day=2, shift=(0, -1)),
    ]
    (found,) = merged(*sets)
    assert (found.captures, found.sightings) == (3, 3)
    assert (found.sv, found.en, found.status, found.owner) == ("potthål", "pothole", "new", "")
    assert (found.severity, found.rule, found.rule_source) == (1, "d.hole", "test")
    assert found.size["length_m"] == pytest.approx(0.5)
    assert found.sd_m == pytest.approx(3 / math.sqrt(3))
    assert found.first_seen == START
    assert found.last_seen == START + timedelta(days=2, seconds=1)
    middle = PLANE.flat(found.geometry).centroid
    assert (middle.x, middle.y) == (pytest.approx(0, abs=0.01), pytest.approx(0, abs=0.01))
    assert PLANE.flat(found.geometry).area == pytest.approx(hole(0, 0, 0.4).area, rel=0.01)  # shape of one


def test_holes_side_by_side_stay_apart_though_a_passage_is_shifted_past_them() -> None:
    holes = [hole(0, 0), hole(0, 3), hole(0, 6)]
    for shift in ((0, 0), (0, 4), (3, -4), (-2, 2.5)):
        found = merged(seen("a", holes), seen("b", holes, day=1, shift=shift))
        assert members(found) == [[("a", n), ("b", n)] for n in range(3)], shift


def test_what_is_too_far_is_another_thing() -> None:
    assert len(merged(seen("a", [hole(0, 0)]), seen("b", [hole(0, 11)], day=1, sd_m=50))) == 2
    assert len(merged(seen("a", [hole(0, 0)], sd_m=0.5), seen("b", [hole(0, 3)], day=1, sd_m=0.5))) == 2
    assert len(merged(seen("a", [hole(0, 0)]), seen("b", [crack(0, -0.2, 0.2)], day=1))) == 2
    other = replace(TABLES["d"][0], name="hole")
    sets = [seen("a", [hole(0, 0)]), seen("a", [hole(0, 0)], detector="e")]
    assert [f.detector for f in merge(sets, TABLES | {"e": (other,)}, grade)] == ["d", "e"]
    assert [f.detector for f in merge(sets, TABLES, grade)] == ["d"]


def test_one_passage_never_sees_a_hole_twice_but_a_return_does() -> None:
    assert len(merged(seen("a", [hole(0, 0), hole(0, 1)]))) == 2
    once = seen("a", [hole(0, 0), hole(0, 1)])
    later = replace(
        once.observations[1], first=START + timedelta(minutes=9), last=START + timedelta(minutes=9)
    )
    (found,) = merged(replace(once, observations=(once.observations[0], later)))
    assert (found.captures, found.sightings, len(found.observations)) == (1, 2, 2)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_a_long_crack_seen_whole_and_in_parts_is_one(order: tuple[int, ...]) -> None:
    """Whichever passage comes first: whole, two parts, three parts."""
    ways = [
        [crack(0, 0, 40)],
        [crack(0, 0, 18), crack(0, 19, 40)],
        [crack(0, 1, 9), crack(0, 11, 26), crack(0, 28, 39)],
    ]
    sets = [
        seen(name, ways[i], day=day, shift=(shift, shift))
        for name, i, day, shift in zip("abc", order, range(3), (0.0, 1.5, -1.0), strict=True)
    ]
    (found,) = merged(*sets)
    assert len(found.observations) == 6
    assert found.captures == 3
    assert found.size["length_m"] == pytest.approx(39, abs=2.1)
    assert PLANE.flat(found.geometry).length == pytest.approx(39, abs=2.1)


def test_cracks_side_by_side_or_across_stay_apart() -> None:
    beside = [crack(0, 0, 40), crack(1.5, 0, 40)]
    found = merged(
        seen("a", beside), seen("b", beside, day=1, shift=(1, 2)), seen("c", beside, day=2, shift=(-1, 0))
    )
    assert members(found) == [[(c, n) for c in "abc"] for n in range(2)]
    across = [crack(0, 0, 40), shapely.LineString([(-1.5, 20), (1.5, 20)])]
    found = merged(seen("a", across), seen("b", across, day=1, shift=(1, 2)))
    assert members(found) == [[("a", n), ("b", n)] for n in range(2)]
    short_beside = [crack(0, 0, 40), crack(1, 20, 22)]
    found = merged(seen("a", short_beside), seen("b", short_beside, day=1, shift=(1, 1)))
    assert members(found) == [[("a", n), ("b", n)] for n in range(2)]


def test_a_part_counts_for_the_crack_but_not_for_its_length() -> None:
    (found,) = merged(seen("a", [crack(0, 0, 40)]), seen("b", [crack(0, 10, 18)], day=1, sd_m=1.0))
    assert found.size["length_m"] == pytest.approx(40)
    assert PLANE.flat(found.geometry).length == pytest.approx(40, abs=0.1)


def test_a_new_model_replaces_the_old_set_and_both_orders_agree() -> None:
    old, new = seen("a", [hole(0, 0), hole(0, 20)]), seen("a", [hole(0, 0)], model=("m0", "2"))
    for sets in ((old, new), (new, old)):
        (found,) = merged(*sets)
        assert found.model_version == "2"
    kept = merge([old, new], TABLES, grade, in_use=[("d", "m1", "s")])
    assert [f.model_version for f in kept] == ["1", "1"]
    assert kept[0].id == merged(new)[0].id  # the same place, seen by both


def test_ids_stay_when_passages_are_added() -> None:
    holes = [hole(0, y) for y in (0, 3, 6, 40)]
    first = merged(seen("a", holes))
    both = merged(seen("a", holes), seen("b", [*holes, hole(0, 80)], day=1, shift=(1, 2)))
    assert [f.id for f in both[:4]] == [f.id for f in first]
    assert len({f.id for f in both}) == 5
    assert all(len(f.id) == 12 and f.id.isalnum() and f.id == f.id.lower() for f in both)


def test_two_things_in_one_metre_have_two_ids() -> None:
    found = merged(seen("a", [hole(0, 0, 0.1), hole(0.05, 0, 0.1), hole(0, 0.05, 0.1)]))
    assert len({f.id for f in found}) == 3


def world(
    seed: int, things: int = 60, passages: int = 5, plane: Plane = PLANE, apart_m: float = 6.0
) -> list[FactSet]:
    """Make a street of holes and cracks, passed several times, each time some unseen, some in parts."""
    rng = np.random.default_rng(seed)
    places = np.column_stack([rng.uniform(-3, 3, things), np.sort(rng.uniform(0, things * apart_m, things))])
    lengths = rng.choice([0, 0, 2, 30], things)
    sets = []
    for number in range(passages):
        shapes: list[BaseGeometry] = []
        for (x, y), length in zip(places, lengths, strict=True):
            if rng.random() < 0.2:
                continue
            if length == 30 and rng.random() < 0.5:
                shapes += [crack(x, y, y + 12), crack(x, y + 13, y + 30)]
            else:
                shapes.append(crack(x, y, y + length) if length else hole(x, y, 0.6))
        if number % 2:
            shapes.reverse()
        shift = tuple(rng.normal(0, 2.0, 2))
        sets.append(seen(f"{rng.integers(1 << 40):x}", shapes, day=number, shift=shift, plane=plane))  # type: ignore[arg-type]
    return sets


@pytest.mark.parametrize("seed", range(8))
def test_the_order_of_facts_does_not_matter(seed: int) -> None:
    sets = world(seed)
    expected = merged(*sets)
    shuffled = random.Random(seed)
    for _ in range(3):
        order = [
            replace(s, observations=tuple(shuffled.sample(s.observations, len(s.observations)))) for s in sets
        ]
        shuffled.shuffle(order)
        assert merged(*order) == expected
    counted = sorted(member for found in members(expected) for member in found)
    assert counted == sorted((s.key.capture, o.number) for s in sets for o in s.observations)


def test_most_things_of_a_street_become_one_finding() -> None:
    """Where long cracks lie side by side within the positions' error, some parts are left over."""
    streets = [merged(*world(seed, apart_m=12.0)) for seed in range(5)]
    assert all(58 <= len(found) <= 75 for found in streets)
    assert sum(map(len, streets)) <= 1.1 * 5 * 60
    for found in streets:
        assert sum(f.captures > 1 for f in found) >= 56
        assert max(f.size["length_m"] for f in found) < 35


@pytest.mark.parametrize(
    ("lat", "lon"), [(0.0, 0.0), (-33.9, 151.2), (68.4, 17.4), (-17.0, 180.0), (56.0, -179.9999)]
)
def test_the_place_on_earth_does_not_matter(lat: float, lon: float) -> None:
    def shape(findings: Sequence[Finding]) -> list[object]:
        return [(f.name, f.captures, f.sightings, round(f.size["length_m"], 6)) for f in findings]

    here, there = (merged(*world(3, plane=p, apart_m=40.0)) for p in (PLANE, Plane(lat, lon)))
    assert shape(there) == shape(here)


def test_neighbours_meet_across_the_180th_meridian() -> None:
    near = neighbours(
        [shapely.Point(179.99999, 10), shapely.Point(-179.99999, 10), shapely.Point(179.99, 10)], 10
    )
    assert [n.tolist() for n in near] == [[1], [0], []]


def test_no_facts_no_findings() -> None:
    assert merged() == ()
    assert merged(seen("a", [])) == ()


@pytest.mark.slow
def test_fifty_thousand_observations_in_a_minute() -> None:
    sets = [s for street in range(100) for s in _street(street)]
    count = sum(len(s.observations) for s in sets)
    began = time.process_time()
    found = merged(*sets)
    spent = time.process_time() - began
    print(f"{count} observations, {len(found)} findings, {spent:.1f} s CPU")
    assert count >= 45_000
    assert spent < 60


def _street(number: int) -> list[FactSet]:
    plane = Plane(56.0 + number * 0.006, 12.7)
    return [
        replace(s, key=replace(s.key, capture=f"{number}-{s.key.capture}"))
        for s in world(number, 100, 6, plane)
    ]
