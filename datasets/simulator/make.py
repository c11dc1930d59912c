"""`gatukoll simulate`: films of a made street, with trace, mounting, mark and truth."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from gatukoll import made
from gatukoll.datasets.simulator import drive, film, ground, invent, scene, sight, truth
from gatukoll.datasets.simulator.items import CameraPath, Mounting, Scene
from gatukoll.datasets.simulator.render import Renderer
from gatukoll.errors import DataError

logger = logging.getLogger(__name__)

START = datetime(2026, 9, 14, 6, 58, 20, tzinfo=UTC)
PHONE = Mounting()
"""The default camera: a phone in a windscreen, 1.55 m up, looking 5 degrees down."""
DEMO_SEEDS_FROM = 10_000
"""Seeds from here on are for demos and tests; those below are for training sets and never filmed there."""

Progress = Callable[[str, int, int], None]


def _capture_yaml(path: CameraPath, start: datetime) -> str:
    c = path.camera
    return (
        f"clock: start={start.isoformat().replace('+00:00', 'Z')}\n"
        "device: gatukoll simulate\n"
        f"position_sd_m: {drive.GPS_SD_M}\n"
        "camera:\n"
        f"  height_m: {c.height_m}\n  pitch_deg: {c.pitch_deg}\n  roll_deg: {c.roll_deg}\n"
        f"  yaw_deg: {c.yaw_deg}\n  hfov_deg: {c.hfov_deg}\n"
    )


def _check(
    out: Path, seed: int, length_m: float, passes: int, fps: int, speed_kmh: float, start: datetime
) -> None:
    """Refuse what can't be filmed before anything is written."""
    for name, value, low, high in (
        ("length_m", length_m, 20, 5000),
        ("passes", passes, 1, 99),
        ("fps", fps, 1, 60),
        ("speed_kmh", speed_kmh, 3, 120),
    ):
        if not low <= value <= high:
            raise DataError(f"{value} is out of range", where=f"simulate {name}", allowed=f"{low} to {high}")
    if seed < 0:
        raise DataError(f"{seed} is negative", where="simulate seed", allowed="whole numbers from 0")
    if start.tzinfo is None:
        raise DataError(
            f"{start.isoformat()} names no time zone", where="simulate start_utc", allowed="an aware time"
        )
    old = out / "truth.json"
    if old.is_file() and json.loads(old.read_text()).get("seed") != seed:
        raise DataError(
            "the folder holds the truth of another street", where=str(out), todo="Name another folder."
        )


def _write_pass(
    out: Path,
    street: Scene,
    painted: ground.Ground,
    path: CameraPath,
    start: datetime,
    fps: int,
    progress: Progress | None,
) -> tuple[Path, dict[str, Any], frozenset[str]]:
    """Film one pass; return the film, its record in truth.json, and the damages it shows."""
    name = f"street-{street.seed}-pass-{path.number}"
    target = out / f"{name}.mp4"
    poses = drive.poses(path, street.street, fps)
    renderer = Renderer(street, path, painted)

    def counted() -> Any:  # noqa: ANN401
        for i, picture in enumerate(film.frames(renderer, poses)):
            if progress:
                progress(name, i + 1, len(poses))
            yield picture

    film.write(target, counted(), fps=fps, comment=f"{made.MARK} seed={street.seed} pass={path.number}")
    made.vouch(target, seed=street.seed, scene="scene.json")
    (out / f"{name}.gpx").write_text(drive.gpx(path, street.street, start), encoding="utf-8")
    (out / f"{name}.capture.yaml").write_text(_capture_yaml(path, start), encoding="utf-8")
    record = {
        "name": name,
        "film": target.name,
        "start_utc": start.isoformat().replace("+00:00", "Z"),
        "seconds": round(len(poses) / fps, 3),
        "frames": len(poses),
        "fps": fps,
        "speed_mps": path.speed_mps,
        "lane_x_m": path.lane_x_m,
    }
    return target, record, sight.seen_from(street, path, poses)


def simulate(
    out: Path,
    seed: int,
    *,
    length_m: float = 300.0,
    passes: int = 1,
    fps: int = 10,
    speed_kmh: float = 30.0,
    camera: Mounting | None = PHONE,
    start_utc: datetime = START,
    origin: tuple[float, float] = invent.ORIGIN,
    progress: Progress | None = None,
) -> list[Path]:
    """Make a street and film it.

    Writes for every pass NAME.mp4, NAME.gpx, NAME.capture.yaml and NAME.made.json, and for the street
    truth.json, truth.geojson and scene.json. Passes are a day apart and differ in light, place in the
    lane, speed and GPS error. 10 frames a second are enough here: 0.83 m at 30 km/h, while a run takes one
    frame in 5 m.

    Args:
        out: folder, made if need be.
        seed: of the street and its passes; from `DEMO_SEEDS_FROM` on it is in no training set.
        length_m: of the street.
        passes: how many times it is driven.
        fps: frames a second.
        speed_kmh: mean speed.
        camera: the mounting, or None for a drawn one per pass.
        start_utc: first frame of the first pass, aware.
        origin: (lat, lon) of the street's start.
        progress: called with pass, frames done, frames in all.

    Returns:
        The films.

    Raises:
        DataError: an argument is out of range, or `out` holds another street.
    """
    _check(out, seed, length_m, passes, fps, speed_kmh, start_utc)
    out.mkdir(parents=True, exist_ok=True)
    began = time.perf_counter()
    street = scene.random(seed, length_m=length_m, origin=origin)
    painted = ground.build(street)
    logger.info("street %d: %.0f m painted in %.1f s", seed, length_m, time.perf_counter() - began)
    films, records, seen = [], [], {}
    for number in range(1, passes + 1):
        path = scene.camera_path(seed, number, street.street, speed_kmh=speed_kmh, camera=camera)
        later = int(np.random.default_rng([seed, number, 9]).integers(0, 3 * 3600)) if number > 1 else 0
        start = start_utc.astimezone(UTC) + timedelta(days=number - 1, seconds=later)
        target, record, ids = _write_pass(out, street, painted, path, start, fps, progress)
        films.append(target)
        records.append(record)
        seen[record["name"]] = ids
    _write_street(out, street, truth.truth(street, records, seen))
    return films


def _write_street(out: Path, street: Scene, value: dict[str, Any]) -> None:
    """Write truth.json, truth.geojson and scene.json."""
    (out / "truth.json").write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
    (out / "truth.geojson").write_text(json.dumps(truth.geojson(value)) + "\n", encoding="utf-8")
    (out / "scene.json").write_text(scene.to_json(street), encoding="utf-8")


def main(
    out: Path,
    seed: int = DEMO_SEEDS_FROM,
    length_m: float = 300.0,
    passes: int = 1,
    fps: int = 10,
    speed_kmh: float = 30.0,
    progress: Progress | None = None,
) -> list[Path]:
    """Make a street and film it with the default phone: the command's function; see `simulate`."""
    return simulate(
        out, seed, length_m=length_m, passes=passes, fps=fps, speed_kmh=speed_kmh, progress=progress
    )
