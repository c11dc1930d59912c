"""The columns of facts: observations, and what was driven."""

from __future__ import annotations

from datetime import datetime

from gatukoll.runtime.findings.facts import CaptureRecord, Observation
from gatukoll.runtime.sinks.columns import Column, ObservationRow, heading, metres, pairs, rounded

OBSERVATIONS: tuple[Column[ObservationRow], ...] = (
    Column(
        "id",
        "text",
        "Id",
        "Id",
        "capture, detector, model and settings (beginnings of their digests) and number",
        lambda r: "-".join(
            (
                r.key.capture[:12],
                r.key.detector,
                r.key.model[:8],
                r.key.settings[:8],
                str(r.observation.number),
            )
        ),
    ),
    Column("finding_id", "text", "Fynd", "Finding", "finding that it is part of", lambda r: r.finding),
    Column("class_sv", "text", "Klass", "Class (sv)", "class in Swedish", lambda r: r.words["sv"]),
    Column("class_en", "text", "Klass (en)", "Class", "class in English", lambda r: r.words["en"]),
    Column(
        "score",
        "float",
        "Säkerhet",
        "Score",
        "best score of its sightings, 0-1",
        lambda r: rounded(r.observation.score, 3),
    ),
    Column(
        "length_m",
        "float",
        "Längd (m)",
        "Length (m)",
        "length of a line, longer side of an area",
        lambda r: metres(r.observation.size.get("length_m")),
    ),
    Column(
        "width_m",
        "float",
        "Bredd (m)",
        "Width (m)",
        "shorter side of an area",
        lambda r: metres(r.observation.size.get("width_m")),
    ),
    Column(
        "area_m2",
        "float",
        "Yta (m²)",
        "Area (m²)",
        "area on the road",
        lambda r: metres(r.observation.size.get("area_m2")),
    ),
    Column(
        "size_sd",
        "float",
        "Osäkerhet i mått (andel)",
        "Uncertainty of sizes (share)",
        "relative standard deviation of a length",
        lambda r: rounded(r.observation.size.get("size_sd"), 2),
    ),
    Column(
        "sd_m",
        "float",
        "Osäkerhet i läge (m)",
        "Uncertainty of place (m)",
        "standard deviation of its place per axis, metres, the vehicle's position included",
        lambda r: rounded(r.observation.sd_m, 1),
    ),
    Column(
        "heading_deg",
        "int",
        "Körriktning (grader)",
        "Heading (degrees)",
        "direction of travel, clockwise from north, 0-359",
        lambda r: heading(r.observation.heading_deg),
    ),
    Column(
        "first_seen",
        "time",
        "Först sedd",
        "First seen",
        "time of the first frame that shows it",
        lambda r: r.observation.first,
    ),
    Column(
        "last_seen",
        "time",
        "Senast sedd",
        "Last seen",
        "time of the last frame that shows it",
        lambda r: r.observation.last,
    ),
    Column(
        "n_sightings",
        "int",
        "Antal bilder",
        "Sightings",
        "number of frames that show it",
        lambda r: len(r.observation.sightings),
    ),
    Column("capture", "text", "Inspelning", "Capture", "name of the capture", lambda r: r.capture),
    Column(
        "frame",
        "text",
        "Bild",
        "Frame",
        "the frame that shows it best (highest score), to look it up in the film",
        lambda r: _best_frame(r.observation),
    ),
    Column("lat", "float", "Latitud", "Latitude", "degrees WGS84", lambda r: rounded(r.lat, 7)),
    Column("lon", "float", "Longitud", "Longitude", "degrees WGS84", lambda r: rounded(r.lon, 7)),
    Column("class", "text", "Klasskod", "Class code", "class, machine name", lambda r: r.observation.name),
    Column("detector", "text", "Detektor", "Detector", "name of the detector", lambda r: r.key.detector),
    Column(
        "model_version", "text", "Modellversion", "Model version", "of the model", lambda r: r.model_version
    ),
    Column(
        "attributes",
        "text",
        "Egenskaper",
        "Attributes",
        "what else the detector read, key=value",
        lambda r: pairs(r.observation.attributes),
    ),
)


def _best_frame(observation: Observation) -> str | None:
    best = max(observation.sightings, key=lambda s: float(s.get("score", 0)), default=None)
    return str(best["source"]) if best and "source" in best else None


def _time(record: CaptureRecord, word: str) -> datetime | None:
    value = record.plan.get(word)
    if isinstance(value, str):
        return datetime.fromisoformat(value)
    return value if isinstance(value, datetime) else None


TRACES: tuple[Column[CaptureRecord], ...] = (
    Column("capture", "text", "Inspelning", "Capture", "name of the capture", lambda r: r.name),
    Column(
        "kind",
        "text",
        "Slag",
        "Kind",
        "film, pictures or trace (a drive without pictures)",
        lambda r: r.kind,
    ),
    Column("device", "text", "Enhet", "Device", "as stated in capture.yaml", lambda r: r.device or None),
    Column("starts", "time", "Börjar", "Starts", "first instant of the media", lambda r: _time(r, "starts")),
    Column("ends", "time", "Slutar", "Ends", "last instant of the media", lambda r: _time(r, "ends")),
    Column(
        "length_m",
        "float",
        "Sträcka (m)",
        "Distance (m)",
        "distance travelled while filming",
        lambda r: metres(float(r.plan.get("length_m") or 0)),
    ),
    Column("state", "text", "Läge", "State", "done or rejected", lambda r: r.state),
    Column(
        "reason", "text", "Orsak", "Reason", "reason code where it was rejected", lambda r: r.code or None
    ),
    Column("offered", "int", "Bilder", "Frames offered", "frames that were due", lambda r: r.offered),
    Column(
        "accepted",
        "int",
        "Använda bilder",
        "Frames accepted",
        "frames that were looked at",
        lambda r: r.accepted,
    ),
    Column(
        "rejected",
        "text",
        "Bortvalda bilder",
        "Frames rejected",
        "reason code=count",
        lambda r: pairs(r.rejected),
    ),
)
