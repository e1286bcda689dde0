"""Sparse residual FCN (Fig. 3): submanifold 3x3 convolutions on the people's cells only.

One interface, three backends that agree:
    dense   scatter to the grid, `F.conv2d`, gather: the reference
    gather  rows of the 3x3 neighbours side by side, then one GEMM a layer (CPU, MPS, CUDA)
    spconv  spconv's SubMConv2d (inference on CUDA only; wrong on the CPU with several threads)

Dims: n active sites, C channels in, D channels out.
"""

from collections.abc import Callable
from types import ModuleType
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..errors import InputError
from .background_suppression import Sites
from .instance_aware_norm import InstanceAwareNorm

SparseBackend = Literal["auto", "dense", "gather", "spconv"]
# Products are filled up to a multiple of this many rows: oneDNN keeps a kernel for every shape.
ROWS = 512
LAST = 64  # the last block of `convolved_at` is filled up to a multiple of this
DENSE_FROM = 0.6  # share of active cells from which one dense convolution is the faster
INDICE_KEY = "sites"  # under which spconv files the index pairs


class _GatherConv(torch.autograd.Function):
    """Submanifold convolution as gather + GEMM.

    A site is its neighbour's neighbour at the opposite offset, so the gradient of the input is the
    same gather on the incoming gradient with the kernel turned by 180 degrees: no scatter
    anywhere.
    """

    @staticmethod
    def forward(ctx: Any, x_nC: Tensor, weight_DC33: Tensor, neighbours: Tensor) -> Tensor:  # noqa: ANN401
        ctx.save_for_backward(x_nC, weight_DC33, neighbours)
        return (_columns(x_nC, neighbours) @ _kernel(weight_DC33))[: len(x_nC)]

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401
        x, weight, neighbours = ctx.saved_tensors
        grad = grads[0].to(x.dtype)
        turned = weight.flip(2, 3).transpose(0, 1)
        grad_x = (_columns(grad, neighbours) @ _kernel(turned))[: len(grad)]
        filled = F.pad(grad, (0, 0, 0, -len(grad) % ROWS))
        grad_kernel = _columns(x, neighbours).T @ filled
        d, c = weight.shape[:2]
        grad_weight = grad_kernel.view(3, 3, c, d).permute(3, 2, 0, 1)
        return grad_x, grad_weight, None


def in_blocks(rows_nC: Tensor, product: Callable[[Tensor], Tensor]) -> Tensor:
    """A matrix product over rows whose number differs from frame to frame.

    oneDNN builds and keeps a kernel for every shape it meets. Rows filled up to a multiple of ROWS
    leave few shapes, so that memory does not grow with the video.
    """
    n = rows_nC.shape[0]
    return product(F.pad(rows_nC, (0, 0, 0, -n % ROWS)))[:n]


def _columns(x_nC: Tensor, neighbours: Tensor) -> Tensor:
    """Every site's 3x3 neighbourhood in one row, zeros where inactive; rows filled up to ROWS."""
    n = len(x_nC)
    padded = torch.cat((x_nC, x_nC.new_zeros((1, x_nC.shape[1]))))
    table = F.pad(neighbours, (0, 0, 0, -n % ROWS), value=n)
    return padded.index_select(0, table.flatten()).view(table.shape[0], -1)


def _kernel(weight_DC33: Tensor) -> Tensor:
    """(9*C, D), rows in the order of `_columns`."""
    return weight_DC33.permute(2, 3, 1, 0).reshape(-1, weight_DC33.shape[0])


def convolved_at(
    x_nC: Tensor, weight_DC33: Tensor, bias_D: Tensor | None, neighbours_m9: Tensor
) -> Tensor:
    """A 3x3 convolution at m chosen places, block by block.

    A block's gathered rows stay in the processor's cache until they are multiplied, and all
    numbers of places share a few shapes: ROWS, and multiples of LAST below.

    Args:
        x_nC: features.
        weight_DC33: kernel.
        bias_D: or None.
        neighbours_m9: rows of the 3x3 neighbours of each place, n where there is none.

    Returns:
        (m, D).
    """
    if len(neighbours_m9) == 0:
        return x_nC.new_zeros((0, len(weight_DC33)))
    kernel_DK = rows_of(weight_DC33).to(x_nC.dtype)
    bias_D = bias_D if bias_D is None else bias_D.to(x_nC.dtype)
    return gathered(x_nC, neighbours_m9, lambda rows: F.linear(rows, kernel_DK, bias_D))


def rows_of(weight_DC33: Tensor) -> Tensor:
    """(D, 9*C), columns in the order in which neighbours are gathered."""
    return weight_DC33.permute(0, 2, 3, 1).flatten(1)


def gathered(x_nC: Tensor, neighbours_m9: Tensor, product: Callable[[Tensor], Tensor]) -> Tensor:
    """(m, D): a product (rows, 9*C) -> (rows, D) of the gathered neighbours of m > 0 places."""
    m = len(neighbours_m9)
    padded = torch.cat((x_nC, x_nC.new_zeros((1, x_nC.shape[1]))))
    table = F.pad(neighbours_m9, (0, 0, 0, -m % LAST), value=len(x_nC))
    blocks = [
        product(padded.index_select(0, rows.flatten()).view(len(rows), -1))
        for rows in table.split(ROWS)
    ]
    return torch.cat(blocks)[:m]


def _dense_conv(x_nC: Tensor, weight: Tensor, sites: Sites) -> Tensor:
    return sites.gather(F.conv2d(sites.scatter(x_nC), weight, padding=1))


def _spconv_conv(x_nC: Tensor, weight_DC33: Tensor, sites: Sites) -> Tensor:
    """Spconv's implicit GEMM, for inference on CUDA."""
    if torch.is_grad_enabled() and (x_nC.requires_grad or weight_DC33.requires_grad):
        raise InputError(
            "the spconv backend has no gradients here; train with sparse_backend='gather'"
        )
    if not x_nC.is_cuda:
        raise InputError(
            "the spconv backend needs a CUDA device; use InferSettings(sparse_backend='gather')"
        )
    try:
        import spconv.pytorch as spconv
    except ImportError as error:
        raise InputError("spconv is not installed; pip install 'ddp-video[spconv]'") from error
    return _with_shared_pairs(spconv, x_nC, weight_DC33, sites)


def _with_shared_pairs(
    spconv: ModuleType, x_nC: Tensor, weight_DC33: Tensor, sites: Sites
) -> Tensor:
    """One SubMConv2d; the index pairs of the first one are kept with the sites for all others.

    spconv 2.3 has no bf16 kernels: fp16 takes its place.
    """
    dtype = torch.float16 if x_nC.dtype == torch.bfloat16 else x_nC.dtype
    b, h, w = sites.shape
    cell = sites.flat % (h * w)
    index = torch.stack((sites.flat // (h * w), cell // w, cell % w), dim=1).int()
    d, c = weight_DC33.shape[:2]
    with torch.device("meta"):  # no random weights: ours take their place
        conv = spconv.SubMConv2d(c, d, 3, padding=1, bias=False, indice_key=INDICE_KEY).eval()
    kernel = weight_DC33.to(dtype).permute(0, 2, 3, 1).contiguous()
    conv.weight = nn.Parameter(kernel, requires_grad=False)
    tensor = spconv.SparseConvTensor(
        x_nC.to(dtype), index, [h, w], b, indice_dict=sites.index_pairs
    )
    out = conv(tensor)
    sites.index_pairs.update(out.indice_dict)  # spconv writes into a copy of the one it was given
    return out.features.to(x_nC.dtype)


def chosen(backend: SparseBackend, sites: Sites) -> SparseBackend:
    """What auto stands for, by coverage."""
    b, h, w = sites.shape
    if backend != "auto":
        return backend
    return "dense" if len(sites) > DENSE_FROM * b * h * w else "gather"


def submanifold_conv(
    x_nC: Tensor, weight_DC33: Tensor, sites: Sites, backend: SparseBackend
) -> Tensor:
    """3x3 convolution at the active sites, reading active sites only; (n, D)."""
    if len(sites) == 0:
        return x_nC.new_zeros((0, weight_DC33.shape[0])) + 0 * weight_DC33.sum()
    if torch.is_autocast_enabled(x_nC.device.type):
        dtype = torch.get_autocast_dtype(x_nC.device.type)
        x_nC, weight_DC33 = x_nC.to(dtype), weight_DC33.to(dtype)
    backend = chosen(backend, sites)
    if backend == "dense":
        return _dense_conv(x_nC, weight_DC33, sites)
    if backend == "spconv":
        return _spconv_conv(x_nC, weight_DC33, sites)
    if not torch.is_grad_enabled():
        return convolved_at(x_nC, weight_DC33, None, sites.neighbours)
    return _GatherConv.apply(x_nC, weight_DC33, sites.neighbours)  # pyright: ignore


class SparseSubBlock(nn.Module):
    """Sparse convolution, instance-aware normalisation, ReLU."""

    def __init__(self, in_channels: int, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(channels, in_channels, 3, 3))
        nn.init.kaiming_normal_(self.weight, nonlinearity="relu")
        self.norm = InstanceAwareNorm(channels)

    def forward(self, x: Tensor, sites: Sites, backend: SparseBackend) -> Tensor:
        """(n, C) -> (n, D)."""
        return F.relu(self.norm(submanifold_conv(x, self.weight, sites, backend), sites.member))


class SparseResidualBlock(nn.Module):
    """Two sub-blocks with a skip connection, then a third one (not in the last block)."""

    def __init__(self, channels: int, last: bool) -> None:
        super().__init__()
        self.first = SparseSubBlock(channels, channels)
        self.second = SparseSubBlock(channels, channels)
        self.third = None if last else SparseSubBlock(channels, channels)

    def forward(self, x: Tensor, sites: Sites, backend: SparseBackend) -> Tensor:
        """(n, C) -> (n, C)."""
        x = x + self.second(self.first(x, sites, backend), sites, backend)
        return x if self.third is None else self.third(x, sites, backend)


class SparseResidualFCN(nn.Module):
    """Three sparse residual blocks."""

    def __init__(self, channels: int, blocks: int = 3) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            SparseResidualBlock(channels, last=i == blocks - 1) for i in range(blocks)
        )

    def forward(self, x: Tensor, sites: Sites, backend: SparseBackend = "auto") -> Tensor:
        """(n, C) features of the active sites -> (n, C)."""
        for block in self.blocks:
            x = block(x, sites, backend)
        return x
