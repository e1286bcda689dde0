"""Where the flow leads, and what stands there (paper section 4, Eq. 5).

Dims: C = channels, H W = the logit grid, P = points. Positions are in pixels of the grid, x then y,
the middle of cell (x, y) at (x, y): the convention of `align_corners=False` everywhere.
"""

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ..errors import ShapeError


def warp(field_CHW: Tensor, flow_2HW: Tensor) -> tuple[Tensor, Tensor]:
    """Carry a neighbour's field to the present frame (Eq. 5): value at x = field(x + flow(x)).

    Border rule: the picture is the union of its cells, -.5 <= x <= W - .5 and the same for y.
    Samples in it are valid; within half a cell of the border the outermost cell's value holds.

    Args:
        field_CHW: the neighbour's field on its own grid.
        flow_2HW: flow present -> neighbour, x then y, in pixels of this grid.

    Returns:
        The field on the present grid, zero where the flow leaves the picture; and (H, W) bool,
        False there.

    Raises:
        ShapeError: the two grids differ.
    """
    size = (field_CHW.shape[1], field_CHW.shape[2])
    position_2P, valid_P = positions(flow_2HW, size)
    warped_CP = torch.where(valid_P, sample(field_CHW, position_2P), 0)
    return warped_CP.unflatten(1, size), valid_P.unflatten(0, size)


def positions(flow_2HW: Tensor, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Where each pixel's sample lies: (2, P) positions, and (P,) whether inside the picture."""
    h, w = size
    if tuple(flow_2HW.shape) != (2, h, w):
        raise ShapeError(f"the flow is {tuple(flow_2HW.shape)}, the field's grid ({h}, {w})")
    x_HW = torch.arange(w, device=flow_2HW.device) + flow_2HW[0]
    y_HW = torch.arange(h, device=flow_2HW.device)[:, None] + flow_2HW[1]
    valid_HW = (x_HW >= -0.5) & (x_HW <= w - 0.5) & (y_HW >= -0.5) & (y_HW <= h - 0.5)
    # outside (or not a number): any position will do, its sample is dropped
    position_2HW = torch.where(valid_HW, torch.stack([x_HW, y_HW]), 0)
    return position_2HW.flatten(1), valid_HW.flatten()


def sample(field_CHW: Tensor, position_2P: Tensor) -> Tensor:
    """(C, P): bilinear samples; outside the middles of the outermost cells their value holds."""
    h, w = field_CHW.shape[1:]
    x_P, y_P = position_2P[0].clamp(0, w - 1), position_2P[1].clamp(0, h - 1)
    # pixel x has its middle at (2x + 1)/W - 1 of grid_sample's -1..1 with align_corners=False
    grid_P2 = torch.stack([(2 * x_P + 1) / w - 1, (2 * y_P + 1) / h - 1], dim=1)
    return F.grid_sample(field_CHW[None], grid_P2[None, None], align_corners=False)[0, :, 0]


def take(field_HWC: np.ndarray, position_2hw: np.ndarray) -> np.ndarray:
    """(h, w, C): what `sample` gives, for arrays with the channels last; C up to 512."""
    x_hw, y_hw = position_2hw
    return cv2.remap(field_HWC, x_hw, y_hw, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
