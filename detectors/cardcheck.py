"""Reads the card of an ONNX file and holds it against the detector's class table and the graph.

Runs before a model does, so that a wrong file is refused with words and not with a wrong picture.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import ValidationError

from gatukoll.detectors.card import CARD_KEY, ModelCard
from gatukoll.detectors.contract import CONTRACT_VERSION, Detector, FindingClass
from gatukoll.errors import ModelError, PluginError

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

GEOMETRIES = ("point", "line", "area")


def read_card(path: Path) -> ModelCard:
    """Return the card inside an ONNX file.

    Raises:
        ModelError: no model, no card, an invalid one, or one of a newer contract.
    """
    return _card_of(_open(path), path)


def check_card(
    card: ModelCard, path: Path, detector: Detector, which: Literal["model", "classifier"] = "model"
) -> None:
    """Hold a card against the detector that will decode it and the graph that it describes.

    Args:
        card: as read from `path`.
        path: the ONNX file.
        detector: whose class table the main model's classes must be part of.
        which: the place that the file is meant for.

    Raises:
        ModelError: the first thing that does not agree.
    """
    if card.role != which:
        raise ModelError(f"the card says role {card.role}, here a {which} is needed", where=str(path))
    if which == "model":
        _check_classes(card, path, detector)
    session = _open(path)
    _check_input(card, path, session)
    outputs = {o.name: o for o in session.get_outputs()}
    for name in card.outputs:
        if name not in outputs:
            raise ModelError(
                f'the card names an output "{name}" that the graph has not',
                where=str(path),
                allowed=", ".join(outputs),
            )
        if outputs[name].type != "tensor(float)":
            raise ModelError(f'output "{name}" is {outputs[name].type}, not tensor(float)', where=str(path))


def check_table(kind: type[Detector], name: str) -> None:
    """Hold a detector's class attributes against the contract.

    Raises:
        PluginError: the first thing that is wrong.
    """
    where = f'detector "{name}"'
    if getattr(kind, "name", None) != name:
        raise PluginError(f"its class calls itself {getattr(kind, 'name', None)!r}", where=where)
    classes: object = getattr(kind, "classes", None)
    if not isinstance(classes, tuple) or not classes:
        raise PluginError("its class table `classes` must be a tuple with at least one class", where=where)
    for item in classes:
        _check_class(item, where)
    names = [c.name for c in classes]
    double = sorted({n for n in names if names.count(n) > 1})
    if double:
        raise PluginError(f"its class table names {', '.join(double)} twice", where=where)
    if kind.decode is Detector.decode:
        raise PluginError("it has no decode", where=where)
    if kind.classifier is not None and kind.classify is Detector.classify:
        raise PluginError("it has a classifier but no classify", where=where)


def _check_class(item: object, where: str) -> None:
    if not isinstance(item, FindingClass):
        raise PluginError(f"{item!r} in its class table is not a FindingClass", where=where)
    if not (item.name and item.sv and item.en):
        raise PluginError(f'class "{item.name}" needs a name, a Swedish and an English word', where=where)
    if item.geometry not in GEOMETRIES:
        raise PluginError(
            f'class "{item.name}" has geometry {item.geometry!r}', where=where, allowed=", ".join(GEOMETRIES)
        )
    if len(item.severity) != 3 or not all(isinstance(s, str) and s for s in item.severity):
        raise PluginError(f'class "{item.name}" needs three severities in words', where=where)


def _check_classes(card: ModelCard, path: Path, detector: Detector) -> None:
    if card.name != detector.name:
        raise ModelError(f'it is a model of "{card.name}", not of "{detector.name}"', where=str(path))
    known = [c.name for c in detector.classes]
    if strange := [c for c in card.classes if c not in known]:
        raise ModelError(
            f"its card has classes that {detector.name} does not know: {', '.join(strange)}",
            where=str(path),
            allowed=", ".join(known),
        )
    if len(set(card.classes)) != len(card.classes):
        raise ModelError("its card names a class twice", where=str(path))
    if missing := [c for c in card.classes if c not in card.thresholds]:
        raise ModelError(f"its card has no threshold for {', '.join(missing)}", where=str(path))
    if extra := [c for c in card.thresholds if c not in card.classes]:
        raise ModelError(f"its card has a threshold for unknown {', '.join(extra)}", where=str(path))
    if wrong := [c for c, value in card.thresholds.items() if not 0 < value < 1]:
        raise ModelError(f"the threshold of {', '.join(wrong)} is not between 0 and 1", where=str(path))


def _check_input(card: ModelCard, path: Path, session: InferenceSession) -> None:
    inputs = session.get_inputs()
    if [i.name for i in inputs] != [card.input.name]:
        raise ModelError(
            f"the graph's inputs are {', '.join(i.name for i in inputs)}, the card says {card.input.name}",
            where=str(path),
        )
    kind, shape = inputs[0].type, inputs[0].shape
    channels_fit = len(shape) == 4 and (shape[3] == 3 or not isinstance(shape[3], int))
    if kind != "tensor(uint8)" or not channels_fit:
        raise ModelError(
            f"the graph's input is {kind} {_words(shape)}, not uint8 NHWC with 3 channels", where=str(path)
        )
    if card.role == "classifier" and (isinstance(shape[0], int) or card.input.fit != "letterbox"):
        raise ModelError("a classifier needs a free batch size and fit letterbox", where=str(path))
    if isinstance(shape[0], int) and shape[0] != 1:
        raise ModelError(f"the graph's batch size is {shape[0]}, not 1 or free", where=str(path))
    sides = {"height": (shape[1], card.input.height), "width": (shape[2], card.input.width)}
    for side, (real, told) in sides.items():
        if not isinstance(real, int):
            continue
        if card.input.fit == "area":
            raise ModelError(f"fit area needs a free {side}; in the graph it is {real}", where=str(path))
        if real != told:
            raise ModelError(f"the graph's input {side} is {real}, the card says {told}", where=str(path))


def _words(shape: Sequence[object]) -> str:
    return "(" + ", ".join(str(side) for side in shape) + ")"


def _open(path: Path) -> InferenceSession:
    """Open a model for looking at it: not optimised, which takes a tenth of the time."""
    import onnxruntime as ort

    if not path.is_file():
        raise ModelError("no such file", where=str(path))
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    try:
        return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has a dozen classes of its own for a bad file
        text = str(error).strip().splitlines() or [type(error).__name__]
        raise ModelError(f"not a model that ONNX Runtime can open: {text[0]}", where=str(path)) from error


def _card_of(session: InferenceSession, path: Path) -> ModelCard:
    raw = session.get_modelmeta().custom_metadata_map.get(CARD_KEY)
    if raw is None:
        raise ModelError("it has no model card", where=str(path), todo="Write it with `gatukoll export`.")
    _refuse_newer(raw, path)
    try:
        return ModelCard.model_validate_json(raw)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(p) for p in first["loc"]) or "its beginning"
        raise ModelError(f"its card is wrong at {place}: {first['msg']}", where=str(path)) from error


def _refuse_newer(raw: str, path: Path) -> None:
    """Refuse a card of a newer contract before its fields are looked at, which may be new too."""
    try:
        contract = json.loads(raw)["contract"]
    except (ValueError, TypeError, KeyError):
        return  # the validation of the whole card says it better
    if isinstance(contract, int) and contract > CONTRACT_VERSION:
        raise ModelError(
            f"it was made for plugin contract {contract}, this gatukoll knows {CONTRACT_VERSION}",
            where=str(path),
            todo="Use a newer gatukoll.",
        )
