"""The network's shape."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Architecture:
    """The network's shape; stored with the weights, so that a file says what it fits.

    Attributes:
        backbone: which trunk.
        width: MobileNetV2's width multiplier (ResNet-50 has one width).
        channels: of the feature pyramid and everything that follows.
        hidden: width of the sparse residual FCN.
        tower_depth: convolutions in each FCOS tower.
        level_bounds: upper bounds of the reach (pixels from a location to the farthest box side)
            that each pyramid level but the last is responsible for; levels start at stride 8.
        instance_norm: instance-aware normalisation; False normalises a picture's people together
            (w/o IAN).
        sparse: compute on people only; False computes on the whole grid (w/o Sparse).
    """

    backbone: Literal["mobilenet_v2", "resnet50"] = "mobilenet_v2"
    width: float = 1.5
    channels: int = 96
    hidden: int = 128
    tower_depth: int = 2
    level_bounds: tuple[int, ...] = (48, 96, 192)
    instance_norm: bool = True
    sparse: bool = True


HOUSE_ARCHITECTURE = Architecture()
PAPER_ARCHITECTURE = Architecture(
    backbone="resnet50",
    width=1.0,
    channels=256,
    hidden=256,
    tower_depth=4,
    level_bounds=(64, 128, 256, 512),
)
