"""Skin: its tones, and where on the body its texels lie."""

import numpy as np
import pytest

pytest.importorskip("anny")

from ddp_video.synthesis.body.base_mesh import reference
from ddp_video.synthesis.wardrobe.skin import (
    BEARDS,
    TONES,
    Look,
    blend,
    brows,
    encoded,
    eye_texture,
    eyes,
    head_masks,
    head_skin,
    skin_tone,
    skins,
    trunk_skin,
)
from ddp_video.synthesis.wardrobe.skin_map import skin_map

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]

BROWN = np.array([0.03, 0.02, 0.014])


def decoded(texture):
    return (texture[..., :3] / 255.0) ** 2.2


def test_tones_cover_the_range_evenly():
    rng = np.random.default_rng(0)
    drawn = [skin_tone(rng) for _ in range(400)]
    depth = np.array([d for _, d in drawn])
    assert np.allclose(np.histogram(depth, 5, (0, 5))[0], 80, atol=30)
    red = np.array([tone[0] for tone, _ in drawn])
    assert np.corrcoef(np.log(red), depth)[0, 1] < -0.95
    assert red.max() < 1.2 * TONES[0, 0]
    assert red.min() > 0.8 * TONES[-1, 0]
    assert all(tone[0] > tone[1] > tone[2] for tone, _ in drawn)  # skin is never green or blue


def test_encoding_is_the_gamma_that_the_renderer_takes_off():
    linear = np.linspace(0, 1, 300).reshape(10, 10, 3)
    assert np.abs(decoded(encoded(linear)) - linear).max() < 0.005


def test_blend_touches_its_window_only():
    out = np.full((5, 5, 3), 0.5, np.float32)
    share = np.zeros((5, 5))
    share[1, 2], share[2, 3] = 1, 0.5
    blend(out, share, np.array([1.0, 0, 0]))
    assert np.allclose(out[1, 2], [1, 0, 0])
    assert np.allclose(out[2, 3], [0.75, 0.25, 0.25])
    assert np.allclose(np.delete(out.reshape(-1, 3), [7, 13], 0), 0.5)


@pytest.mark.parametrize("head", [False, True])
def test_texels_know_their_place(head):
    where = skin_map(head)
    body, uv = reference(), where.uv.mean(1)
    h, w = where.size
    middle = body.vertices[where.used][where.faces].mean(1)
    found = where.points[h - 1 - (uv[:, 1] * h).astype(int), (uv[:, 0] * w).astype(int)]
    assert np.quantile(np.linalg.norm(found - middle, axis=1), 0.99) < 0.02


def test_the_two_textures_and_the_eyes_make_the_whole_skin():
    faces = sum(len(skin_map(head).faces) for head in (False, True))
    eyeballs = eyes(reference(), Look(TONES[2], BROWN, None, 2.0), np.random.default_rng(0))
    assert faces + len(eyeballs.faces) == len(reference().faces)


def test_features_lie_on_the_face():
    points, eye = skin_map(head=True).points, reference().head("eye.L")
    lips = points[head_masks()["lips"] > 0.5].mean(0)
    assert abs(lips[0]) < 0.003
    assert 0.05 < eye[2] - lips[2] < 0.085
    for number in range(6):
        above = points[brows(number) > 0.5]
        assert (above[:, 2] > eye[2] + 0.008).all()
        assert abs(above[:, 0].mean()) < 0.003
    for beard in BEARDS:
        assert points[head_masks()[beard] > 0.2][:, 2].max() < eye[2] - 0.015


def test_a_dark_skin_has_paler_palms():
    look = Look(TONES[5], BROWN, None, 5.0)
    light = decoded(trunk_skin(look, None, np.random.default_rng(0)))
    where = skin_map(head=False)
    hand = where.arm > 0.6
    inwards = -where.normals[..., 0] * np.sign(where.points[..., 0])
    assert light[hand & (inwards > 0.8)].mean() > 1.25 * light[hand & (inwards < -0.8)].mean()


def test_a_skin_has_its_tone():
    for tone in TONES:
        look = Look(tone, BROWN, None, 2.0)
        body = decoded(trunk_skin(look, None, np.random.default_rng(0)))
        chest = np.abs(skin_map(head=False).points - [0, -0.1, 0.55]).max(2) < 0.08
        assert np.allclose(body[chest].mean(0), tone, rtol=0.15)
        face = decoded(head_skin(look, None, np.random.default_rng(0)))
        lips = head_masks()["lips"] > 0.8
        ratio = face[lips].mean(0) / tone
        assert ratio[0] > ratio[1]  # redder than the skin


def test_what_is_hidden_is_left_out():
    body = reference()
    look = Look(TONES[1], BROWN, "full", 1.0)
    hidden = body.vertices[:, 2] < 0.3
    trunk, head = skins(body, look, None, hidden, np.random.default_rng(0))
    assert trunk.vertices[:, 2].min() >= 0.3
    assert np.allclose(trunk.weights.sum(1), 1, atol=1e-4)
    assert head.vertices[:, 2].min() > 0.6


def test_the_pupil_is_in_the_middle():
    texture = eye_texture((80, 60, 40))
    assert (texture[31:33, 31:33, :3] < 10).all()
    assert (texture[0, :, :3] > 150).all()
