"""A network made ready for inference: the same answers in less time. Training never sees it.

- Weights are rounded to the number format once, where autocast would round them for every picture.
- On the CPU a convolution of the trunk and the activation behind it are one oneDNN kernel with
  packed weights (layers that see several sizes gain nothing by it); frozen batch norm is folded
  into the convolution before it.
- Kernels of the sparse head are packed for the product that follows the gather.
- The picture is normalised in the number format, where that is exact.
- Identities are left out.
- Where the CPU gains by it, the large 3x3 convolutions compute in eight bits (`eight_bits`).
- Filters of mask heads are generated for the people found, not for every location
  (`InstanceBranch.look`).
"""

import copy
from itertools import pairwise
from typing import TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_weights
from torchvision.models.resnet import Bottleneck
from torchvision.ops import FrozenBatchNorm2d

from .backbone import Backbone, Conv2dSame
from .background_suppression import Sites
from .eight_bits import use_eight_bits
from .sparse_residual_fcn import (
    ROWS,
    SparseBackend,
    SparseSubBlock,
    chosen,
    gathered,
    rows_of,
    submanifold_conv,
)

Network = TypeVar("Network", bound=nn.Module)

# What oneDNN calls the activations that the trunks have, and their bounds.
_ACTIVATIONS = {nn.ReLU6: ("hardtanh", [0.0, 6.0]), nn.ReLU: ("relu", [])}


def for_inference(
    network: Network, device: torch.device, dtype: torch.dtype, *, eight_bits: bool = False
) -> Network:
    """A copy of the network on a device, ready to look at pictures and nothing else.

    Args:
        network: with its weights; stays as it is.
        device: where it will compute.
        dtype: the number format that `autocast` will be given.
        eight_bits: compute the large convolutions in eight bits; oneDNN's operators must be there.
    """
    ready = copy.deepcopy(network).to(device).eval().requires_grad_(False)
    _fold_frozen_norm(ready)
    for module in ready.modules():
        if isinstance(module, nn.Conv2d | nn.Linear | SparseSubBlock):
            module.weight.data = module.weight.data.to(dtype)
        if isinstance(module, nn.Conv2d | nn.Linear) and module.bias is not None:
            module.bias.data = module.bias.data.to(dtype)
    ready = ready.to(memory_format=torch.channels_last)
    packs = device.type == "cpu" and dtype in (torch.float32, torch.bfloat16)
    if packs := packs and _has_fused_kernels():
        _fuse(ready)
    _leave_out_identities(ready)
    if eight_bits:
        use_eight_bits(ready)
    elif packs:
        _pack_sparse_head(ready)
    for module in ready.modules():
        if isinstance(module, Backbone):
            _normalise_quickly(module, dtype)
    return ready


def _has_fused_kernels() -> bool:
    """Whether this build of torch has oneDNN and the operator that its own compiler calls."""
    return torch.backends.mkldnn.is_available() and hasattr(
        torch.ops.mkldnn, "_convolution_pointwise"
    )


class FusedConv(nn.Module):
    """Convolution and activation by one oneDNN kernel.

    Its weights are packed for the latest size and number of threads, on which their layout depends:
    in another one's, every call would reorder them, at several times the cost of the product.
    """

    def __init__(self, conv: nn.Conv2d, activation: type[nn.Module] | None = None) -> None:
        """Take a finished convolution's weights, and the kind of activation that follows it."""
        super().__init__()
        self.name, self.bounds = _ACTIVATIONS[activation] if activation else ("none", [])
        self.weight, self.bias, padding, self.extra = conv.weight, conv.bias, conv.padding, 0
        if isinstance(conv, Conv2dSame) and conv.groups > 1:
            # a row and a column of zeros before the kernel are cheaper than a copy of the picture
            self.weight = nn.Parameter(F.pad(conv.weight, (1, 0, 1, 0)), requires_grad=False)
            padding = (1, 1)
        elif isinstance(conv, Conv2dSame):
            self.extra = conv.kernel_size[0] - 2
        self.geometry = [list(padding), list(conv.stride), list(conv.dilation), conv.groups]
        self.packed: tuple[tuple[torch.Size, int], Tensor] | None = None

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, D, h, w), in the dtype of the weights."""
        x, kernels = x.to(self.weight.dtype), torch.ops.mkldnn
        if self.extra:
            x = F.pad(x, (0, self.extra, 0, self.extra))
        wanted, packed = (x.shape, torch.get_num_threads()), self.packed
        if packed is None or packed[0] != wanted:
            weight = kernels._reorder_convolution_weight(self.weight, *self.geometry, x.shape)
            self.packed = packed = wanted, weight
        return kernels._convolution_pointwise(
            *(x, packed[1], self.bias, *self.geometry, self.name, self.bounds, "")
        )


class _FusedBottleneck(nn.Module):
    """A block of ResNet whose norm is folded, in fused kernels."""

    def __init__(self, block: Bottleneck) -> None:
        """Take the block's convolutions."""
        super().__init__()
        self.inner = nn.Sequential(
            FusedConv(block.conv1, nn.ReLU),
            FusedConv(block.conv2, nn.ReLU),
            FusedConv(block.conv3),
        )
        self.skip = block.downsample or nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, D, h, w)."""
        return F.relu_(self.inner(x) + self.skip(x))


class PackedSubBlock(nn.Module):
    """A sub-block of the sparse head whose kernel is packed once."""

    def __init__(self, block: SparseSubBlock) -> None:
        """Take a finished block's weights."""
        super().__init__()
        self.weight, self.norm = block.weight, block.norm
        kernel_DK = rows_of(block.weight.data).contiguous()
        self.packed = torch.ops.mkldnn._reorder_linear_weight(kernel_DK, ROWS)

    def forward(self, x: Tensor, sites: Sites, backend: SparseBackend) -> Tensor:
        """(n, C) -> (n, D)."""
        if len(sites) and chosen(backend, sites) == "gather":
            y = gathered(x.to(self.weight.dtype), sites.neighbours, self._product)
        else:
            y = submanifold_conv(x, self.weight, sites, backend)
        return F.relu_(self.norm(y, sites.member))

    def _product(self, rows: Tensor) -> Tensor:
        return torch.ops.mkldnn._linear_pointwise(rows, self.packed, None, "none", [], "")


def _pack_sparse_head(network: nn.Module) -> None:
    for module in list(network.modules()):
        for name, child in module.named_children():
            if isinstance(child, SparseSubBlock):
                setattr(module, name, PackedSubBlock(child))


def _normalise_quickly(backbone: Backbone, dtype: torch.dtype) -> None:
    """By one number for all channels, and in bf16 where bytes less that number are exact."""
    mean, std = backbone.mean.flatten(), backbone.std.flatten()
    steps = torch.cat((torch.arange(256, device=mean.device) - mean[0], std[:1]))
    alike = bool((mean == mean[0]).all() and (std == std[0]).all())
    if alike and torch.equal(steps.to(dtype).float(), steps):
        backbone.mean, backbone.std = mean[0].to(dtype), std[0].to(dtype)


def _fold_frozen_norm(network: nn.Module) -> None:
    """Fold every frozen batch norm into the convolution that stands before it."""
    for module in network.modules():
        conv = None
        for name, child in module.named_children():
            if isinstance(child, FrozenBatchNorm2d) and isinstance(conv, nn.Conv2d):
                conv.weight, conv.bias = fuse_conv_bn_weights(
                    *(conv.weight, conv.bias, child.running_mean, child.running_var),  # pyright: ignore
                    *(child.eps, child.weight, child.bias),  # pyright: ignore
                )
                setattr(module, name, nn.Identity())
            conv = child


def _fuse(network: nn.Module) -> None:
    """Put fused kernels in the place of convolution and activation."""
    for module in list(network.modules()):
        for name, child in module.named_children():
            if isinstance(child, Bottleneck):
                _fuse_sequences(child)
                setattr(module, name, _FusedBottleneck(child))
    _fuse_sequences(network)


def _fuse_sequences(network: nn.Module) -> None:
    for module in list(network.modules()):
        if isinstance(module, nn.Sequential):
            _fuse_sequence(module)


def _fuse_sequence(sequence: nn.Sequential) -> None:
    """Every convolution that an activation follows, or nothing at all."""
    layers = [(i, layer) for i, layer in enumerate(sequence) if not isinstance(layer, nn.Identity)]
    for (i, layer), (after, follower) in pairwise([*layers, (-1, None)]):
        if not isinstance(layer, nn.Conv2d):
            continue
        if follower is None:
            sequence[i] = FusedConv(layer)
        elif type(follower) in _ACTIVATIONS:
            sequence[i], sequence[after] = FusedConv(layer, type(follower)), nn.Identity()


def _leave_out_identities(network: nn.Module) -> None:
    """From sequences: what norms and activations were before they were folded and fused."""
    for module in list(network.modules()):
        if isinstance(module, nn.Sequential):
            for i in reversed(range(len(module))):
                if isinstance(module[i], nn.Identity):
                    del module[i]
