"""Eqs. 2-4 against the loop written out by hand."""

import torch

from ddp_video.network.instance_aware_norm import InstanceAwareNorm


def by_hand(
    x: torch.Tensor, owner: torch.Tensor, gamma: torch.Tensor, beta: torch.Tensor, eps: float
) -> torch.Tensor:
    """One instance and one channel at a time, as the equations read."""
    out = torch.empty_like(x)
    for i in owner.unique():
        rows = (owner == i).nonzero().squeeze(1)
        for c in range(x.shape[1]):
            values = [float(x[r, c]) for r in rows]
            mu = sum(values) / len(values)
            variance = sum((v - mu) ** 2 for v in values) / len(values)
            for r, v in zip(rows, values, strict=True):
                out[r, c] = (v - mu) / (variance**0.5 + eps) * gamma[c] + beta[c]
    return out


def test_equals_the_loop() -> None:
    torch.manual_seed(1)
    x, owner = torch.randn(40, 3) * 5 + 2, torch.randint(0, 4, (40,))
    norm = InstanceAwareNorm(3)
    torch.nn.init.normal_(norm.gamma)
    torch.nn.init.normal_(norm.beta)
    member = torch.nn.functional.one_hot(owner, 6).float()  # instances 4 and 5 have no site
    expected = by_hand(x, owner, norm.gamma, norm.beta, norm.eps)
    assert torch.allclose(norm(x, member), expected, atol=1e-4)


def test_instances_do_not_touch_each_other() -> None:
    torch.manual_seed(2)
    member = torch.nn.functional.one_hot(torch.tensor([0] * 5 + [1] * 5), 2).float()
    norm, x = InstanceAwareNorm(4), torch.randn(10, 4)
    louder = x.clone()
    louder[5:] *= 100
    assert torch.allclose(norm(x, member)[:5], norm(louder, member)[:5], atol=1e-5)


def test_one_site_gives_beta() -> None:
    norm = InstanceAwareNorm(2)
    torch.nn.init.constant_(norm.beta, 0.7)
    out = norm(torch.tensor([[3.0, -8.0]]), torch.ones(1, 1))
    assert torch.allclose(out, torch.full((1, 2), 0.7))
