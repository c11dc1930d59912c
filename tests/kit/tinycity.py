"""A city with one tiny detector that sees bright things, and pictures for it to read."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import av
import numpy as np
import tinymodels
import tinysite
from PIL import Image

NAME = "tiny_masks"
CITY = """\
name: Prov
detectors:
  {name}: {{}}
owners:
  - {{id: gata, name: Gatukontoret}}
  - {{id: park, name: Parkförvaltningen}}
routing:
  - {{classes: [spot], owner: gata}}
fallback: park
"""
CODE = "from tinymodels import TinyMasks\nclass Found(TinyMasks):\n    pass\n"


def install(site: Path, version: str = "1.2", card_version: str = "0.1.0") -> None:
    """Put the detector on a folder that the caller puts on the path."""
    folder = tinysite.distribution(site, "tiny-town", NAME, CODE, version)
    tinymodels.masks(folder / "model.onnx", tinymodels.card(NAME, version=card_version))


def city(folder: Path, more: str = "", name: str = "city.yaml") -> Path:
    """Write the city's file; `more` is added at its end."""
    path = folder / name
    path.write_text(CITY.format(name=NAME) + more, encoding="utf-8")
    return path


def street(
    folder: Path, pictures: int = 6, *, lat: float = 55.7, second: int = 0, step_m: float = 5.0
) -> Path:
    """Write pictures of one drive northwards, each with one spot on the road that comes nearer.

    The spot lies 12 m ahead of the first picture; a picture whose number is 3 shows a stripe as well.
    """
    from gatukoll.detectors.geometry import to_pixels
    from gatukoll.runtime.capture.mounting import Mounting

    camera = Mounting().camera(640, 480)
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(pictures):
        ahead = 12.0 - step_m * number
        bright = []
        if ahead > 4:
            (x0, y0), (x1, y1) = to_pixels(camera, [[-0.75, ahead + 3], [0.75, ahead]])
            bright = [(round(x0), round(y0), round(x1), round(y1))]
        path = folder / f"{number:02d}.jpg"
        tinysite.photograph(path, *bright)
        _stamp(path, lat + number * step_m / 111_320, second + number)
    return folder


def _stamp(path: Path, lat: float, second: int) -> None:
    with Image.open(path) as picture:
        exif = picture.getexif()
        pixels = picture.copy()
    minutes = (lat - int(lat)) * 60
    exif.get_ifd(0x8769).update(
        {0x9003: f"2026:09:14 06:{second // 60:02d}:{second % 60:02d}", 0x9011: "+02:00"}
    )
    exif.get_ifd(0x8825).pop(17, None)  # no compass: headings come from neighbours
    exif.get_ifd(0x8825).update(
        {
            1: "N",
            2: (float(int(lat)), float(int(minutes)), round((minutes % 1) * 60, 4)),
            3: "E",
            4: (13.0, 11.0, 30.0),
        }
    )
    pixels.save(path, exif=exif, quality=95)


def rows(out: Path) -> list[dict[str, str]]:
    with (out / "findings.csv").open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream, delimiter=";"))


def noted(out: Path) -> dict[str, object]:
    return dict(json.loads((out / "run.json").read_text()))


def film(path: Path) -> None:
    """Write three grey frames."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as out:
        stream = out.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(3):
            picture = np.full((48, 64, 3), 90, np.uint8)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        out.mux(stream.encode(None))


def gpx(path: Path, lon: float = 13.19) -> None:
    """Write a trace of 900 m northwards in eight minutes."""
    fixes = "".join(
        f'<trkpt lat="{55.7 + i / 1000}" lon="{lon}"><time>2026-09-14T06:0{i}:00Z</time></trkpt>'
        for i in range(9)
    )
    path.write_text(f"<gpx><trk><trkseg>{fixes}</trkseg></trk></gpx>")
