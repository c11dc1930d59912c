"""Pictures of findings, of made captures alone: the frame that shows each from nearest by, outlined."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from gatukoll.runtime.capture.model import Frame
from gatukoll.runtime.capture.reading import Opened
from gatukoll.runtime.findings.facts import FactSet, Finding
from gatukoll.runtime.job import Job
from gatukoll.runtime.privacy import PictureGate
from gatukoll.runtime.sinks.base import OWNERS, Output, folder_name

PICTURES = "pictures"
COLOURS = {1: (250, 200, 40), 2: (250, 130, 30), 3: (235, 50, 40)}
"""Severity -> RGB, as in the GIS styles: yellow, orange, red."""


def write_pictures(job: Job, output: Output, folder: Path) -> list[Path]:
    """Write one picture a finding that a made capture of this run shows: the nearest frame, outlined.

    Args:
        job: with the captures; of those that are not surely made no picture is written.
        output: its findings.
        folder: of the results; the pictures lie in it and in the folders of their owners.

    Returns:
        The files.

    Raises:
        OSError: one of them can't be written.
    """
    wanted = _nearest_sightings(output.facts, output.findings)
    files: list[Path] = []
    for capture in job.found.captures:
        opened = job.opened[capture.digest]
        gate = PictureGate(capture)
        if gate.is_open and isinstance(opened, Opened) and capture.digest in wanted:
            files += _write_from(opened, wanted[capture.digest], gate, folder, job.city.output.language)
    _remove_stale(folder, files)
    return files


def _remove_stale(folder: Path, files: list[Path]) -> None:
    """Remove pictures of an earlier run that are no more; only what its run.json lists is ours to remove."""
    try:
        before = json.loads((folder / "run.json").read_text(encoding="utf-8"))["files"]
    except (OSError, ValueError, KeyError, TypeError):
        return
    for name in before:
        path = folder / str(name)
        if _is_picture(Path(str(name))) and path not in files:
            path.unlink(missing_ok=True)
            with suppress(OSError):  # other files in them stay
                path.parent.rmdir()
                path.parent.parent.rmdir()


def _is_picture(name: Path) -> bool:
    """Say whether a relative path is one of a picture that a run writes."""
    match name.parts:
        case (pictures, _) | ("owners", _, pictures, _):
            return pictures == PICTURES and ".." not in name.parts
    return False


Sighting = tuple[Finding, Mapping[str, Any]]


def _nearest_sightings(
    facts: Iterable[FactSet], findings: Iterable[Finding]
) -> dict[str, dict[int, list[Sighting]]]:
    """Return capture digest -> frame index -> findings that are nearest in that frame."""
    sightings = {(s.key, o.number): o.sightings for s in facts for o in s.observations}
    found: dict[str, dict[int, list[Sighting]]] = {}
    for finding in findings:
        all_of_it = [(key, s) for key, number in finding.observations for s in sightings[key, number]]
        key, best = min(all_of_it, key=lambda pair: (pair[1]["distance_m"], pair[0], pair[1]["frame"]))
        found.setdefault(key.capture, {}).setdefault(int(best["frame"]), []).append((finding, best))
    return found


def _write_from(
    opened: Opened, wanted: dict[int, list[Sighting]], gate: PictureGate, folder: Path, language: str
) -> list[Path]:
    files = []
    left = set(wanted)
    for frame in opened.frames():
        if isinstance(frame, Frame) and frame.index in left:
            for finding, sighting in wanted[frame.index]:
                picture = _outlined(frame.picture, finding, sighting, language)
                for place in (folder, folder / OWNERS / folder_name(finding.owner)):
                    path = place / PICTURES / f"{finding.id}.jpg"
                    gate.write(path, picture)
                    files.append(path)
            left.discard(frame.index)
        if not left:
            break
    return files


def _outlined(
    picture: NDArray[np.uint8], finding: Finding, sighting: Mapping[str, Any], language: str
) -> NDArray[np.uint8]:
    """Return the frame with a box around the finding, and in words what it is, how severe and how large."""
    image = Image.fromarray(picture)
    draw = ImageDraw.Draw(image)
    x0, y0, x1, y1 = (round(v) for v in sighting["box_px"])
    colour = COLOURS[finding.severity]
    draw.rectangle((x0 - 4, y0 - 4, x1 + 4, y1 + 4), outline=colour, width=3)
    font, text = _font(max(14, picture.shape[0] // 32), caption(finding, language))
    width, height = (round(v) for v in draw.textbbox((0, 0), text, font=font)[2:])
    left = min(max(x0 - 4, 0), max(picture.shape[1] - width - 10, 0))
    top = y0 - height - 12 if y0 - height - 12 > 0 else min(y1 + 4, picture.shape[0] - height - 8)
    draw.rectangle((left, top, left + width + 10, top + height + 8), fill=colour)
    draw.text((left + 5, top + 3), text, font=font, fill=(0, 0, 0))
    return np.asarray(image)


def _font(size: int, text: str) -> tuple[ImageFont.FreeTypeFont | ImageFont.ImageFont, str]:
    """Return a font with the text as it can write it: Pillow's own knows no å and no ²."""
    try:
        return ImageFont.truetype("DejaVuSans.ttf", size), text
    except OSError:  # not installed
        plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
        return ImageFont.load_default(size), plain


def caption(finding: Finding, language: str) -> str:
    """Return what stands on the picture of a finding, e.g. ``potthål, allvarlighet 2, 0,4 m²``."""
    word, severity = (finding.sv, "allvarlighet") if language == "sv" else (finding.en, "severity")
    area, length = finding.size.get("area_m2", 0.0), finding.size.get("length_m", 0.0)
    size = (
        f"{area:.1f} m²" if area >= 1 else f"{area:.2f} m²" if area else f"{length:.1f} m" if length else ""
    )
    size = size.replace(".", ",") if language == "sv" else size
    return ", ".join(part for part in (word, f"{severity} {finding.severity}", size) if part)
