"""The demo: make a drive with known damage, run the shipped models over it, and count against the truth.

``make demo`` runs it. Every step is the command that it prints; the last one compares the findings with the
damage that the simulator put there. The street's seed is one that no training set may use.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
CITY = ROOT / "configs" / "cities" / "demo.yaml"
"""Copied into the demo's folder, so that its store lies there and goes with it."""
SEED = 10_000
LENGTH_M = 240

screen = Console(highlight=False, soft_wrap=True)


def step(*words: str | Path) -> None:
    """Print a command and run it; stop where it fails."""
    shown = " ".join(str(w).removeprefix(f"{ROOT}/") for w in words)
    screen.print(f"\n[bold]$ gatukoll {shown}[/bold]")
    program = Path(sys.executable).with_name("gatukoll")
    code = subprocess.run([program, *words], check=False).returncode
    if code:
        sys.exit(code)


def against_truth(truth: Path, city: Path) -> Table:
    """Return a table of true damages found and missed, and of false findings."""
    from gatukoll.datasets.chance import by_chance
    from gatukoll.datasets.drive_truth import FoundThing, compare
    from gatukoll.runtime.findings.store import Store
    from gatukoll.runtime.job import prepare
    from gatukoll.runtime.results import gather

    job = prepare([], city)
    with Store.open(job.city.store_url) as store:
        findings = gather(job, store).findings
    found = [
        FoundThing(f.id, f.name, f.geometry, f.size.get("area_m2") or f.size.get("length_m"))
        for f in findings
    ]
    result, luck = compare(truth, found), by_chance(truth, found)
    table = Table("truth", "damages", "found", "by chance", "missed", "findings", "false", "off by")
    table.box, table.pad_edge = None, False
    for row in (*result.classes, result.total):
        away = "-" if row.position_m is None else f"{row.position_m:.1f} m"
        numbers = (row.truths, row.found, f"{luck.get(row.name, 0):.0f}", row.missed, row.findings, row.false)
        table.add_row(row.name, *map(str, numbers), away)
    return table


def main(folder: Path) -> None:
    """Run the demo into a folder that is emptied first."""
    started = time.monotonic()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    drive, out, city = folder / "drive", folder / "results", folder / "city.yaml"
    shutil.copy(CITY, city)
    step("simulate", drive, "--seed", str(SEED), "--length", str(LENGTH_M), "--passes", "2", "--fps", "5")
    step("run", drive, "--city", city, "--out", out)
    screen.print()
    screen.print(against_truth(drive / "truth.json", city))
    screen.print(
        "By chance: what the same findings would hit if they lay elsewhere on the street.\n"
        f"Done in {time.monotonic() - started:.0f} s. Look at {out}/findings.csv (opens in Excel), "
        f"{out}/findings.gpkg (QGIS) and {out}/pictures/."
    )


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build" / "demo"))
    except KeyboardInterrupt:
        sys.exit("demo: stopped")
