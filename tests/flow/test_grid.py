"""From the size of the estimation to the grid of the logits."""

import numpy as np
import torch

from ddp_video.flow import to_grid


def test_to_grid_averages_and_scales_each_axis_by_its_own_factor():
    flow = np.zeros((4, 6, 2), np.float32)
    flow[:2, :3], flow[2:, 3:] = (6, 4), (12, -8)
    result = to_grid(flow, (2, 2))  # x by 2/6, y by 2/4
    torch.testing.assert_close(result[0], torch.tensor([[2.0, 0], [0, 4]]))
    torch.testing.assert_close(result[1], torch.tensor([[2.0, 0], [0, -4]]))
    mixed = to_grid(flow, (1, 2))  # the mean of the two rows of cells
    torch.testing.assert_close(mixed[:, 0], torch.tensor([[1.0, 2.0], [0.5, -1.0]]))


def test_to_grid_keeps_a_ramp_where_one_axis_grows_and_the_other_shrinks():
    ramp = np.zeros((8, 4, 2), np.float32)
    ramp[..., 1] = np.arange(8)[:, None] + 0.5
    result = to_grid(ramp, (4, 8))
    torch.testing.assert_close(result[1], (torch.arange(4.0) + 0.5)[:, None].expand(4, 8))
