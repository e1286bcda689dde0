"""Feature aggregation (Sec. 3.2): every pyramid level brought to 1/4 scale and summed to X_agg."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

GROUPS = 16
_SMALL = 1024  # pixels of a map


class PlanewiseNorm(nn.GroupNorm):
    """Group norm that a CPU takes plane by plane where channels last would cost it several times.

    Torch's gradient for channels last in bf16 takes six times as long at any size, the forward pass
    three to twelve times for a small map.
    """

    def forward(self, input: Tensor) -> Tensor:
        """(B, C, H, W) -> the same, normalised."""
        small = input.shape[-2] * input.shape[-1] < _SMALL
        if input.device.type != "cpu" or not (small or input.requires_grad):
            return super().forward(input)
        return super().forward(input.contiguous()).contiguous(memory_format=torch.channels_last)


def conv_norm_relu(
    channels: int, out_channels: int | None = None, stride: int = 1
) -> nn.Sequential:
    """3x3 convolution, group norm, ReLU: the unit of the aggregation and of the instance branch."""
    out_channels = out_channels or channels
    return nn.Sequential(
        nn.Conv2d(channels, out_channels, 3, stride=stride, padding=1, bias=False),
        PlanewiseNorm(GROUPS, out_channels),
        nn.ReLU(inplace=True),
    )


class FeatureAggregation(nn.Module):
    """P3..P5 (any number of levels) to one 1/4 map; P2 joins for the global branch only."""

    def __init__(self, channels: int, levels: int = 3) -> None:
        super().__init__()
        self.steps = nn.ModuleList(
            nn.ModuleList(conv_norm_relu(channels) for _ in range(level + 1))
            for level in range(levels)
        )
        self.fine = conv_norm_relu(channels)

    def forward(self, pyramid: list[Tensor]) -> tuple[Tensor, Tensor]:
        """P2, P3, P4, P5, ... -> X_agg (instance branch) and X_agg + P2 (global branch).

        Both are (B, channels, H/4, W/4).
        """
        p2, coarser = pyramid[0], pyramid[1 : 1 + len(self.steps)]
        sizes = [level.shape[-2:] for level in pyramid]
        total = None
        for level, (steps, x) in enumerate(zip(self.steps, coarser, strict=True)):
            y = x
            for i, step in enumerate(steps):  # pyright: ignore[reportArgumentType]
                y = step(y if i == 0 else _bilinear(y, sizes[level - i + 1]))
            total = y if total is None else total + y
        assert total is not None
        # The last step to 1/4 is linear, so it is taken once for the sum.
        x_agg = _bilinear(total, p2.shape[-2:])
        return x_agg, x_agg + self.fine(p2)


def _bilinear(x: Tensor, size: torch.Size) -> Tensor:
    return F.interpolate(x, size=size, mode="bilinear", align_corners=False)
