"""Which set of facts the merge reads where one capture has several of one detector."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import NamedTuple

from gatukoll.runtime.findings.facts import FactKey


class InUse(NamedTuple):
    """A model with its settings that the caller runs with now; its facts win where they exist."""

    detector: str
    model: str
    settings: str


def version_key(version: str) -> tuple[tuple[int, int, str], ...]:
    """Return a sort key that puts 1.10 after 1.9, and a word (a pre-release) before the plain number.

    >>> sorted(["1.10", "1.9", "1.10rc1", "2"], key=version_key)
    ['1.9', '1.10rc1', '1.10', '2']
    """
    parts = re.findall(r"\d+|[A-Za-z]+", version)
    key = [(2, int(p), "") if p.isdigit() else (0, 0, p) for p in parts]
    return (*key, (1, 0, ""))


def promoted(
    sets: Iterable[tuple[FactKey, str]], in_use: Collection[tuple[str, str, str]] = ()
) -> frozenset[FactKey]:
    """Choose one set per capture and detector.

    First a set whose (detector, model, settings) is in use, then one whose (detector, model) is, then the
    highest model version, then the highest model digest, then the highest settings digest. Neither the order
    nor the time in which the facts came plays a part, so the same facts always give the same findings. Two
    settings of one model can't be told newer from older by this: name the ones in use.

    Args:
        sets: (key, model version) of all sets there are.
        in_use: `InUse` of the detectors that run now.
    """
    exact = set(in_use)
    models = {(detector, model) for detector, model, _ in in_use}
    best: dict[tuple[str, str], tuple[tuple[object, ...], FactKey]] = {}
    for key, version in sets:
        rank = (
            (key.detector, key.model, key.settings) in exact,
            (key.detector, key.model) in models,
            version_key(version),
            key.model,
            key.settings,
        )
        place = (key.capture, key.detector)
        if place not in best or rank > best[place][0]:
            best[place] = (rank, key)
    return frozenset(key for _, key in best.values())
