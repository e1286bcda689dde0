"""RAFT against torchvision's own forward, and its units."""

from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F
from torchvision.models.optical_flow import raft_large, raft_small
from torchvision.models.optical_flow.raft import CorrBlock

from ddp_video.flow import RaftFlow, chained
from ddp_video.flow.raft_correlation import Correlation, spread

from .pictures import CLOSE, panning, world


@pytest.mark.parametrize("build", [raft_small, pytest.param(raft_large, marks=pytest.mark.slow)])
def test_raft_equals_torchvisions_own_forward(build):
    torch.manual_seed(0)
    model = build(weights=None).eval()
    window = panning(3, step=(-2, -1), size=(128, 136))
    flows = RaftFlow(model, updates=3).flows(window, 1, (32, 34))
    pictures = [torch.from_numpy(each).permute(2, 0, 1)[None] / 127.5 - 1 for each in window]
    for k, flow in flows.items():
        with torch.no_grad():
            expected = model(pictures[1], pictures[1 + k], num_flow_updates=3)[-1]
        expected = torch.nn.functional.avg_pool2d(expected, 4)[0] / 4
        torch.testing.assert_close(flow, expected, **CLOSE)


def test_bf16_moves_no_flow_by_a_tenth_of_a_pixel(small_raft):
    window = panning(2, step=(-3, -2), size=(128, 136))
    exact, quick = (
        RaftFlow(small_raft, updates=6, dtype=dtype).flows(window, 0, (128, 136))[1]
        for dtype in (torch.float32, torch.bfloat16)
    )
    assert (quick - exact).norm(dim=0).max() < 0.1
    assert next(small_raft.parameters()).dtype == torch.float32


@pytest.mark.parametrize("radius", [3, 4])
@pytest.mark.parametrize("grid", [(17, 20), (20, 17)])
def test_correlation_is_looked_up_as_torchvision_does(radius, grid):
    generator = torch.Generator().manual_seed(0)
    block = CorrBlock(num_levels=4, radius=radius)
    one, other = torch.randn(2, 2, 8, *grid, generator=generator)
    block.build_pyramid(one, other)
    ours = Correlation(grid, 4, radius)
    laid = torch.stack([ours.laid(each[None]) for each in other])
    volume = torch.bmm(one.flatten(2).transpose(1, 2), laid).flatten(0, 1)
    inside_and_beyond = torch.rand(2, 2, *grid, generator=generator) * 60 - 20
    inside_and_beyond[:, :, 0, :4] = torch.tensor([-1e9, 1e9, -17.5, 40])
    found, expected = (
        ours.looked_up(volume, inside_and_beyond),
        block.index_pyramid(inside_and_beyond),
    )
    weight = torch.randn(5, expected.shape[1], 1, 1, generator=generator)
    torch.testing.assert_close(
        F.conv2d(found, spread(weight, radius)), F.conv2d(expected, weight), atol=1e-3, rtol=1e-4
    )
    side = 2 * radius + 1
    columns = F.pad(found.unflatten(1, (4, -1)), (0, 0, 0, 0, 0, 1)).unflatten(2, (side, side + 1))
    torch.testing.assert_close(
        columns[:, :, :, :side].flatten(1, 3), expected, atol=1e-4, rtol=1e-4
    )


def test_rafts_farther_flows_are_torchvisions_pair_by_pair_chained(small_raft):
    window = panning(3, step=(-2, -1), size=(128, 136))
    pictures = [torch.from_numpy(each).permute(2, 0, 1)[None] / 127.5 - 1 for each in window]
    with torch.no_grad():
        pairs = [small_raft(a, b, num_flow_updates=2)[-1] for a, b in pairwise(pictures)]
    *_, far = chained([pair[0].permute(1, 2, 0).contiguous().numpy() for pair in pairs])
    flow = RaftFlow(small_raft, updates=2).flows(window, 0, (128, 136))[2]
    torch.testing.assert_close(flow, torch.from_numpy(far).permute(2, 0, 1), **CLOSE)


def test_raft_pads_to_its_sides_and_gives_all_pairs(small_raft):
    engine = RaftFlow(small_raft, updates=1, max_side=100)
    window = [world(50, 130, seed) for seed in range(6)]  # 6: more pairs than stand in one batch
    flows = engine.flows(window, 2, (13, 17))
    assert sorted(flows) == [-2, -1, 1, 2, 3]
    assert all(flow.shape == (2, 13, 17) for flow in flows.values())
    again = engine.flows(window[:3], 2, (13, 17))
    torch.testing.assert_close(again[-1], flows[-1], **CLOSE)


def test_rafts_own_pixels_become_those_of_the_grid(small_raft, monkeypatch):
    engine = RaftFlow(small_raft, max_side=160)
    constant = torch.tensor([8.0, -6.0]).view(1, 2, 1, 1).expand(1, 2, 128, 160)
    monkeypatch.setattr(engine, "_batch", lambda pairs: constant)
    flow = engine.flows([world(180, 320)] * 2, 0, (45, 40))[1]  # estimated at 90x160, padded
    torch.testing.assert_close(flow[0], torch.full((45, 40), 8.0 * 40 / 160))
    torch.testing.assert_close(flow[1], torch.full((45, 40), -6.0 * 45 / 90))
