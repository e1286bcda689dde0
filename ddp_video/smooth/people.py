"""People's masks, averaged with those of the same people in the frames around.

Dims: H W = the logit grid, P = its cells, Q = points, M = two masks of each person in turn.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import embedding_bag

from ..tracks import LINK, assigned
from ..types import Person


class Taps(NamedTuple):
    """The cells of one frame that the points take, and their weights: (Q, 4) both."""

    cell: Tensor
    weight: Tensor


def table_of(people: Sequence[Person], cells: int) -> Tensor:
    """(P, M) masks, cell by cell."""
    masks = [mask.flatten() for each in people for mask in (each.instance_mask, each.surface_mask)]
    return torch.stack(masks, 1) if masks else torch.zeros(cells, 0)


def steadied(
    present: Sequence[Person], tables: Sequence[Tensor], points: Tensor, taps: Sequence[Taps]
) -> tuple[Person, ...]:
    """The first frame's people with masks averaged over all frames in which they are found.

    Who is who is told by the overlap of the instance masks, carried along the flow.

    Args:
        present: people of the first frame.
        tables: of each frame, from `table_of`.
        points: (Q,) cells of the present frame at which masks are averaged.
        taps: of each frame.
    """
    if not present:
        return ()
    shape = present[0].instance_mask.shape
    masks_PM = tables[0].clone()
    own_QM = masks_PM[points]
    total_QM, weight_QM = own_QM.clone(), torch.ones_like(own_QM)
    for table, tap in zip(tables[1:], taps[1:], strict=True):
        if not table.shape[1]:  # nobody there; torch's kernel does not take empty rows
            continue
        trust_Q1 = tap.weight.sum(1, keepdim=True)
        carried_QM = embedding_bag(tap.cell, table, mode="sum", per_sample_weights=tap.weight)
        for one, other in _same(own_QM, carried_QM / trust_Q1.clamp(min=1e-6)):
            total_QM[:, 2 * one : 2 * one + 2] += carried_QM[:, 2 * other : 2 * other + 2]
            weight_QM[:, 2 * one : 2 * one + 2] += trust_Q1
    masks_PM[points] = total_QM / weight_QM
    masks_2n = masks_PM.T.reshape(-1, 2, *shape)
    return tuple(
        replace(person, instance_mask=instance, surface_mask=surface)
        for person, (instance, surface) in zip(present, masks_2n, strict=True)
    )


def _same(own_QM: Tensor, carried_QM: Tensor) -> list[tuple[int, int]]:
    """Pairs of numbers of one person in two frames."""
    one, other = ((masks[:, ::2] > 0.5).float() for masks in (own_QM, carried_QM))
    common = one.T @ other
    union = one.sum(0)[:, None] + other.sum(0) - common
    return assigned((common / union.clamp(min=1)).numpy(), LINK)
