"""Hand-made media: small films, traces and pictures whose truth is known because it was written here."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

START = datetime(2026, 9, 14, 7, 0, 0, tzinfo=UTC).timestamp()
LAT, LON = 59.34, 18.07
M_PER_DEG_LAT = 111_413.0  # at 59.34 N, from the WGS84 meridian radius


def number(picture: np.ndarray) -> int:
    """Read a frame's number from the eight squares that `film` paints into its corner."""
    return sum((picture[12 * (b // 4) + 6, 12 * (b % 4) + 6].mean() > 128) << b for b in range(8))


@pytest.fixture
def number_of() -> Callable[[np.ndarray], int]:
    return number


@pytest.fixture
def film() -> Callable[..., Path]:
    def make(
        path: Path,
        stamps_s: Sequence[float],
        *,
        size: tuple[int, int] = (64, 48),
        turn: int = 0,
        created: str | None = None,
        comment: str | None = None,
        gop: int = 10,
        texture: bool = False,
    ) -> Path:
        """Write a film of numbered frames; the right quarter is white, so that turning shows."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with av.open(str(path), "w") as out:
            if created:
                out.metadata["creation_time"] = created
            if comment:
                out.metadata["comment"] = comment
            stream = out.add_stream("mpeg4", rate=30)
            stream.width, stream.height = size
            stream.pix_fmt = "yuv420p"
            stream.time_base = stream.codec_context.time_base = Fraction(1, 30_000)
            stream.codec_context.gop_size = gop
            stream.codec_context.max_b_frames = 0
            for i, stamp in enumerate(stamps_s):
                picture = np.full((size[1], size[0], 3), 90, np.uint8)
                if texture:  # frames of some size, for tests that damage them
                    picture[:] = np.random.default_rng(i).integers(0, 120, picture.shape, dtype=np.uint8)
                picture[:, size[0] * 3 // 4 :] = 255
                for b in range(8):
                    row, column = 12 * (b // 4), 12 * (b % 4)
                    picture[row : row + 12, column : column + 12] = 255 * (i >> b & 1)
                frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
                frame.pts, frame.time_base = round(stamp * 30_000), Fraction(1, 30_000)
                out.mux(stream.encode(frame))
            out.mux(stream.encode(None))
        if turn:
            _turn(path, turn)
        return path

    return make


def _turn(path: Path, clockwise_deg: int) -> None:
    """Write a display matrix into a film's track header (ISO 14496-12, 8.3.2)."""
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 40
    a, b, c, d = {90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}[clockwise_deg]
    data[at : at + 36] = struct.pack(">9i", a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30)
    path.write_bytes(bytes(data))


@pytest.fixture
def gpx() -> Callable[..., Path]:
    def make(
        path: Path, fixes: Sequence[tuple[float, float, float]], *, zone: str = "Z", cuts: Sequence[int] = ()
    ) -> Path:
        """Write a GPX of (seconds after START, metres north, metres east); `cuts` begin new segments."""
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = []
        for i, (s, north, east) in enumerate(fixes):
            lat = LAT + north / M_PER_DEG_LAT
            lon = LON + east / (111_413.0 * np.cos(np.radians(LAT)) * 1.0050)  # prime vertical over meridian
            when = datetime.fromtimestamp(START + s, UTC).isoformat(timespec="milliseconds")[:-6] + zone
            rows.append("</trkseg><trkseg>" * (i in cuts))
            rows.append(f'<trkpt lat="{lat:.9f}" lon="{lon:.9f}"><time>{when}</time></trkpt>')
        text = "".join(rows)
        path.write_text(
            '<?xml version="1.0" encoding="UTF-8"?>\n<gpx version="1.1" creator="test" '
            f'xmlns="http://www.topografix.com/GPX/1/1"><trk><trkseg>{text}</trkseg></trk></gpx>\n'
        )
        return path

    return make


def north_at(speed: float, seconds: int, first: int = 0) -> list[tuple[float, float, float]]:
    """Fixes at 1 Hz on a straight way north."""
    return [(s, s * speed, 0.0) for s in range(first, first + seconds + 1)]


@pytest.fixture
def north() -> Callable[..., list[tuple[float, float, float]]]:
    return north_at


@pytest.fixture
def start() -> float:
    return START


@pytest.fixture
def jpeg() -> Callable[..., Path]:
    def make(
        path: Path,
        *,
        position: tuple[float, float] | None = (LAT, LON),
        refs: bool = True,
        when: str | None = None,
        offset: str | None = None,
        gps: tuple[str, tuple[float, float, float]] | None = None,
        json: str | None = None,
        compass: float | None = None,
        focal_35mm: int | None = None,
        orientation: int | None = None,
        size: tuple[int, int] = (40, 30),
        shade: int = 90,
        kind: str = "JPEG",
    ) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        exif = Image.Exif()
        inner, place = exif.get_ifd(0x8769), exif.get_ifd(0x8825)
        if orientation:
            exif[274] = orientation
        if json:
            exif[270] = json
        for tag, value in ((36867, when), (36881, offset), (41989, focal_35mm)):
            if value is not None:
                inner[tag] = value
        if position:
            if refs:
                place[1], place[3] = "N" if position[0] >= 0 else "S", "E" if position[1] >= 0 else "W"
            place[2], place[4] = ((abs(p), 0.0, 0.0) for p in position)
        if gps:
            place[29], place[7] = gps
        if compass is not None:
            place[17] = compass
        picture = np.full((size[1], size[0], 3), shade, np.uint8)
        picture[:, size[0] * 3 // 4 :] = 255
        Image.fromarray(picture).save(
            path, kind, **({"exif": exif.tobytes()} if len(exif) or inner or place else {})
        )
        return path

    return make
