"""Mask FCN head whose parameters are generated for each instance (Sec. 3.3, CondInst).

Three 1x1 layers of width 8 on the 8 mask features and 2 relative coordinates; the last layer emits
two masks, M_ins and M_dp, so theta has (8+2)*8 + 8*8 + 8*2 weights and 8 + 8 + 2 biases = 178
numbers.

Dims: K instances, h w the grid of X_D (1/8 scale).
"""

import torch
import torch.nn.functional as F
from torch import Tensor

FEATURES = 8  # channels of X_D that the head sees
WIDTH = 8
MASKS = 2  # M_ins, M_dp
LAYERS = ((FEATURES + 2, WIDTH), (WIDTH, WIDTH), (WIDTH, MASKS))
PARAMETERS = sum(i * o + o for i, o in LAYERS)


def split_parameters(theta_KP: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Theta -> [(weight (K, out, in), bias (K, out, 1))] for the three layers."""
    sizes = [i * o for i, o in LAYERS] + [o for _, o in LAYERS]
    parts = theta_KP.split(sizes, dim=1)
    n = len(LAYERS)
    return [
        (parts[k].reshape(-1, o, i), parts[n + k].reshape(-1, o, 1))
        for k, (i, o) in enumerate(LAYERS)
    ]


def relative_coordinates(
    centres_K2: Tensor, scale_K: Tensor, size: tuple[int, int], stride: int
) -> Tensor:
    """(K, 2, h, w): from every cell to the instance's location, x then y, in units of `scale`."""
    h, w = size
    x = (torch.arange(w, device=centres_K2.device) + 0.5) * stride
    y = (torch.arange(h, device=centres_K2.device) + 0.5) * stride
    dx = (centres_K2[:, 0, None, None] - x.view(1, 1, w)).expand(-1, h, w)
    dy = (centres_K2[:, 1, None, None] - y.view(1, h, 1)).expand(-1, h, w)
    return torch.stack((dx, dy), dim=1) / scale_K.view(-1, 1, 1, 1)


def dynamic_masks(
    features_BFhw: Tensor,
    image_K: Tensor,
    centres_K2: Tensor,
    scale_K: Tensor,
    theta_KP: Tensor,
    stride: int,
) -> Tensor:
    """Run every instance's own head over its picture's features.

    Args:
        features_BFhw: X_D, 8 channels.
        image_K: which picture of the batch each instance is in.
        centres_K2: location of the instance, x, y in input pixels.
        scale_K: unit of the relative coordinates, in input pixels.
        theta_KP: generated parameters.
        stride: input pixels per cell of X_D.

    Returns:
        (K, 2, 2h, 2w) logits of M_ins and M_dp at 1/4 scale.
    """
    h, w = features_BFhw.shape[-2:]
    coordinates = relative_coordinates(centres_K2, scale_K, (h, w), stride).to(features_BFhw.dtype)
    x = torch.cat((features_BFhw[image_K], coordinates), dim=1).flatten(2)
    layers = split_parameters(theta_KP)
    for k, (weight, bias) in enumerate(layers):
        x = torch.baddbmm(bias, weight, x)
        if k < len(layers) - 1:
            x = F.relu(x)
    masks = x.view(-1, MASKS, h, w)
    return F.interpolate(masks, scale_factor=2, mode="bilinear", align_corners=False)
