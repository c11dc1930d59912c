"""Says in plain words what a city's file does, and what in it can't do anything."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from gatukoll.detectors import registry
from gatukoll.detectors.contract import Detector, FindingClass
from gatukoll.errors import UserError
from gatukoll.runtime import crs
from gatukoll.runtime.city.load import all_detectors, load_city, load_detectors
from gatukoll.runtime.city.model import City
from gatukoll.runtime.routing import misses

Case = tuple[str, str, int]  # detector, class, severity
SEVERITIES = (1, 2, 3)


def check(path: Path | str) -> list[str]:
    """Return what a city's file says, line by line, warnings last; raises what `load_city` raises."""
    city = load_city(path)
    detectors = load_detectors(city)
    takers = _takers(city, _cases(detectors))
    return [
        f"{path}: {city.name}{', ' + city.municipality if city.municipality else ''}",
        *_detector_lines(city, detectors),
        "",
        *_table(city, detectors, takers),
        "",
        *_owner_lines(city, takers),
        *_result_lines(city),
        *_warnings(city, detectors, takers),
    ]


def _cases(detectors: Mapping[str, Detector]) -> list[Case]:
    return [(name, c.name, s) for name, d in detectors.items() for c in d.classes for s in SEVERITIES]


def _takers(city: City, cases: list[Case]) -> dict[Case, int | None]:
    """Return for each case the rule that takes it; None = the fallback."""
    return {
        case: next((i for i, rule in enumerate(city.routing) if not misses(rule, *case)), None)
        for case in cases
    }


def _detector_lines(city: City, detectors: Mapping[str, Detector]) -> list[str]:
    lines = []
    for name, detector in detectors.items():
        words = ", ".join(_word(city, c) for c in detector.classes)
        lines.append(f"detector {name}: on; looks for {words}")
    off = [name for name in city.detectors if name not in detectors]
    off += [p.name for p in registry.installed() if p.name not in city.detectors]
    return lines + [f"detector {name}: off" for name in dict.fromkeys(off)]


def _word(city: City, kind: FindingClass) -> str:
    return f"{kind.name} ({kind.sv if city.output.language == 'sv' else kind.en})"


def _table(city: City, detectors: Mapping[str, Detector], takers: Mapping[Case, int | None]) -> list[str]:
    """Return the table class x severity -> owner; the fallback's share is marked."""
    rows = [("class", *(f"severity {s}" for s in SEVERITIES))]
    for name, detector in detectors.items():
        for kind in detector.classes:
            cells = [_taker(city, takers[name, kind.name, s]) for s in SEVERITIES]
            rows.append((_word(city, kind), *cells))
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    table = ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in rows]
    return [*table, "* = fallback, no rule takes it"] if None in takers.values() else table


def _taker(city: City, rule: int | None) -> str:
    return f"{city.fallback} *" if rule is None else city.routing[rule].owner


def _owner_lines(city: City, takers: Mapping[Case, int | None]) -> list[str]:
    lines = []
    for owner in city.owners:
        mail = f", {owner.email}" if owner.email else ""
        last = "; fallback" if owner.id == city.fallback else ""
        lines.append(f"owner {owner.id}: {owner.name}{mail}{last}")
    if unruled := _unruled(takers):
        lines.append(f"no rule for {', '.join(unruled)}: they go to {city.fallback}")
    return lines


def _unruled(takers: Mapping[Case, int | None]) -> list[str]:
    """Return the classes that no rule takes at any severity."""
    taken = {(d, c) for (d, c, _), rule in takers.items() if rule is not None}
    return list(dict.fromkeys(c for d, c, _ in takers if (d, c) not in taken))


def _result_lines(city: City) -> list[str]:
    out = city.output
    language = {"sv": "Swedish", "en": "English"}[out.language]
    frames = (
        f"{city.reading.every_s:g} s" if city.reading.every_s is not None else f"{city.reading.spacing_m:g} m"
    )
    return [
        f"frames: one every {frames}",
        f"results: {', '.join(out.sinks)}; in {language}; EPSG:{out.epsg} ({crs.name_of(out.epsg)}); "
        f"CSV times {out.time_zone}",
        f"store: {city.store_url.removeprefix('sqlite:///')}",
    ]


def _warnings(city: City, detectors: Mapping[str, Detector], takers: Mapping[Case, int | None]) -> list[str]:
    lines = []
    for name in detectors:
        state = registry.get(name, enabled=False).state()
        if not state.ok:
            lines.append(f"{city.at('detectors', name)}: {name} can't run: {state.reason}")
    lines += _idle_rules(city, takers)
    paid = {city.fallback} | {city.routing[i].owner for i in takers.values() if i is not None}
    for i, owner in enumerate(city.owners):
        if owner.id not in paid:
            ruled = any(rule.owner == owner.id for rule in city.routing)
            why = "none of its rules can match" if ruled else "no rule names it"
            lines.append(f"{city.at('owners', i)}: owner {owner.id} gets nothing, {why}")
    return [f"warning: {line}" for line in lines]


def _idle_rules(city: City, takers: Mapping[Case, int | None]) -> list[str]:
    """Say of each rule that takes nothing why: rules above take it all, or its detectors are off."""
    lines = []
    for i, rule in enumerate(city.routing):
        wanted = [case for case in takers if not misses(rule, *case)]
        if i in takers.values():
            continue
        if wanted:
            above = sorted({k for case in wanted if (k := takers[case]) is not None})
            names = " and ".join(city.at("routing", k) for k in above)
            lines.append(f"{city.at('routing', i)}: can never match, all of it is taken by {names}")
        else:
            lines.append(f"{city.at('routing', i)}: can't match, {_why_idle(city, i)}")
    return lines


def _why_idle(city: City, i: int) -> str:
    rule, on = city.routing[i], set(city.enabled)
    needed = set(rule.detectors or ())
    if not needed:
        wanted = set(rule.classes or ())
        try:
            needed = {n for n, d in all_detectors().items() if wanted & {c.name for c in d.classes}}
        except UserError:
            needed = set()
    off = sorted(needed - on)
    return f"{', '.join(off)} is off" if off else "its detectors have none of its classes"
