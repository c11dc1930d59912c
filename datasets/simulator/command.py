"""What ``gatukoll simulate`` says while it works."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from gatukoll.datasets.simulator.labelled import simulate_labelled
from gatukoll.datasets.simulator.make import simulate

EVERY_S = 5.0
"""Seconds between two lines of progress."""


def drive(out: Path, seed: int, *, length_m: float, passes: int, fps: int, speed_kmh: float) -> None:
    """Make a street, film it, and say what lies where."""
    started = said = time.monotonic()

    def progress(name: str, frame: int, frames: int) -> None:
        nonlocal said
        if frame == frames or time.monotonic() - said > EVERY_S:
            said = time.monotonic()
            print(f"{name}: frame {frame} of {frames}, {said - started:.0f} s", file=sys.stderr, flush=True)

    films = simulate(
        out, seed, length_m=length_m, passes=passes, fps=fps, speed_kmh=speed_kmh, progress=progress
    )
    print(f"{len(films)} films of one street of {length_m:g} m in {out}: {', '.join(f.name for f in films)}")
    print("truth.json and truth.geojson hold every damage in metres, scene.json the street as data")


def labelled(out: Path, first_seed: int, streets: int, pictures: int) -> None:
    """Make a training set, and say where it lies."""
    folder = simulate_labelled(out, range(first_seed, first_seed + streets), pictures)
    print(f"{pictures} labelled pictures of {streets} streets in {folder}")
