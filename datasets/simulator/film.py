"""Write one pass as a phone would: an H.264 film; and the pictures in order, rendered on two threads."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from gatukoll import made
from gatukoll.datasets.simulator.render import Pose, Renderer

Bytes = NDArray[np.uint8]
THREADS = 2
CRF = 22
"""x264's constant rate factor: about 6 Mbit/s at 1280x720, as phones and dash cameras write."""

X264 = {"crf": str(CRF), "preset": "veryfast", "x264-params": "bframes=0:mbtree=0"}
"""Without these x264 (AVX2, as in PyAV 18.1's wheel) writes other bytes from run to run for the same
pictures: measured 6 of 8 runs differ with the default, none with either switched off. Phones write no
B-frames anyway."""


def frames(renderer: Renderer, poses: list[Pose]) -> Iterator[Bytes]:
    """Yield the frames of a pass in order; a few are rendered ahead."""
    with ThreadPoolExecutor(THREADS) as pool:
        ahead: deque[Future[Bytes]] = deque()
        for number, pose in enumerate(poses):
            ahead.append(pool.submit(renderer.frame, pose, number))
            if len(ahead) > 2 * THREADS:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()


def write(film: Path, pictures: Iterator[Bytes], *, fps: int, comment: str) -> None:
    """Write a film whose container says in its comment tag that it is made.

    Same pictures, same bytes, with the same versions of PyAV and its codecs: the container holds no time of
    writing, and the number of encoder threads is fixed.
    """
    if not comment.startswith(made.MARK):
        raise ValueError(f"the comment of a made film begins with {made.MARK}")
    first = next(pictures)
    with av.open(str(film), "w", options={"movflags": "+faststart"}) as container:
        container.metadata["comment"] = comment
        stream = container.add_stream("libx264", rate=fps, options=X264)
        stream.height, stream.width = first.shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.codec_context.thread_count = THREADS
        for number, picture in enumerate(itertools.chain([first], pictures)):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
