"""FCOS assignment and truth sites, worked out by hand."""

import pytest
import torch

from ddp_video.network.instance_branch import locations
from ddp_video.training.targets import assign, centreness, truth_sites

BOUNDS = (48, 96, 192)
SIZES = ((8, 8), (4, 4), (2, 2), (1, 1))  # a 64 x 64 picture


def nobody() -> torch.Tensor:
    return torch.zeros(16, 16, dtype=torch.uint8)


def test_locations_are_cell_centres() -> None:
    at = locations(((2, 2), (1, 1)), torch.device("cpu"))
    assert at.centre.tolist() == [[4, 4], [12, 4], [4, 12], [12, 12], [8, 8]]
    assert at.stride.tolist() == [8, 8, 8, 8, 16]
    assert at.level.tolist() == [0, 0, 0, 0, 1]


def test_a_small_person_belongs_to_the_finest_level() -> None:
    at = locations(SIZES, torch.device("cpu"))
    got = assign(at, torch.tensor([[16.0, 16.0, 48.0, 48.0]]), nobody(), BOUNDS)
    rows = (got.person == 0).nonzero().squeeze(1)
    assert set(at.level[rows].tolist()) == {0}
    # centre 32, 32; within 1.5 strides = 12 px: the four cells whose centres are 28 and 36
    assert sorted(map(tuple, at.centre[rows].tolist())) == [(28, 28), (28, 36), (36, 28), (36, 36)]
    one = rows[0]
    assert got.reach[one].tolist() == [12, 12, 20, 20]
    assert got.centreness[one] == pytest.approx(12 / 20)


def test_a_tall_person_belongs_to_a_coarser_level() -> None:
    at = locations(SIZES, torch.device("cpu"))
    got = assign(at, torch.tensor([[0.0, 0.0, 64.0, 60.0]]), nobody(), BOUNDS)
    assert 0 in at.level[got.person == 0].tolist()  # the middle reaches only 36 px
    far = assign(at, torch.tensor([[0.0, -20.0, 64.0, 84.0]]), nobody(), BOUNDS)
    assert set(at.level[far.person == 0].tolist()) == {1}


def test_the_smaller_person_wins_and_ignored_cells_are_silent() -> None:
    at = locations(SIZES, torch.device("cpu"))
    boxes = torch.tensor([[8.0, 8.0, 56.0, 56.0], [24.0, 24.0, 40.0, 40.0]])
    instance = nobody()
    instance[0, 0] = 255  # the picture's corner; the location (4, 4) lies in cell (1, 1)
    instance[1, 1] = 255
    got = assign(at, boxes, instance, BOUNDS)
    middle = (at.centre == 28).all(1) & (at.level == 0)
    assert got.person[middle].tolist() == [1]
    corner = (at.centre == 4).all(1)
    assert got.ignored[corner].tolist() == [True] and int(got.ignored.sum()) == 1


def test_nobody() -> None:
    got = assign(locations(SIZES, torch.device("cpu")), torch.zeros(0, 4), nobody(), BOUNDS)
    assert int((got.person >= 0).sum()) == 0 and not got.ignored.any()


def test_centreness_by_hand() -> None:
    got = centreness(torch.tensor([[1.0, 2.0, 4.0, 2.0], [0.0, 1.0, 3.0, 1.0]]))
    assert got.tolist() == pytest.approx([0.5, 0.0])


def test_truth_sites_grow_into_the_background_only() -> None:
    instance = torch.zeros(2, 4, 4, dtype=torch.uint8)
    instance[:, 1, 1], instance[:, 1, 2], instance[:, 3, 3] = 1, 2, 255
    sites = truth_sites(instance, torch.tensor([False, True]))
    flat = sites.flat.tolist()
    assert [f for f in flat if f < 16] == [5, 6]
    grown = {
        f - 16: int(m)
        for f, m in zip(flat, sites.member.argmax(1).tolist(), strict=True)
        if f >= 16
    }
    assert sorted(grown) == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]
    per_image = 3
    assert grown[5] == per_image + 1 and grown[6] == per_image + 2
