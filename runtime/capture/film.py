"""What a film is, through PyAV and without decoding it: which frames there are, what it says of itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import av
import numpy as np
from av.video.stream import VideoStream
from numpy.typing import NDArray

from gatukoll.errors import CaptureRejected
from gatukoll.runtime.capture.clock import plausible
from gatukoll.runtime.capture.kinds import sniffed

# A film whose index promises this much more than its data hold was cut; less is rounding by the recorder.
CUT_S = 0.25


@dataclass(frozen=True, slots=True)
class Film:
    """What a film is, known without decoding it. Seconds are those of its container.

    Attributes:
        path: the file.
        first_s: stamp of the first frame; not always 0.
        last_s: stamp of the last frame that its index promises, or that is there.
        end_s: when that frame's time is over.
        cut: it ends before its index says.
        stamped: the plausible time that the container carries, UTC as it says; None where there is none.
        dated: QuickTime's own date, which holds an offset; None where there is none.
        comment: its comment tag.
    """

    path: Path
    first_s: float
    last_s: float
    end_s: float
    cut: bool
    stamped: datetime | None
    dated: datetime | None
    comment: str


def open_film(path: Path, max_pixels: int) -> Film:
    """Scan a film without decoding it.

    Raises:
        CaptureRejected: with the reason why it can't be used.
    """
    with container_of(path) as container:
        stream = stream_of(container, path)
        size = stream.codec_context.width * stream.codec_context.height
        if size > max_pixels:
            raise CaptureRejected("image_too_large", f"{path.name}: frames of {size / 1e6:.0f} megapixels")
        promised = _promised_end(container, stream)
        stamps, cut = _stamps(container, stream)
        if not len(stamps):
            raise CaptureRejected("video_no_frames", f"{path.name} holds no picture")
        first, last = float(stamps[0]), float(stamps[-1])
        pause = float(np.median(np.diff(stamps))) if len(stamps) > 1 else 0.0
        cut = cut or promised > last + pause + CUT_S
        if promised > last + pause + CUT_S:
            last = promised - pause
        return Film(
            path,
            first,
            last,
            max(promised, last + pause),
            cut,
            _moment(container.metadata.get("creation_time") or stream.metadata.get("creation_time")),
            _moment(container.metadata.get("com.apple.quicktime.creationdate")),
            container.metadata.get("comment", ""),
        )


def container_of(path: Path) -> av.container.InputContainer:
    """Open a film, or raise CaptureRejected with the reason why it can't be opened."""
    try:
        # a text that FFmpeg would take for a play list could send it to other files and addresses
        if sniffed(path) != "film":
            raise CaptureRejected(*_why_not_opened(path))
        # absolute, so that no name is taken for an option or an address
        return av.open(str(path.absolute()), metadata_errors="replace")
    except av.InvalidDataError:
        raise CaptureRejected(*_why_not_opened(path)) from None
    except (av.FFmpegError, OSError) as error:
        raise CaptureRejected("file_unreadable", f"{path.name}: {error.strerror or error}") from None


def _why_not_opened(path: Path) -> tuple[str, str]:
    """Tell a film without an index from a file that is no film: FFmpeg says the same of both."""
    if path.stat().st_size == 0:
        return "file_empty", f"{path.name} is empty"
    boxes = set(_boxes(path))
    if boxes & {b"ftyp", b"mdat"} and b"moov" not in boxes:
        return "video_no_index", f"{path.name}: the recording was interrupted; repair it or take the original"
    return "not_a_video", f"{path.name} is not a film that can be read"


def _boxes(path: Path) -> Iterator[bytes]:
    """Yield the names of the top boxes of an MP4 (ISO 14496-12, 4.2)."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        at = 0
        while at + 8 <= size:
            stream.seek(at)
            head = stream.read(16)
            length = int.from_bytes(head[:4], "big")
            yield head[4:8]
            if length == 1:
                length = int.from_bytes(head[8:16], "big")
            if length < 8:  # 0 = to the end of the file
                return
            at += length


def stream_of(container: av.container.InputContainer, path: Path) -> VideoStream:
    """Return the picture track; cover pictures of sound files are none."""
    for stream in container.streams.video:
        if not stream.disposition & av.stream.Disposition.attached_pic:
            return stream
    raise CaptureRejected("no_video_stream", f"{path.name} has no picture track")


def seconds(stamp: int | None, stream: VideoStream) -> float | None:
    """Return a stamp in seconds of the container."""
    return None if stamp is None or stream.time_base is None else float(stamp * stream.time_base)


def _promised_end(container: av.container.InputContainer, stream: VideoStream) -> float:
    """Return where an MP4's index says that the pictures end; -inf where nothing is promised."""
    if "mp4" not in container.format.name or stream.duration is None:
        return -np.inf
    return seconds((stream.start_time or 0) + stream.duration, stream) or -np.inf


def _stamps(container: av.container.InputContainer, stream: VideoStream) -> tuple[NDArray[np.float64], bool]:
    """Return the stamps (s) of all packets that will be shown, ascending, and whether reading broke off."""
    found, cut = set(), False
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            break
        except av.FFmpegError:
            cut = True
            break
        stamp = seconds(packet.pts if packet.pts is not None else packet.dts, stream)
        if stamp is not None and packet.size and not packet.is_discard:
            found.add(stamp)
    return np.array(sorted(found)), cut


def _moment(text: str | None) -> datetime | None:
    """Return a time from a container's metadata, None where it is none or implausible (1904, 1970)."""
    try:
        when = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return when.astimezone(UTC) if plausible(when) else None
