"""Background suppression (Eq. 1): only the people's cells go on, as a list of sites.

Dims: B pictures, h w the 1/4 grid, N people in all pictures of the batch, n active sites.
"""

from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class Sites:
    """The active cells of a batch of grids, in raster order.

    Attributes:
        flat: (n,) index into B*h*w.
        member: (n, N) float32, one-hot: the instance every site belongs to.
        neighbours: (n, 9) rows of the 3x3 neighbours in raster order, n where a neighbour is not
            active.
        shape: (B, h, w).
        index_pairs: spconv's tables for these sites, made by its first layer for all.
    """

    flat: Tensor
    member: Tensor
    neighbours: Tensor
    shape: tuple[int, int, int]
    index_pairs: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def __len__(self) -> int:
        return int(self.flat.numel())

    def gather(self, features_BChw: Tensor) -> Tensor:
        """(n, C): X_fg = M_fg * X_agg without the zeros."""
        return features_BChw.permute(0, 2, 3, 1).reshape(-1, features_BChw.shape[1])[self.flat]

    def scatter(self, rows_nC: Tensor) -> Tensor:
        """(B, C, h, w): back to a dense grid, zero where no site is active."""
        b, h, w = self.shape
        dense = rows_nC.new_zeros((b * h * w, rows_nC.shape[1]))
        dense = dense.index_copy(0, self.flat, rows_nC)
        return dense.view(b, h, w, -1).permute(0, 3, 1, 2)


def neighbour_table(active_Bhw: Tensor) -> Tensor:
    """(n, 9) rows of each active cell's 3x3 neighbours, n where there is none."""
    b, h, w = active_Bhw.shape
    n = int(active_Bhw.sum())
    rows = torch.full((b, h + 2, w + 2), n, dtype=torch.long, device=active_Bhw.device)
    inner = rows[:, 1:-1, 1:-1]
    inner[active_Bhw] = torch.arange(n, device=active_Bhw.device)
    views = [rows[:, dy : dy + h, dx : dx + w][active_Bhw] for dy in range(3) for dx in range(3)]
    return torch.stack(views, dim=1)


def make_sites(active_Bhw: Tensor, instance_Bhw: Tensor, count: int) -> Sites:
    """Sites from a boolean grid and the instance (0..count-1) of every active cell."""
    flat = active_Bhw.flatten().nonzero().squeeze(1)
    member = F.one_hot(instance_Bhw.flatten()[flat], max(count, 1)).float()
    b, h, w = active_Bhw.shape
    return Sites(flat, member, neighbour_table(active_Bhw), (b, h, w))


def dilate(active_Bhw: Tensor) -> Tensor:
    """Grow a boolean grid by one cell in all eight directions."""
    return F.max_pool2d(active_Bhw.float().unsqueeze(1), 3, stride=1, padding=1).squeeze(1) > 0


def suppress_background(masks_Nhw: Tensor, image_N: Tensor, batch: int) -> Sites:
    """Eq. 1: M_fg is the union of the instance masks, grown by one cell.

    Every site goes to its surest person.

    Args:
        masks_Nhw: M_ins of all people of the batch, 0..1.
        image_N: the picture each person is in.
        batch: number of pictures.
    """
    h, w = masks_Nhw.shape[-2:]
    best = masks_Nhw.new_zeros((batch, h, w))
    owner = torch.zeros((batch, h, w), dtype=torch.long, device=masks_Nhw.device)
    for i in range(masks_Nhw.shape[0]):
        b = image_N[i]
        surer = masks_Nhw[i] > best[b]
        best[b] = torch.where(surer, masks_Nhw[i], best[b])
        owner[b] = torch.where(surer, i, owner[b])
    return make_sites(dilate(best > 0.5), owner, masks_Nhw.shape[0])


def whole_grid(sites: Sites) -> Sites:
    """Every cell active (w/o Sparse, Table 2); each picture's background is one more instance."""
    b, h, w = sites.shape
    count = sites.member.shape[1]
    owner = count + torch.arange(b, device=sites.flat.device).repeat_interleave(h * w)
    owner[sites.flat] = sites.member.argmax(1)
    active = torch.ones((b, h, w), dtype=torch.bool, device=sites.flat.device)
    return make_sites(active, owner.view(b, h, w), count + b)


def one_group_per_image(sites: Sites) -> Sites:
    """All people of a picture normalised together (w/o IAN, Table 2)."""
    b, h, w = sites.shape
    image = sites.flat // (h * w)
    return Sites(sites.flat, F.one_hot(image, b).float(), sites.neighbours, sites.shape)
