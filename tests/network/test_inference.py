"""The network made ready for inference against the one that is trained."""

import pytest
import torch
from torch import nn
from torchvision.ops import FrozenBatchNorm2d

from ddp_video.network import build
from ddp_video.network.backbone import ResNet50
from ddp_video.network.background_suppression import make_sites
from ddp_video.network.inference import FusedConv, PackedSubBlock, for_inference
from ddp_video.network.instance_branch import DetectionLimits, detect
from ddp_video.settings import Architecture

CPU = torch.device("cpu")
LIMITS = DetectionLimits(0.0, "mask", 0.5, 4)


@pytest.fixture(scope="module")
def network() -> nn.Module:
    torch.manual_seed(0)
    return build(Architecture(width=0.5, channels=32, hidden=32)).eval()


def pictures(sides: tuple[int, int] = (64, 96)) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randint(0, 256, (2, 3, *sides), generator=generator, dtype=torch.uint8)


@pytest.mark.parametrize("sides", [(64, 96), (96, 64)])
@torch.inference_mode()
def test_ready_and_trained_networks_give_the_same(network, sides) -> None:
    ready = for_inference(network, CPU, torch.float32)
    for image in (pictures(sides), pictures((64, 64))):  # packed for one size, then for another
        expected, got = network(image, LIMITS), ready(image, LIMITS)
        torch.testing.assert_close(got.people.box, expected.people.box, atol=1e-2, rtol=1e-4)
        torch.testing.assert_close(got.people.surface_mask, expected.people.surface_mask)
        torch.testing.assert_close(got.logits, expected.logits, atol=1e-3, rtol=1e-3)
        assert torch.equal(got.coverage, expected.coverage)


@torch.inference_mode()
def test_rounded_once_is_rounded_as_autocast_does(network) -> None:
    ready = for_inference(network, CPU, torch.bfloat16)
    with torch.autocast("cpu", torch.bfloat16):
        expected, got = network.backbone(pictures()), ready.backbone(pictures())
    for ours, theirs in zip(got, expected, strict=True):
        assert ours.dtype == theirs.dtype
        # fused, an activation sees sums before they are rounded: one rounding less
        assert (ours - theirs).abs().max() <= 0.02 * theirs.abs().max()


def test_the_number_of_threads_may_change(network) -> None:
    """Packed weights have another layout for another number of threads; the answer stays."""
    ready, image = for_inference(network, CPU, torch.bfloat16), torch.rand(1, 3, 64, 96) * 255
    threads, fused = torch.get_num_threads(), [m for m in ready.modules() if type(m) is FusedConv]
    try:
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
            torch.set_num_threads(1)
            first = ready.backbone(image)
            torch.set_num_threads(2)
            second = ready.backbone(image)
    finally:
        torch.set_num_threads(threads)
    assert fused and all(m.packed is not None and m.packed[0][1] == 2 for m in fused)
    for one, other in zip(first, second, strict=True):
        assert (one - other).abs().max() <= 0.02 * one.abs().max()


def test_the_given_network_stays_as_it_is(network) -> None:
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    for_inference(network, CPU, torch.bfloat16)
    assert before.keys() == network.state_dict().keys()
    assert all(torch.equal(before[name], each) for name, each in network.state_dict().items())
    assert all(p.requires_grad for p in network.parameters())
    assert not any(isinstance(module, FusedConv) for module in network.modules())


@torch.inference_mode()
def test_frozen_norm_is_folded() -> None:
    torch.manual_seed(0)
    trunk = ResNet50().eval()
    for module in trunk.modules():
        if isinstance(module, FrozenBatchNorm2d):
            module.running_mean.normal_(std=0.1)
            module.running_var.uniform_(0.5, 2)
            module.weight.uniform_(0.5, 1)
            module.bias.normal_(std=0.1)
    ready = for_inference(trunk, CPU, torch.float32)
    assert not any(isinstance(module, FrozenBatchNorm2d) for module in ready.modules())
    image = torch.randn(1, 3, 64, 64)
    for ours, theirs in zip(ready(image), trunk(image), strict=True):
        assert (ours - theirs).abs().max() <= 1e-4 * theirs.abs().max()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@torch.inference_mode()
def test_a_packed_sub_block_is_the_plain_one(network, dtype) -> None:
    generator = torch.Generator().manual_seed(2)
    owner = torch.randint(0, 2, (1, 40, 40), generator=generator)
    sites = make_sites(torch.rand(1, 40, 40, generator=generator) > 0.6, owner, 2)
    x = torch.randn(len(sites), 32, generator=generator)
    plain = network.global_iuv_branch.fcn.blocks[0].first
    ready = for_inference(network, CPU, dtype).global_iuv_branch.fcn.blocks[0].first
    assert isinstance(ready, PackedSubBlock)
    bound = 1e-4 if dtype == torch.float32 else 0.03
    for backend in ("gather", "dense"):
        with torch.autocast("cpu", torch.bfloat16, enabled=dtype == torch.bfloat16):
            got, expected = ready(x, sites, backend), plain(x, sites, backend)
        assert (got - expected).abs().max() <= bound * expected.abs().max()
    assert (
        ready(x[:0], make_sites(torch.zeros(1, 4, 4) > 0, owner[:, :4, :4], 0), "auto").numel() == 0
    )


@torch.inference_mode()
def test_the_picture_is_normalised_to_the_same_numbers(network) -> None:
    plain, ready = network.backbone, for_inference(network, CPU, torch.bfloat16).backbone
    every = torch.arange(256, dtype=torch.uint8).expand(1, 3, 1, 256)
    expected = ((every - plain.mean) / plain.std).bfloat16()
    got = (every - ready.mean) / ready.std
    assert got.dtype == torch.bfloat16 and torch.equal(got, expected)


@torch.inference_mode()
def test_filters_on_demand_are_those_of_all_locations(network) -> None:
    branch, pyramid = network.instance_branch, network.backbone(pictures())
    x_agg, _ = network.aggregation(pyramid)
    dense, sparse = branch(pyramid[1:], x_agg), branch.look(pyramid[1:], x_agg)
    count = dense.theta.shape[1]
    location = torch.arange(count).repeat(2)
    image = torch.arange(2).repeat_interleave(count)
    torch.testing.assert_close(
        sparse.filters(image, location), dense.filters(image, location), atol=1e-5, rtol=1e-4
    )
    expected, got = (detect(maps, (64, 96), LIMITS) for maps in (dense, sparse))
    torch.testing.assert_close(got.box, expected.box)
    torch.testing.assert_close(got.instance_mask, expected.instance_mask, atol=1e-4, rtol=1e-4)
