"""Eq. 1: the union of the masks, and which person a cell belongs to."""

import torch

from ddp_video.network.background_suppression import (
    dilate,
    make_sites,
    neighbour_table,
    one_group_per_image,
    suppress_background,
    whole_grid,
)


def test_neighbours_by_hand() -> None:
    active = torch.tensor([[[True, True], [False, True]]])
    assert neighbour_table(active).tolist() == [
        [3, 3, 3, 3, 0, 1, 3, 3, 2],
        [3, 3, 3, 0, 1, 3, 3, 2, 3],
        [0, 1, 3, 3, 2, 3, 3, 3, 3],
    ]


def test_pictures_of_a_batch_are_not_neighbours() -> None:
    table = neighbour_table(torch.ones(2, 1, 1, dtype=torch.bool))
    assert table.tolist() == [[2, 2, 2, 2, 0, 2, 2, 2, 2], [2, 2, 2, 2, 1, 2, 2, 2, 2]]


def test_union_dilation_and_the_surest_person() -> None:
    masks = torch.zeros(2, 5, 6)
    masks[0, 2, 1], masks[0, 2, 2] = 0.9, 0.6
    masks[1, 2, 2], masks[1, 2, 3] = 0.8, 0.9
    sites = suppress_background(masks, torch.tensor([0, 0]), batch=1)
    grid = torch.zeros(5 * 6, dtype=torch.bool)
    grid[sites.flat] = True
    assert grid.view(5, 6)[1:4, 0:5].all() and int(grid.sum()) == 15  # 3 cells grown by one
    owner = dict(zip(sites.flat.tolist(), sites.member.argmax(1).tolist(), strict=True))
    assert (owner[2 * 6 + 1], owner[2 * 6 + 2], owner[2 * 6 + 3]) == (0, 1, 1)


def test_no_people() -> None:
    sites = suppress_background(torch.zeros(0, 4, 4), torch.zeros(0, dtype=torch.long), batch=2)
    assert len(sites) == 0
    assert sites.scatter(torch.zeros(0, 3)).shape == (2, 3, 4, 4)


def test_gather_and_scatter_are_inverse() -> None:
    torch.manual_seed(0)
    active = torch.rand(2, 3, 4) < 0.5
    sites = make_sites(active, torch.zeros(2, 3, 4, dtype=torch.long), 1)
    features = torch.randn(2, 5, 3, 4)
    assert torch.equal(sites.scatter(sites.gather(features)), features * active[:, None])


def test_ablations_regroup() -> None:
    active = torch.zeros(2, 2, 2, dtype=torch.bool)
    active[0, 0] = active[1, 1] = True
    sites = make_sites(active, torch.tensor([[[0, 1], [0, 0]], [[0, 0], [2, 2]]]), 3)
    assert one_group_per_image(sites).member.argmax(1).tolist() == [0, 0, 1, 1]
    everything = whole_grid(sites)
    assert len(everything) == 8
    assert everything.member.argmax(1).tolist() == [0, 1, 3, 3, 4, 4, 2, 2]


def test_dilate_by_hand() -> None:
    active = torch.zeros(1, 3, 4, dtype=torch.bool)
    active[0, 0, 0] = True
    assert dilate(active)[0].int().tolist() == [[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 0, 0]]
