"""Who gets a finding: the city's rules from above, the first match decides, else the fallback owner."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # facts bring shapely, which `gatukoll config check` has no use for
    from gatukoll.runtime.city.model import City, Rule
    from gatukoll.runtime.findings.facts import Finding


@dataclass(frozen=True, slots=True)
class Counts:
    """How many findings went where; routed + fallback = findings, and so does the sum over owners.

    Attributes:
        findings: all of them.
        routed: taken by a rule.
        fallback: taken by none.
        owners: id of every owner of the city -> findings, 0 included.
    """

    findings: int
    routed: int
    fallback: int
    owners: Mapping[str, int]


def route(findings: Iterable[Finding], city: City) -> tuple[Finding, ...]:
    """Return the findings with their owners set, in the order given."""
    return tuple(replace(f, owner=_owner(f, city)) for f in findings)


def count(findings: Iterable[Finding], city: City) -> Counts:
    """Count where findings go, whether or not `route` has been there."""
    owners = Counter({o.id: 0 for o in city.owners})
    routed = total = 0
    for finding in findings:
        total += 1
        routed += _rule_of(finding, city) is not None
        owners[_owner(finding, city)] += 1
    return Counts(total, routed, total - routed, dict(owners))


def explain(finding: Finding, city: City) -> list[str]:
    """Say rule by rule why a finding goes where it goes, each with its line in the city's file.

    Rules below the one that matched are not asked, and not listed.
    """
    word = finding.sv if city.output.language == "sv" else finding.en
    lines = [
        f"finding {finding.id}: {finding.name} ({word}), severity {finding.severity}, "
        f"detector {finding.detector}"
    ]
    for i, rule in enumerate(city.routing):
        if failed := misses(rule, finding.detector, finding.name, finding.severity):
            lines.append(f"{city.at('routing', i)}: no, {' and '.join(failed)}")
            continue
        note = f" ({rule.note.rstrip('.')})" if rule.note else ""
        lines.append(f"{city.at('routing', i)}: yes, {_says(rule)}{note}")
        return [*lines, f"owner: {_named(rule.owner, city)}"]
    why = "no rule matched" if city.routing else "there are no rules"
    lines.append(f"{city.at('fallback')}: {why}, so the fallback owner gets it")
    return [*lines, f"owner: {_named(city.fallback, city)}"]


def misses(rule: Rule, detector: str, name: str, severity: int) -> list[str]:
    """Return the conditions of a rule that do not hold, in words; none = it matches."""
    failed = []
    if rule.classes is not None and name not in rule.classes:
        failed.append(f"{name} is not among classes {', '.join(rule.classes)}")
    if rule.severities is not None and severity not in rule.severities:
        failed.append(f"{severity} is not among severities {', '.join(map(str, rule.severities))}")
    if rule.detectors is not None and detector not in rule.detectors:
        failed.append(f"{detector} is not among detectors {', '.join(rule.detectors)}")
    return failed


def _says(rule: Rule) -> str:
    """Say what a rule that matched asks for."""
    asks = [
        f"{word} {', '.join(map(str, values))}"
        for word, values in (
            ("classes", rule.classes),
            ("severities", rule.severities),
            ("detectors", rule.detectors),
        )
        if values is not None
    ]
    return f"it takes {'; '.join(asks)}" if asks else "it takes everything"


def _rule_of(finding: Finding, city: City) -> int | None:
    """Return the place of the first rule that matches, None where none does."""
    for i, rule in enumerate(city.routing):
        if not misses(rule, finding.detector, finding.name, finding.severity):
            return i
    return None


def _owner(finding: Finding, city: City) -> str:
    i = _rule_of(finding, city)
    return city.fallback if i is None else city.routing[i].owner


def _named(owner_id: str, city: City) -> str:
    return f"{owner_id} ({city.owner(owner_id).name})"
