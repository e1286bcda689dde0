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
from .raft_correlation import Correlation
from .raft_update import Start, Update
from .window import WindowFlow

# A pair's correlation volume is 100 MB at 640x360 in float32, 320 MB at 640x640; half in bf16.
_PAIRS_AT_ONCE = 4


@dataclass(frozen=True)
class _Encoded:
    """What RAFT needs of one frame, at 1/8.

    Attributes:
        features_NC: as the one of a pair, from which the flow goes.
        laid_CM: as the other one.
        start: what its updates begin with.
    """

    features_NC: Tensor
    laid_CM: Tensor
    start: Start


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
            dtype: number format of correlation and updates; the encoders, whose errors every
                update repeats, and the flow itself stay in float32.
        """
        super().__init__(max_side)
        self.device = torch.device(device)
        self.model = model.to(self.device).eval().requires_grad_(False)
        self.updates = updates
        radius = self.model.corr_block.radius
        self._update, self._dtype = Update(self.model.update_block, radius, dtype), dtype
        self._layout: tuple[tuple[int, int], Correlation] | None = None

    @torch.no_grad()
    def _prepare(self, pixels: np.ndarray) -> _Encoded:
        image_3FG = torch.from_numpy(pixels).to(self.device).permute(2, 0, 1)
        image_13FG = image_3FG[None].float() / 127.5 - 1
        features_1CFG = self.model.feature_encoder(image_13FG)
        start = self._update.start(self.model.context_encoder(image_13FG))
        laid_CM = self._correlation(features_1CFG.shape[-2:]).laid(features_1CFG)
        features_NC = features_1CFG[0].flatten(1).T.contiguous()
        return _Encoded(features_NC.to(self._dtype), laid_CM.to(self._dtype), start)

    def _correlation(self, grid: Sequence[int]) -> Correlation:
        """The layout for a size of the grid; kept, for the next frame has the same."""
        if self._layout is None or self._layout[0] != tuple(grid):
            block = self.model.corr_block
            rows, columns = grid
            laid = Correlation((rows, columns), block.num_levels, block.radius, self.device)
            self._layout = (rows, columns), laid
        return self._layout[1]

    def _estimate(self, pairs: Sequence[tuple[_Encoded, _Encoded]]) -> list[np.ndarray]:
        flows: list[np.ndarray] = []
        for first in range(0, len(pairs), _PAIRS_AT_ONCE):
            flow_B2FG = self._batch(pairs[first : first + _PAIRS_AT_ONCE])
            flows.extend(flow_B2FG.permute(0, 2, 3, 1).contiguous().cpu().numpy())
        return flows

    @torch.no_grad()
    def _batch(self, pairs: Sequence[tuple[_Encoded, _Encoded]]) -> Tensor:
        """RAFT's forward on a batch of pairs; the last update only."""
        start = Start.of_all([one.start for one, _ in pairs])
        batch, _, rows, columns = start.hidden.shape
        correlation = self._correlation((rows, columns))
        volume_NM = torch.bmm(
            torch.stack([one.features_NC for one, _ in pairs]),
            torch.stack([other.laid_CM for _, other in pairs]),
        ).flatten(0, 1)
        start_B2FG = make_coords_grid(batch, rows, columns, str(volume_NM.device))
        state, position_B2FG = start, start_B2FG
        for _ in range(self.updates):
            around = correlation.looked_up(volume_NM, position_B2FG)
            state, delta = self._update(state, around, position_B2FG - start_B2FG)
            position_B2FG = position_B2FG + delta
        predictor = self.model.mask_predictor
        mask = None if predictor is None else predictor(state.hidden.float())
        return upsample_flow(position_B2FG - start_B2FG, mask)
