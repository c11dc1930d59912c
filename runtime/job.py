"""A run before it begins: the city's file read, the detectors checked, the captures found and opened."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import numpy as np

from gatukoll.errors import CaptureRejected, ConfigError, GatukollError, UserError
from gatukoll.runtime.capture.discover import Discovery, discover
from gatukoll.runtime.capture.model import Capture
from gatukoll.runtime.capture.open import check_clock, open_capture
from gatukoll.runtime.capture.reading import Opened, Reading, reading_digest
from gatukoll.runtime.chosen import Chosen, choose
from gatukoll.runtime.city.load import load_city
from gatukoll.runtime.city.model import City
from gatukoll.runtime.crs import check_area
from gatukoll.runtime.findings.facts import FactKey

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """A run that is about to begin: everything read and checked, no picture decoded.

    Attributes:
        city: whose file it is.
        chosen: the detectors that are on.
        found: what lies in the paths.
        opened: capture digest -> the capture, ready to be read, or why it can't be.
        readings: capture digest -> digest of how it is read.
    """

    city: City
    chosen: tuple[Chosen, ...]
    found: Discovery
    opened: Mapping[str, Opened | CaptureRejected]
    readings: Mapping[str, str]

    def key(self, capture: Capture, item: Chosen) -> FactKey:
        """Return the key of the facts that a detector has or will have of a capture."""
        settings = item.settings_for(self.readings[capture.digest])
        return FactKey(capture.digest, item.name, item.model, settings)


def prepare(paths: Sequence[Path], city_file: Path, clock: str | None = None) -> Job:
    """Read the city's file, find the captures and open each as far as its plan.

    Raises:
        UserError: in the city's file (also where no detector is enabled), a detector, a capture.yaml or a
            path; nothing has been begun.
    """
    city = load_city(city_file)
    reading = Reading(
        spacing_m=city.reading.spacing_m,
        every_s=city.reading.every_s,
        clock=clock,
        mounting=city.camera.mounting(),
    )
    chosen = choose(city)
    if not chosen:
        raise ConfigError(
            "no detector is enabled, so nothing would be looked for",
            where=city.at("detectors"),
            todo="Write enabled: true, or take the line away, for one of them.",
        )
    found = discover(paths)
    check_clock(found.captures, reading)
    opened = {capture.digest: _open(capture, reading, city, found) for capture in found.captures}
    readings = {capture.digest: reading_digest(capture, reading) for capture in found.captures}
    return Job(city, chosen, found, opened, readings)


def _hinted(reason: CaptureRejected, capture: Capture, found: Discovery) -> CaptureRejected:
    """Return a rejection for want of a trace with the GPX named that lies about and may be meant."""
    traces = found.lone_traces(capture)
    if reason.code != "no_trace" or not traces:
        return reason
    # of many only one that is spelled almost the same; the threshold is by feel
    like = get_close_matches(capture.media[0].stem, [Path(trace).stem for trace in traces], 1, 0.75)
    near = [trace for trace in traces if len(traces) == 1 or Path(trace).stem in like][:1]
    hint = f"{near[0]} lies beside it (is it its trace?); " if near else ""
    return CaptureRejected(reason.code, hint + reason.detail)


def _open(capture: Capture, reading: Reading, city: City, found: Discovery) -> Opened | CaptureRejected:
    try:
        opened = open_capture(capture, reading)
    except CaptureRejected as reason:
        return _hinted(reason, capture, found)
    except GatukollError:
        raise
    except Exception as error:  # one capture that nobody thought of must not lose the others
        return bug(capture, error)
    if opened.driven:
        west, south = np.concatenate(opened.driven)[:, ::-1].min(axis=0)
        east, north = np.concatenate(opened.driven)[:, ::-1].max(axis=0)
        try:
            check_area(city.output.epsg, (west, south, east, north), where=city.at("output", "epsg"))
        except UserError as outside:
            return CaptureRejected("position_outside_area", str(outside))
    return opened


def bug(capture: Capture, error: Exception) -> CaptureRejected:
    """Return the rejection of a capture on which gatukoll or a detector failed; its traceback is logged."""
    logger.error("%s: gatukoll or a detector failed; the run goes on", capture.name, exc_info=error)
    first = (str(error).strip().splitlines() or [""])[0]
    return CaptureRejected("bug", f"{type(error).__name__}: {first}")
