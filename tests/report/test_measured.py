"""What is measured frame by frame: by hand, and the same means as `measure` over the whole film."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from ddp_video.measure import Steadiness
from ddp_video.report.measured import Series, part_flips, spans
from ddp_video.types import Person, Prediction


@pytest.fixture
def nobody() -> Prediction:
    return Prediction(torch.zeros(75, 2, 2), torch.zeros(2, 2), (), (16, 16))


def test_flips_are_counted_where_both_frames_have_a_part():
    before = np.array([[0, 1, 1, 2], [3, 3, 0, 0]])
    after = np.array([[5, 1, 2, 1], [3, 0, 0, 0]])
    assert part_flips(before, after) == 2 / 4


def test_no_flips_without_a_common_pixel():
    assert part_flips(np.array([[1, 0]]), np.array([[0, 1]])) is None


def test_runs_of_frames():
    assert spans([]) == []
    assert spans([1, 2, 3, 7, 9, 10]) == [[1, 3], [7, 7], [9, 10]]


def test_means_are_itf_and_isi(nobody):
    pictures = np.random.default_rng(0).integers(0, 255, (6, 24, 32, 3), np.uint8)
    pictures[3] = pictures[2]  # an identical pair
    series, whole = Series(), Steadiness()
    for picture in pictures:
        series.add(picture, np.zeros((24, 32), np.uint8), nobody)
        whole.add(picture)
    totals, expected = series.totals(), whole.result()
    assert totals["itf_db"] == pytest.approx(expected.itf_db, rel=1e-12)
    assert totals["isi"] == pytest.approx(expected.isi, rel=1e-12)
    assert totals["identical"] == expected.n_identical == 1
    assert totals["empty"] == 6
    assert totals["flips"] is None


def test_a_pair_stands_at_its_later_frame(nobody):
    series = Series()
    part = np.ones((16, 16), np.uint8)
    for level, parts in ((0, part), (10, 2 * part), (10, 2 * part)):
        series.add(np.full((16, 16, 3), level, np.uint8), parts, nobody)
    assert series.psnr == [None, pytest.approx(10 * np.log10(255**2 / 100)), None]
    assert series.flips == [None, 1.0, 0.0]


def test_people_are_told_apart_over_time(nobody):
    series = Series()
    mask = torch.zeros(nobody.coverage.shape)
    for numbers in ([1], [1, 3], [], [3], [3, 1]):
        people = tuple(Person((0, 0, 1, 1), 0.9, mask, mask, number) for number in numbers)
        there = replace(nobody, people=people)
        series.add(np.zeros((16, 16, 3), np.uint8), np.zeros((16, 16), np.uint8), there)
    assert series.as_json()["tracks"] == [
        {"number": 1, "spans": [[0, 1], [4, 4]]},
        {"number": 3, "spans": [[1, 1], [3, 4]]},
    ]
