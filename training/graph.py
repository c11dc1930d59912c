"""From a trained network to the bytes of an ONNX file."""

from __future__ import annotations

import copy
import tempfile
import warnings
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from gatukoll.detectors.card import CARD_KEY, ModelCard
from gatukoll.training.config import Recipe
from gatukoll.training.decoder import Segmenter
from gatukoll.training.trunk import ConvBn

OPSET = 17
INPUT, OUTPUT, SURFACE = "image", "scores", "surface"


def output_names(recipe: Recipe) -> list[str]:
    """Return the names of the graph's outputs: scores of the classes, and the surface if there is one."""
    return [OUTPUT, SURFACE] if recipe.surface else [OUTPUT]


def split_channels(scores: torch.Tensor, recipe: Recipe) -> tuple[torch.Tensor, ...]:
    """Return the network's channels (n, channels, h, w) as the graph's outputs, in their order."""
    classes = len(recipe.classes)
    return (scores[:, :classes], scores[:, classes:]) if recipe.surface else (scores,)


class _Outputs(nn.Module):
    """A network whose channels are divided into the graph's outputs."""

    def __init__(self, net: Segmenter, recipe: Recipe) -> None:
        super().__init__()
        self.net, self.recipe = net, recipe

    def forward(self, image: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return split_channels(self.net(image), self.recipe)


def to_onnx(net: Segmenter, recipe: Recipe, *, half_from: int | None = None) -> onnx.ModelProto:
    """Return the graph: uint8 NHWC in, scores out, any batch and any size in multiples of 32.

    Args:
        net: the network; left as it is.
        recipe: says which channels are classes.
        half_from: store tensors of at least so many numbers as float16 behind a Cast; None = none. Computing
            stays in float32. The small tensors near the picture are the ones that rounding hurts: with all
            in float16 scores moved by up to 0.09, with those from 65,536 on by 0.002, at 7 MB for 6.
    """
    folded = _Outputs(_folded(net), recipe).eval()
    names = output_names(recipe)
    with warnings.catch_warnings(), tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.onnx"
        # the tracing exporter warns of its successor, which needs a package more and gives the same graph
        warnings.simplefilter("ignore")
        torch.onnx.export(
            folded,
            (torch.zeros((1, 64, 96, 3), dtype=torch.uint8),),
            file,
            dynamo=False,
            opset_version=OPSET,
            input_names=[INPUT],
            output_names=names,
            dynamic_axes={
                INPUT: {0: "pictures", 1: "height", 2: "width"},
                **{name: {0: "pictures", 2: "height_4", 3: "width_4"} for name in names},
            },
        )
        model = onnx.load(file)
    if half_from is not None:
        _store_half(model, half_from)
    onnx.checker.check_model(model, full_check=True)
    return model


def with_card(model: onnx.ModelProto, card: ModelCard) -> onnx.ModelProto:
    """Return the same model with `card` in its metadata."""
    del model.metadata_props[:]
    helper.set_model_props(model, {CARD_KEY: card.model_dump_json()})
    return model


def _folded(net: Segmenter) -> Segmenter:
    """Return a copy whose batch normalisation is folded into the convolutions before it."""
    folded = copy.deepcopy(net).eval()
    for part in folded.modules():
        if isinstance(part, ConvBn):
            part.conv = fuse_conv_bn_eval(part.conv, part.bn)
            part.bn = nn.Identity()  # type: ignore[assignment]
    return folded


def _store_half(model: onnx.ModelProto, smallest: int) -> None:
    """Store the large weights as float16, each behind a Cast back to float32, which is folded at load."""
    graph, casts = model.graph, []
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < smallest:
            continue
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), name + ".half"))
        casts.append(helper.make_node("Cast", [name + ".half"], [name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
