"""Frames out of a film: the container's own time stamps, rotation applied once, damage survived.

Phones write variable frame rates, so a frame's time is never its number over a rate. A film is decoded once,
in order; only frames that are due become RGB, and at most two decoded frames are held.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from gatukoll.errors import CaptureRejected
from gatukoll.runtime.capture.film import Film, container_of, seconds, stream_of

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A frame to look for: container seconds, and how far from there it may be."""

    stamp_s: float
    reach_s: float


@dataclass(frozen=True, slots=True)
class Shown:
    """A frame that was found: its stamp in container seconds and the upright picture (h, w, 3) uint8 RGB."""

    stamp_s: float
    picture: NDArray[np.uint8]


def find_frames(
    film: Film, wanted: Sequence[Wanted], usable: Callable[[float], bool]
) -> Iterator[Shown | str]:
    """Decode a film once and yield for each wanted frame, in order, the nearest one or a reason code.

    Args:
        film: as scanned.
        wanted: ascending.
        usable: says for a stamp whether a frame of that time can be used at all.
    """
    try:
        decoded = _Decoded(film)
    except CaptureRejected as gone:  # it could be opened a moment ago
        yield from (gone.code for _ in wanted)
        return
    used: float | None = None
    for want in wanted:
        decoded.go_to(want.stamp_s)
        near = [f for f in (decoded.before, decoded.after) if f and (used is None or f.stamp_s > used)]
        near = [f for f in near if abs(f.stamp_s - want.stamp_s) <= want.reach_s and usable(f.stamp_s)]
        if near:
            best = min(near, key=lambda f: abs(f.stamp_s - want.stamp_s))
            used = best.stamp_s
            yield Shown(used, _upright(best.frame))
        else:
            yield decoded.why()


@dataclass(frozen=True, slots=True)
class _Good:
    """A whole decoded frame; `hurt` says that damage lies between it and the one before."""

    stamp_s: float
    frame: VideoFrame
    hurt: bool


class _Decoded:
    """A cursor over the whole frames of a film; holds two of them and no more."""

    def __init__(self, film: Film) -> None:
        self.film = film
        self.before: _Good | None = None
        self.hurt_at_end = False
        self._frames = self._decode()
        self.after: _Good | None = next(self._frames, None)

    def go_to(self, stamp_s: float) -> None:
        """Move on until the instant lies between `before` and `after`."""
        while self.after is not None and self.after.stamp_s < stamp_s:
            self.before, self.after = self.after, next(self._frames, None)

    def why(self) -> str:
        """Return why there is no frame here."""
        if self.after is None and self.film.cut:
            return "video_truncated"
        hurt = self.hurt_at_end if self.after is None else self.after.hurt
        return "video_corrupt_frames" if hurt else "frame_missing"

    def _decode(self) -> Iterator[_Good]:
        """Yield whole frames, stamps ascending; after damage nothing is whole until the next key frame."""
        hurt, last = False, -np.inf
        with container_of(self.film.path) as container:
            stream = stream_of(container, self.film.path)
            for frame in _frames(container, stream):
                if frame is None or frame.is_corrupt:
                    hurt = True
                    continue
                stamp = seconds(frame.pts if frame.pts is not None else frame.dts, stream)
                if (hurt and not frame.key_frame) or stamp is None or stamp <= last:
                    continue
                yield _Good(stamp, frame, hurt)
                hurt, last = False, stamp
        self.hurt_at_end = hurt


def _frames(container: av.container.InputContainer, stream: VideoStream) -> Iterator[VideoFrame | None]:
    """Yield decoded frames, and None for each packet that can't be decoded."""
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            return
        except av.FFmpegError as error:
            log.debug("%s: %s", container.name, error)
            yield None
            return
        try:
            yield from (f for f in packet.decode() if isinstance(f, VideoFrame))
        except av.FFmpegError:
            yield None


def _upright(frame: VideoFrame) -> NDArray[np.uint8]:
    """Return a frame as RGB, turned as its display matrix says."""
    picture = frame.to_ndarray(format="rgb24")
    # the matrix' angle is counter-clockwise in steps of 90 degrees, as numpy's turns are
    return np.ascontiguousarray(np.rot90(picture, round(frame.rotation / 90)))
