"""2D temporal smoothing of the logits along the optical flow (paper section 4, Eqs. 5-6).

Dims: C = channels, H W = the logit grid, P = points. Positions are in pixels of the grid, x then y,
the middle of cell (x, y) at (x, y): the convention of `align_corners=False` everywhere.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from .errors import InputError, ShapeError
from .settings import MAX_RADIUS
from .types import PARTS, FlowEstimator, Frame, Prediction

# Below this share a covered cell nearby is only rounding of the sample's position.
_LEAST_COVERAGE = 1e-3


class Smoothed(NamedTuple):
    """One frame behind the window.

    Attributes:
        frame: the frame.
        unsmoothed: its prediction as inferred.
        smoothed: the smoothed prediction by radius.
    """

    frame: Frame
    unsmoothed: Prediction
    smoothed: dict[int, Prediction]


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
    position_2P, valid_P = _positions(flow_2HW, size)
    warped_CP = torch.where(valid_P, _sample(field_CHW, position_2P), 0)
    return warped_CP.unflatten(1, size), valid_P.unflatten(0, size)


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
        _check_grid(neighbour, size)
        landing[k] = position_2P, valid_P = _positions(flows[k].to(touched_P.device), size)
        seen_1HW = _anything_else(neighbour, background_K1).float().view(1, *size)
        touched_P = touched_P | ((_sample(seen_1HW, position_2P)[0] > 0) & valid_P)
    points = touched_P.nonzero().squeeze(1)
    logits_CP = present.logits.flatten(1).index_select(1, points)
    covered_P = present.coverage.flatten()[points]  # the sums of Eq. 6 begin with the present
    parts_KP, uv_CP = logits_CP[:PARTS], logits_CP[PARTS:] * covered_P
    count_P = torch.ones_like(covered_P)
    for k, neighbour in neighbours.items():
        position_2P, valid_P = landing[k][0][:, points], landing[k][1][points]
        uv_CHW = neighbour.logits[PARTS:] * neighbour.coverage
        parts_KP += _sample(neighbour.logits[:PARTS], position_2P) * valid_P
        uv_CP += _sample(uv_CHW, position_2P) * valid_P
        covered_P += _sample(neighbour.coverage[None], position_2P)[0] * valid_P
        count_P += valid_P
    uv_CP = torch.where(covered_P > 0, uv_CP / covered_P, 0)
    logits_CP = torch.cat([parts_KP / count_P, uv_CP])
    return _put(present, points, logits_CP, covered_P / count_P > _LEAST_COVERAGE)


def smooth(
    predictions: Iterable[tuple[Frame, Prediction]],
    estimator: FlowEstimator | None,
    radii: Sequence[int],
) -> Iterator[Smoothed]:
    """Smooth a stream of predictions, holding at most 2r+1 frames.

    Args:
        predictions: frames and their predictions in order of time, all on one grid.
        estimator: the flow engine; not needed where every radius is 0.
        radii: the neighbours on each side, 0..5; the flow is computed once for the largest.

    Returns:
        An iterator over the same frames in the same order. Radius 0 gives the prediction as it is.

    Raises:
        InputError: a radius out of bounds, none given, or no estimator for a radius above 0;
            raised at the call, not at the first frame.
        ShapeError: frames or grids of different sizes.
    """
    if not radii or any(not 0 <= radius <= MAX_RADIUS for radius in radii):
        given = ", ".join(map(str, radii)) or "none"
        raise InputError(f"a smoothing radius is 0..{MAX_RADIUS}, not {given}; give --radius 2")
    if max(radii) and estimator is None:
        raise InputError("smoothing needs an optical flow; give one, or --radius 0")
    return _slide(predictions, estimator, tuple(radii))


def _slide(
    predictions: Iterable[tuple[Frame, Prediction]],
    estimator: FlowEstimator | None,
    radii: tuple[int, ...],
) -> Iterator[Smoothed]:
    """Emit each frame as soon as its last neighbour is there, or the clip has ended."""
    reach = max(radii)
    window: deque[tuple[Frame, Prediction]] = deque()
    centre = 0

    def emit() -> Smoothed:
        nonlocal centre
        smoothed = _smooth_one(window, centre, estimator, radii)
        if centre == reach:
            window.popleft()
        else:
            centre += 1
        return smoothed

    for item in predictions:
        window.append(item)
        if centre + reach < len(window):
            yield emit()
    while centre < len(window):
        yield emit()


def _smooth_one(
    window: Sequence[tuple[Frame, Prediction]],
    centre: int,
    estimator: FlowEstimator | None,
    radii: tuple[int, ...],
) -> Smoothed:
    frame, present = window[centre]
    grid = (present.coverage.shape[0], present.coverage.shape[1])
    flows: dict[int, Tensor] = {}
    if estimator is not None and max(radii) > 0 and len(window) > 1:
        flows = estimator.flows([each.image for each, _ in window], centre, grid)
    smoothed = {
        radius: temporal_average(
            present, {k: window[centre + k][1] for k in flows if abs(k) <= radius}, flows
        )
        for radius in radii
    }
    return Smoothed(frame, present, smoothed)


def _positions(flow_2HW: Tensor, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
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


def _sample(field_CHW: Tensor, position_2P: Tensor) -> Tensor:
    """(C, P): bilinear samples; outside the middles of the outermost cells their value holds."""
    h, w = field_CHW.shape[1:]
    x_P, y_P = position_2P[0].clamp(0, w - 1), position_2P[1].clamp(0, h - 1)
    # pixel x has its middle at (2x + 1)/W - 1 of grid_sample's -1..1 with align_corners=False
    grid_P2 = torch.stack([(2 * x_P + 1) / w - 1, (2 * y_P + 1) / h - 1], dim=1)
    return F.grid_sample(field_CHW[None], grid_P2[None, None], align_corners=False)[0, :, 0]


def _background(prediction: Prediction) -> Tensor:
    """(25, 1): the part logits of a pixel without people."""
    outside = prediction.coverage.argmin()
    return prediction.logits[:PARTS].flatten(1)[:, outside, None]


def _anything_else(prediction: Prediction, background_K1: Tensor) -> Tensor:
    """(P,) bool: covered, or part logits other than the background's."""
    other_P = (prediction.logits[:PARTS].flatten(1) != background_K1).any(dim=0)
    return other_P | (prediction.coverage.flatten() > 0)


def _put(present: Prediction, points: Tensor, logits_CP: Tensor, covered_P: Tensor) -> Prediction:
    """Replace the present's field at the points; elsewhere nobody is covered."""
    logits_CHW = present.logits.clone(memory_format=torch.contiguous_format)
    logits_CHW.view(len(logits_CHW), -1).index_copy_(1, points, logits_CP)
    coverage_P = present.coverage.new_zeros(present.coverage.numel())
    coverage_P[points] = covered_P.to(coverage_P.dtype)
    coverage_HW = coverage_P.view_as(present.coverage)
    return Prediction(logits_CHW, coverage_HW, present.people, present.size)


def _check_grid(prediction: Prediction, size: tuple[int, int]) -> None:
    if tuple(prediction.coverage.shape) != size:
        raise ShapeError(f"the present grid is {size}, a neighbour's {prediction.coverage.shape}")
