"""The settings of a training, checked: what a recipe and the command line may say."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from gatukoll.detectors.card import InputSpec


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Weight(_Strict):
    """How much a drawn label and its absence weigh in the loss; None = by its completeness."""

    present: float | None = Field(None, ge=0, description="of a pixel where the class is drawn")
    absent: float | None = Field(None, ge=0, description="of a pixel in scope where it is not")


class SourceUse(_Strict):
    """How one source is used."""

    share: float = Field(gt=0, description="of the samples, relative to the other sources")
    weights: dict[str, Weight] = Field(
        default_factory=dict, description="class -> weights, where not default"
    )
    judge: bool = Field(
        True, description="its development pictures are good enough to choose thresholds and publish scores"
    )
    surface: Literal["known"] | list[str] | None = Field(
        None,
        description="what of a picture is the surface that the recipe names: classes of the source's mask "
        "(the rest of the mask is not), or known = all that the mask knows (the rest is unknown)",
    )
    none_above: float = Field(
        0.0,
        ge=0,
        le=1,
        description="share of the picture's height, from its top, where no camera of this source sees road, "
        "so that every class is absent there although the masks say 255",
    )


class SplitSpec(_Strict):
    """Which groups are held back."""

    name: str = Field(description="written into the card")
    development: dict[str, list[str]] = Field(description="column of groups.csv -> values held back")


class Data(_Strict):
    """Labelled pictures."""

    root: Path | None = Field(None, description="folder with the sources")
    name: str = Field(description="of the dataset version")
    sources: dict[str, SourceUse] = Field(min_length=1)
    split: SplitSpec
    allow: list[str] = Field(
        default_factory=list, description="sources with train: false to use all the same"
    )


class Recipe(_Strict):
    """What the detector is."""

    name: str = Field(description="as in the entry point")
    version: str = Field(description="of the model to be trained")
    classes: list[str] = Field(min_length=1, description="in the order of the output channels")
    lines: list[str] = Field(default_factory=list, description="classes that are lines, not areas")
    surface: str | None = Field(
        None,
        description="name of a further channel, exported as an output of its own: the ground on which things "
        "of all classes lie, so that decode can leave out what lies elsewhere",
    )
    boost: dict[str, float] = Field(
        default_factory=dict, description="class -> how much oftener its pictures come"
    )
    valid_footage: str = ""
    known_failures: list[str] = Field(default_factory=list)
    licence: str = "Apache-2.0"

    @property
    def channels(self) -> list[str]:
        """Names of the network's output channels: the classes, then the surface."""
        return [*self.classes, self.surface] if self.surface else self.classes


class Input(_Strict):
    """Size of the exported model's input and of training crops, px."""

    height: int = Field(480, gt=0)
    width: int = Field(768, gt=0)
    crop_height: int = Field(480, gt=0, multiple_of=32)
    crop_width: int = Field(576, gt=0, multiple_of=32)

    @property
    def spec(self) -> InputSpec:
        """How the engine will fit a frame into the exported model."""
        return InputSpec(height=self.height, width=self.width, fit="area")


class Model(_Strict):
    """The network."""

    trunk: Literal["efficientnet_lite0"] = "efficientnet_lite0"
    freeze: bool = Field(False, description="keep the trunk as it is, statistics too: it can be shared")
    width: int = Field(48, gt=0, description="channels of the decoder")


class Train(_Strict):
    """The training itself."""

    steps: int = Field(gt=0)
    batch: int = Field(8, gt=0)
    rate: float = Field(2e-3, gt=0, description="learning rate of the decoder")
    trunk_rate: float = Field(5e-4, gt=0, description="learning rate of the trunk")
    decay: float = Field(0.01, ge=0, description="weight decay")
    warmup: int = Field(50, ge=0, description="steps")
    dice: float = Field(1.0, ge=0, description="weight of the Dice part of the loss")
    augment: Literal["none", "weak", "medium", "strong"] = "weak"
    seed: int = 1
    round: int = Field(50, gt=0, description="steps between two checkpoints")
    check_every: int = Field(5, gt=0, description="rounds between two looks at the development groups")
    stop_after: int | None = Field(None, gt=0, description="steps after which to stop, to be resumed later")
    threads: int = Field(2, gt=0)


class Settings(_Strict):
    """Everything a training depends on."""

    detector: Recipe
    data: Data
    input: Input
    model: Model
    train: Train
    out: Path | None = Field(None, description="folder for checkpoints, log and pictures")
    resume: Path | None = Field(
        None, description="checkpoint to go on from: weights, optimiser, step and all"
    )
    finetune: Path | None = Field(None, description="checkpoint whose weights to begin with, at step 0")
    mlflow: str | None = Field(None, description="tracking address; default: a SQLite file in out")
