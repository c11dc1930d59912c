"""Print constraints.txt: every package of all extras, as the index resolves them today on this Python.

``make constraints`` runs it on Python 3.11, the version the tests run on; look at the difference, run
``make test``, then commit. torch stays at the version that stands in constraints.txt unless it is edited by
hand: a range would let a CUDA build of several GB in on machines without a GPU.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
KEPT = ("torch",)


def kept() -> list[str]:
    """Return the lines of today's constraints.txt that are not to move."""
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return [line for line in lines if line.split("==")[0] in KEPT]


def resolved() -> list[tuple[str, str]]:
    """Return (name, version) of everything pip would install for all extras."""
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--dry-run",
        "--ignore-installed",
        "--report",
        "-",
    ]
    command += [*kept(), f"{ROOT}[train,review,dev]"]
    report = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    found = [(item["metadata"]["name"], item["metadata"]["version"]) for item in report["install"]]
    plain = [(re.sub(r"[-_.]+", "-", name).lower(), version.split("+")[0]) for name, version in found]
    return sorted(pair for pair in plain if pair[0] != "gatukoll")


if __name__ == "__main__":
    pairs = resolved()
    print("# Resolved together for CPython 3.11; refreshed by `make constraints`.")
    for name, version in pairs:
        print(f"{name}=={version}")
