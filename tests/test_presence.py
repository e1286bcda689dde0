"""Who appears, who stays, and what is left of who is taken away: by masks drawn by hand."""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import torch

from ddp_video.presence import lasting
from ddp_video.types import Frame, Person, Prediction

GRID = (8, 32)
BOX = (0.0, 0.0, 1.0, 1.0)


def somebody(left: int, score: float, right: int | None = None) -> Person:
    """Columns of the grid: eight from `left` on, or up to `right`."""
    mask = torch.zeros(GRID)
    mask[:, left : left + 8 if right is None else right] = 0.9
    return Person(BOX, score, mask, mask)


def film(*seen: Sequence[Person], before: Sequence[Person] = ()) -> list[Prediction]:
    """What is left of people of score 0.5 and of those who stay."""
    items = []
    for t, people in enumerate(seen):
        logits = torch.zeros(75, *GRID)
        logits[1] = 5.0
        frame = Frame(np.zeros((32, 128, 3), np.uint8), t, t, Fraction(1, 25))
        items.append((frame, Prediction(logits, torch.ones(GRID), tuple(people), (32, 128))))
    return [prediction for _, prediction in lasting(items, 0.5, before)]


def scores(predictions: list[Prediction]) -> list[list[float]]:
    return [[person.score for person in each.people] for each in predictions]


def test_who_is_there_stays_with_less_and_who_appears_does_not():
    told = film(
        [somebody(0, 0.4), somebody(16, 0.6)],
        [somebody(17, 0.4), somebody(0, 0.4)],
        [somebody(18, 0.3)],
        [],
        [somebody(18, 0.4)],
    )
    assert scores(told) == [[0.6], [0.4], [0.3], [], []]


def test_who_is_elsewhere_has_to_be_sure():
    assert scores(film([somebody(0, 0.9)], [somebody(5, 0.4)])) == [[0.9], []]  # IoU 3/13
    assert scores(film([somebody(0, 0.9)], [somebody(2, 0.4)])) == [[0.9], [0.4]]  # 6/10


def test_one_person_keeps_one():
    """A second sight of who is there is not somebody else who stays."""
    told = film([somebody(0, 0.9)], [somebody(0, 0.8), somebody(1, 0.4, 8)])
    assert scores(told) == [[0.9], [0.8]]


def test_a_film_that_goes_on_knows_who_was_there():
    assert scores(film([somebody(0, 0.4)])) == [[]]
    assert scores(film([somebody(0, 0.4)], before=[somebody(1, 0.2)])) == [[0.4]]


def test_who_is_not_there_is_background_but_not_the_cells_of_others():
    sure, doubtful = somebody(0, 0.9), somebody(4, 0.3)  # columns 4..7 are of both
    (left,) = film([sure, doubtful])
    covered = torch.zeros(GRID)
    covered[:, :8] = 1
    covered[:, 12:] = 1  # nobody's: as the network gave it
    assert torch.equal(left.coverage, covered)
    background = left.logits[:25].argmax(0) == 0
    assert torch.equal(background, covered == 0)


def test_nothing_changes_where_everybody_is_sure():
    (same,) = film([somebody(0, 0.9), somebody(16, 0.5)])
    assert torch.equal(same.coverage, torch.ones(GRID))
    assert len(same.people) == 2
