from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from shapely.geometry import Point

from gatukoll.runtime.city import City, load_city
from gatukoll.runtime.findings.facts import Finding
from gatukoll.runtime.routing import count, explain, route

NOW = datetime(2026, 9, 14, tzinfo=UTC)


def finding(name: str, severity: int, detector: str = "pavement", number: int = 0) -> Finding:
    return Finding(
        id=f"{name}{severity}{number}", detector=detector, name=name, sv=f"sv-{name}", en=f"en-{name}",
        severity=severity, rule="", rule_source="", score=0.9, geometry=Point(12, 56), size={}, sd_m=1.0,
        heading_deg=0.0, first_seen=NOW, last_seen=NOW, captures=1, sightings=1, observations=(),
    )  # fmt: skip


def city(*rules: dict[str, Any], fallback: str = "a") -> City:
    return City.model_validate(
        {
            "name": "X",
            "detectors": {"pavement": {}},
            "owners": [{"id": o, "name": o.upper()} for o in "abc"],
            "routing": list(rules),
            "fallback": fallback,
        }
    )


ALL = [finding(n, s, d) for n in ("crack", "pothole") for s in (1, 2, 3) for d in ("pavement", "other")]


def owners(where: City) -> dict[str, str]:
    return {f"{f.name} {f.severity} {f.detector}": f.owner for f in route(ALL, where)}


def test_first_match_wins() -> None:
    narrow = {"classes": ["pothole"], "severities": [3], "owner": "b"}
    wide = {"classes": ["pothole"], "owner": "c"}
    assert owners(city(narrow, wide))["pothole 3 pavement"] == "b"
    assert owners(city(wide, narrow))["pothole 3 pavement"] == "c"


@pytest.mark.parametrize(
    ("rule", "taken"),
    [
        ({}, 12),
        ({"classes": ["crack"]}, 6),
        ({"severities": [2, 3]}, 8),
        ({"detectors": ["other"]}, 6),
        ({"classes": ["crack"], "severities": [1], "detectors": ["other"]}, 1),
        ({"classes": ["sign"]}, 0),
    ],
)
def test_a_rule_takes_what_meets_all_its_conditions(rule: dict[str, Any], taken: int) -> None:
    where = city({**rule, "owner": "b"})
    assert sum(o == "b" for o in owners(where).values()) == taken
    assert count(ALL, where).routed == taken


@pytest.mark.parametrize(
    "rules",
    [
        [],
        [{"owner": "b", "severities": [3]}, {"owner": "a", "classes": ["crack"]}],
        [{"owner": "a"}],
    ],
)
def test_routed_and_fallback_are_all_findings(rules: list[dict[str, Any]]) -> None:
    where = city(*rules)
    counts = count(ALL, where)
    assert counts.routed + counts.fallback == counts.findings == len(ALL)
    assert sum(counts.owners.values()) == len(ALL)
    assert set(counts.owners) == {"a", "b", "c"}
    routed = route(ALL, where)
    assert [f.id for f in routed] == [f.id for f in ALL]
    assert {o: sum(f.owner == o for f in routed) for o in counts.owners} == counts.owners
    assert count(routed, where) == counts  # routing again changes nothing


def test_a_rule_to_the_fallback_owner_counts_as_routed() -> None:
    counts = count(ALL, city({"classes": ["crack"], "owner": "a"}))
    assert (counts.routed, counts.fallback, counts.owners["a"]) == (6, 6, 12)


def test_nothing_to_route() -> None:
    assert route([], city()) == ()
    assert count([], city()).owners == {"a": 0, "b": 0, "c": 0}


FILE = """\
name: Prov
detectors:
  pavement: {}
owners:
  - {id: gata, name: Gatan}
  - {id: drift, name: Driften}
routing:
  - classes: [pothole]
    severities: [2, 3]
    owner: drift
    note: lagas direkt.
  - detectors: [pavement]
    classes: [crack, network]
    owner: gata
fallback: gata
"""


def test_explain_names_lines_and_conditions(tmp_path: Path) -> None:
    path = tmp_path / "stad.yaml"
    path.write_text(FILE)
    where = load_city(path)
    assert explain(finding("pothole", 1), where) == [
        "finding pothole10: pothole (sv-pothole), severity 1, detector pavement",
        f"{path}:8 routing[0]: no, 1 is not among severities 2, 3",
        f"{path}:12 routing[1]: no, pothole is not among classes crack, network",
        f"{path}:15 fallback: no rule matched, so the fallback owner gets it",
        "owner: gata (Gatan)",
    ]
    assert explain(finding("pothole", 3), where)[1:] == [
        f"{path}:8 routing[0]: yes, it takes classes pothole; severities 2, 3 (lagas direkt)",
        "owner: drift (Driften)",
    ]
    assert explain(finding("crack", 1, "other"), where)[1:3] == [
        f"{path}:8 routing[0]: no, crack is not among classes pothole and 1 is not among severities 2, 3",
        f"{path}:12 routing[1]: no, other is not among detectors pavement",
    ]


def test_explain_agrees_with_route_and_needs_no_file() -> None:
    where = city({"owner": "b", "severities": [3]}, {"owner": "c", "classes": ["crack"]})
    for f in route(ALL, where):
        assert explain(f, where)[-1] == f"owner: {f.owner} ({f.owner.upper()})"
    assert explain(ALL[0], city())[1] == "fallback: there are no rules, so the fallback owner gets it"
    everything = city({"owner": "b"})
    assert explain(ALL[0], everything)[1] == "routing[0]: yes, it takes everything"
