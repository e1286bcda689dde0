"""Convolutions in eight bits, for CPUs that multiply those twice as fast as bf16.

Weights are rounded channel by channel, features picture by picture to 255 steps around zero; sums
are exact. On films of people a quarter as many labels change by it as by rounding to bf16, so it is
taken where bf16 is.
"""

from typing import TypeGuard

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .background_suppression import Sites
from .instance_aware_norm import InstanceAwareNorm
from .sparse_residual_fcn import ROWS, SparseBackend, SparseSubBlock, chosen, submanifold_conv

_ZERO = 128  # what stands for zero, so that 1..255 reach as far below it as above
_STEPS = 127
_SIZES = 8  # of features for which weights are kept packed: at least the levels of a pyramid
_WORTH = 64  # channels; with fewer, rounding the features costs more than it saves


def computes_in_eight_bits(device: torch.device) -> bool:
    """Whether the CPU gains by it, and torch has oneDNN's operators for it.

    With AMX bf16 is fast enough that rounding costs more than it saves.
    """
    capabilities = getattr(torch.cpu, "get_capabilities", dict)()
    return (
        device.type == "cpu"
        and bool(capabilities.get("avx512_vnni") and capabilities.get("avx512_bf16"))
        and not capabilities.get("amx_bf16")
        and hasattr(torch.ops.onednn, "qconv2d_pointwise")
        and hasattr(torch.ops.onednn, "qlinear_pointwise")
    )


def use_eight_bits(network: nn.Module) -> None:
    """Have the large 3x3 convolutions, dense and sparse, compute in eight bits, in place.

    Those of the pyramid and before a norm; what says who is where, and boxes, stays as it is.
    """
    for module in list(network.modules()):
        for name, child in module.named_children():
            if isinstance(child, SparseSubBlock):
                setattr(module, name, EightBitSubBlock(child))
            elif isinstance(module, nn.Sequential | nn.ModuleList) and _worth_it(child):
                setattr(module, name, EightBitConv(child))


def _worth_it(layer: nn.Module) -> TypeGuard[nn.Conv2d]:
    if not isinstance(layer, nn.Conv2d) or layer.groups > 1:
        return False
    wide = min(layer.in_channels, layer.out_channels) >= _WORTH
    return wide and layer.kernel_size == (3, 3) and layer.stride == (1, 1)


def in_eight_bits(x: Tensor) -> tuple[Tensor, float]:
    """Features as bytes, and what one step is worth: x ~ (bytes - 128) * step."""
    most = max(_largest(x), 1e-12)
    # to int8, then the sign bit turned: torch is slow to turn numbers into uint8
    signed = x.mul(_STEPS / most).round_().to(torch.int8)
    return signed.view(torch.uint8).bitwise_xor_(_ZERO), most / _STEPS


def _largest(x: Tensor) -> float:
    """The largest magnitude: the bits without the sign are whole numbers, which compare faster."""
    bits = x.view(torch.int16 if x.element_size() == 2 else torch.int32)
    return float(bits.bitwise_and(torch.iinfo(bits.dtype).max).max().view(x.dtype))


def _rounded(weight: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Weights as int8, and for each output channel what one step is worth and what zero is."""
    weight = weight.float()
    step_D = weight.flatten(1).abs().amax(1).clamp(min=1e-12) / _STEPS
    steps = weight / step_D.view(-1, *[1] * (weight.dim() - 1))
    return steps.round().to(torch.int8), step_D, torch.zeros(len(weight), dtype=torch.int32)


class EightBitConv(nn.Module):
    """A convolution in eight bits."""

    def __init__(self, conv: nn.Conv2d) -> None:
        """Take a finished convolution's weights."""
        super().__init__()
        self.weight, self.step_D, self.zero_D = _rounded(conv.weight)
        self.bias = None if conv.bias is None else conv.bias.float()
        self.geometry = [[*conv.stride], [*conv.padding], [*conv.dilation], conv.groups]
        self.dtype = conv.weight.dtype
        self.packed: dict[torch.Size, Tensor] = {}

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, D, h, w), in the dtype of the weights it was made of."""
        rounded, step = in_eight_bits(x)
        return torch.ops.onednn.qconv2d_pointwise(
            *(rounded, step, _ZERO, self._packed_for(x.shape), self.step_D, self.zero_D, self.bias),
            *(*self.geometry, 1.0, 0, self.dtype, "none", [], ""),
        )

    def _packed_for(self, shape: torch.Size) -> Tensor:
        """The weights as the kernel for this size wants them; else every call reorders them."""
        if shape not in self.packed:
            if len(self.packed) == _SIZES:
                self.packed.clear()
            self.packed[shape] = torch.ops.onednn.qconv_prepack(
                self.weight, self.step_D, 1.0, _ZERO, *self.geometry, shape
            )
        return self.packed[shape]


class EightBitSubBlock(nn.Module):
    """Sparse convolution in eight bits, instance-aware normalisation, ReLU."""

    def __init__(self, block: SparseSubBlock) -> None:
        """Take a finished block's weights."""
        super().__init__()
        self.weight = block.weight
        self.norm: InstanceAwareNorm = block.norm
        rows_DK = block.weight.permute(0, 2, 3, 1).flatten(1)
        rounded_DK, self.step_D, self.zero_D = _rounded(rows_DK)
        self.packed = torch.ops.onednn.qlinear_prepack(rounded_DK, [ROWS, rows_DK.shape[1]])

    def forward(self, x: Tensor, sites: Sites, backend: SparseBackend) -> Tensor:
        """(n, C) -> (n, D)."""
        if len(sites) and chosen(backend, sites) == "gather":
            y = self._gathered(x, sites.neighbours)
        else:
            y = submanifold_conv(x, self.weight, sites, backend)
        return F.relu(self.norm(y, sites.member))

    def _gathered(self, x_nC: Tensor, neighbours_n9: Tensor) -> Tensor:
        """The convolution at all sites, block by block as `convolved_at`."""
        n = len(x_nC)
        rounded, step = in_eight_bits(x_nC)
        padded = F.pad(rounded, (0, 0, 0, 1), value=_ZERO)
        table = F.pad(neighbours_n9, (0, 0, 0, -n % ROWS), value=n)
        blocks = [
            torch.ops.onednn.qlinear_pointwise(
                padded.index_select(0, rows.flatten()).view(len(rows), -1),
                *(step, _ZERO, self.packed, self.step_D, self.zero_D, None),
                *(1.0, 0, self.weight.dtype, "none", [], ""),
            )
            for rows in table.split(ROWS)
        ]
        return torch.cat(blocks)[:n]
