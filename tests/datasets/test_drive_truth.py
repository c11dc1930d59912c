"""The comparison of a run with the truth, by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from shapely.geometry import LineString, Point, Polygon, mapping, shape
from shapely.geometry.base import BaseGeometry

from gatukoll.datasets.drive_truth import FoundThing, TrueThing, compare, read_truth
from gatukoll.datasets.simulator.drive import Ground2World
from gatukoll.datasets.simulator.items import Street
from gatukoll.errors import DataError

WORLD = Ground2World(Street(300, 7, (56.0465, 12.6945), 30.0))


def line(*points: tuple[float, float]) -> BaseGeometry:
    return LineString(WORLD.lonlat(points))  # type: ignore[arg-type]


def square(x: float, y: float, side: float = 1.0) -> BaseGeometry:
    ring = [(x, y), (x + side, y), (x + side, y + side), (x, y + side)]
    return Polygon(WORLD.lonlat(ring))  # type: ignore[arg-type]


def hole(ident: str, x: float, y: float, *, visible: bool = True) -> TrueThing:
    return TrueThing(ident, "pothole", square(x, y), 1.0, visible)


def test_one_found_one_missed_one_false() -> None:
    truths = [hole("a", 0, 10), hole("b", 0, 60)]
    result = compare(
        truths,
        [FoundThing("1", "pothole", square(2, 11, 1.2), 1.44), FoundThing("2", "pothole", square(0, 100))],
    )
    (count,) = result.classes
    assert (count.truths, count.found, count.missed, count.findings, count.false) == (2, 1, 1, 2, 1)
    assert result.missed == ("b",) and result.false == ("2",)
    assert count.position_m == pytest.approx(((2.1**2) + (1.1**2)) ** 0.5, abs=0.01)
    assert count.size_error == pytest.approx(0.44)
    assert (count.recall, count.precision) == (0.5, 0.5)


def test_class_and_gate_decide() -> None:
    truths = [hole("a", 0, 10)]
    assert compare(truths, [FoundThing("1", "patch", square(0, 10))]).total.found == 0
    assert compare(truths, [FoundThing("1", "pothole", square(0, 13.5))]).total.found == 1
    assert compare(truths, [FoundThing("1", "pothole", square(0, 14.5))]).total.found == 0


def test_pairs_are_the_best_over_all_not_the_first() -> None:
    # finding 1 lies between both holes, nearer to b; finding 2 reaches only b
    truths = [hole("a", 0, 10), hole("b", 0, 17)]
    found = [FoundThing("1", "pothole", square(0, 14)), FoundThing("2", "pothole", square(0, 21))]
    result = compare(truths, found, gate_m=6.0)
    assert {(m.truth, m.finding) for m in result.matches} == {("a", "1"), ("b", "2")}


def test_a_long_crack_in_three_pieces_is_found_once_and_split_twice() -> None:
    crack = TrueThing("c", "crack", line((1, 10), (1.2, 25)), 15.0, True)
    pieces = [FoundThing(str(i), "crack", line((2, y), (2, y + 4)), 4.0) for i, y in enumerate((10, 15, 20))]
    count = compare([crack], pieces).classes[0]
    assert (count.found, count.split, count.false, count.missed) == (1, 2, 0, 0)
    assert count.position_m == pytest.approx(0.9, abs=0.1)


def test_a_crack_beside_the_end_of_another_is_false_not_split() -> None:
    crack = TrueThing("c", "crack", line((1, 10), (1, 20)), 10.0, True)
    found = [
        FoundThing("1", "crack", line((1, 10), (1, 20)), 10.0),
        FoundThing("2", "crack", line((1, 25), (1, 30)), 5.0),
    ]
    result = compare([crack], found)
    assert result.false == ("2",) and result.split == ()


def test_a_finding_on_damage_that_no_pass_shows_is_neither_right_nor_wrong() -> None:
    result = compare([hole("a", 0, 10, visible=False)], [FoundThing("1", "pothole", square(0, 10))])
    assert (result.total.truths, result.total.found, result.total.on_hidden, result.total.false) == (
        0,
        0,
        1,
        0,
    )
    assert result.total.recall is None


def test_a_visible_damage_goes_before_a_hidden_one() -> None:
    truths = [hole("h", 0, 10, visible=False), hole("v", 0, 14)]
    result = compare(truths, [FoundThing("1", "pothole", square(0, 11))])
    assert result.matches[0].truth == "v"


def test_nothing_found_and_nothing_there() -> None:
    empty = compare([], [])
    assert empty.total.findings == 0 and empty.total.precision is None and empty.classes == ()
    alone = compare([], [FoundThing("1", "crack", Point(12.6945, 56.0465))])
    assert alone.total.false == 1


def test_sums_hold() -> None:
    truths = [hole(str(i), (i % 3) * 2, 10 + 4 * i, visible=i % 4 != 0) for i in range(12)]
    found = [FoundThing(str(i), "pothole", square(1, 8 + 3 * i)) for i in range(18)]
    total = compare(truths, found).total
    assert total.found + total.missed == total.truths
    assert total.found + total.split + total.on_hidden + total.false == total.findings


def test_truth_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "truth.json"
    path.write_text(json.dumps({"format": "other", "damages": []}))
    with pytest.raises(DataError, match="gatukoll-truth-1"):
        read_truth(path)
    path.write_text("{}")
    with pytest.raises(DataError, match="no truth"):
        compare(path, [])


def test_what_is_found_by_chance_is_what_the_findings_hit_elsewhere(tmp_path: Path) -> None:
    """Damage every 10 m: moved by 20, -30 and 50 m the findings lie on other damage, by 35 and -45 m not."""
    from gatukoll.datasets.chance import by_chance

    places = [(0.0, 10.0 * i) for i in range(31)]
    damages = [
        {
            "id": f"p{i}", "name": "pothole", "length_m": 0.5, "area_m2": 0.2, "visible_in": ["a"],
            "geometry": mapping(square(x, y, 0.4)),
        }
        for i, (x, y) in enumerate(places)
    ]  # fmt: skip
    ends = [list(p) for p in line((0.0, 0.0), (0.0, 300.0)).coords]
    street = {"format": "gatukoll-truth-1", "length_m": 300, "street": {"coordinates": ends}}
    path = tmp_path / "truth.json"
    path.write_text(json.dumps(street | {"damages": damages}))
    found = [FoundThing(str(i), "pothole", shape(damages[i]["geometry"])) for i in range(10, 20)]
    assert compare(path, found).total.found == 10
    assert by_chance(path, found)["pothole"] == pytest.approx(10 * 3 / 5)
