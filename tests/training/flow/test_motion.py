"""Motions move points as asked, and inverses bring them back."""

import numpy as np
import pytest

from ddp_video.training.flow.motion import (
    CELL,
    MOST_SHEAR,
    Affine,
    ThinPlate,
    field,
    inverse,
    tame,
)

KNOTS = np.array([(10.0, 10), (90, 12), (50, 40), (15, 70), (85, 66)])


def test_an_affine_motion_by_hand():
    """Twice as large about (10, 20), moved by (1, −2): (13, 20) goes to (17, 18)."""
    double = Affine(2 * np.eye(2), np.array([10.0, 20]), np.array([1.0, -2]))
    assert double.displacement(np.array([[13.0, 20], [10, 20]])).tolist() == [[4, -2], [1, -2]]


def test_a_thin_plate_moves_its_knots_and_no_straight_motion_bends():
    moved = np.random.default_rng(0).normal(0, 3, KNOTS.shape)
    assert ThinPlate(KNOTS, moved).displacement(KNOTS) == pytest.approx(moved, abs=1e-6)
    straight = ThinPlate(KNOTS, 0.1 * KNOTS + 2)  # a spline of least energy keeps it
    points = np.array([(0.0, 0), (33, 5)])
    assert straight.displacement(points) == pytest.approx(0.1 * points + 2, abs=1e-6)


def test_a_field_holds_each_pixels_motion_and_its_margin():
    shear = Affine(np.array([[1, 0.1], [0, 1]]), np.zeros(2), np.array([5.0, 0]))
    found = field([shear], (40, 64), 8)
    assert found.shape == (56, 80, 2)
    y = np.mgrid[-8 : 40 + 8, -8 : 64 + 8][0]
    inside = (slice(CELL, -CELL), slice(CELL, -CELL))
    assert found[inside][..., 0] == pytest.approx((5 + 0.1 * y)[inside], abs=1e-4)
    assert not found[..., 1].any()


def test_motions_add_up_and_none_is_still():
    one, other = (Affine(np.eye(2), np.zeros(2), np.array(s)) for s in ((1.0, 2), (3.0, -1)))
    assert (field([one, other], (16, 16), 4) == [4, 1]).all()
    assert not field([], (16, 16), 4).any()


def test_wild_bending_is_tamed():
    wild = np.random.default_rng(1).normal(0, 30, (9, 9, 2)).astype(np.float32)
    calm = tame(wild)
    assert calm.mean((0, 1)) == pytest.approx(wild.mean((0, 1)), abs=1e-3)
    steepest = max(np.abs(np.diff(calm, axis=a)).sum(-1).max() for a in (0, 1)) / CELL
    assert steepest == pytest.approx(MOST_SHEAR, rel=1e-4)


def test_an_inverse_brings_points_back():
    moved = np.random.default_rng(2).normal(0, 4, KNOTS.shape)
    turn = Affine(np.array([[0.97, -0.1], [0.1, 0.97]]), np.array([50.0, 40]), np.array([6.0, -3]))
    forth = field([turn, ThinPlate(KNOTS, moved)], (80, 100), 30)
    back = inverse(forth)
    y, x = np.mgrid[30:110, 30:130].astype(np.float32)
    at = forth[30:110, 30:130]
    landed = sampled(back, x + at[..., 0], y + at[..., 1])
    gap = np.abs(landed + at)
    assert gap.max() < 0.1
    assert gap.mean() < 0.005


def sampled(values: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    from scipy.ndimage import map_coordinates

    return np.stack([map_coordinates(values[..., k], [y, x], order=1) for k in (0, 1)], -1)
