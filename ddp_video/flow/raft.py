"""RAFT behind the common interface.

Dims: F G = height and width at which the flow is estimated, C F G = maps at 1/8 of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torchvision.models.optical_flow import RAFT
from torchvision.models.optical_flow._utils import make_coords_grid, upsample_flow

from ..settings import FlowSettings
from .raft_update import Update, looked_up
from .window import WindowFlow

# A pair's correlation volume is 70 MB at 640x360, 220 MB at 640x640.
_PAIRS_AT_ONCE = 4


@dataclass(frozen=True)
class _Encoded:
    """What RAFT needs of one frame, at 1/8: `features_1CFG` and `context_1CFG`."""

    features_1CFG: Tensor
    context_1CFG: Tensor


class RaftFlow(WindowFlow[_Encoded]):
    """RAFT (Teed and Deng, ECCV 2020) in torchvision's implementation.

    torchvision's own `forward` takes two pictures and encodes both; here the same parts are called
    so that every frame is encoded once, whatever the number of pairs it stands in.
    """

    minimum_side = 128  # four halvings of the 1/8 map
    multiple = 8

    def __init__(
        self,
        model: RAFT,
        device: torch.device | str = "cpu",
        max_side: int = FlowSettings.max_side,
        updates: int = FlowSettings.updates,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        """Take a model with its weights in.

        Args:
            model: with its weights.
            device: where it computes.
            max_side: longest side, in pixels, at which the flow is estimated.
            updates: number of recurrent updates.
            dtype: number format of the updates' convolutions; encoders stay in float32.
        """
        super().__init__(max_side)
        self.device = torch.device(device)
        self.model = model.to(self.device).eval().requires_grad_(False)
        self.updates = updates
        self._update = Update(self.model.update_block, dtype)

    @torch.no_grad()
    def _prepare(self, pixels: np.ndarray) -> _Encoded:
        image_3FG = torch.from_numpy(pixels).to(self.device).permute(2, 0, 1)
        image_13FG = image_3FG[None].float() / 127.5 - 1
        return _Encoded(
            self.model.feature_encoder(image_13FG), self.model.context_encoder(image_13FG)
        )

    def _estimate(self, pairs: Sequence[tuple[_Encoded, _Encoded]]) -> list[np.ndarray]:
        flows: list[np.ndarray] = []
        for first in range(0, len(pairs), _PAIRS_AT_ONCE):
            flow_B2FG = self._batch(pairs[first : first + _PAIRS_AT_ONCE])
            flows.extend(flow_B2FG.permute(0, 2, 3, 1).contiguous().cpu().numpy())
        return flows

    @torch.no_grad()
    def _batch(self, pairs: Sequence[tuple[_Encoded, _Encoded]]) -> Tensor:
        """RAFT's forward on a batch of pairs; the last update only."""
        raft, correlation = self.model, self.model.corr_block
        one_BCFG = torch.cat([one.features_1CFG for one, _ in pairs])
        correlation.build_pyramid(one_BCFG, torch.cat([other.features_1CFG for _, other in pairs]))
        state = self._update.start(torch.cat([one.context_1CFG for one, _ in pairs]))
        batch, _, rows, columns = one_BCFG.shape
        start_B2FG = make_coords_grid(batch, rows, columns, str(one_BCFG.device))
        position_B2FG = start_B2FG
        for _ in range(self.updates):
            around = looked_up(correlation.corr_pyramid, position_B2FG, correlation.radius)
            state, delta = self._update(state, around, position_B2FG - start_B2FG)
            position_B2FG = position_B2FG + delta
        correlation.corr_pyramid = []  # else the next window's volume stands beside this one
        predictor = raft.mask_predictor
        mask = None if predictor is None else predictor(state.hidden.float())
        return upsample_flow(position_B2FG - start_B2FG, mask)
