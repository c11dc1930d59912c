"""Three tiny ONNX models with their detectors: masks, boxes, and crops classified in a second stage.

They see bright things on a dark ground: what is brighter than 200 in the red channel is there, the more so
the brighter. So a test can draw what they are to find.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from gatukoll.detectors.card import CARD_KEY, InputSpec, ModelCard
from gatukoll.detectors.contract import Array, Detection, Detector, FindingClass, Mask, View

SEVERITY = ("liten", "stor", "mycket stor")
SPOT = FindingClass("spot", "fläck", "spot", "area", SEVERITY)
STRIPE = FindingClass("stripe", "streck", "stripe", "line", SEVERITY)


class TinyMasks(Detector):
    """Bright regions: wide ones are spots, thin ones stripes."""

    name: ClassVar[str] = "tiny_masks"
    classes: ClassVar[tuple[FindingClass, ...]] = (SPOT, STRIPE)

    def decode(
        self, outputs: Mapping[str, Array], view: View, thresholds: Mapping[str, float]
    ) -> list[Detection]:
        found = []
        for kind, plane in zip(self.classes, outputs["scores"], strict=True):
            used = (round(view.width * view.scale_x), round(view.height * view.scale_y))
            frame = cv2.resize(plane[: used[1], : used[0]], (view.width, view.height))
            over = (frame >= thresholds[kind.name]).astype(np.uint8)
            count, numbers, stats, _ = cv2.connectedComponentsWithStats(over, connectivity=8)
            for number in range(1, count):
                x, y, w, h, _ = (int(v) for v in stats[number])
                if (min(w, h) > 8) != (kind is SPOT):
                    continue
                mask = Mask(x, y, numbers[y : y + h, x : x + w] == number)
                score = float(frame[numbers == number].mean())
                found.append(Detection(kind.name, score, (x, y, x + w, y + h), mask))
        return found


class TinyBoxes(Detector):
    """The one box around everything bright."""

    name: ClassVar[str] = "tiny_boxes"
    classes: ClassVar[tuple[FindingClass, ...]] = (SPOT,)

    def decode(
        self, outputs: Mapping[str, Array], view: View, thresholds: Mapping[str, float]
    ) -> list[Detection]:
        x0, y0, x1, y1, score = (float(v) for v in outputs["boxes"])
        if score < thresholds["spot"]:
            return []
        sx, sy = view.scale_x, view.scale_y
        return [Detection("spot", score, (x0 / sx, y0 / sy, x1 / sx, y1 / sy))]


class TinyCrops(TinyMasks):
    """Bright regions, each looked at again: is it red or white? Grey ones are dropped."""

    name: ClassVar[str] = "tiny_crops"
    classes: ClassVar[tuple[FindingClass, ...]] = (SPOT,)
    classifier: ClassVar[str | None] = "classifier.onnx"

    def decode(
        self, outputs: Mapping[str, Array], view: View, thresholds: Mapping[str, float]
    ) -> list[Detection]:
        return super().decode({"scores": outputs["scores"][:1]}, view, thresholds)

    def classify(self, outputs: Mapping[str, Array], detections: Sequence[Detection]) -> list[Detection]:
        colours = [("red", "white")[int(row.argmax())] for row in outputs["colour"]]
        named = [d.having(colour=c) for d, c in zip(detections, colours, strict=True)]
        return [replace(d, mask=None) for d in named]


def card(detector: str, **other: object) -> ModelCard:
    """Return a card that fits `masks` and can be changed in any field."""
    fields: dict[str, object] = {
        "name": detector,
        "version": "0.1.0",
        "contract": 1,
        "task": "segmentation",
        "classes": ["spot", "stripe"],
        "thresholds": {"spot": 0.5, "stripe": 0.5},
        "input": InputSpec(height=96, width=128, max_enlarge=1.0),
        "outputs": ["scores"],
        "licence": "Apache-2.0",
    }
    return ModelCard.model_validate({**fields, **other})


def masks(path: Path, info: ModelCard | None = None) -> Path:
    """Write a model: ``scores`` (1, 2, h, w) = red / 255 - 0.28, twice: 0.5 is a red of 200."""
    nodes = [
        *_red("red"),
        helper.make_node("Sub", ["red", "offset"], ["score"]),
        helper.make_node("Concat", ["score", "score"], ["scores"], axis=1),
    ]
    return _write(path, nodes, {"scores": [1, 2, "h", "w"]}, info or card("tiny_masks"), offset=0.284)


def boxes(path: Path, info: ModelCard | None = None) -> Path:
    """Write a model: ``boxes`` (1, 5) = x0, y0, x1, y1 of all that is bright in input px, and a score."""
    nodes = [*_red("red"), helper.make_node("Greater", ["red", "limit"], ["bright"])]
    nodes.append(helper.make_node("Cast", ["bright"], ["on"], to=TensorProto.FLOAT))
    for axis in "xy":
        across = f"axis_{axis}"
        nodes += [
            helper.make_node("ReduceMax", ["on", across], [f"on_{axis}"], keepdims=0),
            helper.make_node("ArgMax", [f"on_{axis}"], [f"{axis}0i"], axis=2, keepdims=0),
            helper.make_node(
                "ArgMax", [f"on_{axis}"], [f"{axis}1i"], axis=2, keepdims=0, select_last_index=1
            ),
            helper.make_node("Cast", [f"{axis}0i"], [f"{axis}0"], to=TensorProto.FLOAT),
            helper.make_node("Cast", [f"{axis}1i"], [f"{axis}last"], to=TensorProto.FLOAT),
            helper.make_node("Add", [f"{axis}last", "one"], [f"{axis}1"]),
        ]
    nodes.append(helper.make_node("ReduceMax", ["on", "axis_all"], ["score"], keepdims=0))
    nodes.append(helper.make_node("Unsqueeze", ["score", "axis_1"], ["score2"]))
    nodes.append(helper.make_node("Concat", ["x0", "y0", "x1", "y1", "score2"], ["boxes"], axis=1))
    axes = {"axis_x": [2], "axis_y": [3], "axis_all": [1, 2, 3], "axis_1": [1]}
    info = info or card(
        "tiny_boxes", task="boxes", classes=["spot"], thresholds={"spot": 0.5}, outputs=["boxes"]
    )
    return _write(path, nodes, {"boxes": [1, 5]}, info, axes, limit=200 / 255, one=1.0)


def colours(path: Path, info: ModelCard | None = None) -> Path:
    """Write a classifier: ``colour`` (n, 2), red and white, by the mean green of a crop."""
    nodes = [
        helper.make_node("Cast", ["image"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["float", "axis_hw"], ["mean"], keepdims=0),
        helper.make_node("Slice", ["mean", "from1", "to2", "axis_1"], ["green"]),
        helper.make_node("Sub", ["full", "green"], ["redness"]),
        helper.make_node("Concat", ["redness", "green"], ["colour"], axis=1),
    ]
    axes = {"axis_hw": [1, 2], "axis_1": [1], "from1": [1], "to2": [2]}
    info = info or card(
        "tiny_crops",
        role="classifier",
        task="classification",
        classes=["red", "white"],
        thresholds={"red": 0.5, "white": 0.5},
        input=InputSpec(height=16, width=16),
        outputs=["colour"],
    )
    return _write(path, nodes, {"colour": ["n", 2]}, info, axes, batch="n", full=255.0)


def _red(name: str) -> list[onnx.NodeProto]:
    """Return nodes from the uint8 NHWC input to its red channel (n, 1, h, w), 0..1."""
    return [
        helper.make_node("Cast", ["image"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["float"], ["nchw"], perm=[0, 3, 1, 2]),
        helper.make_node("Slice", ["nchw", "zero_i", "one_i", "one_i"], ["red255"]),
        helper.make_node("Div", ["red255", "white"], [name]),
    ]


def _write(
    path: Path,
    nodes: list[onnx.NodeProto],
    outputs: Mapping[str, list[int | str]],
    info: ModelCard,
    integers: Mapping[str, list[int]] | None = None,
    batch: int | str = 1,
    **floats: float,
) -> Path:
    whole = {"zero_i": [0], "one_i": [1], **(integers or {})}
    constants = [numpy_helper.from_array(np.array(v, np.int64), k) for k, v in whole.items()]
    constants += [
        numpy_helper.from_array(np.array(v, np.float32), k) for k, v in {"white": 255.0, **floats}.items()
    ]
    area = info.input.fit == "area"
    shape = [batch, "h" if area else info.input.height, "w" if area else info.input.width, 3]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, shape)],
        [helper.make_tensor_value_info(k, TensorProto.FLOAT, v) for k, v in outputs.items()],
        [c for c in constants if any(c.name in node.input for node in nodes)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    helper.set_model_props(model, {CARD_KEY: info.model_dump_json()})
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
    return path
