"""The mark of made captures: written by the simulator, believed by the privacy gate only if it holds.

A made film carries `MARK` in its container's comment tag; beside it lies ``NAME.made.json`` with the seed and
the SHA-256 of the film. Anything else counts as real, so a film that was touched after it was made does too.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

MARK = "gatukoll-made"


def sidecar(film: Path) -> Path:
    """Return the path of the file that vouches for a made film."""
    return film.with_suffix(".made.json")


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def vouch(film: Path, *, seed: int, scene: str) -> Path:
    """Write the sidecar of a film that the simulator has just made."""
    path = sidecar(film)
    path.write_text(
        json.dumps({"mark": MARK, "seed": seed, "scene": scene, "sha256": sha256(film)}, indent=1) + "\n"
    )
    return path


def is_made(film: Path, comment: str) -> bool:
    """Say whether a film is surely made: mark inside (`comment`, a tag of it), and the sidecar agrees."""
    if not comment.startswith(MARK):
        return False
    try:
        side = json.loads(sidecar(film).read_text())
    except (OSError, ValueError):
        return False
    return (
        isinstance(side, dict)
        and side.get("mark") == MARK
        and "seed" in side
        and side.get("sha256") == sha256(film)
    )
