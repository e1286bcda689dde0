import pytest
import torch
from torch import nn

from ddp_video.network.feature_aggregation import PlanewiseNorm


@pytest.mark.parametrize("learning", [False, True])
@pytest.mark.parametrize("sides", [(5, 8), (40, 30)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_norm_plane_by_plane_is_torchs(sides, dtype, learning) -> None:
    torch.manual_seed(0)
    plain, planewise = nn.GroupNorm(4, 32), PlanewiseNorm(4, 32)
    nn.init.normal_(plain.weight)
    planewise.load_state_dict(plain.state_dict())
    x = torch.randn(2, 32, *sides, dtype=dtype).contiguous(memory_format=torch.channels_last)
    x.requires_grad_(learning)
    got, wanted = planewise(x), plain(x)
    torch.testing.assert_close(got, wanted)
    assert got.is_contiguous(memory_format=torch.channels_last)
    if learning:
        push = torch.randn_like(wanted)
        for ours, torchs in zip(
            torch.autograd.grad(got, [x, planewise.weight, planewise.bias], push),
            torch.autograd.grad(wanted, [x, plain.weight, plain.bias], push),
            strict=True,
        ):
            assert (ours - torchs).abs().max() <= 0.02 * torchs.abs().max()
