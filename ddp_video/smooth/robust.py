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

Dims: H W = the logit grid, h w = the part of it where anybody is seen, B = 74 entries of a ballot.
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
    box = _box(present, looks.values())
    if not looks or box is None:
        return present.prediction
    seen = [(each.view, each.position_2HW[:, *box], each.trust_HW1[box]) for each in looks.values()]
    own_hwB = present.ballot_HWB[box]
    said_hw26, charts_hw72 = own_hwB[..., :_SAID].copy(), own_hwB[..., 2:].copy()
    for there, position_2hw, trust_hw1 in seen:
        ballot_hwB = take(there.ballot_HWB, position_2hw)
        said_hw26 += ballot_hwB[..., :_SAID] * trust_hw1
        if settings.agreement:
            trust_hw1 = trust_hw1 * _agreement(own_hwB, ballot_hwB)
        charts_hw72 += ballot_hwB[..., 2:] * trust_hw1
    said_hw26 /= 1 + sum(trust_hw1 for _, _, trust_hw1 in seen)
    smoothed = _put(present.prediction, box, said_hw26, charts_hw72, settings)
    if not settings.masks or not smoothed.people:
        return smoothed
    others = [
        (take(there.masks_HWM, position_2hw), trust_hw1)
        for there, position_2hw, trust_hw1 in seen
        if there.prediction.people
    ]
    people = steadied(smoothed.people, present.masks_HWM, box, others)
    return replace(smoothed, people=people)


def _agreement(own_hwB: np.ndarray, other_hwB: np.ndarray) -> np.ndarray:
    """(h, w, 1) 1 where both have the same U and V, less the farther apart these are.

    Parts count as far as both vote for them: where they have none in common nobody objects.
    """
    h, w = own_hwB.shape[:2]
    own, other = (each[..., 2:].reshape(h, w, 3, _BODY) for each in (own_hwB, other_hwB))
    apart = own[:, :, 1:] * other[:, :, :1] - other[:, :, 1:] * own[:, :, :1]
    return np.exp(-np.einsum("hwcp,hwcp->hw", apart, apart) / APART**2)[..., None]


def _box(present: View, looks: Iterable[Look]) -> Box | None:
    """Rows and columns around all cells at which some frame may see people; None: nowhere."""
    near_HW = present.near_HW
    for each in looks:
        near_HW = cv2.bitwise_or(near_HW, take(each.view.near_HW, each.position_2HW))
    left, top, width, height = cv2.boundingRect(near_HW)
    return (slice(top, top + height), slice(left, left + width)) if width else None


def _put(
    present: Prediction,
    box: Box,
    said_hw26: np.ndarray,
    charts_hw72: np.ndarray,
    settings: SmoothSettings,
) -> Prediction:
    """The prediction that the means of the ballots stand for; nobody is outside the box."""
    vote_24hw = said_hw26[..., 2:].transpose(2, 0, 1)
    logits = present.logits.clone(memory_format=torch.contiguous_format)
    fields = logits.view(3, PARTS, *logits.shape[1:])
    fields[0, :, *box] = torch.from_numpy(_decided(said_hw26[..., :2], vote_24hw, settings))
    fields[1:, 1:, *box] = torch.from_numpy(_charts(charts_hw72, settings))
    coverage = torch.zeros_like(present.coverage)
    coverage[box] = torch.from_numpy((vote_24hw.max(0) > FAINT).astype(np.float32))
    return replace(present, logits=logits, coverage=coverage)


def _decided(ahead_hw2: np.ndarray, vote_24hw: np.ndarray, settings: SmoothSettings) -> np.ndarray:
    """(25, h, w) logits: the background is as far ahead of the winning part as the frames say."""
    ahead_hw, square_hw = ahead_hw2[..., 0], ahead_hw2[..., 1]
    if settings.doubt:
        ahead_hw = ahead_hw + DOUBT * np.sqrt((square_hw - ahead_hw**2).clip(0))
    background_hw = (1 + ahead_hw.clip(-1, 1)) / 2
    chance_24hw = np.square(vote_24hw)
    chance_24hw *= (1 - background_hw) / chance_24hw.max(0).clip(1e-9)
    return np.log(np.concatenate([background_hw[None], chance_24hw]).clip(FLOOR))


def _charts(charts_hw72: np.ndarray, settings: SmoothSettings) -> np.ndarray:
    """(2, 24, h, w) U and V."""
    own = _divided(charts_hw72)
    if settings.even:
        around = _divided(cv2.GaussianBlur(charts_hw72, (3, 3), EVEN))
        own += (around - own).clip(-EVEN_MOST, EVEN_MOST)
    return own


def _divided(charts_hw72: np.ndarray) -> np.ndarray:
    """(2, 24, h, w) U and V, by their votes."""
    h, w = charts_hw72.shape[:2]
    votes_24hw, *weighted = charts_hw72.reshape(h, w, 3, _BODY).transpose(2, 3, 0, 1)
    return np.stack(weighted) / votes_24hw.clip(1e-9)
