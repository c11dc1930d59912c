"""``gatukoll evaluate``: scores an exported model on labelled pictures, as a run would use it.

The ONNX file goes through the runtime's own engine and the detector's own decode, with the thresholds of the
card; needs no torch. What is counted and how is defined in `gatukoll.datasets.scores` and `boxscores`.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from gatukoll.datasets.choice import Chosen, choose, fingerprint
from gatukoll.datasets.layout import Picture, Source, find_sources, read_picture
from gatukoll.detectors import registry
from gatukoll.detectors.cardcheck import check_card, read_card
from gatukoll.detectors.contract import Detection, FindingClass, View
from gatukoll.errors import ConfigError, DataError
from gatukoll.runtime.engine import Engine, Loaded
from gatukoll.runtime.progress import RunProgress
from gatukoll.training.counting import PictureCounts, count_class, score_class
from gatukoll.training.scorereport import LeftOut, Report, ScoredSource, print_table, to_json

__all__ = ["Report", "evaluate", "print_table"]


def evaluate(
    detector: str,
    data: Path,
    json_file: Path | None = None,
    model: Path | None = None,
    worst: Path | None = None,
    groups: str | None = None,
) -> Report:
    """Score a detector on a folder of labelled pictures.

    Args:
        detector: name of an installed detector.
        data: a source in the layout of `gatukoll.datasets.layout`, or a folder with several below it.
        json_file: where the scores are written.
        model: an ONNX file to use for the shipped one.
        worst: folder for pictures of the worst cases.
        groups: only these groups, see `choose`.

    Raises:
        ConfigError, PluginError, ModelError, DataError: before anything is begun.
    """
    item = load(detector, model)
    chosen = choose(find_sources(data), groups)
    if not any(some.pictures for some in chosen):
        raise DataError("holds no picture", where=str(data), todo="Put pictures into images/ and groups.csv.")
    _make_ready(json_file, worst)
    engine = Engine([item])
    counted, left_out = _count(engine, item, chosen)
    if left_out and not counted:
        raise DataError(
            f"no picture could be scored; {left_out[0].what}: {left_out[0].reason}", where=str(data)
        )
    command = ["gatukoll", "evaluate", detector, "--data", str(data)]
    for option, given in {
        "--json": json_file,
        "--model": model,
        "--worst": worst,
        "--groups": groups,
    }.items():
        command += [option, str(given)] if given is not None else []
    report = _report(item, chosen, counted, left_out, shlex.join(command))
    if worst is not None:
        from gatukoll.training.worst import write_worst

        name = item.detector.name
        write_worst(worst, counted, kinds(item), item.card, lambda pixels: engine.detect(pixels)[name])
    report = replace(report, worst=worst, json_file=json_file)
    if json_file is not None:
        json_file.write_text(to_json(report), encoding="utf-8")
    return report


def load(name: str, model: Path | None = None) -> Loaded:
    """Return a detector ready for the engine, with its shipped model or another one.

    Raises:
        ConfigError, PluginError, ModelError: as the registry says.
    """
    plugin = registry.get(name, enabled=model is None)
    detector = plugin.load()
    path = model or plugin.model_path()
    card = read_card(path)
    check_card(card, path, detector)
    if detector.classifier is None:
        return Loaded(detector, card, path)
    return Loaded(detector, card, path, plugin.card("classifier"), plugin.model_path("classifier"))


def detect(engine: Engine, item: Loaded, picture: Picture) -> tuple[tuple[int, int], list[Detection]]:
    """Return height and width of a labelled picture, and what the detector reports in it.

    Raises:
        DataError: it can't be read, or a run would leave it out since the detector can't judge it.
    """
    pixels = read_picture(picture.path)
    height, width = pixels.shape[:2]
    if reason := item.detector.valid(pixels, View(width, height, 1, 1, width, height)):
        raise DataError(f"the detector can't judge it: {reason}", where=str(picture.path))
    return (height, width), engine.detect(pixels)[item.detector.name]


def kinds(item: Loaded) -> list[FindingClass]:
    """Return the classes that the model knows, in the order of the class table."""
    return [kind for kind in item.detector.classes if kind.name in item.card.classes]


def _make_ready(json_file: Path | None, worst: Path | None) -> None:
    """Make the folders that will be written to, so that a mistyped path ends the command at its beginning."""
    if json_file is not None and json_file.is_dir():
        raise ConfigError("is a folder", where=f"--json {json_file}", todo="Name a file.")
    for option, folder in (("--json", json_file and json_file.parent), ("--worst", worst)):
        try:
            if folder is not None:
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"can't be made ({error.strerror})", where=f"{option} {folder}") from error


def _count(
    engine: Engine, item: Loaded, chosen: Sequence[Chosen]
) -> tuple[list[PictureCounts], list[LeftOut]]:
    """Run the detector over all pictures; one that can't be read or scored is left out whole."""
    counted: list[PictureCounts] = []
    left_out: list[LeftOut] = []
    with RunProgress(len(chosen), sum(len(some.pictures) for some in chosen)) as progress:
        for some in chosen:
            progress.begin(some.source.name, len(some.pictures))
            for picture in some.pictures:
                try:
                    counted += _count_picture(engine, item, some.source, picture)
                except DataError as error:
                    left_out.append(LeftOut(some.source.name, picture.file, error.what))
                progress.frame()
    return counted, left_out


def _count_picture(engine: Engine, item: Loaded, source: Source, picture: Picture) -> list[PictureCounts]:
    shape, detections = detect(engine, item, picture)
    rows = [count_class(source, picture, kind, item.card, detections, shape) for kind in kinds(item)]
    return [row for row in rows if row is not None]


def _report(
    item: Loaded,
    chosen: Sequence[Chosen],
    counted: Sequence[PictureCounts],
    left_out: list[LeftOut],
    command: str,
) -> Report:
    gone = {(out.source, out.what) for out in left_out}
    kept = [
        Chosen(some.source, tuple(p for p in some.pictures if (some.source.name, p.file) not in gone))
        for some in chosen
    ]
    sources = [some.source for some in kept]
    classes = {k.name: score_class(k, item.card, sources, counted, left_out) for k in kinds(item)}
    files = [item.model, *([item.classifier] if item.classifier else [])]
    return Report(
        detector=item.detector.name,
        model=str(item.model),
        model_version=item.card.version,
        model_digest=registry.digest_files(files),
        classes=classes,
        sources=tuple(_source(item, some, counted) for some in kept),
        pictures=sum(len(some.pictures) for some in kept),
        groups=_groups(p for some in kept for p in some.pictures),
        left_out=tuple(left_out),
        command=command,
    )


def _source(item: Loaded, some: Chosen, counted: Sequence[PictureCounts]) -> ScoredSource:
    own = [c for c in counted if c.source.folder == some.source.folder]
    return ScoredSource(
        name=some.source.name,
        folder=str(some.source.folder),
        hash=fingerprint(some.source, some.pictures),
        licence=some.source.licence,
        pictures=len(some.pictures),
        groups=_groups(some.pictures),
        classes={k.name: score_class(k, item.card, [some.source], own, []) for k in kinds(item)},
    )


def _groups(pictures: Iterable[Picture]) -> int:
    return len({picture.group or picture.file for picture in pictures})
