"""Every reason why something was not used, in one table; ``docs/reasons.md`` is written from it.

``python -m gatukoll.runtime.capture.reasons > docs/reasons.md`` writes the page anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Scope = Literal["capture", "frame", "warning", "ignored"]


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason code.

    Attributes:
        code: as it stands in reports and in run.json.
        scopes: what it can happen to: a whole capture or a frame (both count as rejected), a warning
            (something was mended or assumed, nothing lost but what the sentence says) or an ignored file.
        sentence: what is wrong.
        todo: what to do about it.
    """

    code: str
    scopes: tuple[Scope, ...]
    sentence: str
    todo: str


_TABLE: tuple[tuple[str, str, str, str], ...] = (
    # files
    ("file_empty", "capture frame", "The file is empty.", "Copy it again from the device."),
    (
        "file_unreadable",
        "capture frame ignored",
        "The file or folder can't be read.",
        "Check rights and disk.",
    ),
    ("duplicate", "capture frame", "Same content as one that was read before.", "Nothing; it counts once."),
    (
        "not_media",
        "ignored",
        "A system file, or an ending that is neither film, picture nor trace.",
        "Nothing.",
    ),
    ("not_read_yet", "ignored", "A kind of media or trace that this version does not read.", "Convert it."),
    (
        "symlink_loop",
        "ignored",
        "A link to a folder; such links are not followed.",
        "Name its target instead.",
    ),
    ("sidecar_unused", "ignored", "Settings for a film that is not in the folder.", "Check the name."),
    (
        "bug",
        "capture",
        "gatukoll or a detector failed on it; the error stands in the log, exit code 1.",
        "Report it.",
    ),
    # clocks and traces laid against media
    (
        "clock_unknown",
        "capture",
        "Nothing says when the film began.",
        "Add the line named in the detail; of two readings of its stamp, the one that is true of the camera.",
    ),
    (
        "no_trace",
        "capture",
        "The film has no trace.",
        "Put a GPX of the same name beside it, or name one in `trace:`.",
    ),
    (
        "no_overlap",
        "capture",
        "Film and trace do not overlap in time.",
        "Check the clock and its time zone, or give another trace.",
    ),
    ("partial_overlap", "warning", "The trace covers a part of the film.", "Frames outside it are rejected."),
    (
        "outside_trace",
        "frame",
        "Before the first or after the last fix; positions are not extrapolated.",
        "Nothing.",
    ),
    ("trace_gap", "frame", "Between two fixes too far apart in time, or of two segments.", "Nothing."),
    ("standstill", "warning", "The vehicle did not move while filming, so no frame is due.", "Nothing."),
    # traces
    ("not_a_track", "capture", "Not a GPX file.", "Export the trace again."),
    (
        "track_not_xml",
        "capture",
        "The trace is not well-formed XML.",
        "Export it again, or mend the line named.",
    ),
    (
        "track_truncated",
        "warning capture",
        "The trace ends early; its whole points are used.",
        "Copy it again.",
    ),
    ("track_empty", "capture", "The trace has no usable point.", "Export the trace again."),
    (
        "track_too_short",
        "capture",
        "A single point gives no direction and no speed.",
        "Give the whole trace.",
    ),
    ("track_no_time", "capture warning", "Points without time; they are dropped.", "Export with times."),
    (
        "track_jump",
        "warning frame",
        "Faster than 300 km/h between two fixes; nothing between them is used.",
        "Nothing.",
    ),
    ("track_out_of_order", "warning", "Times not ascending: sorted, doubled points dropped.", "Nothing."),
    (
        "track_time_zone_unknown",
        "warning",
        "Times without a zone: read as UTC, as GPX says.",
        "Else give `trace_zone:`.",
    ),
    # positions
    ("no_position", "frame", "The picture holds no position.", "Give a trace and a time."),
    (
        "position_zero",
        "frame warning capture",
        "Position 0,0 means that the receiver had no fix.",
        "Give a trace.",
    ),
    (
        "position_out_of_range",
        "frame warning",
        "Latitude beyond 90 or longitude beyond 180.",
        "Give a trace.",
    ),
    ("position_incomplete", "frame", "A position without hemisphere (N/S, E/W).", "Give a trace."),
    (
        "position_outside_area",
        "frame capture",
        "Outside the area of use of the city's coordinate system.",
        "Set `output: epsg:`; or are latitude and longitude swapped?",
    ),
    (
        "no_heading",
        "warning",
        "Nothing says where the frame looks, so what was detected in it has no place.",
        "Give a trace.",
    ),
    (
        "heading_from_compass",
        "warning",
        "No neighbour to take the heading from: the compass was used.",
        "Nothing.",
    ),
    # times of pictures
    ("time_unknown", "frame", "The picture's time has no zone, or it has none.", "Add `zone:` or `clock:`."),
    (
        "time_implausible",
        "frame warning capture",
        "A date before 2000 or in the future: the clock was not set.",
        "Set it.",
    ),
    # pictures and films
    ("image_truncated", "frame", "The picture ends too early.", "Copy it again."),
    (
        "image_too_large",
        "frame capture",
        "Larger than the limit; refused from its header.",
        "Raise the limit.",
    ),
    ("not_a_picture", "frame", "Not a picture that can be read.", "Check what it is."),
    ("not_a_video", "capture", "Not a film.", "Check what it is."),
    ("no_video_stream", "capture", "The film has no picture track.", "Check what it is."),
    (
        "video_no_index",
        "capture",
        "The film has no index (moov): recording was interrupted.",
        "Repair it first.",
    ),
    ("video_no_frames", "capture", "The film has a picture track without pictures.", "Copy it again."),
    (
        "video_truncated",
        "frame warning",
        "The film ends early; frames up to there are used.",
        "Copy it again.",
    ),
    ("video_corrupt_frames", "frame", "Damaged; used again from the next key frame on.", "Copy it again."),
    ("frame_missing", "frame", "The film has no picture near the instant that is due.", "Nothing."),
)

REASONS: dict[str, Reason] = {
    code: Reason(code, tuple(scopes.split()), sentence, todo)  # type: ignore[arg-type]
    for code, scopes, sentence, todo in _TABLE
}


def explain(code: str) -> str:
    """Return the sentence of a code, or the code itself where it is not in the table."""
    return REASONS[code].sentence if code in REASONS else code


def page() -> str:
    """Return the text of ``docs/reasons.md``."""
    head = """# Reasons

Every capture and every frame that a run was offered is accepted, or rejected with one of these codes; the
two always add up. A warning says that something was mended or assumed. Ignored files are counted, outside the
sum.

| code | concerns | what it says | what to do |
|---|---|---|---|
"""
    rows = (f"| `{r.code}` | {', '.join(r.scopes)} | {r.sentence} | {r.todo} |\n" for r in REASONS.values())
    return head + "".join(rows)


if __name__ == "__main__":
    print(page(), end="")
