"""The model card: one JSON value in the metadata of every ONNX file that gatukoll runs."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

CARD_KEY = "gatukoll.card"
"""Key of the card in the ONNX file's ``metadata_props``."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class InputSpec(_Strict):
    """How a picture becomes the model's input: the one resize policy of the engine, with its two cases.

    ``area`` keeps the frame's shape and gives it about `height` * `width` pixels, each side padded at its end
    to a multiple of `multiple`: the cost is the same for every camera and no pixel is spent on bars.
    ``letterbox`` gives exactly `height` x `width`, the frame inside, padded at its right and lower end.
    Padding is 114 in every channel. The tensor is uint8 NHWC RGB; normalisation lies inside the graph.
    """

    name: str = Field("image", description="name of the graph's input")
    height: int = Field(gt=0, description="px")
    width: int = Field(gt=0, description="px")
    fit: Literal["area", "letterbox"] = Field("letterbox", description="how a frame is fitted in")
    multiple: int = Field(32, gt=0, description="sides are multiples of this many px (fit area)")
    max_enlarge: float = Field(1.5, gt=0, description="a smaller frame is enlarged by at most this")


class TrunkInfo(_Strict):
    """The shared part of the network below the head."""

    name: str = Field(description="e.g. efficientnet_lite0")
    version: str = Field(description="e.g. imagenet-1, or the run that trained it")
    digest: str = Field(description="sha256 over the names, shapes and bytes of its weights")
    frozen: bool = Field(
        description="true where the head was trained on it unchanged, so that it can be shared"
    )


class TrainedOn(_Strict):
    """One source that the model was trained on."""

    source: str = Field(description="name in source.json")
    version: str = Field("1", description="version of the dataset")
    hash: str = Field(description="sha256 over the files used")
    licence: str = Field(description="as in source.json")
    pictures: int = Field(ge=0)
    train: bool = Field(True, description="false = used by explicit override of its licence flag")


class Metric(_Strict):
    """One number, with its interval and what it was measured on."""

    value: float
    low: float | None = Field(None, description="lower end of the 95 % bootstrap interval over groups")
    high: float | None = Field(None, description="upper end")
    count: int | None = Field(None, description="objects or pictures it rests on")


class Score(_Strict):
    """Metrics of one class on one split."""

    split: str = Field(description="e.g. development: highways df_080, df_060; drive chiba_20170925_1542")
    source: str = Field(description="source the labels come from")
    classes: dict[str, dict[str, Metric]] = Field(description="class -> metric name -> metric")


class ModelCard(_Strict):
    """Everything that a runner, an engineer and a lawyer must know of a model."""

    name: str = Field(description="of the detector")
    version: str = Field(description="of the model, e.g. 0.1.0; rises with every promoted model")
    contract: int = Field(description="version of the plugin contract it was exported for")
    role: Literal["model", "classifier"] = Field("model", description="main model, or second stage on crops")
    task: Literal["segmentation", "boxes", "classification", "points", "other"]
    classes: list[str] = Field(min_length=1, description="in the order of the output channels")
    thresholds: dict[str, float] = Field(description="class -> score from which it is reported")
    input: InputSpec
    outputs: list[str] = Field(
        min_length=1, description="names of the graph's outputs, as decode expects them"
    )
    trunk: TrunkInfo | None = None
    trained_on: list[TrainedOn] = Field(default_factory=list)
    scores: list[Score] = Field(default_factory=list)
    valid_footage: str = Field("", description="footage that the model can judge")
    known_failures: list[str] = Field(default_factory=list)
    licence: str = Field(description="of the weights, SPDX")
    commit: str = Field("", description="of the code that trained it")
    notes: dict[str, str] = Field(default_factory=dict, description="recipe, steps, seed, parity figures …")
