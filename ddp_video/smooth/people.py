"""People's masks, averaged with those of the same people in the frames around.

Dims: H W = the logit grid, h w = a part of it, M = two masks of each person in turn.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from ..tracks import LINK, assigned, overlaps
from ..types import Person

Box = tuple[slice, slice]


def stack_of(people: Sequence[Person], size: tuple[int, int]) -> np.ndarray:
    """(H, W, M) masks, side by side."""
    masks = [mask for each in people for mask in (each.instance_mask, each.surface_mask)]
    return torch.stack(masks, 2).numpy() if masks else np.zeros((*size, 0), np.float32)


def steadied(
    present: Sequence[Person],
    own_HWM: np.ndarray,
    box: Box,
    others: Sequence[tuple[np.ndarray, np.ndarray]],
) -> tuple[Person, ...]:
    """The people of a frame with masks averaged over all frames in which they are found.

    Who is who is told by the overlap of the instance masks, carried along the flow.

    Args:
        present: people of the frame.
        own_HWM: their masks, from `stack_of`.
        box: where masks are averaged; elsewhere they stay.
        others: of each other frame the masks on the present's grid, (h, w, M), and how much each
            cell of them counts, (h, w, 1).
    """
    own_hwM = own_HWM[box]
    total_hwM, weight_hwM = own_hwM.copy(), np.ones_like(own_hwM)
    for masks_hwM, trust_hw1 in others:
        same_MM = _same(own_hwM, masks_hwM)
        total_hwM += (masks_hwM @ same_MM) * trust_hw1
        weight_hwM += same_MM.sum(0) * trust_hw1
    masks_MHW = torch.from_numpy(own_HWM).permute(2, 0, 1).contiguous()
    masks_MHW[:, *box] = torch.from_numpy(total_hwM / weight_hwM).permute(2, 0, 1)
    return tuple(
        replace(person, instance_mask=instance, surface_mask=surface)
        for person, instance, surface in zip(present, masks_MHW[::2], masks_MHW[1::2], strict=True)
    )


def _same(own_hwM: np.ndarray, carried_hwM: np.ndarray) -> np.ndarray:
    """(M, M) 1 where a mask of another frame (rows) is that of the same person here (columns)."""
    own, carried = (list((m[..., ::2] > 0.5).transpose(2, 0, 1)) for m in (own_hwM, carried_hwM))
    same_MM = np.zeros((carried_hwM.shape[2], own_hwM.shape[2]), np.float32)
    for here, there in assigned(overlaps(own, carried), LINK):
        same_MM[2 * there, 2 * here] = same_MM[2 * there + 1, 2 * here + 1] = 1
    return same_MM
