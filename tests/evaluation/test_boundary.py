import numpy as np
import pytest
from scipy.ndimage import binary_erosion, distance_transform_edt
from skimage.morphology import footprint_rectangle

from ddp_video.evaluation.boundary import band, boundary_f, boundary_iou


def square(x0: int, y0: int, side: int = 40) -> np.ndarray:
    mask = np.zeros((100, 100), bool)
    mask[y0 : y0 + side, x0 : x0 + side] = True
    return mask


def test_the_same_outline_agrees():
    assert boundary_iou(square(20, 20), square(20, 20)) == 1
    assert boundary_f(square(20, 20), square(20, 20)) == 1


def test_band_is_what_erosion_takes_away():
    mask = square(0, 30)
    expected = mask & ~binary_erosion(mask, footprint_rectangle((3, 3)), iterations=3)
    np.testing.assert_array_equal(band(mask, 3), expected)


def test_boundary_iou_of_a_shifted_square_by_hand():
    # bands 3 px wide (2 % of the diagonal 141.4) of 40-px squares, 3 px apart in x: 444 px each.
    # In common: top and bottom, 3 × 37 px each; the left band of one meets nothing of the other,
    # and the right ones likewise: 222 of 2·444 − 222
    a, b = square(20, 20), square(23, 20)
    assert boundary_iou(a, b) == pytest.approx(222 / 666)


def test_boundary_f_within_the_tolerance():
    # tolerance 2 px (.8 % of the diagonal, rounded up): 1 px off is right, 10 px off is not
    assert boundary_f(square(21, 20), square(20, 20)) == 1
    far = boundary_f(square(30, 20), square(20, 20))
    a, b = band(square(30, 20), 1), band(square(20, 20), 1)
    precision = (distance_transform_edt(~b)[a] <= 2).mean()
    recall = (distance_transform_edt(~a)[b] <= 2).mean()
    assert far == pytest.approx(2 * precision * recall / (precision + recall), abs=0.01)


def test_empty_masks():
    nothing = np.zeros((100, 100), bool)
    assert boundary_iou(nothing, nothing) == boundary_f(nothing, nothing) == 1
    assert boundary_iou(square(20, 20), nothing) == boundary_f(square(20, 20), nothing) == 0
