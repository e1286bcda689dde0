"""RAFT's own loss on known flow: every update's flow, the later ones for more."""

import torch
from torch import Tensor, nn
from torchvision.models.optical_flow import RAFT
from torchvision.models.optical_flow._utils import make_coords_grid, upsample_flow

from .pairs import FlowBatch

TOO_FAR = 400.0  # pixels: longer motion is left out, as RAFT does


class FlowObjective(nn.Module):
    """A batch of pairs to loss terms, one for each update.

    Args:
        network: torchvision's RAFT.
        updates: recurrent updates.
        gamma: weight of an update relative to the one after it.
    """

    def __init__(self, network: RAFT, updates: int, gamma: float) -> None:
        super().__init__()
        self.network, self.updates, self.gamma = network, updates, gamma

    def forward(self, batch: FlowBatch) -> dict[str, Tensor]:
        """`update_i`: γ^(N−i) times the mean of |Δx| + |Δy| in pixels (RAFT, Eq. 7)."""
        flows = all_updates(self.network, _scaled(batch.first), _scaled(batch.second), self.updates)
        known = batch.valid & (batch.flow.norm(dim=1) < TOO_FAR)
        last = self.updates - 1
        return {
            f"update_{i + 1}": self.gamma ** (last - i) * mean_distance(flow, batch.flow, known)
            for i, flow in enumerate(flows)
        }


def mean_distance(flow_B2HW: Tensor, truth_B2HW: Tensor, known_BHW: Tensor) -> Tensor:
    """Mean of |Δx| + |Δy| where the truth is known; zero where it is nowhere."""
    distance = (flow_B2HW.float() - truth_B2HW).abs().sum(1)
    return (distance * known_BHW).sum() / known_BHW.sum().clamp(min=1)


def all_updates(raft: RAFT, first: Tensor, second: Tensor, updates: int) -> list[Tensor]:
    """RAFT's forward with the flow after every update.

    As torchvision's, but that positions and correlation stay in fp32 under autocast: bf16 has
    8 bits, which at 32 cells is an eighth of a cell, and a cell is 8 pixels.

    Args:
        raft: the network.
        first: (B, 3, H, W) in −1..1; sides are multiples of 8 and at least 128.
        second: the same.
        updates: N.

    Returns:
        N flows first → second, (B, 2, H, W) float32 in pixels.
    """
    features = raft.feature_encoder(torch.cat([first, second])).float()
    here, there = features.chunk(2)
    with torch.autocast(first.device.type, enabled=False):
        raft.corr_block.build_pyramid(here, there)
    context = raft.context_encoder(first).float()
    hidden = torch.tanh(context[:, : raft.update_block.hidden_state_size])
    context = torch.relu(context[:, raft.update_block.hidden_state_size :])
    batch, _, rows, columns = here.shape
    start = make_coords_grid(batch, rows, columns, str(here.device))
    position, flows = start, []
    for _ in range(updates):
        position = position.detach()  # each update learns to mend what it is given
        with torch.autocast(first.device.type, enabled=False):
            correlation = raft.corr_block.index_pyramid(centroids_coords=position)
        hidden, delta = raft.update_block(hidden, context, correlation, position - start)
        position = position + delta.float()
        mask = None if raft.mask_predictor is None else raft.mask_predictor(hidden).float()
        flows.append(upsample_flow(position - start, mask))
    raft.corr_block.corr_pyramid = []  # else its memory is held until the next step
    return flows


def _scaled(image: Tensor) -> Tensor:
    return image.float() / 127.5 - 1
