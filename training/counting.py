"""From one picture's detections to counts, and from all counts to the scores of a class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gatukoll.datasets import labels
from gatukoll.datasets.bootstrap import METRICS, PIXEL_METRICS, Value, score
from gatukoll.datasets.boxscores import count_boxes, parts_as_boxes
from gatukoll.datasets.layout import Picture, Source
from gatukoll.datasets.scores import Counts, count_pixels, target_of, union_of
from gatukoll.detectors.card import ModelCard
from gatukoll.detectors.contract import Detection, FindingClass
from gatukoll.errors import DataError
from gatukoll.training.scorereport import LeftOut, ScoredClass

FORMS = {"mask": ("mask",), "box": labels.DRAWN}
"""Form of truth -> the forms in source.json that give it."""
WEAKEST_FIRST = ("no", "clear", "near", "yes")


@dataclass(frozen=True, slots=True)
class PictureCounts:
    """What one picture adds to one class, with the form of its truth."""

    source: Source
    picture: Picture
    name: str
    form: str
    counts: Counts


def form_of(source: Source, name: str, card: ModelCard) -> str:
    """Return the form of truth that a class is scored by: ``mask``, ``box``, or "" where there is none.

    A model that gives masks is held against masks where the source has them, one that gives boxes against
    boxes; where a source has only the other form, that is used.
    """
    return next((form for form in _order(card) if labels.completeness(source, name, FORMS[form])), "")


def count_class(
    source: Source,
    picture: Picture,
    kind: FindingClass,
    card: ModelCard,
    detections: Sequence[Detection],
    shape: tuple[int, int],
) -> PictureCounts | None:
    """Compare what a detector reports of one class in one picture with the truth; None where unlabelled.

    Raises:
        DataError: the labels can't be read or do not fit the picture.
    """
    form = form_of(source, kind.name, card)
    if not form:
        return None
    own = [d for d in detections if d.name == kind.name]
    scored = labels.absence_known(source, picture, kind.name, FORMS[form])
    if form == "box":
        truth = labels.objects(source, picture, kind.name)
        counts = count_boxes(own, truth, scored=scored, min_px=_min_px(source, kind.name))
        return PictureCounts(source, picture, kind.name, form, counts)
    line = kind.geometry == "line"
    target = target_of(source, picture, kind.name, line=line)
    if target.known.shape != shape:
        raise DataError("mask and picture differ in size", where=picture.file)
    if card.task == "segmentation":
        counts = count_pixels(union_of(own, shape), target, line=line, scored=scored)
    else:
        counts = count_boxes(own, parts_as_boxes(target), scored=scored, known=target.known)
    return PictureCounts(source, picture, kind.name, form, counts)


def score_class(
    kind: FindingClass,
    card: ModelCard,
    sources: Sequence[Source],
    counted: Sequence[PictureCounts],
    left_out: list[LeftOut],
) -> ScoredClass:
    """Return the scores of one class over some sources.

    Masks and boxes are different measures and are not added up: where sources have both, the form that fits
    the model is scored, and the others are noted in `left_out`.
    """
    forms = {source.folder: form_of(source, kind.name, card) for source in sources}
    form = next((f for f in _order(card) if f in forms.values()), "")
    for source in sources:
        if forms[source.folder] not in ("", form):
            left_out.append(
                LeftOut(
                    source.name, kind.name, f"labelled as {forms[source.folder]}; scored under its source"
                )
            )
    rows = [c for c in counted if c.name == kind.name and c.form == form]
    complete = (
        [
            c
            for s in sources
            if forms[s.folder] == form and (c := labels.completeness(s, kind.name, FORMS[form]))
        ]
        if form
        else []
    )
    scored = [c for c in rows if c.counts.scored]
    return ScoredClass(
        scores={metric: _value(metric, kind, card, form, rows, sources) for metric in METRICS},
        form=form,
        complete=min(complete, key=WEAKEST_FIRST.index, default=""),
        threshold=card.thresholds[kind.name],
        pictures=len(scored),
        holding=sum(c.counts.truth_px > 0 or c.counts.truth > 0 for c in scored),
    )


def _value(
    metric: str,
    kind: FindingClass,
    card: ModelCard,
    form: str,
    rows: Sequence[PictureCounts],
    sources: Sequence[Source],
) -> Value:
    reason = ""
    if not form:
        reason = f"not labelled in {', '.join(s.name for s in sources)}"
    elif metric in PIXEL_METRICS and form == "box":
        reason = "labelled as boxes, which have no pixels"
    elif metric in PIXEL_METRICS and card.task != "segmentation":
        reason = "the model gives no masks"
    elif metric == "f1_3px" and kind.geometry != "line":
        reason = "for lines only"
    if reason:
        return Value(None, None, None, 0, reason)
    return score([(c.picture.group, c.counts) for c in rows], metric)


def _order(card: ModelCard) -> tuple[str, ...]:
    return ("mask", "box") if card.task == "segmentation" else ("box", "mask")


def _min_px(source: Source, name: str) -> float:
    """Return the height from which all that counts as a name is labelled."""
    return max((e.min_px for label, e in source.labels.items() if name in (label, *e.is_)), default=0.0)
