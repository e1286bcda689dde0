"""Instance branch (Sec. 3.3): FCOS heads, generated filters, and two masks for each person.

Dims: B pictures, L locations of all levels together, P = 178 head parameters.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.ops import nms

from .background_suppression import neighbour_table
from .dynamic_mask_head import FEATURES, PARAMETERS, dynamic_masks
from .feature_aggregation import conv_norm_relu
from .sparse_residual_fcn import convolved_at

FIRST_STRIDE = 8
MASK_STRIDE = 8  # X_D
BOX_NMS_IOU = 0.75  # generous: near-identical boxes need not all be drawn as masks
CANDIDATES = 100  # least number of people of a picture whose masks are compared


@dataclass(frozen=True)
class Locations:
    """Where the pyramid looks: one row for every cell of every level.

    Attributes:
        centre: (L, 2) x, y in input pixels.
        stride: (L,) input pixels per cell of the location's level.
        level: (L,) 0 for stride 8.
    """

    centre: Tensor
    stride: Tensor
    level: Tensor


@lru_cache(maxsize=4)
@torch.inference_mode(False)  # kept, so that it must serve outside too
def locations(sizes: tuple[tuple[int, int], ...], device: torch.device) -> Locations:
    """Locations of levels of the given (h, w), strides 8, 16, 32, ..."""
    centres, strides, levels = [], [], []
    for level, (h, w) in enumerate(sizes):
        stride = FIRST_STRIDE << level
        y, x = torch.meshgrid(
            torch.arange(h, device=device), torch.arange(w, device=device), indexing="ij"
        )
        centres.append((torch.stack((x, y), dim=-1).reshape(-1, 2) + 0.5) * stride)
        strides.append(torch.full((h * w,), float(stride), device=device))
        levels.append(torch.full((h * w,), level, dtype=torch.long, device=device))
    return Locations(torch.cat(centres), torch.cat(strides), torch.cat(levels))


@lru_cache(maxsize=4)
@torch.inference_mode(False)  # kept, so that it must serve outside too
def level_neighbours(sizes: tuple[tuple[int, int], ...]) -> Tensor:
    """(L, 9) rows of every location's 3x3 neighbours on its own level, L where there is none."""
    total, tables, first = sum(h * w for h, w in sizes), [], 0
    for h, w in sizes:
        table = neighbour_table(torch.ones((1, h, w), dtype=torch.bool))
        tables.append(torch.where(table < h * w, table + first, total))
        first += h * w
    return torch.cat(tables)


@dataclass(frozen=True)
class LocationMaps(ABC):
    """What the branch says at every location.

    Attributes:
        person: (B, L) logit that a person's centre is here.
        centreness: (B, L) logit.
        reach: (B, L, 4) distances to the left, top, right and bottom side, in input pixels.
        features: (B, 8, H/8, W/8) X_D.
        locations: where the rows are.
    """

    person: Tensor
    centreness: Tensor
    reach: Tensor
    features: Tensor
    locations: Locations

    @abstractmethod
    def filters(self, image_K: Tensor, location_K: Tensor) -> Tensor:
        """(K, P) mask head parameters for chosen (picture, location) pairs."""

    def masks(self, image_K: Tensor, location_K: Tensor) -> Tensor:
        """(K, 2, H/4, W/4) logits of M_ins and M_dp for chosen (picture, location) pairs."""
        at = self.locations
        return dynamic_masks(
            self.features,
            image_K,
            at.centre[location_K],
            at.stride[location_K] * FIRST_STRIDE,
            self.filters(image_K, location_K),
            MASK_STRIDE,
        )


@dataclass(frozen=True)
class InstanceMaps(LocationMaps):
    """With the filters of every location: for training, and the reference.

    Attributes:
        theta: (B, L, P) mask head parameters.
    """

    theta: Tensor

    def filters(self, image_K: Tensor, location_K: Tensor) -> Tensor:
        """(K, P), looked up."""
        return self.theta[image_K, location_K]


@dataclass(frozen=True)
class SparseInstanceMaps(LocationMaps):
    """With filters that are generated where they are asked for: inference wants a few people's.

    Attributes:
        rows: (B, L, C) what the weight generator looks at, at every location.
        generator: the weight generator, a 3x3 convolution.
        neighbours: (L, 9) rows of the 3x3 neighbours on the location's level, L where none is.
    """

    rows: Tensor
    generator: nn.Conv2d
    neighbours: Tensor

    def filters(self, image_K: Tensor, location_K: Tensor) -> Tensor:
        """(K, P): the convolution at the chosen places."""
        b, n, c = self.rows.shape
        table_K9 = self.neighbours[location_K]
        flat_K9 = torch.where(table_K9 < n, image_K[:, None] * n + table_K9, b * n)
        return convolved_at(
            self.rows.reshape(b * n, c), self.generator.weight, self.generator.bias, flat_K9
        )


@dataclass(frozen=True)
class Detections:
    """People found in a batch, by falling score within each picture.

    Attributes:
        image: (N,) picture index.
        score: (N,) 0..1.
        box: (N, 4) x0, y0, x1, y1 in input pixels.
        instance_mask: (N, h, w) M_ins, 0..1, at 1/4 scale.
        surface_mask: (N, h, w) M_dp, 0..1, at 1/4 scale.
    """

    image: Tensor
    score: Tensor
    box: Tensor
    instance_mask: Tensor
    surface_mask: Tensor


class InstanceBranch(nn.Module):
    """FCOS towers (class, box, centreness), the weight generator, and Down Sample Conv for X_D."""

    def __init__(self, channels: int, tower_depth: int, levels: int) -> None:
        super().__init__()
        self.class_tower = nn.Sequential(*(conv_norm_relu(channels) for _ in range(tower_depth)))
        self.box_tower = nn.Sequential(*(conv_norm_relu(channels) for _ in range(tower_depth)))
        self.person = nn.Conv2d(channels, 1, 3, padding=1)
        self.box = nn.Conv2d(channels, 4 + 1, 3, padding=1)  # four sides and centreness
        self.weight_generator = nn.Conv2d(channels, PARAMETERS, 3, padding=1)
        self.level_scale = nn.Parameter(torch.ones(levels))
        # The stride-2 layer first: the paper's four layers at a quarter of the work.
        self.down_sample = nn.Sequential(
            conv_norm_relu(channels, stride=2), *(conv_norm_relu(channels) for _ in range(3))
        )
        self.features = nn.Conv2d(channels, FEATURES, 1)
        for conv in (self.person, self.box, self.weight_generator):
            nn.init.normal_(conv.weight, std=0.01)
            nn.init.zeros_(conv.bias)  # pyright: ignore[reportArgumentType]
        nn.init.constant_(self.person.bias, -math.log(99))  # pyright: ignore[reportArgumentType]

    def forward(self, pyramid: list[Tensor], x_agg: Tensor) -> InstanceMaps:
        """P3, P4, ... and X_agg -> maps over all locations, for training."""
        towers = [self.box_tower(x) for x in pyramid]
        theta = [self.weight_generator(y).flatten(2) for y in towers]
        return InstanceMaps(
            **self._maps(pyramid, towers, x_agg), theta=torch.cat(theta, dim=2).transpose(1, 2)
        )

    def look(self, pyramid: list[Tensor], x_agg: Tensor) -> SparseInstanceMaps:
        """The same, for inference: filters wait until it is known whose are wanted."""
        towers = [self.box_tower(x) for x in pyramid]
        rows = torch.cat([y.flatten(2).transpose(1, 2) for y in towers], dim=1)
        return SparseInstanceMaps(
            **self._maps(pyramid, towers, x_agg),
            rows=rows,
            generator=self.weight_generator,
            neighbours=level_neighbours(_sizes(pyramid)).to(x_agg.device),
        )

    def _maps(self, pyramid: list[Tensor], towers: list[Tensor], x_agg: Tensor) -> dict[str, Any]:
        """Who is where, and X_D."""
        person, sides = [], []
        for level, (x, y) in enumerate(zip(pyramid, towers, strict=True)):
            stride = FIRST_STRIDE << level
            person.append(self.person(self.class_tower(x)).flatten(2))
            raw = self.box(y).float().flatten(2)
            reach = F.softplus(raw[:, :4] * self.level_scale[level] + 1.0) * stride
            sides.append(torch.cat((reach, raw[:, 4:]), dim=1))
        side = torch.cat(sides, dim=2).transpose(1, 2)
        return {
            "person": torch.cat(person, dim=2).squeeze(1).float(),
            "centreness": side[..., 4],
            "reach": side[..., :4],
            "features": self.features(self.down_sample(x_agg)),
            "locations": locations(_sizes(pyramid), x_agg.device),
        }


def _sizes(pyramid: list[Tensor]) -> tuple[tuple[int, int], ...]:
    return tuple((x.shape[-2], x.shape[-1]) for x in pyramid)


def boxes_at(centre: Tensor, reach: Tensor) -> Tensor:
    """(..., 4) x0, y0, x1, y1 from locations and distances to the sides."""
    return torch.cat((centre - reach[..., :2], centre + reach[..., 2:]), dim=-1)


def mask_iou(masks_Nhw: Tensor) -> Tensor:
    """(N, N) IoU of binary masks."""
    flat = masks_Nhw.flatten(1).float()
    intersection = flat @ flat.T
    area = flat.sum(1)
    return intersection / (area[:, None] + area[None] - intersection).clamp(min=1)


def suppress_duplicates(iou_NN: Tensor, threshold: float) -> Tensor:
    """Indices kept by greedy non-maximum suppression; rows come by falling score."""
    kept: list[int] = []
    for i in range(iou_NN.shape[0]):
        if not kept or float(iou_NN[i, kept].max()) <= threshold:
            kept.append(i)
    return torch.tensor(kept, dtype=torch.long, device=iou_NN.device)


@dataclass(frozen=True)
class DetectionLimits:
    """When a location counts as a person; see `settings.InferSettings`."""

    threshold: float
    nms: str
    nms_iou: float
    top_k: int


def detect(maps: LocationMaps, size: tuple[int, int], limits: DetectionLimits) -> Detections:
    """People of every picture: score threshold, box NMS, masks, mask NMS.

    Args:
        maps: the branch's output.
        size: (H, W) of the network's input, to clip boxes.
        limits: thresholds.
    """
    score_BL = (maps.person.sigmoid() * maps.centreness.sigmoid()).sqrt()
    h, w = size
    bound = torch.tensor([w, h, w, h], dtype=torch.float32, device=score_BL.device)
    candidates = max(CANDIDATES, limits.top_k)
    found: list[tuple[Tensor, Tensor, Tensor, Tensor]] = []
    for b in range(score_BL.shape[0]):
        at = (score_BL[b] > limits.threshold).nonzero().squeeze(1)
        order = score_BL[b, at].argsort(descending=True)[: 10 * candidates]
        at = at[order]
        box = boxes_at(maps.locations.centre[at], maps.reach[b, at]).clamp(min=0).minimum(bound)
        iou = limits.nms_iou if limits.nms == "box" else BOX_NMS_IOU
        kept = nms(box, score_BL[b, at], iou)[:candidates]
        at, box = at[kept], box[kept]
        image = torch.full_like(at, b)
        masks = maps.masks(image, at).float().sigmoid()
        keep = masks[:, 0].flatten(1).amax(1) > 0.5 if len(at) else at.bool()
        image, at, box, masks = image[keep], at[keep], box[keep], masks[keep]
        if limits.nms == "mask" and len(at):
            kept = suppress_duplicates(mask_iou(masks[:, 0] > 0.5), limits.nms_iou)
            image, at, box, masks = image[kept], at[kept], box[kept], masks[kept]
        k = limits.top_k
        found.append((image[:k], score_BL[b, at][:k], box[:k], masks[:k]))
    image, score, box, masks = (torch.cat(column) for column in zip(*found, strict=True))
    return Detections(image, score, box, masks[:, 0], masks[:, 1])
