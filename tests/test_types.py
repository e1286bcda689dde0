"""What the contract between the stages does itself."""

from dataclasses import replace

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


def numbered_people() -> Prediction:
    both = two_people()
    people = tuple(replace(person, number=3 + k) for k, person in enumerate(both.people))
    return replace(both, people=people)


def test_some_people_alone() -> None:
    both = numbered_people()
    assert both.of_people([3, 4]) is both
    whole = labels(both).part
    for number, part, columns in ((3, 7, slice(0, 14)), (4, 9, slice(18, 32))):
        alone = both.of_people([number, 99])
        assert [person.number for person in alone.people] == [number]
        found = labels(alone).part
        assert set(np.unique(found)) == {0, part}
        assert (found[:, columns] == part).all()
        assert (whole[found > 0] == part).all()
    nobody = both.of_people([99])
    assert nobody.people == () and not nobody.coverage.any() and not labels(nobody).part.any()


def test_the_outline_between_two_people_has_no_steps_of_the_grid() -> None:
    """A slanting border, soft over some cells: the outline is straight to a pixel."""
    y, x = np.mgrid[:16, :32].astype(np.float32)
    left = torch.from_numpy(1 / (1 + np.exp((x - 16 - 0.4 * (y - 8)) * 2)))
    logits = torch.full((75, 16, 32), -6.0)
    logits[2] = -0.1
    whole = (0.0, 0.0, 256.0, 128.0)
    people = (Person(whole, 0.9, left, left, 1), Person(whole, 0.8, 1 - left, 1 - left, 2))
    alone = Prediction(logits, torch.ones(16, 32), people, (128, 256)).of_people([1])
    width = (labels(alone).part > 0).sum(axis=1)
    rows = np.arange(128)
    inner = slice(8, 120)
    line = np.polyval(np.polyfit(rows[inner], width[inner], 1), rows)
    assert np.abs(width - line)[inner].max() < 2
    # where both masks are a half: x = 16 + 0.4 (y - 8) on the grid, 8 pixels to a cell
    expected = (16 + 0.4 * ((rows + 0.5) / 8 - 0.5 - 8) + 0.5) * 8
    assert np.abs(line - expected)[inner].max() < 2
