import numpy as np
import pytest

from ddp_video.evaluation.gps import (
    KAPPA_BY_PART,
    gps,
    kappa_of,
    kappa_text,
    surface_distance,
)
from ddp_video.synthesis.charts.geodesics import Geodesics

from .stage import Flat


def test_gps_by_hand():
    # at d = κ·√2 a point counts 1/e; a point that is not covered counts nothing
    distance = np.array([0.0, 0.255 * np.sqrt(2), np.inf])
    assert gps(distance, np.full(3, 0.255)) == pytest.approx((1 + np.exp(-1) + 0) / 3)
    assert gps(np.zeros(0), np.zeros(0)) == 0


def test_kappa_by_part():
    parts = np.array([1, 3, 5, 7, 14, 15, 22, 24])
    expected = [0.351, 0.107, 0.126, 0.237, 0.173, 0.142, 0.128, 0.150]
    np.testing.assert_allclose(kappa_of(parts, "parts"), expected)
    np.testing.assert_allclose(kappa_of(parts, "single"), 0.255)
    assert len(KAPPA_BY_PART) == 25 and np.isnan(KAPPA_BY_PART[0])


def test_the_text_says_which_kappa():
    assert "0.255" in kappa_text("single")
    assert "0.351" in kappa_text("parts") and "0.255" not in kappa_text("parts")


def test_distance_is_infinite_where_nothing_was_predicted():
    true = np.array([2, 2, 2]), np.array([0.2, 0.2, 0.2]), np.zeros(3)
    found = np.array([2, 0, 7]), np.array([0.4, 0.2, 0.2]), np.zeros(3)
    np.testing.assert_allclose(surface_distance(Flat(), found, true), [0.2, np.inf, 10.0])


def test_on_the_charts_of_our_own():
    geodesics = Geodesics.shipped()
    part = np.arange(1, 25)
    true = part, np.full(24, 0.4), np.full(24, 0.6)
    same = surface_distance(geodesics, true, true)
    assert gps(same, kappa_of(part, "parts")) == gps(same, kappa_of(part, "single")) == 1
    # a point of one hand on the other lies an arm's span away, one on the other foot two legs
    other = np.array([4, 3, 6, 5]), true[1][:4], true[2][:4]
    sided = np.array([3, 4, 5, 6]), true[1][:4], true[2][:4]
    wrong = surface_distance(geodesics, other, sided)
    assert (wrong > 1.0).all()
    assert gps(wrong, kappa_of(sided[0], "single")) < 0.01
