"""Which location answers for which person (FCOS), and which cells are people (Eq. 1).

Dims: L locations, N people of one picture, B pictures, h w the 1/4 grid.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from ..network.background_suppression import Sites, dilate, make_sites
from ..network.instance_branch import Locations

CENTRE_RADIUS = 1.5  # in strides: a location this near to a person's centre answers for the person
IGNORED = 255  # instance map: people who are not labelled
LABEL_STRIDE = 4


@dataclass(frozen=True)
class Assignment:
    """Truth at every location of one picture.

    Attributes:
        person: (L,) index of the person, -1 where none.
        ignored: (L,) True where unlabelled people are: no verdict.
        reach: (L, 4) true distances to the sides, valid where person >= 0.
        centreness: (L,) 0..1.
    """

    person: Tensor
    ignored: Tensor
    reach: Tensor
    centreness: Tensor


def assign(
    at: Locations, boxes_N4: Tensor, instance_hw: Tensor, bounds: tuple[int, ...]
) -> Assignment:
    """FCOS assignment with centre sampling: the smallest person wins a contested location.

    Args:
        at: the locations.
        boxes_N4: x0, y0, x1, y1 in input pixels.
        instance_hw: id map at 1/4 scale, 255 = ignored region.
        bounds: upper bounds of the reach of every level but the last.
    """
    cell = (at.centre / LABEL_STRIDE).long()
    h, w = instance_hw.shape
    ignored = instance_hw[cell[:, 1].clamp(max=h - 1), cell[:, 0].clamp(max=w - 1)] == IGNORED
    count = at.centre.shape[0]
    if boxes_N4.shape[0] == 0:
        none = torch.full((count,), -1, dtype=torch.long, device=at.centre.device)
        return Assignment(
            none, ignored, at.centre.new_zeros((count, 4)), at.centre.new_zeros(count)
        )
    reach = torch.cat(
        (at.centre[:, None] - boxes_N4[None, :, :2], boxes_N4[None, :, 2:] - at.centre[:, None]), -1
    )
    middle = (boxes_N4[:, :2] + boxes_N4[:, 2:]) / 2
    near = (at.centre[:, None] - middle[None]).abs().amax(-1) < CENTRE_RADIUS * at.stride[:, None]
    edges = torch.tensor([0.0, *map(float, bounds), float("inf")], device=at.centre.device)
    furthest = reach.amax(-1)
    fits = (furthest >= edges[at.level][:, None]) & (furthest < edges[at.level + 1][:, None])
    candidate = near & fits & (reach.amin(-1) > 0)
    area = (boxes_N4[:, 2:] - boxes_N4[:, :2]).prod(-1)
    smallest, person = torch.where(candidate, area[None], torch.inf).min(1)
    chosen = reach[torch.arange(count, device=person.device), person].clamp(min=0)
    person = torch.where(smallest < torch.inf, person, -1)
    return Assignment(person, ignored & (person < 0), chosen, centreness(chosen))


def centreness(reach_L4: Tensor) -> Tensor:
    """FCOS centreness: geometric mean of the two side ratios; 1 in the middle of the box."""
    x, y = reach_L4[:, [0, 2]], reach_L4[:, [1, 3]]
    ratios = (x.amin(1) / x.amax(1).clamp(min=1e-6)) * (y.amin(1) / y.amax(1).clamp(min=1e-6))
    return ratios.clamp(min=0).sqrt()


def truth_sites(instance_Bhw: Tensor, grow_B: Tensor) -> Sites:
    """Sites from the true instance masks (Sec. 5: early estimates would break the learning).

    Args:
        instance_Bhw: id map, 0 none, 1..N people, 255 ignored.
        grow_B: pictures whose masks are grown by one cell, as estimated masks are at inference.
    """
    ids = torch.where(instance_Bhw == IGNORED, 0, instance_Bhw).long()
    active = ids > 0
    grown = F.max_pool2d(ids.float().unsqueeze(1), 3, stride=1, padding=1).squeeze(1).long()
    owner = torch.where(active, ids, grown)
    active = torch.where(grow_B.view(-1, 1, 1), dilate(active), active)
    per_image = int(ids.max()) + 1 if ids.numel() else 1
    image = torch.arange(ids.shape[0], device=ids.device).view(-1, 1, 1)
    return make_sites(active, image * per_image + owner, per_image * ids.shape[0])
