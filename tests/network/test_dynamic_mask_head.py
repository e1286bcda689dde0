"""The generated head against plain loops, and its parameter count."""

import torch
import torch.nn.functional as F

from ddp_video.network.dynamic_mask_head import PARAMETERS, dynamic_masks, relative_coordinates


def test_two_masks_need_178_parameters() -> None:
    assert PARAMETERS == (8 + 2) * 8 + 8 * 8 + 8 * 2 + 8 + 8 + 2 == 178


def test_relative_coordinates_by_hand() -> None:
    got = relative_coordinates(torch.tensor([[12.0, 4.0]]), torch.tensor([8.0]), (2, 2), stride=8)
    assert got[0, 0].tolist() == [[1.0, 0.0], [1.0, 0.0]]  # x: 12 - 4 and 12 - 12, in units of 8
    assert got[0, 1].tolist() == [[0.0, 0.0], [-1.0, -1.0]]


def test_equals_one_instance_at_a_time() -> None:
    torch.manual_seed(0)
    features, image = torch.randn(2, 8, 3, 5), torch.tensor([1, 0, 1])
    centres, scale = torch.rand(3, 2) * 30, torch.tensor([64.0, 128.0, 64.0])
    theta = torch.randn(3, PARAMETERS)
    got = dynamic_masks(features, image, centres, scale, theta, stride=8)
    assert got.shape == (3, 2, 6, 10)
    for k in range(3):
        coordinates = relative_coordinates(centres[k : k + 1], scale[k : k + 1], (3, 5), 8)
        x = torch.cat((features[image[k]][None], coordinates), 1)
        w1, w2, w3, b1, b2, b3 = theta[k].split([80, 64, 16, 8, 8, 2])
        x = F.relu(F.conv2d(x, w1.view(8, 10, 1, 1), b1))
        x = F.relu(F.conv2d(x, w2.view(8, 8, 1, 1), b2))
        x = F.conv2d(x, w3.view(2, 8, 1, 1), b3)
        x = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
        assert torch.allclose(got[k], x[0], atol=1e-4)
