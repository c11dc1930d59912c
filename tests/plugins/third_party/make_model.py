"""Write gatukoll_litter/model.onnx: how pale each cell of 4 x 4 px is, and the card."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from gatukoll.detectors.card import CARD_KEY, InputSpec, ModelCard

card = ModelCard(
    name="litter",
    version="0.1.0",
    contract=1,
    task="segmentation",
    classes=["litter"],
    thresholds={"litter": 0.75},
    input=InputSpec(height=480, width=640, fit="area"),
    outputs=["scores"],
    licence="CC0-1.0",
)
nodes = [
    helper.make_node("Cast", ["image"], ["float"], to=TensorProto.FLOAT),
    helper.make_node("Transpose", ["float"], ["nchw"], perm=[0, 3, 1, 2]),
    helper.make_node("ReduceMin", ["nchw", "channel"], ["pale"]),
    helper.make_node("AveragePool", ["pale"], ["cells"], kernel_shape=[4, 4], strides=[4, 4]),
    helper.make_node("Div", ["cells", "white"], ["scores"]),
]
constants = {"channel": np.array([1], np.int64), "white": np.array(255, np.float32)}
graph = helper.make_graph(
    nodes,
    "litter",
    [helper.make_tensor_value_info("image", TensorProto.UINT8, [1, "height", "width", 3])],
    [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, 1, "rows", "columns"])],
    [numpy_helper.from_array(value, name) for name, value in constants.items()],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
helper.set_model_props(model, {CARD_KEY: card.model_dump_json()})
onnx.save(model, "gatukoll_litter/model.onnx")
