"""A temporal average that doubts the flow, and lets the predictions vote.

What it does otherwise than Eq. 6, each but the first with a switch in `SmoothSettings`:

- votes: whether somebody is there, and which part, are voted; under the mean of log-probabilities
  one frame that is sure of the background outvotes all others, and limbs get lost. U and V weigh
  as much as the vote for their part, so that frames that say another part have little say,
- occlusion: a neighbour counts where the flow there and back returns to the point,
- likeness: and where it shows about the same colour,
- cuts: and not at all where hardly anything does, which is a cut,
- agreement: a frame whose U and V are far from the present ones has less say in U and V,
- doubt: where frames do not agree whether somebody is there, a bare majority is not enough,
- even: U and V are drawn towards those around, by a hundredth of the chart at most,
- masks: people's masks are averaged too (people.py).

All of it is one weighted sum of warped ballots.

Dims: H W = the logit grid, h w = the part of it where anybody is seen, P = the cells of it, B = 74
entries of a ballot.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple

import cv2
import numpy as np
import torch
from torch import Tensor

from ..settings import SmoothSettings
from ..types import FLOOR, PARTS, Prediction
from .average import check_grid
from .people import Box, stack_of, steadied
from .warp import positions, take

LOST = 0.25  # cells²: a round trip that ends this far away counts 1/e
LOST_SHARE = 0.03  # of the squared motion, on top
UNLIKE = 25.0  # grey levels: a colour that differs by this counts 1/e
CUT = 0.4  # share of trusted cells below which a neighbour lies beyond a cut
APART = 0.25  # U, V: somebody who differs by this from the present frame counts 1/e
DOUBT = 0.1  # standard deviations of the votes by which somebody must be ahead of the background
EVEN = 0.7  # cells: σ of the Gaussian that U and V are drawn to
EVEN_MOST = 0.01  # by this at most
FAINT = FLOOR**0.5 / 2  # votes below which nobody is covered: half of what FLOOR is given
_BODY = PARTS - 1
_SAID = 2 + _BODY  # entries of a ballot before U and V
_ROW = 256  # cells that are looked up together: OpenCV's pictures have fewer than 32768 columns


class View(NamedTuple):
    """What the average needs of one frame; the same for all windows it stands in.

    Attributes:
        prediction: as inferred.
        colour_HW3: the picture on the logit grid, float32 RGB, 0..255.
        near_HW: uint8, 1 at covered cells and those around them.
        ballot_HWB: from `_ballot`.
        masks_HWM: people's masks.
    """

    prediction: Prediction
    colour_HW3: np.ndarray
    near_HW: np.ndarray
    ballot_HWB: np.ndarray
    masks_HWM: np.ndarray


class Look(NamedTuple):
    """A neighbour as it is seen from the present frame.

    Attributes:
        view: the neighbour.
        position_2HW: where each cell's sample lies.
        trust_HW1: 0..1, how much that counts.
    """

    view: View
    position_2HW: np.ndarray
    trust_HW1: np.ndarray


def view(image: np.ndarray, prediction: Prediction) -> View:
    """Lay out a frame for the average.

    Args:
        image: (H, W, 3) uint8 RGB, of any size.
        prediction: of it.
    """
    h, w = prediction.coverage.shape
    small = cv2.resize(image, (w, h), interpolation=cv2.INTER_AREA)
    covered = prediction.coverage.numpy() > 0
    return View(
        prediction,
        small.astype(np.float32),
        cv2.dilate(covered.astype(np.uint8), np.ones((3, 3), np.uint8)),
        _ballot(prediction.logits.numpy(), covered),
        stack_of(prediction.people, (h, w)),
    )


def _ballot(logits_75HW: np.ndarray, covered_HW: np.ndarray) -> np.ndarray:
    """(H, W, B) what a frame says, cell by cell; where nobody is covered all is background.

    How far the background is ahead of the likeliest part, -1..1, and the square of that; then of
    each part the vote, which is the root of its probability, and the vote times U, and times V.
    """
    ballot_HWB = np.zeros((*covered_HW.shape, 2 + 3 * _BODY), np.float32)
    ballot_HWB[..., :2] = 1
    rows = logits_75HW.transpose(1, 2, 0)[covered_HW]
    vote = np.exp(rows[:, :PARTS] / 2)
    ahead = np.square(vote[:, :1]) - np.square(vote[:, 1:].max(1, keepdims=True, initial=0))
    body, u, v = vote[:, 1:], rows[:, PARTS + 1 : 2 * PARTS], rows[:, 2 * PARTS + 1 :]
    ballot_HWB[covered_HW] = np.concatenate([ahead, ahead**2, body, body * u, body * v], 1)
    return ballot_HWB


def look(
    here: View, there: View, flow: Tensor, back: Tensor, settings: SmoothSettings
) -> Look | None:
    """See a neighbour from the present frame.

    Args:
        here: the present frame.
        there: the neighbour.
        flow: (2, H, W) present -> neighbour, in pixels of the grid.
        back: (2, H, W) neighbour -> present.
        settings: what makes a neighbour count less.

    Returns:
        None beyond a cut.

    Raises:
        ShapeError: the grids differ.
    """
    h, w = here.near_HW.shape
    check_grid(there.prediction, (h, w))
    position_2P, inside_P = positions(flow, (h, w))
    position_2HW, inside_HW = position_2P.view(2, h, w).numpy(), inside_P.view(h, w).numpy()
    returned_HW = _returned(flow, back, position_2HW)
    alike_HW = _alike(here.colour_HW3, take(there.colour_HW3, position_2HW))
    found = np.count_nonzero((returned_HW * alike_HW > 0.5) & inside_HW)
    if settings.cuts and found < CUT * max(1, np.count_nonzero(inside_HW)):
        return None
    trust_HW = inside_HW.astype(np.float32)
    if settings.occlusion:
        trust_HW *= returned_HW
    if settings.likeness:
        trust_HW *= alike_HW
    return Look(there, position_2HW, trust_HW[..., None])


def _returned(flow_2HW: Tensor, back_2HW: Tensor, position_2HW: np.ndarray) -> np.ndarray:
    """(H, W) 1 where the way there and back ends at its start, less the farther away it ends."""
    there_HW2, back_HW2 = (
        np.ascontiguousarray(each.permute(1, 2, 0)) for each in (flow_2HW, back_2HW)
    )
    back_HW2 = take(back_HW2, position_2HW)
    lost_HW = _summed((there_HW2 + back_HW2) ** 2)
    moved_HW = _summed(there_HW2**2 + back_HW2**2)
    return np.exp(-lost_HW / (LOST + LOST_SHARE * moved_HW))


def _alike(here_HW3: np.ndarray, there_HW3: np.ndarray) -> np.ndarray:
    """(H, W) 1 where both show one colour, less the more they differ."""
    unlike_HW = _summed(cv2.absdiff(here_HW3, there_HW3)) / 3
    return np.exp(-np.square(unlike_HW / UNLIKE))


def _summed(values_hwC: np.ndarray) -> np.ndarray:
    """(h, w) sum over a few channels."""
    return cv2.transform(values_hwC, np.ones((1, values_hwC.shape[2]), np.float32))


def robust_average(
    present: View, looks: Mapping[int, Look], settings: SmoothSettings
) -> Prediction:
    """Average a frame's prediction with its neighbours', as far as they can be trusted.

    Args:
        present: the frame.
        looks: its neighbours.
        settings: what to do otherwise than Eq. 6.

    Returns:
        Part logits like those of one frame; U and V; coverage 1 where any trusted frame is covered;
        the people of the present frame, their masks averaged along with them.
    """
    near_HW = _near(present, looks.values())
    if not looks or not near_HW.any():
        return present.prediction
    cells = near_HW.ravel().nonzero()[0]  # everywhere else all frames say background
    own_PB = present.ballot_HWB.reshape(near_HW.size, -1)[cells]
    said_P26, charts_P72 = own_PB[:, :_SAID].copy(), own_PB[:, 2:].copy()
    count_P1 = np.ones((len(cells), 1), np.float32)
    for there, position_2HW, trust_HW1 in looks.values():
        ballot_PB = _at(there.ballot_HWB, position_2HW, cells)
        trust_P1 = trust_HW1.reshape(-1, 1)[cells]
        said_P26 += ballot_PB[:, :_SAID] * trust_P1
        count_P1 += trust_P1
        if settings.agreement:
            trust_P1 = trust_P1 * _agreement(own_PB, ballot_PB)
        charts_P72 += ballot_PB[:, 2:] * trust_P1
    said_P26 /= count_P1
    box = _around(near_HW)
    fields = _decided(said_P26, settings), _charts(charts_P72, near_HW[box], settings)
    covered_P = said_P26[:, 2:].max(1) > FAINT
    smoothed = _put(present.prediction, cells, *fields, covered_P)
    if not settings.masks or not smoothed.people:
        return smoothed
    others = [
        (take(there.masks_HWM, position_2HW[:, *box]), trust_HW1[box])
        for there, position_2HW, trust_HW1 in looks.values()
        if there.prediction.people
    ]
    people = steadied(smoothed.people, present.masks_HWM, box, others)
    return replace(smoothed, people=people)


def _near(present: View, looks: Iterable[Look]) -> np.ndarray:
    """(H, W) uint8, 1 at all cells at which some frame may see people."""
    near_HW = present.near_HW
    for each in looks:
        near_HW = cv2.bitwise_or(near_HW, take(each.view.near_HW, each.position_2HW))
    return near_HW


def _around(near_HW: np.ndarray) -> Box:
    left, top, width, height = cv2.boundingRect(near_HW)
    return slice(top, top + height), slice(left, left + width)


def _at(field_HWC: np.ndarray, position_2HW: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """(P, C): what `take` gives, at some cells; in rows, for OpenCV's pictures have bounds."""
    filled = np.zeros((2, -(-len(cells) // _ROW) * _ROW), np.float32)
    filled[:, : len(cells)] = position_2HW.reshape(2, -1)[:, cells]
    taken = take(field_HWC, filled.reshape(2, -1, _ROW))
    return taken.reshape(-1, field_HWC.shape[2])[: len(cells)]


def _agreement(own_PB: np.ndarray, other_PB: np.ndarray) -> np.ndarray:
    """(P, 1) 1 where both have the same U and V, less the farther apart these are.

    Parts count as far as both vote for them: where they have none in common nobody objects.
    """
    own, other = (each[:, 2:].reshape(-1, 3, _BODY) for each in (own_PB, other_PB))
    apart = own[:, 1:] * other[:, :1] - other[:, 1:] * own[:, :1]
    return np.exp(-np.einsum("pcb,pcb->p", apart, apart) / APART**2)[:, None]


def _put(
    present: Prediction,
    cells: np.ndarray,
    parts_P25: np.ndarray,
    charts_2P24: np.ndarray,
    covered_P: np.ndarray,
) -> Prediction:
    """The prediction with other fields at some cells; nobody is anywhere else."""
    points = torch.from_numpy(cells)
    logits = present.logits.clone(memory_format=torch.contiguous_format)
    fields = logits.view(3, PARTS, -1)
    fields[0].index_copy_(1, points, torch.from_numpy(parts_P25).T)
    fields[1:, 1:].index_copy_(2, points, torch.from_numpy(charts_2P24).transpose(1, 2))
    coverage = torch.zeros_like(present.coverage)
    coverage.view(-1)[points] = torch.from_numpy(covered_P.astype(np.float32))
    return replace(present, logits=logits, coverage=coverage)


def _decided(said_P26: np.ndarray, settings: SmoothSettings) -> np.ndarray:
    """(P, 25) logits: the background is as far ahead of the winning part as the frames say."""
    ahead_P1, square_P1, vote_P24 = said_P26[:, :1], said_P26[:, 1:2], said_P26[:, 2:]
    if settings.doubt:
        ahead_P1 = ahead_P1 + DOUBT * np.sqrt((square_P1 - ahead_P1**2).clip(0))
    background_P1 = (1 + ahead_P1.clip(-1, 1)) / 2
    chance_P24 = np.square(vote_P24)
    chance_P24 *= (1 - background_P1) / chance_P24.max(1, keepdims=True).clip(1e-9)
    return np.log(np.concatenate([background_P1, chance_P24], 1).clip(FLOOR))


def _charts(charts_P72: np.ndarray, near_hw: np.ndarray, settings: SmoothSettings) -> np.ndarray:
    """(2, P, 24) U and V at the cells that are near."""
    own = _divided(charts_P72)
    if settings.even:
        inside_hw = near_hw > 0
        charts_hw72 = np.zeros((*near_hw.shape, charts_P72.shape[1]), np.float32)
        charts_hw72[inside_hw] = charts_P72
        around = _divided(cv2.GaussianBlur(charts_hw72, (3, 3), EVEN)[inside_hw])
        own += (around - own).clip(-EVEN_MOST, EVEN_MOST)
    return own


def _divided(charts_P72: np.ndarray) -> np.ndarray:
    """(2, P, 24) U and V, by their votes."""
    votes_P24, *weighted = charts_P72.reshape(-1, 3, _BODY).transpose(1, 0, 2)
    return np.stack(weighted) / votes_P24.clip(1e-9)
