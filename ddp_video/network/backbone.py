"""Backbone: a trunk that gives C2..C5 (1/4 .. 1/32), and the feature pyramid on top (Fig. 2, left).

A third trunk is one class with `channels` (of C2..C5), `mean`, `std` and a forward that returns
the four maps.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.models import mobilenet_v2, resnet50
from torchvision.ops import FrozenBatchNorm2d


class Conv2dSame(nn.Conv2d):
    """A stride-2 convolution that pads right and bottom only, as TensorFlow does for even sizes.

    The MobileNetV2 weights we start from were trained so; symmetric padding shifts them by a pixel.
    """

    def forward(self, input: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, D, H/2, W/2)."""
        if self.groups > 1 and input.requires_grad:
            # oneDNN's gradient of a strided depthwise convolution in bf16 is 10 x slower than that
            # of the whole convolution, of whose results every second one is wanted.
            whole = F.conv2d(input, self.weight, self.bias, padding=1, groups=self.groups)
            return whole[..., 1::2, 1::2]
        extra = self.kernel_size[0] - 2
        return super().forward(F.pad(input, (0, extra, 0, extra)))


def _with_bias_instead_of_norm(module: nn.Module) -> None:
    """Turn every Conv2d + BatchNorm2d pair into one convolution with bias, for folded weights."""
    for name, child in module.named_children():
        if isinstance(child, nn.BatchNorm2d):
            setattr(module, name, nn.Identity())
        elif isinstance(child, nn.Conv2d):
            two = child.stride == (2, 2)
            cls = Conv2dSame if two else nn.Conv2d
            padding = 0 if two else child.padding
            new = cls(
                child.in_channels,
                child.out_channels,
                kernel_size=child.kernel_size,  # pyright: ignore[reportArgumentType]
                stride=child.stride,  # pyright: ignore[reportArgumentType]
                padding=padding,  # pyright: ignore[reportArgumentType]
                groups=child.groups,
            )
            nn.init.kaiming_normal_(new.weight, mode="fan_out")
            nn.init.zeros_(new.bias)  # pyright: ignore[reportArgumentType]
            setattr(module, name, new)
        else:
            _with_bias_instead_of_norm(child)


class MobileNetV2(nn.Module):
    """MobileNetV2 of any width, batch norm folded into biases; torchvision's names."""

    mean = (127.5, 127.5, 127.5)
    std = (127.5, 127.5, 127.5)
    stages = (3, 6, 13, 17)  # last block at strides 4, 8, 16, 32

    def __init__(self, width: float = 1.0) -> None:
        super().__init__()
        features = mobilenet_v2(width_mult=width).features[: self.stages[-1] + 1]  # pyright: ignore
        _with_bias_instead_of_norm(features)
        self.features = features
        self.channels = tuple(self._out_channels(i) for i in self.stages)

    def _out_channels(self, index: int) -> int:
        return self.features[index].out_channels  # pyright: ignore[reportReturnType]

    def blocks(self) -> list[nn.Module]:
        """From the picture on, for freezing the first ones."""
        return list(self.features)

    def forward(self, images: Tensor) -> list[Tensor]:
        """(B, 3, H, W) normalised -> C2..C5; H and W are multiples of 32."""
        maps, x = [], images
        for index, block in enumerate(self.features):
            x = block(x)
            if index in self.stages:
                maps.append(x)
        return maps


class ResNet50(nn.Module):
    """ResNet-50 with frozen batch norm, as in the paper (Sec. 6); torchvision's names."""

    mean = (123.675, 116.28, 103.53)
    std = (58.395, 57.12, 57.375)
    channels = (256, 512, 1024, 2048)

    def __init__(self) -> None:
        super().__init__()
        net = resnet50(norm_layer=FrozenBatchNorm2d)
        self.conv1, self.bn1 = net.conv1, net.bn1
        self.layer1, self.layer2 = net.layer1, net.layer2
        self.layer3, self.layer4 = net.layer3, net.layer4

    def blocks(self) -> list[nn.Module]:
        """From the picture on, for freezing the first ones."""
        return [self.conv1, self.layer1, self.layer2, self.layer3, self.layer4]

    def forward(self, images: Tensor) -> list[Tensor]:
        """(B, 3, H, W) normalised -> C2..C5."""
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(images))), 3, stride=2, padding=1)
        maps = []
        for layer in self.blocks()[1:]:
            x = layer(x)
            maps.append(x)
        return maps


class FeaturePyramid(nn.Module):
    """FPN: P2..P5 from C2..C5, then further levels by stride-2 convolutions (P6, P7 ...)."""

    def __init__(self, in_channels: Sequence[int], channels: int, extra_levels: int) -> None:
        super().__init__()
        self.lateral = nn.ModuleList(nn.Conv2d(c, channels, 1) for c in in_channels)
        self.output = nn.ModuleList(
            nn.Conv2d(channels, channels, 3, padding=1) for _ in in_channels
        )
        self.extra = nn.ModuleList(
            nn.Conv2d(channels, channels, 3, stride=2, padding=1) for _ in range(extra_levels)
        )

    def forward(self, maps: list[Tensor]) -> list[Tensor]:
        """C2..C5 -> P2, P3, P4, P5 and the extra levels, each (B, channels, h, w)."""
        inner = [lateral(c) for lateral, c in zip(self.lateral, maps, strict=True)]
        for i in range(len(inner) - 1, 0, -1):
            up = F.interpolate(inner[i], size=inner[i - 1].shape[-2:], mode="nearest")
            inner[i - 1] = inner[i - 1] + up
        pyramid = [output(x) for output, x in zip(self.output, inner, strict=True)]
        for conv in self.extra:
            pyramid.append(conv(F.relu(pyramid[-1])))
        return pyramid


class Backbone(nn.Module):
    """Trunk and pyramid; normalises the picture itself, so weights carry their preprocessing."""

    mean: Tensor
    std: Tensor

    def __init__(self, trunk: MobileNetV2 | ResNet50, channels: int, levels: int) -> None:
        """Join a trunk with a pyramid whose levels from stride 8 on number `levels`."""
        super().__init__()
        self.trunk = trunk
        self.pyramid = FeaturePyramid(trunk.channels, channels, extra_levels=levels - 3)
        self.register_buffer("mean", torch.tensor(trunk.mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(trunk.std).view(1, 3, 1, 1), persistent=False)

    def forward(self, images: Tensor) -> list[Tensor]:
        """(B, 3, H, W) RGB, 0..255 -> P2, P3, ..."""
        x = (images - self.mean).div_(self.std)
        return self.pyramid(self.trunk(x.contiguous(memory_format=torch.channels_last)))
