"""Trunks, TensorFlow's padding, and the feature pyramid."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torchvision.models import mobilenet_v2, resnet50

from ddp_video.network.backbone import Backbone, Conv2dSame, FeaturePyramid, MobileNetV2, ResNet50
from ddp_video.network.feature_aggregation import FeatureAggregation


def test_same_padding_reads_right_and_below() -> None:
    """TensorFlow pads an even side by one at the end only: the output sees cells 2i, 2i+1, 2i+2."""
    conv = Conv2dSame(1, 1, 3, stride=2)
    nn.init.ones_(conv.weight)
    nn.init.zeros_(conv.bias)  # pyright: ignore[reportArgumentType]
    x = torch.arange(4.0).view(1, 1, 1, 4).expand(1, 1, 4, 4)
    assert conv(x)[0, 0].tolist() == [[9.0, 15.0], [6.0, 10.0]]


@pytest.mark.parametrize("shape", [(8, 12), (7, 9)])
def test_training_takes_another_way_to_the_same_values_and_gradients(
    shape: tuple[int, int],
) -> None:
    """Depthwise: every second one of the whole convolution's results is the strided one's."""
    torch.manual_seed(0)
    conv = Conv2dSame(6, 6, 3, stride=2, groups=6).double()
    x = torch.randn(2, 6, *shape, dtype=torch.float64, requires_grad=True)
    strided = F.conv2d(F.pad(x, (0, 1, 0, 1)), conv.weight, conv.bias, stride=2, groups=6)
    torch.testing.assert_close(conv(x), strided)
    with torch.no_grad():
        torch.testing.assert_close(conv(x), strided)
    weight = torch.randn_like(strided)
    for one, other in zip(
        torch.autograd.grad((conv(x) * weight).sum(), (x, conv.weight)),
        torch.autograd.grad((strided * weight).sum(), (x, conv.weight)),
        strict=True,
    ):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("trunk", [MobileNetV2(0.35), ResNet50()])
def test_maps_are_at_quarter_to_one_thirtysecond(trunk: nn.Module) -> None:
    with torch.inference_mode():
        maps = trunk(torch.randn(1, 3, 64, 96))
    assert [tuple(m.shape[-2:]) for m in maps] == [(16, 24), (8, 12), (4, 6), (2, 3)]
    assert tuple(m.shape[1] for m in maps) == trunk.channels


def test_folded_trunk_is_torchvisions_network() -> None:
    """Batch norm folded into biases, and symmetric padding put back: the same maps."""
    torch.manual_seed(0)
    reference = mobilenet_v2(width_mult=0.35).eval()
    for module in reference.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean, -0.2, 0.2)  # pyright: ignore[reportArgumentType]
            nn.init.uniform_(module.running_var, 0.5, 1.5)  # pyright: ignore[reportArgumentType]
    trunk = MobileNetV2(0.35).eval()
    pairs = _convolutions_and_norms(reference.features[:18])
    for own, (conv, norm) in zip(
        [m for m in trunk.modules() if isinstance(m, nn.Conv2d)], pairs, strict=True
    ):
        factor = norm.weight / (norm.running_var + norm.eps).sqrt()
        own.weight.data = conv.weight.data * factor.data.view(-1, 1, 1, 1)
        own.bias.data = (norm.bias - norm.running_mean * factor).data  # pyright: ignore
        own.padding = conv.padding
        own.forward = nn.Conv2d.forward.__get__(own)
    x = torch.randn(1, 3, 64, 64)
    with torch.inference_mode():
        assert torch.allclose(trunk(x)[-1], reference.features[:18](x), atol=1e-4)


def _convolutions_and_norms(root: nn.Module) -> list[tuple[nn.Conv2d, nn.BatchNorm2d]]:
    layers = [m for m in root.modules() if isinstance(m, (nn.Conv2d, nn.BatchNorm2d))]
    return list(zip(layers[::2], layers[1::2], strict=True))  # pyright: ignore[reportReturnType]


def test_resnet_carries_torchvisions_names() -> None:
    theirs = {
        n for n in resnet50().state_dict() if not n.startswith("fc.") and "num_batches" not in n
    }
    assert set(ResNet50().state_dict()) == theirs


def test_pyramid_levels_and_top_down_path() -> None:
    pyramid = FeaturePyramid([2, 2, 2, 2], 4, extra_levels=2)
    maps = [torch.zeros(1, 2, 32 >> i, 32 >> i) for i in range(4)]
    levels = pyramid(maps)
    assert [tuple(p.shape[-2:]) for p in levels] == [(s, s) for s in (32, 16, 8, 4, 2, 1)]
    brighter = [*maps[:3], maps[3] + 1]  # what the coarsest map says reaches the finest level
    assert not torch.allclose(pyramid(brighter)[0], levels[0])
    brighter = [maps[0] + 1, *maps[1:]]  # and not the other way round
    assert torch.allclose(pyramid(brighter)[3], levels[3])


def test_backbone_normalises_the_picture() -> None:
    backbone = Backbone(MobileNetV2(0.35), 16, levels=4).eval()
    image = torch.randint(0, 255, (1, 3, 64, 64), dtype=torch.uint8)
    with torch.inference_mode():
        trunk = backbone.trunk(image.float() / 127.5 - 1)
        assert torch.allclose(backbone(image)[0], backbone.pyramid(trunk)[0], atol=1e-4)


def test_aggregation_brings_levels_to_a_quarter_and_adds_p2_for_the_global_branch() -> None:
    torch.manual_seed(0)
    aggregation = FeatureAggregation(16).eval()
    pyramid = [torch.randn(1, 16, 24 >> i, 32 >> i) for i in range(5)]
    with torch.inference_mode():
        x_agg, x_global = aggregation(pyramid)
        assert x_agg.shape == x_global.shape == (1, 16, 24, 32)
        assert torch.allclose(x_global - x_agg, aggregation.fine(pyramid[0]), atol=1e-5)
        other = aggregation([torch.randn_like(pyramid[0]), *pyramid[1:]])[0]
        assert torch.equal(other, x_agg)  # P2 does not reach the instance branch
        up = F.interpolate(aggregation.steps[0][0](pyramid[1]), (24, 32), mode="bilinear")
        alone = aggregation([p * (i == 1) for i, p in enumerate(pyramid)])[0]
        rest = aggregation([p * 0 for p in pyramid])[0]
        silent = F.interpolate(aggregation.steps[0][0](pyramid[1] * 0), (24, 32), mode="bilinear")
        assert torch.allclose(alone - rest, up - silent, atol=1e-4)
