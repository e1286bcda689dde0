"""Instance-aware normalisation (Eqs. 2-4): each person by its own mean and deviation.

Dims: n active sites, C channels, N instances.
"""

import torch
from torch import Tensor, nn


class InstanceAwareNorm(nn.Module):
    """Normalise each instance's sites separately; gamma and beta are shared by all."""

    def __init__(self, channels: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(channels))
        self.beta = nn.Parameter(torch.zeros(channels))
        self.eps = eps

    def forward(self, x_nC: Tensor, member_nN: Tensor) -> Tensor:
        """Eqs. 2-4.

        Args:
            x_nC: features of the active sites.
            member_nN: one-hot float32 membership of every site in its instance.

        Returns:
            (n, C) in the dtype of `x_nC`; the statistics are taken in float32.
        """
        with torch.autocast(x_nC.device.type, enabled=False):
            x = x_nC.float()
            # Each row averages over one instance.
            share_Nn = (member_nN / member_nN.sum(0).clamp(min=1)).T
            centred = torch.addmm(x, member_nN, share_Nn @ x, alpha=-1)
            variance = share_Nn @ centred.square()
            scale = self.gamma / ((variance + self.eps**2).sqrt() + self.eps)
            out = torch.addcmul(self.beta, centred, member_nN @ scale)
        return out.to(x_nC.dtype)
