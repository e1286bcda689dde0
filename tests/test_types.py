"""What the contract between the stages does itself."""

import numpy as np
import pytest
import torch

from ddp_video.render import labels
from ddp_video.types import Person, Prediction


def two_people() -> Prediction:
    """A person of part 7 in the left half of 4 x 8 cells, one of part 9 in the right half."""
    left, right = torch.zeros(4, 8), torch.zeros(4, 8)
    left[:, :4] = right[:, 4:] = 1
    logits = torch.full((75, 4, 8), -6.0)
    logits[7, :, :4] = logits[9, :, 4:] = 0.0
    logits[25:50], logits[50:] = 0.25, 0.75
    people = (
        Person((0.0, 0.0, 16.0, 16.0), 0.9, left, left),
        Person((16.0, 0.0, 32.0, 16.0), 0.8, right, right),
    )
    return Prediction(logits, torch.ones(4, 8), people, (16, 32))


def test_one_person_alone() -> None:
    """The border lies between the columns 15 and 16; upsampling may move it by half a cell."""
    both = two_people()
    for index, part, own, other in (
        (0, 7, slice(0, 14), slice(18, 32)),
        (1, 9, slice(18, 32), slice(0, 14)),
    ):
        alone = both.of_person(index)
        assert alone.people == (both.people[index],) and alone.size == both.size
        assert torch.equal(alone.coverage, both.people[index].surface_mask)
        iuv = labels(alone)
        assert (iuv.part[:, own] == part).all() and (iuv.part[:, other] == 0).all()
        assert set(np.unique(iuv.part)) == {0, part}
        assert iuv.u[:, own] == pytest.approx(0.25) and iuv.v[:, own] == pytest.approx(0.75)
    assert set(np.unique(labels(both).part)) == {7, 9}


def test_a_person_who_is_not_there() -> None:
    with pytest.raises(IndexError):
        two_people().of_person(2)
