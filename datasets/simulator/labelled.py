"""Make a labelled set from simulated streets, in the layout of the labelled sources.

The set is for training: group = street, so that no street stands on both sides of a split. Its pictures go
through the same renderer as the films; the mask comes from the scene through the same camera (`sight`).
"""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from gatukoll.datasets.simulator import drive, ground, scene, sight
from gatukoll.datasets.simulator.items import CLASSES
from gatukoll.datasets.simulator.make import DEMO_SEEDS_FROM
from gatukoll.datasets.simulator.render import Pose, Renderer
from gatukoll.errors import DataError

NAME = "simulated_streets"
STREET_M = 60.0
"""Length of a street of a set: short, so that many differ; damage lies twice as close as in films."""
DENSITY = 2.0
LIGHTS_PER_STREET = 3
"""So many passes (camera, light) are drawn per street."""


def source_json(pictures: int, counts: dict[str, int], seeds: Sequence[int]) -> dict[str, Any]:
    """Return source.json of a simulated set."""
    entry = {"form": "mask", "scope": "masked", "complete": "yes", "is": []}
    labels: dict[str, Any] = {name: dict(entry) for name in CLASSES}
    labels["network"] |= {"is": ["crack"], "note": "area; the cracks inside are not drawn"}
    return {
        "name": NAME,
        "task": "segmentation",
        "classes": {str(v): k for k, v in CLASSES.items()},
        "labels": labels,
        "labelled": (
            "Made, not labelled: the mask is the scene seen through the same camera. "
            "0 = carriageway without damage, "
            f"crack = centre line {sight.CRACK_PX} px wide where it takes at least "
            f"{sight.CRACK_BLACK_PX} px of full black, areas where they fill at least {sight.AREA_PX} px and "
            f"{sight.AREA_ROWS} rows; 255 = outside the carriageway, "
            "farther than 0.02 focal lengths (in px) in metres, bonnet, closed seams "
            f"({sight.SEAM_PX} px band), too faint or too small. Manholes, stains, shadows, marks are 0."
        ),
        "licence": "Apache-2.0",
        "licence_seen": "made by gatukoll simulate",
        "origin": "gatukoll.datasets.simulator",
        "original_source": f"seeds {min(seeds)} to {max(seeds)}",
        "train": True,
        "images": pictures,
        "annotations": counts,
        "country": "none (looks Swedish)",
        "notes": "group = street (seed). Contrasts and sizes: drawn from figures measured on real sources.",
    }


def _check(out: Path, seeds: Sequence[int], pictures: int) -> None:
    wrong = [s for s in seeds if not 0 <= s < DEMO_SEEDS_FROM]
    if wrong or not seeds:
        raise DataError(
            f"seed {wrong[0]} is kept for demos and tests" if wrong else "no seeds",
            where="simulate_labelled seeds",
            allowed=f"0 to {DEMO_SEEDS_FROM - 1}",
        )
    if pictures < len(seeds):
        raise DataError(
            f"{pictures} pictures for {len(seeds)} streets",
            where="simulate_labelled pictures",
            allowed="at least one a street",
        )
    if (out / "source.json").exists():
        raise DataError("holds a source already", where=str(out), todo="Name another folder.")


def _street(out: Path, seed: int, pictures: int, width: int, counts: dict[str, int]) -> list[tuple[str, str]]:
    """Render the pictures of one street; return rows for groups.csv."""
    street = scene.random(seed, length_m=STREET_M, density=DENSITY)
    painted = ground.build(street)
    rng = np.random.default_rng([seed, 77])
    rows = []
    lights = min(LIGHTS_PER_STREET, pictures)
    for light in range(lights):
        path = scene.camera_path(
            seed, light + 1, street.street, speed_kmh=float(rng.uniform(15, 50)), width=width
        )
        renderer = Renderer(street, path, painted)
        share = pictures // lights + (light < pictures % lights)
        span = (STREET_M - 10) / share
        for i in range(share):
            y = (i + rng.uniform(0.1, 0.9)) * span
            where, heading = drive.places(path, np.array([y / path.speed_mps]))
            pose = Pose(
                float(where[0, 0]), float(y), float(heading[0]), *rng.normal(0, path.shake_deg, 2).tolist()
            )
            stem = f"sim_{seed:04d}_{light}_{i:02d}"
            picture, mask = renderer.frame(pose, i), sight.mask(street, path, pose)
            cv2.imwrite(
                str(out / "images" / f"{stem}.jpg"),
                picture[..., ::-1],
                [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(78, 95))],
            )
            cv2.imwrite(str(out / "masks" / f"{stem}.png"), mask)
            for name, value in CLASSES.items():
                counts[name] += int((mask == value).any())
            rows.append((f"{stem}.jpg", f"sim_street_{seed:04d}"))
    return rows


def simulate_labelled(out: Path, seeds: Sequence[int], pictures: int, *, width: int = 1280) -> Path:
    """Make a labelled set for training.

    Args:
        out: folder to write, not yet a source.
        seeds: of the streets, each below `DEMO_SEEDS_FROM`: higher ones are kept for demos and tests.
        pictures: how many in all, spread evenly over the streets.
        width: of the pictures, px; the height is 9/16 of it.

    Returns:
        `out`, with images/, masks/, source.json and groups.csv.

    Raises:
        DataError: a seed outside the range for training, fewer pictures than streets, or `out` holds
            a source.
    """
    _check(out, seeds, pictures)
    for name in ("images", "masks"):
        (out / name).mkdir(parents=True, exist_ok=True)
    counts: dict[str, int] = dict.fromkeys(CLASSES, 0)
    rows: list[tuple[str, str]] = []
    for i, seed in enumerate(seeds):
        share = pictures // len(seeds) + (i < pictures % len(seeds))
        rows += _street(out, seed, share, width, counts)
    with (out / "groups.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["file", "group"])
        writer.writerows(sorted(rows))
    value = source_json(len(rows), counts, seeds)
    (out / "source.json").write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return out
