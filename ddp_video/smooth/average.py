"""The paper's temporal average of the logits along the optical flow (section 4, Eq. 6).

Dims: C = channels, H W = the logit grid, P = points. Positions are in pixels of the grid, x then y,
the middle of cell (x, y) at (x, y): the convention of `align_corners=False` everywhere.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from ..errors import ShapeError
from ..types import PARTS, Prediction
from .warp import positions, sample

# Below this share a covered cell nearby is only rounding of the sample's position.
_LEAST_COVERAGE = 1e-3


def temporal_average(
    present: Prediction, neighbours: Mapping[int, Prediction], flows: Mapping[int, Tensor]
) -> Prediction:
    """Average a prediction with its neighbours, warped to it (Eq. 6).

    Every frame has the same weight, so α = 1/(2r+1) renormalised over the frames that exist and
    whose sample falls inside the picture is 1/(number of such frames), pixel by pixel. A neighbour
    without people counts like any other: it says "background".

    Deviation: U and V are averaged with weight α·coverage and renormalised, since they carry no
    meaning where a frame's coverage is 0. It is Eq. 6 wherever all frames cover the pixel.

    Args:
        present: prediction of the present frame.
        neighbours: predictions of the frames at offset k, on the same grid.
        flows: at least for those k, (2, h, w) flow present -> neighbour in pixels of the grid.

    Returns:
        Smoothed logits; coverage 1 where any frame's warped coverage reaches, so that U and V stand
        wherever a part can win; the people of the present frame with their own, unwarped masks.

    Raises:
        ShapeError: the grids differ.
    """
    if not neighbours:
        return present
    size = (present.coverage.shape[0], present.coverage.shape[1])
    # Away from people all frames carry one and the same background vector, whose average is itself:
    # only the points that see anything else need to be computed.
    background_K1 = _background(present)
    touched_P = _anything_else(present, background_K1)
    landing: dict[int, tuple[Tensor, Tensor]] = {}
    for k, neighbour in neighbours.items():
        check_grid(neighbour, size)
        landing[k] = position_2P, valid_P = positions(flows[k].to(touched_P.device), size)
        seen_1HW = _anything_else(neighbour, background_K1).float().view(1, *size)
        touched_P = touched_P | ((sample(seen_1HW, position_2P)[0] > 0) & valid_P)
    points = touched_P.nonzero().squeeze(1)
    logits_CP = present.logits.flatten(1).index_select(1, points)
    covered_P = present.coverage.flatten()[points]  # the sums of Eq. 6 begin with the present
    parts_KP, uv_CP = logits_CP[:PARTS], logits_CP[PARTS:] * covered_P
    count_P = torch.ones_like(covered_P)
    for k, neighbour in neighbours.items():
        position_2P, valid_P = landing[k][0][:, points], landing[k][1][points]
        uv_CHW = neighbour.logits[PARTS:] * neighbour.coverage
        parts_KP += sample(neighbour.logits[:PARTS], position_2P) * valid_P
        uv_CP += sample(uv_CHW, position_2P) * valid_P
        covered_P += sample(neighbour.coverage[None], position_2P)[0] * valid_P
        count_P += valid_P
    uv_CP = torch.where(covered_P > 0, uv_CP / covered_P, 0)
    logits_CP = torch.cat([parts_KP / count_P, uv_CP])
    return put(present, points, logits_CP, covered_P / count_P > _LEAST_COVERAGE)


def _background(prediction: Prediction) -> Tensor:
    """(25, 1): the part logits of a pixel without people."""
    outside = prediction.coverage.argmin()
    return prediction.logits[:PARTS].flatten(1)[:, outside, None]


def _anything_else(prediction: Prediction, background_K1: Tensor) -> Tensor:
    """(P,) bool: covered, or part logits other than the background's."""
    other_P = (prediction.logits[:PARTS].flatten(1) != background_K1).any(dim=0)
    return other_P | (prediction.coverage.flatten() > 0)


def put(present: Prediction, points: Tensor, logits_CP: Tensor, covered_P: Tensor) -> Prediction:
    """Replace the present's field at the points; elsewhere nobody is covered."""
    logits_CHW = present.logits.clone(memory_format=torch.contiguous_format)
    logits_CHW.view(len(logits_CHW), -1).index_copy_(1, points, logits_CP)
    coverage_P = present.coverage.new_zeros(present.coverage.numel())
    coverage_P[points] = covered_P.to(coverage_P.dtype)
    coverage_HW = coverage_P.view_as(present.coverage)
    return Prediction(logits_CHW, coverage_HW, present.people, present.size)


def check_grid(prediction: Prediction, size: tuple[int, int]) -> None:
    """Refuse a neighbour on another grid.

    Raises:
        ShapeError: it is.
    """
    if tuple(prediction.coverage.shape) != size:
        raise ShapeError(f"the present grid is {size}, a neighbour's {prediction.coverage.shape}")
