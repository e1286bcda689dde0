"""Looks of photos as they are worn: right place, right colours, nothing else changed."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("anny")
pytest.importorskip("warp")

from ddp_video.data.atlas import COLUMNS, ROWS
from ddp_video.settings import ClipSettings, PictureSettings
from ddp_video.synthesis.body.body import Body
from ddp_video.synthesis.clips import clip
from ddp_video.synthesis.looks.surface import atlas_map
from ddp_video.synthesis.looks.table import PhotoLook, write_looks
from ddp_video.synthesis.pictures import picture
from ddp_video.synthesis.scene.stock import Stock
from ddp_video.synthesis.wardrobe.photographed import in_look, laid_over, sampled_colours
from ddp_video.synthesis.wardrobe.skin_map import skin_map

pytestmark = pytest.mark.filterwarnings("default")

SIDE = 64
GREEN = (20, 220, 40)
UNSEEN = np.full(3, np.nan, np.float32)


def look(rgb=GREEN, alpha=255, tone=UNSEEN, hair=UNSEEN, scalp=1.0) -> PhotoLook:
    atlas = np.full((ROWS * SIDE, COLUMNS * SIDE, 4), (*rgb, alpha), np.uint8)
    return PhotoLook(atlas, tone, hair, scalp, "a.jpg")


@pytest.fixture
def table(tmp_path):
    write_looks(tmp_path / "looks.npz", [look()])
    return tmp_path / "looks.npz"


def same(one, other) -> bool:
    return np.array_equal(one.image, other.image) and np.array_equal(one.iuv, other.iuv)


@pytest.mark.parametrize("head", [False, True])
def test_each_texel_shows_its_own_point_of_the_body(head):
    """An atlas whose colours are places gives a skin whose colours are the same places."""
    low, span = np.array([-1.0, -0.5, -1.1]), np.array([2.0, 1.0, 2.2])
    where = skin_map(head)
    points = (atlas_map(SIDE).points - low) / span * 255
    atlas = np.dstack([points, np.full(points.shape[:2], 255)]).clip(0, 255).astype(np.uint8)
    blank = np.zeros((*where.size, 4), np.uint8)
    shown = laid_over(blank, atlas, head)[..., :3]
    given = shown.any(2)
    assert given.mean() > 0.9  # all but the inside of the mouth
    away = np.linalg.norm(shown / 255 * span + low - where.points, axis=2)[given]
    assert np.median(away) < 0.008  # 255 levels of 2.2 m are 9 mm
    assert np.percentile(away, 99) < 0.03


def test_what_a_look_does_not_know_is_skin():
    skin = np.full((*skin_map(head=True).size, 4), 90, np.uint8)
    assert np.array_equal(laid_over(skin, look(alpha=0).atlas, head=True), skin)
    half = laid_over(skin, look(rgb=(190, 90, 0), alpha=51).atlas, head=True)
    assert (half[..., :3] == (110, 90, 72)).all()  # a fifth of the way


def test_skin_and_hair_are_those_of_the_look():
    body, rng = Body({"gender": 0.2, "age": 0.7}), np.random.default_rng(0)
    tone, hair = np.array([0.3, 0.2, 0.1], np.float32), np.array([0.5, 0.4, 0.1], np.float32)
    found = sampled_colours(body, look(tone=tone, hair=hair), rng)
    assert np.allclose(found.tone, tone)
    assert np.allclose(found.hair, hair)
    assert found.beard is None
    unknown = sampled_colours(body, look(), rng)
    assert ((unknown.tone > 0) & (unknown.tone < 1)).all()


def test_a_body_in_a_look_is_whole():
    body = Body({"gender": 0.8, "age": 0.6})
    for seed in range(8):
        surfaces = in_look(body, look(scalp=0.1), np.random.default_rng(seed))
        trunk, head = surfaces[:2]
        for s in (trunk, head):
            texture = s.texture[..., :3].astype(int)
            assert (np.abs(texture - GREEN).max(2) < 3).mean() > 0.9
        assert len(surfaces) >= 3
        for s in surfaces:
            assert np.isfinite(s.vertices).all()
            assert np.allclose(s.weights.sum(1), 1, atol=2e-3)
            assert s.texture.dtype == np.uint8


def test_looks_change_nobody_else(table):
    """Without a share nothing changes, and those in other clothes are who they were."""
    plain = PictureSettings(size=96, people=(1, 2))
    assert same(picture(plain, 3, 0), picture(replace(plain, looks=table, in_looks=0.0), 3, 0))
    some = Stock(replace(plain, looks=table, in_looks=0.5), 3, 0)
    worn = [number for number in range(20) if some.look(number) is not None]
    assert 4 <= len(worn) <= 16
    other = next(number for number in range(20) if number not in worn)
    for one, two in zip(
        some.person(other).surfaces, Stock(plain, 3, 0).person(other).surfaces, strict=True
    ):
        assert np.array_equal(one.vertices, two.vertices)
        assert np.array_equal(one.texture, two.texture)


def test_a_seed_gives_the_same_picture_in_looks(table):
    settings = PictureSettings(size=96, people=(1, 2), looks=table, in_looks=1.0)
    made = picture(settings, 4, 1)
    assert same(made, picture(settings, 4, 1))
    assert not same(made, picture(replace(settings, looks=None), 4, 1))


def test_people_in_clips_wear_looks(table):
    settings = ClipSettings(size=(64, 96), seconds=0.2, people=(1, 1), looks=table, in_looks=1.0)
    green, usual = (
        clip(replace(settings, in_looks=share), 2, 0).stage.actors[0][0].surfaces[0].texture
        for share in (1.0, 0.0)
    )
    for texture, near in ((green, True), (usual, False)):
        away = np.abs(texture[..., :3].astype(int) - GREEN).max(2)
        assert ((away < 3).mean() > 0.9) == near
