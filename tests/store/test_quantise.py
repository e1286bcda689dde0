import math

import numpy as np
import pytest
import torch

from ddp_video.store.quantise import as_stored, quantised, restored
from ddp_video.types import FLOOR, Person, Prediction

H, W = 6, 8


def prediction(people: int = 2, seed: int = 0) -> Prediction:
    """Random predictions of some people, background for certain elsewhere."""
    rng = torch.Generator().manual_seed(seed)
    instance = torch.rand((people, H, W), generator=rng)
    covered = torch.rand((H, W), generator=rng) < (0.6 if people else 0.0)
    parts = torch.randn((25, H, W), generator=rng).mul(3).softmax(0).clamp(min=FLOOR).log()
    uv = torch.rand((50, H, W), generator=rng) * 1.1 - 0.05
    nothing = torch.zeros(75, H, W)
    nothing[1:25] = math.log(FLOOR)
    found = tuple(
        Person((1.5 * k, 2.25, 30.1, 40.7), 0.9 - 0.1 * k, mask, mask * mask)
        for k, mask in enumerate(instance)
    )
    logits = torch.where(covered, torch.cat((parts, uv)), nothing)
    return Prediction(logits, covered.float(), found, (48, 64))


def same(one: Prediction, other: Prediction) -> bool:
    """Equal to the bit."""
    people = zip(one.people, other.people, strict=True)
    return (
        torch.equal(one.logits, other.logits)
        and torch.equal(one.coverage, other.coverage)
        and one.size == other.size
        and all(
            (a.box, a.score) == (b.box, b.score)
            and torch.equal(a.instance_mask, b.instance_mask)
            and torch.equal(a.surface_mask, b.surface_mask)
            for a, b in people
        )
    )


@pytest.mark.parametrize("people", [0, 1, 2])
def test_doing_it_again_changes_nothing(people):
    once = as_stored(prediction(people))
    assert same(as_stored(once), once)


def test_levels_by_hand():
    given = prediction(1)
    given.coverage.zero_()
    given.coverage[2, 3] = 1
    given.logits[:, 2, 3] = 0
    given.logits[4, 2, 3] = math.log(FLOOR) / 4  # the square root of 1/4 is 1/2: level 255.5
    given.logits[25 + 4, 2, 3] = 0.5  # (0.5 + 1/16) · 8/9 = 1/2: level 511.5
    given.logits[50 + 4, 2, 3] = 17 / 16
    given.logits[9, 2, 3] = math.log(FLOOR)  # an unlikely part, so multiples of 16:
    given.logits[25 + 9, 2, 3] = 0.1  # (0.1 + 1/16) · 8/9 · 1023 = 147.77, 9.2 times 16
    given.logits[50 + 9, 2, 3] = 2.0
    given.logits[11, 2, 3] = math.log(FLOOR) * (400 / 511) ** 2  # 13.9 times 8 below 511
    stored = quantised(given)
    assert stored.parts[[0, 4, 9, 11], 0].tolist() == [0, 256, 511, 399]
    assert stored.uv[[3, 24 + 3], 0].tolist() == [512, 1023]
    assert stored.uv[[8, 24 + 8], 0].tolist() == [144, 1008]
    assert restored(stored).logits[4, 2, 3] == pytest.approx(math.log(FLOOR) * (256 / 511) ** 2)
    assert restored(stored).logits[54, 2, 3] == 17 / 16


def test_the_error_is_at_most_half_a_step():
    given = prediction()
    back = as_stored(given)
    covered = given.coverage > 0
    roots = [(p.logits[:25, covered] / math.log(FLOOR)).sqrt() for p in (given, back)]
    off = (roots[0] - roots[1]).abs()
    fine = roots[0] < 384 / 511  # above, every 8th level
    assert off[fine].max() <= 0.5 / 511 + 1e-6
    assert off.max() <= 4.5 / 511 + 1e-6
    likely = given.logits[1:25, covered] > math.log(0.02) + 0.02
    for rows in (slice(26, 50), slice(51, 75)):
        error = (given.logits[rows, covered] - back.logits[rows, covered]).abs()
        assert error[likely].max() <= 9 / 8 / 1023 / 2 + 1e-6
        assert error.max() <= 9 / 8 / 1023 * 8 + 1e-6


def test_outside_is_background_for_certain():
    back = as_stored(prediction())
    outside = back.logits[:, back.coverage == 0]
    assert (outside[0] == 0).all()
    assert torch.equal(outside[1:25], torch.full_like(outside[1:25], math.log(FLOOR)))
    assert (outside[25:] == 0).all()


def test_masks_stay_on_their_side_of_one_half():
    given = prediction(1)
    mask = given.people[0].instance_mask
    mask[0, :4] = torch.tensor([0.5, np.nextafter(np.float32(0.5), np.float32(1)), 0.0, 1.0])
    back = as_stored(given).people[0].instance_mask
    assert torch.equal(back > 0.5, mask > 0.5)
    assert (back - mask).abs().max() <= 1 / 255
    assert (back[0, 2], back[0, 3]) == (0, 1)


def test_a_cell_belongs_to_the_person_whose_mask_is_largest():
    stored = quantised(given := prediction(2))
    first, second = (person.instance_mask.numpy() for person in given.people)
    expected = np.where(first >= second, 1, 2) * (given.coverage.numpy() > 0)
    assert np.array_equal(stored.owner, expected)
