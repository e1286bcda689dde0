"""RAFT's recurrent update in less time: the same numbers as torchvision's, up to rounding.

- Convolutions compute in the number format that the device is good at; the flow stays in float32.
- What the context contributes to the gates is the same in every update: computed once a frame.

Dims: B pairs, F G the grid at 1/8.
"""

import copy
from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.models.optical_flow.raft import ConvGRU, UpdateBlock

from ..network.inference import for_inference
from .raft_correlation import spread


class Start(NamedTuple):
    """What the updates of some pairs begin with.

    Attributes:
        hidden: (B, C, F, G) state of the recurrent units.
        context: for every unit what the context adds to its three gates, (B, 3C, F, G).
    """

    hidden: Tensor
    context: list[Tensor]

    @classmethod
    def of_all(cls, starts: Sequence["Start"]) -> "Start":
        """One batch of several."""
        contexts = zip(*(each.context for each in starts), strict=True)
        return cls(torch.cat([each.hidden for each in starts]), [torch.cat(c) for c in contexts])


class Update:
    """torchvision's update block, made ready to run many times on the same context."""

    def __init__(self, block: UpdateBlock, radius: int, dtype: torch.dtype) -> None:
        """Take the block's weights (it stays as it is), and the radius of the look-up."""
        device, self.dtype = block.flow_head.conv1.weight.device, dtype
        block = copy.deepcopy(block)
        first: nn.Conv2d = block.motion_encoder.convcorr1[0]
        first.weight = nn.Parameter(spread(first.weight, radius), requires_grad=False)
        head = block.flow_head
        self.motion = for_inference(block.motion_encoder, device, dtype)
        self.head = for_inference(nn.Sequential(head.conv1, head.relu, head.conv2), device, dtype)
        self.channels, recurrent = block.hidden_state_size, block.recurrent_block.to(dtype)
        units = [recurrent.convgru1, recurrent.convgru2]
        motion = block.motion_encoder.out_channels
        self.units = [_Unit(unit, motion) for unit in units if isinstance(unit, ConvGRU)]

    def start(self, encoded_BCFG: Tensor) -> Start:
        """From the output of the context encoder."""
        hidden, context = self._given(encoded_BCFG).tensor_split([self.channels], dim=1)
        context = torch.relu(context)
        return Start(torch.tanh(hidden), [unit.of_context(context) for unit in self.units])

    def __call__(
        self, state: Start, correlation_BCFG: Tensor, moved_B2FG: Tensor
    ) -> tuple[Start, Tensor]:
        """One update: the new state, and the change of the flow (B, 2, F, G) in float32."""
        hidden = state.hidden
        motion = self.motion(self._given(moved_B2FG), self._given(correlation_BCFG))
        for unit, context in zip(self.units, state.context, strict=True):
            hidden = unit(hidden, motion, context)
        return state._replace(hidden=hidden), self.head(hidden).float()

    def _given(self, x: Tensor) -> Tensor:
        return x.to(dtype=self.dtype, memory_format=torch.channels_last)


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
