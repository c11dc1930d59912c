"""The only code that can write a picture of a capture. It fails closed.

There is no anonymiser yet, so a picture is written only of a capture that the simulator made: the mark stands
in the film, and the SHA-256 beside it is that of the film as it lies there (see `gatukoll.made`).
"""

from __future__ import annotations

from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from gatukoll.errors import PictureRefused
from gatukoll.made import is_made
from gatukoll.runtime.capture.model import Capture


class PictureGate:
    """Writes pictures of one capture, or refuses to.

    Attributes:
        is_open: whether pictures of this capture may be written at all.
    """

    def __init__(self, capture: Capture) -> None:
        self._name = capture.name
        self.is_open = capture.kind == "film" and len(capture.media) == 1 and _surely_made(capture.media[0])

    def write(self, path: Path, picture: NDArray[np.uint8], *, quality: int = 88) -> None:
        """Write a picture (h, w, 3) RGB as JPEG, whole or not at all.

        Raises:
            PictureRefused: the capture is not surely made.
        """
        if not self.is_open:
            raise PictureRefused(f"{self._name}: not a made capture, no picture of it is written")
        done, data = cv2.imencode(".jpg", picture[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
        if not done:
            raise ValueError(f"{path}: picture of shape {picture.shape} can't be encoded")
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(path.name + ".part")
        part.write_bytes(data.tobytes())
        part.replace(path)


def _surely_made(film: Path) -> bool:
    try:
        with av.open(str(film)) as container:
            comment = container.metadata.get("comment", "")
    except (
        OSError,
        ValueError,
    ):  # av.error.FFmpegError is an OSError or a ValueError, depending on the fault
        return False
    return is_made(film, comment)
