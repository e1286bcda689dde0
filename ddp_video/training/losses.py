"""The loss terms, one short function each (Eqs. 8-12).

Dims: n active sites, m labelled sites or points, K positive locations, h w the 1/4 grid.
"""

import torch
import torch.nn.functional as F
from torch import Tensor
from torchvision.ops import generalized_box_iou_loss, sigmoid_focal_loss

from ..types import PARTS

UV_BETA = (
    0.1  # where the smooth L1 loss turns from square to linear; U and V errors are mostly below
)


def person_loss(
    logit_BL: Tensor, truth_BL: Tensor, ignored_BL: Tensor, positives: Tensor
) -> Tensor:
    """FCOS classification: focal loss over all locations that are not ignored, per positive."""
    loss = sigmoid_focal_loss(logit_BL, truth_BL.float(), alpha=0.25, gamma=2.0)
    return (loss * ~ignored_BL).sum() / positives


def box_loss(boxes_K4: Tensor, truth_K4: Tensor, centreness_K: Tensor) -> Tensor:
    """FCOS regression: GIoU, weighted by the true centreness."""
    loss = generalized_box_iou_loss(boxes_K4, truth_K4)
    return (loss * centreness_K).sum() / centreness_K.sum().clamp(min=1e-6)


def dice_loss(logit_Khw: Tensor, truth_Khw: Tensor, known_Khw: Tensor) -> Tensor:
    """L_dice of each mask: 1 - 2 |P T| / (|P|^2 + |T|^2) over the known cells; (K,)."""
    p = logit_Khw.sigmoid() * known_Khw
    t = truth_Khw * known_Khw
    overlap = (p * t).flatten(1).sum(1)
    total = p.square().flatten(1).sum(1) + t.square().flatten(1).sum(1)
    return 1 - (2 * overlap + 1e-3) / (total + 1e-3)


def part_loss(rows_m75: Tensor, part_m: Tensor, weight_m: Tensor) -> Tensor:
    """L_I: cross-entropy over background and 24 parts, weighted mean over the labelled sites."""
    loss = F.cross_entropy(rows_m75[:, :PARTS], part_m, reduction="none")
    return (loss * weight_m).sum() / weight_m.sum().clamp(min=1e-6)


def uv_loss(rows_m75: Tensor, part_m: Tensor, uv_m2: Tensor, weight_m: Tensor) -> Tensor:
    """L_UV: smooth L1 on U and V of the true part, weighted mean over the sites on a part."""
    on = part_m > 0
    rows, part, weight = rows_m75[on], part_m[on, None], weight_m[on]
    u = rows[:, PARTS : 2 * PARTS].gather(1, part)
    v = rows[:, 2 * PARTS :].gather(1, part)
    loss = F.smooth_l1_loss(torch.cat((u, v), 1), uv_m2[on], beta=UV_BETA, reduction="none")
    return (loss.mean(1) * weight).sum() / weight.sum().clamp(min=1e-6)


def smoothness_loss(rows_n75: Tensor, member_nN: Tensor, neighbours_n9: Tensor) -> Tensor:
    """L_s, Eq. 12: |grad C| exp(-|grad M_ins|), to the right and down, over pairs of active sites.

    The gradient of the truth masks is 1 where a pair belongs to two people, else 0.
    """
    n = rows_n75.shape[0]
    instance = member_nN.argmax(1)
    total = rows_n75.sum() * 0
    for column in (5, 7):  # right, below, in raster order of the 3x3 neighbours
        other = neighbours_n9[:, column]
        here = (other < n).nonzero().squeeze(1)
        if not len(here):
            continue
        other = other[here]
        edge = torch.exp(-(instance[here] != instance[other]).float())
        total = total + ((rows_n75[here] - rows_n75[other]).abs().mean(1) * edge).mean()
    return total
