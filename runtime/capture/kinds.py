"""What a file is: its ending says whether it is looked at, its first bytes what it is."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

Kind = Literal["film", "pictures", "trace", "not_read_yet"]

ENDINGS: dict[Kind, frozenset[str]] = {
    "film": frozenset((".mp4", ".mov", ".m4v", ".3gp", ".ts", ".mts", ".m2ts", ".avi", ".mkv", ".webm")),
    "pictures": frozenset((".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".bmp")),
    "trace": frozenset([".gpx"]),
    # known to hold media or positions, but nothing here reads them
    "not_read_yet": frozenset(
        (".nmea", ".heic", ".heif", ".avif", ".dng", ".360", ".insv", ".fit", ".tcx", ".kml")
    ),
}
SYSTEM_NAMES = frozenset(("thumbs.db", "desktop.ini", "ehthumbs.db"))
SYSTEM_FOLDERS = frozenset(["__macosx", "$recycle.bin", "system volume information", "@eadir"])


def is_system(name: str) -> bool:
    """Say whether a name is one that systems leave behind: hidden, resource forks, thumbnails."""
    return name.startswith(".") or name.lower() in SYSTEM_NAMES | SYSTEM_FOLDERS


def kind_of(path: Path) -> Kind | None:
    """Return what a file is, None for an unknown ending; content counts before the name.

    Raises:
        OSError: it can't be read.
    """
    named = next((kind for kind, endings in ENDINGS.items() if path.suffix.lower() in endings), None)
    if named is None or named == "not_read_yet":
        return named
    return sniffed(path) or named


def sniffed(path: Path) -> Kind | None:
    """Return what a file is by its first bytes, None where they say nothing."""
    with path.open("rb") as stream:
        return _sniffed(stream.read(4096))


def _sniffed(head: bytes) -> Kind | None:
    if head.startswith((b"\xff\xd8\xff", b"\x89PNG", b"II*\0", b"MM\0*", b"BM")):
        return "pictures"
    if head[:4] == b"RIFF":
        return {b"WEBP": "pictures", b"AVI ": "film"}.get(head[8:12])  # type: ignore[return-value]
    if head[4:8] == b"ftyp":
        still = head[8:12] in (b"heic", b"heix", b"mif1", b"msf1", b"avif")
        return "not_read_yet" if still else "film"
    if head[4:8] in (b"moov", b"mdat", b"wide", b"free", b"skip") or head.startswith(b"\x1aE\xdf\xa3"):
        return "film"
    if _is_transport_stream(head):
        return "film"
    return "trace" if b"<gpx" in head.replace(b"\0", b"") else None


def _is_transport_stream(head: bytes) -> bool:
    """Look for the sync byte of three packets in a row (ISO 13818-1: 188 bytes; with time codes 192)."""
    return any(
        head[at : at + 1]
        == head[at + step : at + step + 1]
        == head[at + 2 * step : at + 2 * step + 1]
        == b"\x47"
        for step in (188, 192)
        for at in range(step)
    )
