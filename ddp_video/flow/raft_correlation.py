"""Correlation of one frame's cells with another's: the numbers of torchvision's `CorrBlock`.

- A coarser level is a mean, and correlation is linear: features are averaged once a frame, where
  torchvision averages the volumes of pairs, and one product gives all levels.
- Zeros lie around every level, so that a look-up beyond its border needs no mask.
- Levels lie column by column, so that a look-up copies k columns of k cells, and not single cells.

Dims: B pairs, F G the grid at 1/8, N = B·F·G, C channels, L levels, M cells of all levels and their
borders, k = 2·radius + 2 cells on a side, from which a square of samples is interpolated.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

_MULTIPLE = 32  # of cells: a product of another number takes several times as long in bf16


class Correlation:
    """How levels are laid out and looked up, for one size of the grid.

    The coarsest level lies first. The zeros before a column are those behind its neighbour too, and
    the zeros before a level those behind the coarser one.
    """

    def __init__(
        self, grid: tuple[int, int], levels: int, radius: int, device: torch.device | str = "cpu"
    ) -> None:
        """Take the grid (F, G), the number of levels, and the radius of the square of samples."""
        self.radius, self.k = radius, 2 * radius + 2
        sizes = [(grid[1] >> level, grid[0] >> level) for level in range(levels)]  # x, y
        columns = [rows + self.k for _, rows in sizes]
        lengths = [length * (n + self.k) for length, (n, _) in zip(columns, sizes, strict=True)]
        first = [sum(lengths[level + 1 :]) for level in range(levels)]
        behind = self.k * (columns[0] + 1)
        self.behind = behind + -(sum(lengths) + behind) % _MULTIPLE
        self.reach_Lk = torch.tensor(columns)[:, None].to(device) * torch.arange(self.k).to(device)
        self.size_L2, self.column_L = (torch.tensor(each).to(device) for each in (sizes, columns))
        self.first_L = torch.tensor(first).to(device) + self.k * (self.column_L + 1)
        self.scale_L1 = 2.0 ** torch.arange(levels, device=device)[:, None]

    def laid(self, features_1CFG: Tensor) -> Tensor:
        """(C, M): a frame's features as those of a pair's other frame, scaled as correlation is."""
        channels = features_1CFG.shape[1]
        levels = [features_1CFG[0].transpose(1, 2) / channels**0.5]
        for _ in self.scale_L1[1:]:
            levels.append(F.avg_pool2d(levels[-1], 2))
        laid = [F.pad(each, (self.k, 0, self.k, 0)).flatten(1) for each in reversed(levels)]
        return F.pad(torch.cat(laid, dim=1), (0, self.behind))

    def looked_up(self, volume_NM: Tensor, position_B2FG: Tensor) -> Tensor:
        """Correlation around a position in every level.

        Args:
            volume_NM: products of the features of every cell with those `laid`.
            position_B2FG: where each cell looks, x then y, in cells of the finest level.

        Returns:
            (B, S, F, G) samples as torchvision's `CorrBlock.index_pyramid`, but that one which
            means nothing stands between two columns of a level (`spread`).
        """
        b, _, f, g = position_B2FG.shape
        at_NL2 = position_B2FG.permute(0, 2, 3, 1).reshape(-1, 1, 2) / self.scale_L1
        low_NL2 = at_NL2.floor()
        corner_NL2 = (low_NL2.long() - self.radius).clamp(min=-self.k).minimum(self.size_L2)
        first_NL = corner_NL2[..., 0] * self.column_L + corner_NL2[..., 1] + self.first_L
        n, m = volume_NM.shape
        first_NL += torch.arange(0, n * m, m, device=first_NL.device)[:, None]
        column_NLk = first_NL[:, :, None] + self.reach_Lk
        columns = volume_NM.flatten().unfold(0, self.k, 1)
        cells = columns.index_select(0, column_NLk.flatten()).float().view(-1, self.k**2)
        x, y = (at_NL2 - low_NL2).reshape(-1, 2, 1).unbind(1)
        cells = torch.lerp(cells[:, : -self.k], cells[:, self.k :], x)
        cells = torch.lerp(cells[:, :-1], cells[:, 1:], y)
        return cells.view(b, f, g, -1).permute(0, 3, 1, 2)


def spread(weight_DS11: Tensor, radius: int) -> Tensor:
    """Weights of a 1x1 convolution of torchvision's samples, for those of `looked_up`."""
    side = 2 * radius + 1
    columns = F.pad(weight_DS11.view(len(weight_DS11), -1, side, side), (0, 1))
    return columns.flatten(2)[..., :-1].reshape(len(weight_DS11), -1, 1, 1)
