"""Who is who, by masks drawn by hand."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import torch

from ddp_video.tracks import PATIENCE, Tracks, assigned, numbered, overlaps
from ddp_video.types import Frame, Person, Prediction

RATE = 25
SIZE = (48, 160)
RED, GREEN, BLUE = (200, 30, 30), (30, 200, 30), (30, 30, 200)
Drawn = tuple[float, float, tuple[int, int, int]]  # the middle's x, the height, the colour


class Film:
    """Standing ellipses before one another, the later ones in front, and who they are told to be.

    Who is seen by less than `least` of the body is not found.
    """

    def __init__(self, least: float = 0.3) -> None:
        self.least = least
        self.tracks = Tracks()
        self.frames = 0

    def show(self, *figures: Drawn, found: bool = True) -> list[int]:
        """The number of each figure of the next frame, 0 for who is not found."""
        y, x = np.mgrid[: SIZE[0], : SIZE[1]]
        bodies = [((x - at) * 6 / h) ** 2 + ((y - 24) * 2 / h) ** 2 < 1 for at, h, _ in figures]
        image = np.full((*SIZE, 3), 128, np.uint8)
        owner = np.zeros(SIZE, int)
        for k, body in enumerate(bodies):
            image[body], owner[body] = figures[k][2], k + 1
        there = [
            k
            for k, body in enumerate(bodies)
            if found and (owner == k + 1).sum() >= self.least * body.sum()
        ]
        masks = [owner == k + 1 for k in there[::-1]]  # the network's order is by score
        given = self.tracks.number(masks, self.frames / RATE, image)[::-1]
        self.frames += 1
        told = dict(zip(there, given, strict=True))
        return [told.get(k, 0) for k in range(len(figures))]


def test_numbers_go_from_left_to_right_then_in_order_of_appearance():
    film = Film()
    assert film.show((90, 30, RED), (20, 30, GREEN), (50, 30, BLUE)) == [3, 1, 2]
    assert film.show((90, 30, RED), (20, 30, GREEN), (50, 30, BLUE), (140, 30, RED)) == [3, 1, 2, 4]
    assert film.tracks.given == 4


@pytest.mark.parametrize("colours", [(RED, GREEN), (RED, RED)])
def test_two_who_cross_keep_their_numbers(colours):
    film = Film()
    seen = [film.show((30 + t, 32, colours[0]), (90 - t, 36, colours[1])) for t in range(60)]
    assert seen[0] == seen[-1] == [1, 2]
    behind = [first for first, _ in seen]
    assert 0 in behind  # hidden for a while
    assert set(behind) == {0, 1} and {second for _, second in seen} == {2}
    assert film.tracks.given == 2


def test_three_who_cross_at_once_keep_their_numbers():
    film = Film()
    for t in range(80):
        here = film.show((70, 24, BLUE), (30 + t, 32, RED), (110 - t, 36, GREEN))
        assert all(told in (0, who) for told, who in zip(here, (2, 1, 3), strict=True))
    assert here == [2, 1, 3]


def test_who_vanishes_comes_back_where_the_motion_leads():
    film = Film()
    for t in range(20):
        film.show((20 + 2 * t, 32, RED))
    for _ in range(round(0.6 * RATE)):
        assert film.show((0, 30, RED), found=False) == [0]
    assert film.show((20 + 2 * film.frames, 32, RED)) == [1]


def test_who_is_elsewhere_is_somebody_else():
    film = Film()
    film.show((20, 32, RED))
    assert film.show((120, 32, RED)) == [2]


def test_who_looks_quite_different_is_somebody_else():
    film = Film()
    film.show((20, 32, RED))
    assert film.show((20, 32, BLUE)) == [2]


def test_somebody_is_remembered_for_a_while_only():
    for silent, number in ((PATIENCE - 0.1, 1), (PATIENCE + 0.1, 2)):
        film = Film()
        film.show((20, 32, RED))
        film.frames += round(silent * RATE)
        assert film.show((20, 32, RED)) == [number]


def test_a_second_sight_that_comes_and_goes_takes_nobodys_number():
    film = Film()
    for _ in range(5):
        film.show((40, 32, RED))
    assert film.show((44, 30, RED), (38, 32, RED)) == [2, 1]
    assert film.show((40, 32, RED)) == [1]


def test_a_second_sight_of_two_people_takes_nobodys_number():
    """However long it lasts: when one of the two is found with a piece of the other, it is she."""
    tracks, image = Tracks(), np.full((40, 120, 3), 128, np.uint8)
    first, second, both = column(20), column(45), column(20, 45)
    assert tracks.number([first, second], 0.0, image) == [1, 2]
    for t in range(1, 9):
        assert tracks.number([first, second, both], t / RATE, image) == [1, 2, 3]
    assert tracks.number([first, column(31, 34)], 9 / RATE, image) == [1, 2]


def test_times_count_and_not_frames():
    """At a varying rate the motion is the same in each second."""
    film = Film()
    for frame in (0, 1, 3, 4, 8, 10, 11):
        film.frames = frame
        film.show((20 + 3 * frame, 32, RED))
    film.frames = 30
    assert film.show((20 + 3 * 30, 32, RED)) == [1]


def test_memory_is_flat():
    film = Film()
    for t in range(6 * RATE):
        film.show((20 + 60 * (t // RATE % 2), 32, RED if t // RATE % 2 else BLUE))
    assert len(film.tracks._known) <= 2


def test_a_stream_gets_its_numbers():
    def person(x: int) -> Person:
        mask = torch.zeros(12, 16)
        mask[2:10, x : x + 3] = 1
        return Person((4.0 * x, 8, 4.0 * x + 12, 40), 0.9, mask, mask)

    blank = Prediction(torch.zeros(75, 12, 16), torch.zeros(12, 16), (), (48, 64))
    image = np.zeros((48, 64, 3), np.uint8)
    people = [(person(9), person(1)), (), (person(1), person(9))]
    items = [
        (Frame(image, t, t, Fraction(1, 25)), replace(blank, people=each))
        for t, each in enumerate(people)
    ]
    told = [[p.number for p in prediction.people] for _, prediction in numbered(items)]
    assert told == [[2, 1], [], [1, 2]]


def column(x: int, width: int = 20) -> np.ndarray:
    mask = np.zeros((40, 120), bool)
    mask[:, x : x + width] = True
    return mask


def test_overlap_by_hand():
    table = overlaps([column(0), column(10)], [column(0), column(50), np.zeros((40, 120), bool)])
    np.testing.assert_allclose(table, [[1, 0, 0], [10 / 30, 0, 0]])
    assert overlaps([], [column(0)]).shape == (0, 1)


def test_the_best_pairing_overall():
    overlap = np.array([[0.6, 0.5], [0.55, 0.0]])
    assert assigned(overlap, 0.3) == [(0, 1), (1, 0)]  # .5 + .55 beats .6 alone
    assert assigned(np.zeros((0, 2)), 0.3) == []
    assert assigned(overlap, 0.7) == []
