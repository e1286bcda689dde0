"""Convolutions in eight bits against those in float32, where the CPU has them."""

import pytest
import torch
from torch import nn

from ddp_video.network import build
from ddp_video.network.background_suppression import make_sites
from ddp_video.network.eight_bits import (
    EightBitConv,
    EightBitSubBlock,
    computes_in_eight_bits,
    in_eight_bits,
)
from ddp_video.network.inference import for_inference
from ddp_video.network.sparse_residual_fcn import SparseSubBlock
from ddp_video.settings import Architecture

CPU = torch.device("cpu")
has_eight_bits = pytest.mark.skipif(
    not computes_in_eight_bits(CPU), reason="this CPU has no fast eight-bit products"
)


def relative(got: torch.Tensor, expected: torch.Tensor) -> float:
    return float((got.float() - expected).square().mean().sqrt() / expected.std())


@pytest.mark.parametrize("values", [[-3.0, 0.0, 1.5, 2.0], [0.0, 4.0], [0.0, 0.0], [-2.0, -1.0]])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_bytes_stand_for_the_features_and_zero_for_zero(values, dtype) -> None:
    x = torch.tensor(values, dtype=dtype)
    rounded, step = in_eight_bits(x)
    assert rounded.dtype == torch.uint8
    off = 0.5 if dtype == torch.float32 else 0.75  # in bf16 the quotient is rounded before
    assert ((rounded.float() - 128) * step - x).abs().max() <= step * off + 1e-6
    assert step == pytest.approx(max(float(x.abs().max()), 1e-12) / 127)
    assert (rounded[x == 0] == 128).all()


@has_eight_bits
@pytest.mark.parametrize("lift", [0.0, 3.0])  # where zero is not in the middle, borders stay right
@torch.inference_mode()
def test_a_convolution_is_the_one_it_was_made_of(lift) -> None:
    torch.manual_seed(0)
    conv = nn.Conv2d(64, 96, 3, padding=1)
    eight = EightBitConv(conv)
    for sides in ((20, 30), (7, 5)):  # packed for each size
        x = (torch.randn(2, 64, *sides) + lift).contiguous(memory_format=torch.channels_last)
        assert relative(eight(x), conv(x)) < 0.02


@has_eight_bits
@pytest.mark.parametrize("backend", ["gather", "dense"])
@torch.inference_mode()
def test_a_sparse_block_is_the_one_it_was_made_of(backend) -> None:
    torch.manual_seed(0)
    active = torch.rand(1, 40, 50) < 0.4
    sites = make_sites(active, (torch.rand(1, 40, 50) < 0.5).long(), 2)
    block, x = SparseSubBlock(64, 64), torch.randn(len(sites), 64)
    expected = block(x, sites, "dense")
    assert relative(EightBitSubBlock(block)(x, sites, backend), expected) < 0.02


@has_eight_bits
@torch.inference_mode()
def test_nobody_in_the_picture_is_no_error() -> None:
    nobody = make_sites(torch.zeros(1, 8, 8, dtype=torch.bool), torch.zeros(1, 8, 8).long(), 0)
    block = EightBitSubBlock(SparseSubBlock(64, 64))
    assert block(torch.zeros(0, 64), nobody, "auto").shape == (0, 64)


@has_eight_bits
def test_what_says_who_is_where_is_left_alone() -> None:
    network = build(Architecture(width=0.5, channels=64, hidden=64)).eval()
    ready = for_inference(network, CPU, torch.bfloat16, eight_bits=True)
    branch = ready.instance_branch
    assert all(type(each) is nn.Conv2d for each in (branch.person, branch.box))
    assert type(branch.weight_generator) is nn.Conv2d
    made = [type(module) for module in ready.modules()]
    assert made.count(EightBitSubBlock) == 8
    assert EightBitConv in made
    assert SparseSubBlock not in made
    assert not any(isinstance(module, EightBitConv) for module in network.modules())


@pytest.mark.parametrize(
    ("capabilities", "expected"),
    [
        ({"avx512_vnni": True, "avx512_bf16": True, "amx_bf16": False}, True),
        ({"avx512_vnni": True, "avx512_bf16": True, "amx_bf16": True}, False),
        ({"avx512_vnni": False, "avx512_bf16": True}, False),
        ({"neon": True, "bf16": True}, False),
    ],
)
def test_who_gains_by_it(capabilities, expected, monkeypatch) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)
    has = hasattr(torch.ops.onednn, "qconv2d_pointwise")
    assert computes_in_eight_bits(CPU) == (expected and has)
    assert not computes_in_eight_bits(torch.device("cuda"))
