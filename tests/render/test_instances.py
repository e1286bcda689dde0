"""Whose pixel it is, and people in colours that are theirs."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
import torch
from skimage.color import deltaE_ciede2000, rgb2lab

from ddp_video.errors import ShapeError
from ddp_video.render import (
    IUV,
    PERSON_COLOURS,
    draw,
    labels,
    number_of_pixel,
    person_of_pixel,
)
from ddp_video.settings import RenderSettings
from ddp_video.types import Prediction

from ..exports.figures import SIZE, SMALL, TALL, prediction

LEFT = np.arange(SIZE[1]) < 65  # TALL is there, SMALL beside it
INSTANCES = RenderSettings(view="instances", background="black")


def told(found: Prediction, *numbers: int) -> Prediction:
    pairs = zip(found.people, numbers, strict=True)
    return replace(found, people=tuple(replace(p, number=n) for p, n in pairs))


def picture(found: Prediction) -> tuple[IUV, np.ndarray]:
    iuv = labels(found, SIZE)
    return iuv, draw(iuv, None, INSTANCES, number_of_pixel(found, iuv.part))


def commonest(pixels_N3: np.ndarray) -> list[int]:
    values, counts = np.unique(pixels_N3, axis=0, return_counts=True)
    return values[counts.argmax()].tolist()


def colour_of(number: int) -> list[int]:
    return PERSON_COLOURS[number - 1].tolist()


def test_every_labelled_pixel_has_its_owner() -> None:
    found = prediction(TALL, SMALL)
    part = labels(found, SIZE).part
    owner = person_of_pixel(found, part)
    np.testing.assert_array_equal(owner > 0, part > 0)
    assert set(np.unique(owner[:, LEFT])) == {0, 1}
    assert set(np.unique(owner[:, ~LEFT])) == {0, 2}


def test_pixels_have_the_numbers_of_their_people() -> None:
    found = prediction(TALL, SMALL)
    part = labels(found, SIZE).part
    number = number_of_pixel(told(found, 40, 7), part)
    assert set(np.unique(number[:, LEFT])) == {0, 40}
    assert set(np.unique(number[:, ~LEFT])) == {0, 7}
    assert set(np.unique(number_of_pixel(found, part))) == {0, 1, 2}  # nobody has told


def test_a_colour_belongs_to_a_number_whatever_the_rank() -> None:
    """The commonest colour of a person; the digits take the rest."""
    for order, numbers in (((TALL, SMALL), (3, 5)), ((SMALL, TALL), (5, 3))):
        iuv, drawn = picture(told(prediction(*order), *numbers))
        for side, number in ((LEFT, 3), (~LEFT, 5)):
            assert commonest(drawn[:, side][iuv.part[:, side] > 0]) == colour_of(number)
        assert (drawn > 200).all(axis=2).any()
        assert not drawn[:2].any() and not drawn[-2:].any()


def test_numbers_beyond_the_palette_begin_again() -> None:
    last = len(PERSON_COLOURS)
    for number, colour in ((last, last), (last + 1, 1)):
        iuv, drawn = picture(told(prediction(TALL), number))
        assert commonest(drawn[iuv.part > 0]) == colour_of(colour)


def test_instances_on_a_transparent_background() -> None:
    found = told(prediction(TALL), 1)
    iuv = labels(found, SIZE)
    how = replace(INSTANCES, background="transparent")
    drawn = draw(iuv, None, how, number_of_pixel(found, iuv.part))
    assert (drawn[..., 3][iuv.part > 0] == 255).all()
    assert not drawn[..., 3][iuv.part == 0].any()
    with pytest.raises(ShapeError, match="number_of_pixel"):
        draw(iuv, None, how)


def test_colours_can_be_told_apart() -> None:
    lab = rgb2lab(PERSON_COLOURS[None] / 255)[0]
    apart = [deltaE_ciede2000(a, b) for a, b in combinations(lab, 2)]
    assert min(apart) > 15
    first = [deltaE_ciede2000(a, b) for a, b in combinations(lab[:6], 2)]
    assert min(first) > 25


def test_who_is_alone_leaves_no_other_colour() -> None:
    both = told(prediction(TALL, SMALL), 1, 2)
    iuv, drawn = picture(both.of_people([2]))
    assert not iuv.part[:, LEFT].any() and not drawn[:, LEFT].any()
    assert iuv.part[:, ~LEFT].any()
    assert torch.equal(both.of_people([1, 2]).logits, both.logits)


def test_what_is_nobodys_is_not_drawn() -> None:
    """Smoothing labels what only neighbouring frames found."""
    found = prediction(TALL, SMALL)
    iuv = labels(found, SIZE)
    alone = told(replace(found, people=found.people[:1]), 1)
    image = np.full((*SIZE, 3), 90, np.uint8)
    over = replace(INSTANCES, background="video")
    drawn = draw(iuv, image, over, number_of_pixel(alone, iuv.part))
    nobody = np.broadcast_to(~LEFT, SIZE)
    assert (iuv.part[nobody] > 0).any()
    np.testing.assert_array_equal(drawn[nobody], image[nobody])
    assert (drawn[~nobody] != image[~nobody]).any()
