"""A temporal average that doubts the flow, and asks the predictions which neighbours agree.

What it knows more than Eq. 6, each part with a switch in `SmoothSettings`:

- occlusion: a neighbour counts where the flow there and back returns to the point,
- likeness: and where it shows about the same colour,
- cuts: and not at all where hardly anything does, which is a cut,
- votes: whether somebody is there, and which part, are voted; under the mean of log-probabilities
  one frame that is sure of the background outvotes all others, and limbs get lost,
- agreement: U and V are averaged over the frames that say about the same as the present one, where
  that has the part that wins,
- masks: people's masks are averaged too (people.py).

All of it is one weighted sum of rows per point: every frame's covered cells stand in a table (one
row for the background), and a point takes four rows, bilinearly, of every frame.

Dims: H W = the logit grid, P = its cells, Q = those where people may be seen, N = covered cells,
T = frames of the window.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import embedding_bag

from ..settings import SmoothSettings
from ..types import FLOOR, LOGIT_CHANNELS, PARTS, Prediction
from .average import check_grid, put
from .people import Taps, steadied, table_of
from .warp import positions, sample

LOST = 0.25  # cells²: a round trip that ends this far away counts 1/e
LOST_SHARE = 0.03  # of the squared motion, on top
UNLIKE = 40.0  # grey levels: a colour that differs by this counts 1/e
CUT = 0.4  # share of trusted cells below which a neighbour lies beyond a cut
CUT_STEP = 7  # every n-th cell is asked for that
SURE = 1.0  # votes for and against the background are tanh(SURE · difference of probabilities)
APART = 0.3  # U, V: somebody who differs by this counts 1/e
_UV = LOGIT_CHANNELS - PARTS


class View(NamedTuple):
    """What the average needs of one frame; the same for all windows it stands in.

    Attributes:
        prediction: as inferred.
        colour_3HW: the picture on the logit grid, float32 RGB, 0..255.
        near_P: bool, covered cells and those around them.
        row_P: the row of each cell in the tables; 0 is the background's.
        parts: (1 + N, 25): the background's vote and the parts' probabilities; or logits.
        uv: (1 + N, 50): U, then V; 0 in row 0.
        masks: (P, M) people's masks.
    """

    prediction: Prediction
    colour_3HW: Tensor
    near_P: Tensor
    row_P: Tensor
    parts: Tensor
    uv: Tensor
    masks: Tensor


class Look(NamedTuple):
    """A neighbour as it is seen from the present frame.

    Attributes:
        view: the neighbour.
        position_2P: where each cell's sample lies.
        inside_P: whether that is inside the picture.
        flow_2P: present -> neighbour.
        back_2HW: neighbour -> present.
    """

    view: View
    position_2P: Tensor
    inside_P: Tensor
    flow_2P: Tensor
    back_2HW: Tensor


def view(image: np.ndarray, prediction: Prediction, settings: SmoothSettings) -> View:
    """Lay out a frame for the average.

    Args:
        image: (H, W, 3) uint8 RGB, of any size.
        prediction: of it.
        settings: whether to vote.
    """
    h, w = prediction.coverage.shape
    small = cv2.resize(image, (w, h), interpolation=cv2.INTER_AREA)
    covered = prediction.coverage.numpy() > 0
    near = cv2.dilate(covered.astype(np.uint8), np.ones((3, 3), np.uint8))
    cells = torch.from_numpy(np.flatnonzero(covered))
    row_P = torch.zeros(h * w, dtype=torch.long)
    row_P[cells] = torch.arange(1, len(cells) + 1)
    table = torch.zeros(1 + len(cells), LOGIT_CHANNELS)
    table[0, 1:PARTS] = math.log(FLOOR)
    table[1:] = prediction.logits.flatten(1).index_select(1, cells).T
    return View(
        prediction,
        torch.from_numpy(small).permute(2, 0, 1).float(),
        torch.from_numpy(near.ravel() > 0),
        row_P,
        _votes(table[:, :PARTS]) if settings.votes else table[:, :PARTS].contiguous(),
        table[:, PARTS:].contiguous(),
        table_of(prediction.people, h * w),
    )


def look(
    here: View, there: View, flow: Tensor, back: Tensor, settings: SmoothSettings
) -> Look | None:
    """See a neighbour from the present frame.

    Args:
        here: the present frame.
        there: the neighbour.
        flow: (2, H, W) present -> neighbour, in pixels of the grid.
        back: (2, H, W) neighbour -> present.
        settings: whether to look for cuts.

    Returns:
        None beyond a cut.

    Raises:
        ShapeError: the grids differ.
    """
    size = (here.prediction.coverage.shape[0], here.prediction.coverage.shape[1])
    check_grid(there.prediction, size)
    seen = Look(there, *positions(flow, size), flow.flatten(1), back)
    return None if settings.cuts and _is_cut(here, seen) else seen


def robust_average(
    present: View, looks: Mapping[int, Look], settings: SmoothSettings
) -> Prediction:
    """Average a frame's prediction with its neighbours', as far as they can be trusted.

    Args:
        present: the frame.
        looks: its neighbours.
        settings: what to know more than Eq. 6.

    Returns:
        Part logits like those of one frame; U and V; coverage 1 where any trusted frame is covered;
        the people of the present frame, their masks averaged along with them.
    """
    if not looks:
        return present.prediction
    views = [present, *(each.view for each in looks.values())]
    points = _points(present, looks.values())
    taps = [_own_taps(points)]
    taps += [
        _taps(each, points, _trust(present, each, points, settings)) for each in looks.values()
    ]
    row_QT4, weight_QT4, people_QT4 = _joined(views, taps)
    parts_Q25 = _sum(torch.cat([each.parts for each in views]), row_QT4, weight_QT4)
    parts_Q25 /= weight_QT4.sum((1, 2))[:, None]
    parts_Q25 = _decided(parts_Q25) if settings.votes else parts_Q25
    covered_QT4 = weight_QT4 * people_QT4
    uv = torch.cat([each.uv for each in views])
    if settings.agreement:
        winner_Q = 1 + parts_Q25[:, 1:].argmax(1)
        own_Q = 1 + present.parts[row_QT4[:, 0, 0], 1:].argmax(1)
        near_QT = _agreement(uv, row_QT4, covered_QT4, winner_Q)
        covered_QT4 *= torch.where((own_Q == winner_Q)[:, None], near_QT, 1.0)[..., None]
    total_Q = covered_QT4.sum((1, 2))
    uv_Q50 = _sum(uv, row_QT4, covered_QT4) / total_Q.clamp(min=1e-6)[:, None]
    logits_75Q = torch.cat([parts_Q25, uv_Q50], 1).T
    smoothed = put(present.prediction, points, logits_75Q, total_Q > 1e-3)
    if not settings.masks:
        return smoothed
    people = steadied(smoothed.people, [each.masks for each in views], points, taps)
    return replace(smoothed, people=people)


def _votes(logs_N25: Tensor) -> Tensor:
    """Parts vote as likely as they are, the background with how far it is ahead of the body."""
    chance = logs_N25.exp()
    ahead = chance[:, 0] - chance[:, 1:].amax(1)
    chance[:, 0] = torch.tanh(SURE * ahead) / math.tanh(SURE)
    return chance


def _decided(votes_Q25: Tensor) -> Tensor:
    """Logits in which the background is as far ahead of the winning part as its votes say."""
    chance, part_Q = votes_Q25.clone(), votes_Q25[:, 1:].amax(1)
    chance[:, 0] = (part_Q + chance[:, 0]).clamp(min=FLOOR)
    return (chance / (chance[:, 0] + part_Q)[:, None]).clamp(min=FLOOR).log()


def _is_cut(here: View, seen: Look) -> bool:
    """Whether hardly anything of the present is there in the neighbour."""
    asked = torch.arange(0, len(seen.inside_P), CUT_STEP)
    asked = asked[seen.inside_P[asked]]
    trust = _returned(seen, asked) * _alike(here, seen, asked)
    return int((trust > 0.5).sum()) < CUT * max(1, len(asked))


def _trust(here: View, seen: Look, points: Tensor, settings: SmoothSettings) -> Tensor:
    """(Q,) 0..1, how much the neighbour's samples count."""
    trust_Q = seen.inside_P[points].float()
    if settings.occlusion:
        trust_Q *= _returned(seen, points)
    if settings.likeness:
        trust_Q *= _alike(here, seen, points)
    return trust_Q


def _returned(seen: Look, points: Tensor) -> Tensor:
    """1 where the way there and back ends at its start, less the farther away it ends."""
    flow_2Q = seen.flow_2P[:, points]
    back_2Q = sample(seen.back_2HW, seen.position_2P[:, points])
    lost = (flow_2Q + back_2Q).square().sum(0)
    moved = flow_2Q.square().sum(0) + back_2Q.square().sum(0)
    return torch.exp(-lost / (LOST + LOST_SHARE * moved))


def _alike(here: View, seen: Look, points: Tensor) -> Tensor:
    """1 where both frames show one colour, less the more they differ."""
    there_3Q = sample(seen.view.colour_3HW, seen.position_2P[:, points])
    unlike_Q = (there_3Q - here.colour_3HW.flatten(1)[:, points]).abs().mean(0)
    return torch.exp(-((unlike_Q / UNLIKE) ** 2))


def _points(present: View, looks: Iterable[Look]) -> Tensor:
    """(Q,) the cells at which some frame may see people."""
    w = present.prediction.coverage.shape[1]
    near_P = present.near_P.clone()
    for each in looks:
        x, y = each.position_2P.round().long()
        cell = y.clamp(min=0) * w + x.clamp(0, w - 1)
        near_P |= each.view.near_P[cell.clamp(max=len(near_P) - 1)] & each.inside_P
    return near_P.nonzero().squeeze(1)


def _own_taps(points: Tensor) -> Taps:
    return Taps(points[:, None].expand(-1, 4), torch.tensor([1.0, 0, 0, 0]).expand(len(points), 4))


def _taps(seen: Look, points: Tensor, trust_Q: Tensor) -> Taps:
    """Bilinear, between the middles of the cells."""
    h, w = seen.view.prediction.coverage.shape
    x, y = seen.position_2P[:, points]
    x, y = x.clamp(0, w - 1), y.clamp(0, h - 1)
    left, top = x.long().clamp(max=max(0, w - 2)), y.long().clamp(max=max(0, h - 2))
    right, down = x - left, y - top
    cell, aside, below = top * w + left, min(1, w - 1), w * min(1, h - 1)
    cells = torch.stack([cell, cell + aside, cell + below, cell + aside + below], 1)
    shares = [(1 - down) * (1 - right), (1 - down) * right, down * (1 - right), down * right]
    return Taps(cells, torch.stack(shares, 1) * trust_Q[:, None])


def _joined(views: Sequence[View], taps: Sequence[Taps]) -> tuple[Tensor, Tensor, Tensor]:
    """(Q, T, 4): rows in the joined tables, their weights, and which of them are people's."""
    rows, people, first = [], [], 0
    for each, tap in zip(views, taps, strict=True):
        row_Q4 = each.row_P[tap.cell]
        people.append(row_Q4 > 0)
        rows.append(row_Q4 + first)
        first += len(each.parts)
    weights = [tap.weight for tap in taps]
    return torch.stack(rows, 1), torch.stack(weights, 1), torch.stack(people, 1)


def _sum(table: Tensor, row_QT4: Tensor, weight_QT4: Tensor) -> Tensor:
    """Weighted sums of rows, one for each point."""
    rows, weights = row_QT4.flatten(1), weight_QT4.flatten(1)
    return embedding_bag(rows, table, mode="sum", per_sample_weights=weights)


def _agreement(uv: Tensor, row_QT4: Tensor, weight_QT4: Tensor, winner_Q: Tensor) -> Tensor:
    """(Q, T) 1 where a frame's U, V of the winning part are the present's, less elsewhere.

    The heaviest of a frame's four rows speaks for it. Where the present has none, all count.
    """
    weight_QT, heaviest = weight_QT4.max(2)
    row_QT = row_QT4.gather(2, heaviest[..., None])[..., 0]
    apart_QT = torch.zeros_like(weight_QT)
    for column in (winner_Q, winner_Q + PARTS):
        values_QT = uv.view(-1)[row_QT * _UV + column[:, None]]
        apart_QT += (values_QT - values_QT[:, :1]).square()
    near_QT = torch.exp(-apart_QT / APART**2)
    return torch.where(weight_QT[:, :1] > 0, near_QT, 1.0)
