"""Direct Dense Pose: Figure 2 as one short forward."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..types import FLOOR, LOGIT_CHANNELS, PARTS
from .backbone import Backbone
from .background_suppression import Sites, suppress_background
from .feature_aggregation import FeatureAggregation
from .global_iuv_branch import GlobalIUVBranch
from .instance_branch import DetectionLimits, Detections, InstanceBranch, InstanceMaps, detect
from .sparse_residual_fcn import SparseBackend


@dataclass(frozen=True)
class DensePose:
    """The network's answer for a batch.

    Attributes:
        people: detections of all pictures.
        logits: (B, 75, h, w) background and parts as `assemble` gives them, U, V; h w at 1/4 scale.
        coverage: (B, h, w) 1 where the global IUV branch computed.
    """

    people: Detections
    logits: Tensor
    coverage: Tensor


class DirectDensePose(nn.Module):
    """Joins the finished parts; see `network.build` for the usual choices."""

    def __init__(
        self,
        backbone: Backbone,
        aggregation: FeatureAggregation,
        instance_branch: InstanceBranch,
        global_iuv_branch: GlobalIUVBranch,
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.aggregation = aggregation
        self.instance_branch = instance_branch
        self.global_iuv_branch = global_iuv_branch

    def look(self, images: Tensor) -> tuple[InstanceMaps, Tensor]:
        """(B, 3, H, W) RGB 0..255, sides multiples of 32 -> instance maps and X_global.

        For training: with the filters of all locations.
        """
        pyramid = self.backbone(images)
        x_agg, x_global = self.aggregation(pyramid)
        return self.instance_branch(pyramid[1:], x_agg), x_global

    def forward(
        self, images: Tensor, limits: DetectionLimits, backend: SparseBackend = "auto"
    ) -> DensePose:
        """Everything the paper's figure shows, for inference."""
        pyramid = self.backbone(images)
        x_agg, x_global = self.aggregation(pyramid)
        maps = self.instance_branch.look(pyramid[1:], x_agg)
        people = detect(maps, (images.shape[-2], images.shape[-1]), limits)
        sites = suppress_background(people.instance_mask, people.image, images.shape[0])
        rows, sites = self.global_iuv_branch(x_global, sites, backend)
        surface = union_of_masks(people.surface_mask, people.image, sites)
        return DensePose(people, *assemble(rows, sites, surface))


def union_of_masks(masks_Nhw: Tensor, image_N: Tensor, sites: Sites) -> Tensor:
    """(B, h, w) largest M_dp of each picture's people at every cell."""
    b, h, w = sites.shape
    union = masks_Nhw.new_zeros((b, h, w))
    for i in range(masks_Nhw.shape[0]):
        union[image_N[i]] = torch.maximum(union[image_N[i]], masks_Nhw[i])
    return union


def assemble(rows_n75: Tensor, sites: Sites, surface_Bhw: Tensor) -> tuple[Tensor, Tensor]:
    """One IUV for the frame: the dense pose mask times the global IUV, as logarithms.

    P(part) = M_dp * softmax(part logits)[part]; background takes the rest. Then all parts are
    raised by one factor, so that the likeliest stands for the whole body: whether a cell is body is
    decided by P(body) > 1/2, and a body whose part is in doubt does not lose to the background.
    Logarithms are floored, so that the temporal average (Eq. 6) of a sure frame and a doubtful one
    stays finite.

    Args:
        rows_n75: output of the global IUV branch at the active sites.
        sites: where they are.
        surface_Bhw: M_dp of the whole frame, 0..1.

    Returns:
        (B, 75, h, w) logits and (B, h, w) coverage.
    """
    probability = rows_n75[:, :PARTS].softmax(1)
    m_dp = surface_Bhw.flatten()[sites.flat].unsqueeze(1).float()
    parts = m_dp * probability[:, 1:]
    body = parts.sum(1, keepdim=True)
    raised = parts * (body / parts.amax(1, keepdim=True).clamp(min=FLOOR))
    log = torch.cat((1 - body, raised), dim=1).clamp(min=FLOOR).log()
    rows = torch.cat((log, rows_n75[:, PARTS:]), dim=1)
    b, h, w = sites.shape
    dense = rows.new_zeros((LOGIT_CHANNELS, b * h * w))
    dense[1:PARTS] = math.log(FLOOR)
    dense = dense.index_copy_(1, sites.flat, rows.T)
    coverage = rows.new_zeros(b * h * w).index_fill_(0, sites.flat, 1.0)
    return dense.view(-1, b, h, w).transpose(0, 1).contiguous(), coverage.view(b, h, w)
