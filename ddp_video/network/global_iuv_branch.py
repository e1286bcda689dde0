"""Global IUV branch (Sec. 3.4): dense pose of all people at once, on the people's cells."""

from torch import Tensor, nn

from ..types import LOGIT_CHANNELS
from .background_suppression import Sites, one_group_per_image, whole_grid
from .sparse_residual_fcn import SparseBackend, SparseResidualFCN, in_blocks


class GlobalIUVBranch(nn.Module):
    """X_fg -> sparse residual FCN -> 25 part logits, 25 U, 25 V."""

    def __init__(self, channels: int, hidden: int, instance_norm: bool, sparse: bool) -> None:
        super().__init__()
        self.enter = nn.Linear(channels, hidden) if channels != hidden else nn.Identity()
        self.fcn = SparseResidualFCN(hidden)
        self.predict = nn.Linear(hidden, LOGIT_CHANNELS)
        nn.init.normal_(self.predict.weight, std=0.01)
        nn.init.constant_(self.predict.bias, 0.0)
        # U and V start in the middle.
        nn.init.constant_(self.predict.bias[LOGIT_CHANNELS // 3 :], 0.5)
        self.instance_norm = instance_norm
        self.sparse = sparse

    def forward(
        self, x_global: Tensor, sites: Sites, backend: SparseBackend = "auto"
    ) -> tuple[Tensor, Sites]:
        """IUV at the active sites.

        Args:
            x_global: (B, C, h, w) aggregated features.
            sites: the people's cells.
            backend: how the sparse convolutions are computed.

        Returns:
            (n, 75) and the sites they belong to (all cells in the ablation w/o Sparse).
        """
        if not self.sparse:
            sites = whole_grid(sites)
        x = in_blocks(sites.gather(x_global), self.enter)
        normed = sites if self.instance_norm else one_group_per_image(sites)
        x = self.fcn(x, normed, backend)
        return in_blocks(x, self.predict).float(), sites
