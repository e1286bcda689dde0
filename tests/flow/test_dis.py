"""DIS by known motions, in the units of the grid."""

import pytest
import torch

from ddp_video.flow import DisFlow

from .pictures import panning, world


def test_dis_finds_a_known_shift_in_the_units_of_the_grid():
    window = panning(3, step=(-4, -2))
    flows = DisFlow().flows(window, 1, (30, 40))  # x: 160 -> 40, y: 90 -> 30
    assert flows.keys() == {-1, 1}
    for k, flow in flows.items():
        assert flow.shape == (2, 30, 40)
        assert flow.dtype == torch.float32
        inner = flow[:, 4:-4, 4:-4]
        true = torch.tensor([-4 * k * 40 / 160, -2 * k * 30 / 90]).view(2, 1, 1)
        assert (inner - true).abs().max() < 0.05


def test_the_units_do_not_depend_on_the_size_of_the_estimation():
    window = panning(2, step=(-8, -4), size=(180, 320))
    for max_side in (160, 240, 640):
        flow = DisFlow(max_side).flows(window, 0, (45, 40))[1]
        assert flow[0, 6:-6, 6:-6].mean() == pytest.approx(-8 * 40 / 320, abs=0.03)
        assert flow[1, 6:-6, 6:-6].mean() == pytest.approx(-4 * 45 / 180, abs=0.03)


def test_a_still_pair_does_not_move():
    image = world(60, 80)
    flow = DisFlow().flows([image, image.copy()], 0, (15, 20))[1]
    assert flow.abs().max() < 1e-3
