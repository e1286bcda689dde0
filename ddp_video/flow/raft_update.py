"""RAFT's recurrent update in less time: the same numbers as torchvision's, up to rounding.

- Convolutions compute in the number format that the device is good at; flow and correlation stay in
  float32.
- What the context contributes to the gates is the same in every update: it is computed once.
- Correlation is looked up by its cells, of which neighbouring samples share three of four.

Dims: B pairs, F G the grid at 1/8, N = B·F·G, k cells on a side.
"""

import copy
from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor
from torchvision.models.optical_flow.raft import ConvGRU, UpdateBlock


class Start(NamedTuple):
    """What the updates of some pairs begin with.

    Attributes:
        hidden: (B, C, F, G) state of the recurrent units.
        context: for every unit what the context adds to its three gates, (B, 3C, F, G).
    """

    hidden: Tensor
    context: list[Tensor]


class Update:
    """torchvision's update block, made ready to run many times on the same context."""

    def __init__(self, block: UpdateBlock, dtype: torch.dtype) -> None:
        """Take the block's weights; the block stays as it is."""
        block = copy.deepcopy(block).to(dtype=dtype, memory_format=torch.channels_last)  # pyright: ignore
        recurrent = block.recurrent_block
        self.dtype, self.channels = dtype, block.hidden_state_size
        self.motion, self.head = block.motion_encoder, block.flow_head
        units = [recurrent.convgru1, recurrent.convgru2]
        motion = self.motion.out_channels
        self.units = [_Unit(unit, motion) for unit in units if isinstance(unit, ConvGRU)]

    def start(self, encoded_BCFG: Tensor) -> Start:
        """From the output of the context encoder."""
        hidden, context = encoded_BCFG.to(
            dtype=self.dtype, memory_format=torch.channels_last
        ).tensor_split([self.channels], dim=1)
        context = torch.relu(context)
        return Start(torch.tanh(hidden), [unit.of_context(context) for unit in self.units])

    def __call__(
        self, state: Start, correlation_BCFG: Tensor, moved_B2FG: Tensor
    ) -> tuple[Start, Tensor]:
        """One update: the new state, and the change of the flow (B, 2, F, G) in float32."""
        hidden = state.hidden
        motion = self.motion(moved_B2FG.to(self.dtype), correlation_BCFG.to(self.dtype))
        for unit, context in zip(self.units, state.context, strict=True):
            hidden = unit(hidden, motion, context)
        return state._replace(hidden=hidden), self.head(hidden).float()


class _Unit:
    """A convolutional GRU whose input is (hidden, context, motion), split by what changes."""

    def __init__(self, unit: ConvGRU, motion: int) -> None:
        gates = (unit.convz, unit.convr, unit.convq)
        hidden = unit.convz.out_channels
        context = unit.convz.in_channels - hidden - motion
        weights = [gate.weight.split([hidden, context, motion], dim=1) for gate in gates]
        own = [torch.cat((first, last), dim=1) for first, _, last in weights]
        self.update_reset, self.candidate = _laid(torch.cat(own[:2])), _laid(own[2])
        self.context = _laid(torch.cat([middle for _, middle, _ in weights]))
        self.bias = torch.cat([gate.bias for gate in gates])  # pyright: ignore
        self.padding: tuple[int, int] = unit.convz.padding  # pyright: ignore

    def of_context(self, context: Tensor) -> Tensor:
        """What the context adds to all three gates, biases included."""
        return F.conv2d(context, self.context, self.bias, padding=self.padding)

    def __call__(self, hidden: Tensor, motion: Tensor, context: Tensor) -> Tensor:
        c = hidden.shape[1]
        both = F.conv2d(torch.cat((hidden, motion), 1), self.update_reset, padding=self.padding)
        update, reset = (both + context[:, : 2 * c]).sigmoid_().split(c, dim=1)
        fresh = torch.cat((reset * hidden, motion), 1)
        candidate = F.conv2d(fresh, self.candidate, padding=self.padding) + context[:, 2 * c :]
        return torch.lerp(hidden, candidate.tanh_(), update)


def _laid(weight: Tensor) -> Tensor:
    return weight.detach().contiguous(memory_format=torch.channels_last)


def looked_up(volumes: Sequence[Tensor], position_B2FG: Tensor, radius: int) -> Tensor:
    """Correlation around a position in every level of the pyramid.

    Args:
        volumes: (N, 1, h, w) correlation of every cell with all cells of the other picture, each
            level half as fine as the one before.
        position_B2FG: where each cell looks, x then y, in cells of the first level.
        radius: of the square of samples.

    Returns:
        (B, levels·(2·radius + 1)², F, G), as torchvision's `CorrBlock.index_pyramid`.
    """
    b, _, f, g = position_B2FG.shape
    at_N2 = position_B2FG.permute(0, 2, 3, 1).reshape(-1, 2)
    found = [
        _samples(volume.squeeze(1), at_N2 / 2**level, radius)
        for level, volume in enumerate(volumes)
    ]
    return torch.cat(found, dim=1).view(b, f, g, -1).permute(0, 3, 1, 2)


def _samples(volume_Nhw: Tensor, at_N2: Tensor, radius: int) -> Tensor:
    """(N, (2·radius + 1)²) bilinear samples one cell apart, columns first; 0 beyond the border."""
    h, w = volume_Nhw.shape[1:]
    low_N2 = at_N2.floor()
    share_N2 = at_N2 - low_N2
    x_Nk, in_x = _cells(low_N2[:, 0], radius, w)
    y_Nk, in_y = _cells(low_N2[:, 1], radius, h)
    cell_Nkk = x_Nk[:, :, None] + (y_Nk * w)[:, None, :]
    values = volume_Nhw.flatten(1).gather(1, cell_Nkk.flatten(1)).view_as(cell_Nkk)
    values *= in_x[:, :, None] * in_y[:, None, :]
    values = torch.lerp(values[:, :-1], values[:, 1:], share_N2[:, 0, None, None])
    return torch.lerp(values[..., :-1], values[..., 1:], share_N2[:, 1, None, None]).flatten(1)


def _cells(low_N: Tensor, radius: int, size: int) -> tuple[Tensor, Tensor]:
    """Cells from `radius` before to `radius` + 1 after `low`, and 1 where they exist, else 0."""
    reach = torch.arange(-radius, radius + 2, device=low_N.device)
    cell_Nk = low_N.clamp(-radius - 2, size + radius).long()[:, None] + reach
    return cell_Nk.clamp(0, size - 1), ((cell_Nk >= 0) & (cell_Nk < size)).to(low_N.dtype)
