"""The overall objective (Eq. 7): the network run on truth masks, and every loss term by name."""

import torch
from torch import Tensor, nn

from ..data.densepose_coco import UNKNOWN
from ..network import DirectDensePose
from ..network.background_suppression import Sites
from ..network.instance_branch import InstanceMaps, boxes_at
from ..settings import LossWeights
from ..types import LOGIT_CHANNELS, PARTS
from . import losses
from .example import Batch
from .targets import Assignment, assign, truth_sites

MASK_POSITIVES = 320  # locations of a batch whose masks are drawn; bounds the memory
MIN_ACTIVE = 1e-3  # bilinear weight that active cells must have at an annotated point


class Objective(nn.Module):
    """Batch -> loss terms; a module, so that data-parallel wrappers can hold it."""

    def __init__(
        self, network: DirectDensePose, bounds: tuple[int, ...], weights: LossWeights
    ) -> None:
        super().__init__()
        self.network = network
        self.bounds = bounds
        self.weights = weights

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """All terms, weighted as in Eqs. 8 and 9; their sum is L_all."""
        maps, x_global = self.network.look(batch.image)
        sites = truth_sites(batch.instance, batch.grow)
        rows, sites = self.network.global_iuv_branch(x_global, sites)
        terms = {**self._instance_terms(maps, batch), **self._iuv_terms(rows, sites, batch)}
        if not len(sites):  # data-parallel processes wait for the gradient of every parameter
            branch = self.network.global_iuv_branch.parameters()
            terms["I"] = terms["I"] + 0 * (x_global.sum() + sum(p.sum() for p in branch))
        return terms

    def _instance_terms(self, maps: InstanceMaps, batch: Batch) -> dict[str, Tensor]:
        """L_mask, Eq. 8."""
        truths = [
            assign(maps.locations, boxes, instance, self.bounds)
            for boxes, instance in zip(batch.boxes, batch.instance, strict=True)
        ]
        person = torch.stack([t.person for t in truths])
        ignored = torch.stack([t.ignored for t in truths])
        image, location = (person >= 0).nonzero(as_tuple=True)
        positives = person.new_tensor(max(len(image), 1)).float()
        terms = {"person": losses.person_loss(maps.person, person >= 0, ignored, positives)}
        if not len(image):
            unused = (maps.reach.sum() + maps.centreness.sum() + maps.theta.sum()) * 0
            return {**terms, "box": unused + maps.features.sum() * 0}
        reach = torch.stack([t.reach for t in truths])[image, location]
        centred = torch.stack([t.centreness for t in truths])[image, location]
        centre = maps.locations.centre[location]
        terms["box"] = losses.box_loss(
            boxes_at(centre, maps.reach[image, location]), boxes_at(centre, reach), centred
        )
        terms["centreness"] = nn.functional.binary_cross_entropy_with_logits(
            maps.centreness[image, location], centred
        )
        return {**terms, **self._mask_terms(maps, batch, truths, image, location, centred)}

    def _mask_terms(
        self,
        maps: InstanceMaps,
        batch: Batch,
        truths: list[Assignment],
        image: Tensor,
        location: Tensor,
        centred: Tensor,
    ) -> dict[str, Tensor]:
        """Eqs. 10 and 11: dice of M_ins and M_dp at the positive locations."""
        if len(image) > MASK_POSITIVES:
            best = centred.topk(MASK_POSITIVES).indices
            image, location = image[best], location[best]
        person = torch.stack([t.person for t in truths])[image, location]
        masks = maps.masks(image, location).float()
        instance = batch.instance[image]
        own = (instance == (person + 1).view(-1, 1, 1)).float()
        coarse = batch.coarse[image]
        surface = own * ((coarse > 0) & (coarse < UNKNOWN))
        known_person = (instance != UNKNOWN).float()
        known_surface = known_person * (1 - own * (coarse == UNKNOWN))
        labelled = torch.cat(batch.has_surface)
        offset = torch.tensor(
            [0, *[len(s) for s in batch.has_surface[:-1]]], device=person.device
        ).cumsum(0)
        row = offset[image] + person
        weight = torch.cat(batch.weights)[row]
        ins = _mean(losses.dice_loss(masks[:, 0], own, known_person), weight)
        dp = _mean(losses.dice_loss(masks[:, 1], surface, known_surface), weight * labelled[row])
        return {"M_ins": self.weights.masks * ins, "M_dp": self.weights.masks * dp}

    def _iuv_terms(self, rows: Tensor, sites: Sites, batch: Batch) -> dict[str, Tensor]:
        """L_IUV, Eq. 9, on dense labels and on annotated points alike."""
        part = batch.part.flatten()[sites.flat].long()
        uv = batch.uv.permute(0, 2, 3, 1).reshape(-1, 2)[sites.flat].float() / 255
        weight = cell_weights(batch).flatten()[sites.flat]
        weight = weight * part_weights(batch, self.weights.even).flatten()[sites.flat]
        known = (part != UNKNOWN).nonzero().squeeze(1)
        at, part, uv, weight = rows[known], part[known], uv[known], weight[known]
        if any(len(p) for p in batch.points):
            point_rows, point_part, point_uv, seen = rows_at_points(rows, sites, batch.points)
            owners = zip(batch.weights, batch.points, strict=True)
            point_weight = torch.cat([w[p[:, 5].long()] for w, p in owners])[seen]
            at, part = torch.cat((at, point_rows)), torch.cat((part, point_part))
            uv, weight = torch.cat((uv, point_uv)), torch.cat((weight, point_weight))
        w = self.weights
        terms = {
            "I": losses.part_loss(at, part, weight),
            "UV": w.uv * losses.uv_loss(at, part, uv, weight),
        }
        if w.smooth:
            terms["smooth"] = w.smooth * losses.smoothness_loss(
                rows, sites.member, sites.neighbours
            )
        return terms


def _mean(value_K: Tensor, weight_K: Tensor) -> Tensor:
    """Weighted mean, zero where nothing weighs."""
    return (value_K * weight_K).sum() / weight_K.sum().clamp(min=1e-6)


def cell_weights(batch: Batch) -> Tensor:
    """(B, h, w): how much the person of every cell counts; 1 where there is none."""
    table = torch.ones((len(batch.weights), 256), device=batch.instance.device)
    for image, weights in enumerate(batch.weights):
        table[image, 1 : 1 + len(weights)] = weights
    flat = batch.instance.flatten(1).long()
    return table.gather(1, flat).view(batch.instance.shape)


def part_weights(batch: Batch, even: float) -> Tensor:
    """(B, h, w): how much a cell counts by its part: n^-even where n cells are the person's part.

    The mean over the labelled cells of a person is 1, and so is every other cell.
    """
    image = torch.arange(len(batch.part), device=batch.part.device).view(-1, 1, 1)
    person = image * (UNKNOWN + 1) + batch.instance.long()
    labelled = (batch.part > 0) & (batch.part != UNKNOWN) & (batch.instance > 0)
    person, part = person[labelled], batch.part[labelled].long()
    _, group, size = torch.unique(person * PARTS + part, return_inverse=True, return_counts=True)
    weight = size[group].float() ** -even
    _, whose, cells = torch.unique(person, return_inverse=True, return_counts=True)
    total = torch.zeros(len(cells), device=weight.device).index_add_(0, whose, weight)
    weights = torch.ones(batch.part.shape, device=weight.device)
    weights[labelled] = weight * (cells / total)[whose]
    return weights


def rows_at_points(
    rows_n75: Tensor, sites: Sites, points: list[Tensor]
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Bilinear samples of the sparse output at annotated points, from the active cells alone.

    Args:
        rows_n75: output at the sites.
        sites: where they are.
        points: per picture (P, 6): x, y on the 1/4 grid, I, U, V, person.

    Returns:
        (m, 75) samples, (m,) parts, (m, 2) U, V, and which of all pictures' points these are
        (bool): points that touch no active cell are left out.
    """
    dense = sites.scatter(torch.cat((rows_n75, rows_n75.new_ones(len(sites), 1)), 1))
    _, h, w = sites.shape
    size = dense.new_tensor([w, h])
    samples = []
    for image, own in enumerate(points):
        grid = (own[:, :2] + 0.5) / size * 2 - 1
        value = nn.functional.grid_sample(
            dense[image : image + 1], grid[None, None], align_corners=False
        )
        samples.append(value.view(LOGIT_CHANNELS + 1, -1).T)
    sample, point = torch.cat(samples), torch.cat(points)
    active = sample[:, LOGIT_CHANNELS]  # bilinear weight of the active cells
    seen = active > MIN_ACTIVE
    rows = sample[seen, :LOGIT_CHANNELS] / active[seen, None]
    return rows, point[seen, 2].long(), point[seen, 3:5], seen
