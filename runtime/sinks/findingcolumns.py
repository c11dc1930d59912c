"""The columns of findings, in the order that a department reads them."""

from __future__ import annotations

from gatukoll.runtime.sinks.columns import Column, FindingRow, heading, metres, pairs, rounded
from gatukoll.runtime.texts import compass, status


def map_url(row: FindingRow) -> str:
    """Return the link to a map; nothing is fetched."""
    degrees = heading(row.finding.heading_deg)
    return row.city.output.map_link.format(
        lat=f"{row.lat:.7f}",
        lon=f"{row.lon:.7f}",
        heading=0 if degrees is None else degrees,
        east=f"{row.east:.1f}",
        north=f"{row.north:.1f}",
    )


def _place(value: float, row: FindingRow) -> float:
    return round(value, 1 if abs(row.east) > 180 or abs(row.north) > 180 else 7)


FINDINGS: tuple[Column[FindingRow], ...] = (
    Column("id", "text", "Id", "Id", "id of the finding, stable over runs", lambda r: r.finding.id),
    Column(
        "severity",
        "int",
        "Allvarlighet",
        "Severity",
        "1 slight, 2 moderate, 3 severe",
        lambda r: r.finding.severity,
    ),
    Column("class_sv", "text", "Klass", "Class (sv)", "class in Swedish", lambda r: r.finding.sv, "sv"),
    Column("class_en", "text", "Klass (en)", "Class", "class in English", lambda r: r.finding.en, "en"),
    Column(
        "status",
        "text",
        "Status",
        "Status",
        "life of the finding: new = nobody has judged it yet",
        lambda r: r.finding.status,
        "gis",
    ),
    Column(
        "status_word",
        "text",
        "Status",
        "Status",
        "the same in the city's language",
        lambda r: status(r.finding.status, r.city.output.language),
        "csv",
    ),
    Column(
        "owner_name",
        "text",
        "Ägare",
        "Owner",
        "who gets it",
        lambda r: {o.id: o.name for o in r.city.owners}.get(r.finding.owner),
    ),
    Column(
        "length_m",
        "float",
        "Längd (m)",
        "Length (m)",
        "length of a line, longer side of an area; empty where it has no meaning",
        lambda r: metres(r.finding.size.get("length_m")),
    ),
    Column(
        "width_m",
        "float",
        "Bredd (m)",
        "Width (m)",
        "shorter side of an area",
        lambda r: metres(r.finding.size.get("width_m")),
    ),
    Column(
        "area_m2",
        "float",
        "Yta (m²)",
        "Area (m²)",
        "area on the road",
        lambda r: metres(r.finding.size.get("area_m2")),
    ),
    Column(
        "size_sd",
        "float",
        "Osäkerhet i mått (andel)",
        "Uncertainty of sizes (share)",
        "relative standard deviation of a length; 0.2 = 20 %",
        lambda r: rounded(r.finding.size.get("size_sd"), 2),
    ),
    Column(
        "heading_deg",
        "int",
        "Körriktning (grader)",
        "Heading (degrees)",
        "direction of travel when it was seen, clockwise from north, 0-359",
        lambda r: heading(r.finding.heading_deg),
    ),
    Column(
        "direction",
        "text",
        "Väderstreck",
        "Direction",
        "the same as a compass point, in the city's language",
        lambda r: compass(r.finding.heading_deg, r.city.output.language) or None,
        "csv",
    ),
    Column(
        "first_seen",
        "time",
        "Först sedd",
        "First seen",
        "time of the first frame that shows it",
        lambda r: r.finding.first_seen,
    ),
    Column(
        "last_seen",
        "time",
        "Senast sedd",
        "Last seen",
        "time of the last frame that shows it",
        lambda r: r.finding.last_seen,
    ),
    Column(
        "n_passes",
        "int",
        "Antal passager",
        "Passes",
        "number of captures that show it",
        lambda r: r.finding.captures,
    ),
    Column(
        "n_sightings",
        "int",
        "Antal bilder",
        "Sightings",
        "number of frames that show it",
        lambda r: r.finding.sightings,
    ),
    Column("map_url", "text", "Kartlänk", "Map", "link to a map, see output.map_link", map_url),
    Column("lat", "float", "Latitud", "Latitude", "degrees WGS84", lambda r: rounded(r.lat, 7)),
    Column("lon", "float", "Longitud", "Longitude", "degrees WGS84", lambda r: rounded(r.lon, 7)),
    Column(
        "east",
        "float",
        "Öst",
        "East",
        "in the city's coordinate system (output.epsg)",
        lambda r: _place(r.east, r),
    ),
    Column(
        "north",
        "float",
        "Nord",
        "North",
        "in the city's coordinate system (output.epsg)",
        lambda r: _place(r.north, r),
    ),
    Column(
        "sd_m",
        "float",
        "Osäkerhet i läge (m)",
        "Uncertainty of place (m)",
        "standard deviation of its place per axis, metres",
        lambda r: rounded(r.finding.sd_m, 1),
    ),
    Column(
        "score",
        "float",
        "Säkerhet",
        "Score",
        "best score of the model, 0-1; not a probability",
        lambda r: rounded(r.finding.score, 3),
    ),
    Column("rule", "text", "Regel", "Rule", "the rule that gave its severity", lambda r: r.finding.rule),
    Column(
        "rule_source",
        "text",
        "Regelns källa",
        "Source of the rule",
        "where that rule comes from",
        lambda r: r.finding.rule_source,
    ),
    Column("class", "text", "Klasskod", "Class code", "class, machine name", lambda r: r.finding.name),
    Column(
        "owner",
        "text",
        "Ägarkod",
        "Owner code",
        "id of the owner in the city's file",
        lambda r: r.finding.owner,
    ),
    Column("detector", "text", "Detektor", "Detector", "name of the detector", lambda r: r.finding.detector),
    Column(
        "model_version",
        "text",
        "Modellversion",
        "Model version",
        "of its newest observation",
        lambda r: r.finding.model_version or None,
        "gis",
    ),
    Column(
        "model",
        "text",
        "Modell",
        "Model",
        "detector and model version in one, as a spreadsheet takes a bare version for a date",
        lambda r: f"{r.finding.detector} {r.finding.model_version}".strip(),
        "csv",
    ),
    Column(
        "attributes",
        "text",
        "Egenskaper",
        "Attributes",
        "what else the detector read, key=value",
        lambda r: pairs(r.finding.attributes),
    ),
)

GIS_FINDINGS: tuple[Column[FindingRow], ...] = tuple(c for c in FINDINGS if c.only != "csv")
"""Columns of the layer findings."""

SHAPES: tuple[Column[FindingRow], ...] = tuple(
    c for c in FINDINGS if c.name in {"id", "severity", "class_sv", "class_en", "class", "owner", "status"}
)
"""Columns of the layers that hold the shapes of findings; the rest is found by id in the layer findings."""
