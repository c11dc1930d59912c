"""One set of facts per capture and detector, whatever the order they came in."""

from __future__ import annotations

import itertools

from gatukoll.runtime.findings.facts import FactKey
from gatukoll.runtime.findings.promotion import InUse, promoted, version_key

SETS = [
    (FactKey("c1", "d1", "m1", "s1"), "1.9"),
    (FactKey("c1", "d1", "m2", "s1"), "1.10"),
    (FactKey("c1", "d1", "m2", "s2"), "1.10"),
    (FactKey("c1", "d2", "m1", "s1"), "0.1"),
    (FactKey("c2", "d1", "m1", "s9"), "1.9"),
]


def chosen(in_use: tuple[InUse, ...] = ()) -> set[tuple[str, ...]]:
    answers = {promoted(order, in_use) for order in itertools.permutations(SETS)}
    assert len(answers) == 1
    return {(k.capture, k.detector, k.model, k.settings) for k in answers.pop()}


def test_highest_version_then_digests() -> None:
    assert chosen() == {("c1", "d1", "m2", "s2"), ("c1", "d2", "m1", "s1"), ("c2", "d1", "m1", "s9")}


def test_what_is_in_use_wins_where_it_exists() -> None:
    assert ("c1", "d1", "m2", "s1") in chosen((InUse("d1", "m2", "s1"),))
    older = chosen((InUse("d1", "m1", "elsewhere"),))
    assert ("c1", "d1", "m1", "s1") in older
    assert ("c2", "d1", "m1", "s9") in older
    assert ("c1", "d2", "m1", "s1") in chosen((InUse("d2", "m7", "s1"),))


def test_versions_sort_as_people_read_them() -> None:
    versions = ["2", "1.10", "", "1.9", "1.10rc1", "1.10.1", "v1.8"]
    assert sorted(versions, key=version_key) != versions
    ordered = sorted(["1.10.1", "1.9", "1.10", "1.10rc1", "2"], key=version_key)
    assert ordered == ["1.9", "1.10rc1", "1.10", "1.10.1", "2"]
