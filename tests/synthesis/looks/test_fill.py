"""Unseen surface: mirrored, from before or behind, smooth; faces and hands are not made up."""

import numpy as np
import pytest

pytest.importorskip("anny")
pytest.importorskip("warp")

from ddp_video.data.atlas import mirrored_atlas, tile
from ddp_video.synthesis.looks.fill import filled
from ddp_video.synthesis.looks.regions import OF_FACE, OF_HAND, bare, limb, turned
from ddp_video.synthesis.looks.seen import Seen
from ddp_video.synthesis.looks.surface import at_vertices, atlas_map, skin, spread

from .painted import SIDE, whole

pytestmark = pytest.mark.filterwarnings("default")


def where(condition):
    """An atlas that is known where a condition on the reference body's points holds."""
    weight = condition(atlas_map(SIDE).points).astype(np.float32)
    return Seen(whole() * weight[..., None], weight)


def at_skin(rgba):
    return at_vertices(rgba[..., :3].astype(np.float32), np.ones(rgba.shape[:2], np.float32))[0]


def test_what_is_seen_stays():
    made = filled(where(lambda p: p[..., 0] < np.inf))
    assert np.abs(made.rgba[..., :3] - whole()).max() < 2
    assert made.rgba[..., 3].min() == 255


def test_the_other_side_is_mirrored():
    """Colours of the left side alone give a body that is its own mirror image."""
    made = filled(where(lambda p: p[..., 0] > -0.01)).rgba
    within = atlas_map(SIDE).within & mirrored_atlas(atlas_map(SIDE).within)
    error = np.abs(made[..., :3] - whole())[within]
    assert error.mean() < 1
    assert np.percentile(error, 97) < 5
    right, left = (made[tile(part, SIDE)][..., :3].astype(int) for part in (9, 10))
    both = within[tile(9, SIDE)] & within[tile(10, SIDE)]
    assert np.abs(right - left)[both].mean() < 1  # limbs: the same tile
    chest = made[tile(2, SIDE)][..., :3].astype(int)
    assert np.abs(chest - chest[::-1])[within[tile(2, SIDE)]].mean() < 2  # torso: V turned
    assert made[..., 3][within].mean() > 254


def test_the_mirror_follows_the_light_of_the_seen_side():
    """What little is seen of the right side is brighter: its mirrored part follows near there."""
    seen = where(lambda p: (p[..., 0] > 0) | (np.abs(p[..., 0]) < 0.05))
    points = atlas_map(SIDE).points
    flat = np.where(points[..., 0] > -0.01, 100, 130).astype(np.float32)[..., None]
    made = at_skin(filled(Seen(seen.weight[..., None] * flat.repeat(3, -1), seen.weight)).rgba)
    x, y, z = skin().T
    belly = (limb() == 0) & (y < 0) & (np.abs(z - 0.2) < 0.1)
    just = belly & (x < -0.055) & (x > -0.07)
    far = belly & (x < -0.13)
    assert made[just].mean() > made[far].mean() + 3
    assert 95 < made[far].mean() < 125


def test_a_back_looks_as_the_front():
    """Stripes of height before are stripes of height behind, and no front is copied from a side."""
    seen = where(lambda p: p[..., 1] < -0.03)
    points = atlas_map(SIDE).points
    stripes = 80 + 80 * (np.sin(points[..., 2] * 30) > 0)[..., None].repeat(3, -1)
    made = at_skin(filled(Seen((stripes * seen.weight[..., None]).astype("f"), seen.weight)).rgba)
    x, y, z = skin().T
    back = (limb() == 0) & (y > 0.06) & (np.abs(x) < 0.12) & (z > 0.05) & (z < 0.4)
    bright = np.sin(z * 30) > 0
    sure = back & (np.abs(np.sin(z * 30)) > 0.6)
    assert sure.sum() > 80
    assert (made[sure & bright, 0] > 120).mean() > 0.9
    assert (made[sure & ~bright, 0] < 120).mean() > 0.9


def test_buttons_stay_in_front():
    seen = where(lambda p: p[..., 1] < 0)
    points = atlas_map(SIDE).points
    line = np.where(np.abs(points[..., 0]) < 0.04, 250, 50).astype(np.float32)
    colour = line[..., None].repeat(3, -1)
    opposite, weight = turned(colour * seen.weight[..., None], seen.weight)
    back = (points[..., 1] > 0.05) & (weight > 0.9)
    back[tile(2, SIDE)] = False
    trunk = np.zeros_like(back)
    trunk[tile(1, SIDE)] = back[tile(1, SIDE)]
    assert trunk.sum() > 200
    assert opposite[trunk].max() < 100


def test_faces_and_hands_that_are_not_seen_are_not_made_up():
    made = filled(where(lambda p: (p[..., 1] > 0.02) & (np.abs(p[..., 0]) < 0.35)))
    rgba = made.rgba
    alpha = at_vertices(rgba[..., [3, 3, 3]].astype("f"), np.ones(rgba.shape[:2], "f"))[0][:, 0]
    assert np.median(alpha[bare() == OF_FACE]) < 3
    assert np.median(alpha[bare() == OF_HAND]) < 3
    assert np.percentile(alpha[limb() == 0], 2) > 250  # but where it meets the chin
    seen = filled(where(lambda p: p[..., 1] < 0)).rgba
    alpha = at_vertices(seen[..., [3, 3, 3]].astype("f"), np.ones(seen.shape[:2], "f"))[0][:, 0]
    assert np.median(alpha[bare() == OF_FACE]) > 250


def test_spreading():
    weight = (np.abs(skin()[:, 0]) < 0.02).astype(float)
    even = spread(np.full((len(weight), 2), 7.0), weight, 8.0)
    assert np.abs(even - 7).max() < 1e-3
    value = np.where(skin()[:, 2:] > 0, 10.0, 0.0)
    between = spread(value, weight, 8.0)
    assert between.min() > -1e-6
    assert between.max() < 10 + 1e-6
    faded = spread(np.full((len(weight), 1), 7.0), weight, 8.0, fade=0.5)
    assert faded[np.argmax(skin()[:, 0])] < 0.01  # a hand is far from the middle
    assert faded[weight > 0].mean() > 3
