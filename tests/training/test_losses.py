"""Every loss term against numbers worked out by hand."""

import math

import pytest
import torch

from ddp_video.training import losses


def test_dice_by_hand() -> None:
    logit = torch.tensor([[[100.0, -100.0], [0.0, 100.0]]])
    truth = torch.tensor([[[1.0, 0.0], [1.0, 0.0]]])
    everything = torch.ones_like(truth)
    # P = 1 0 .5 1; overlap 1.5, |P|^2 = 2.25, |T|^2 = 2
    assert float(losses.dice_loss(logit, truth, everything)) == pytest.approx(
        1 - 3 / 4.25, abs=1e-3
    )
    known = torch.tensor([[[1.0, 1.0], [1.0, 0.0]]])
    assert float(losses.dice_loss(logit, truth, known)) == pytest.approx(1 - 3 / 3.25, abs=1e-3)


def test_dice_of_a_perfect_and_of_an_empty_mask() -> None:
    truth = torch.zeros(2, 3, 3)
    truth[0, 1] = 1
    logit = torch.where(truth > 0, 50.0, -50.0)
    assert losses.dice_loss(logit, truth, torch.ones_like(truth)).tolist() == pytest.approx(
        [0, 0], abs=1e-6
    )


def test_part_and_uv_losses_by_hand() -> None:
    rows = torch.zeros(2, 75)
    rows[0, 25 + 3], rows[0, 50 + 3] = 0.45, 1.5
    part, uv = torch.tensor([3, 0]), torch.tensor([[0.4, 0.5], [0.9, 0.9]])
    one = torch.ones(2)
    assert float(losses.part_loss(rows, part, one)) == pytest.approx(math.log(25))
    u = 0.05**2 / (2 * losses.UV_BETA)  # within beta: square
    v = 1.0 - losses.UV_BETA / 2  # beyond: linear
    assert float(losses.uv_loss(rows, part, uv, one)) == pytest.approx((u + v) / 2, rel=1e-5)


def test_a_person_counts_by_its_weight() -> None:
    rows = torch.zeros(2, 75)
    rows[0, 4] = 2.0
    part = torch.tensor([4, 4])
    sure, even = math.log(24 + math.e**2) - 2, math.log(25)
    got = float(losses.part_loss(rows, part, torch.tensor([3.0, 1.0])))
    assert got == pytest.approx((3 * sure + even) / 4, rel=1e-5)
    assert float(losses.part_loss(rows[:0], part[:0], torch.ones(0))) == 0.0


def test_uv_of_other_parts_gets_no_gradient() -> None:
    rows = torch.randn(4, 75, requires_grad=True)
    losses.uv_loss(rows, torch.tensor([1, 2, 0, 24]), torch.rand(4, 2), torch.ones(4)).backward()
    touched = rows.grad.abs().nonzero().tolist() if rows.grad is not None else []
    assert touched == [[0, 26], [0, 51], [1, 27], [1, 52], [3, 49], [3, 74]]


def test_smoothness_by_hand() -> None:
    """Two sites side by side, one below the first; the lower one is another person (Eq. 12)."""
    rows = torch.zeros(3, 75)
    rows[1], rows[2] = 1.0, 4.0
    member = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    neighbours = torch.full((3, 9), 3)
    neighbours[0, 5], neighbours[0, 7] = 1, 2
    got = float(losses.smoothness_loss(rows, member, neighbours))
    assert got == pytest.approx(1.0 + 4.0 * math.exp(-1), rel=1e-5)


def test_ignored_locations_do_not_count() -> None:
    logit, truth = torch.tensor([[5.0, 0.0]]), torch.tensor([[False, False]])
    both = losses.person_loss(logit, truth, torch.tensor([[False, False]]), torch.tensor(1.0))
    one = losses.person_loss(logit, truth, torch.tensor([[True, False]]), torch.tensor(1.0))
    # focal loss of a background at p = .5: (1 - .25) * .5^2 * log 2
    assert float(one) == pytest.approx(0.75 * 0.25 * math.log(2), rel=1e-5)
    assert float(both) > 3 * float(one)


def test_box_loss_is_zero_on_truth_and_weighted() -> None:
    truth = torch.tensor([[0.0, 0.0, 10.0, 10.0], [0.0, 0.0, 10.0, 10.0]])
    assert float(losses.box_loss(truth, truth, torch.tensor([0.5, 1.0]))) == pytest.approx(
        0, abs=1e-6
    )
    half = torch.tensor([[0.0, 0.0, 10.0, 5.0], [0.0, 0.0, 10.0, 10.0]])
    assert float(losses.box_loss(half, truth, torch.tensor([0.5, 1.0]))) == pytest.approx(
        0.5 * 0.5 / 1.5, rel=1e-4
    )
