"""What lens, sensor and codec do to light."""

import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio

from ddp_video.synthesis.lens import (
    Faults,
    compressed,
    defocus,
    disc,
    drawn_faults,
    falloff,
    lowered,
    noisy,
    photographed,
    shake,
    sharpened,
    streak,
    to_light,
    to_srgb,
    toned,
)


@pytest.fixture(scope="module")
def scene():
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:64, :96] / 64
    smooth = np.stack([0.4 + 0.3 * np.sin(4 * x + k) * np.cos(3 * y) for k in range(3)], 2)
    smooth[20:40, 30:60] = (0.05, 0.2, 0.5)
    return (smooth + 0.005 * rng.standard_normal(smooth.shape)).clip(0, 1).astype(np.float32)


def test_srgb_is_the_standards_below_the_highlights():
    levels = np.arange(0, 216, dtype=np.uint8).reshape(1, -1, 1).repeat(3, 2)
    back = 255 * to_srgb(to_light(levels))
    assert np.abs(back - levels).max() < 0.6
    assert to_light(np.full((1, 1, 3), 188, np.uint8))[0, 0, 0] == pytest.approx(0.503, abs=1e-3)


def test_highlights_roll_off_and_never_turn_back():
    light = np.linspace(0, 3, 500, dtype=np.float32)[None, :, None].repeat(3, 2)
    out = to_srgb(light)[0, :, 0]
    assert (np.diff(out) >= 0).all()
    assert out[-1] == 1
    assert to_srgb(np.full((1, 1, 3), 1.0, np.float32))[0, 0, 0] < 0.97


def test_no_faults_change_nothing_but_the_number_format(scene):
    picture = photographed(scene, Faults(), np.random.default_rng(0))
    assert np.abs(picture / 255 - to_srgb(scene)).max() < 1 / 255


@pytest.mark.parametrize("kernel", [disc(0.6), disc(4.2), streak((7.0, 0.0)), streak((3.0, -6.5))])
def test_blur_kernels_keep_the_light_and_its_place(kernel):
    y, x = np.indices(kernel.shape) - (np.array(kernel.shape) // 2)[:, None, None]
    assert kernel.sum() == pytest.approx(1, abs=1e-5)
    assert abs((kernel * x).sum()) < 0.05
    assert abs((kernel * y).sum()) < 0.05


def test_a_streak_is_as_long_as_its_path():
    kernel = streak((9.0, 0.0))
    columns = np.flatnonzero(kernel.sum(0) > 0.02)
    assert 9 <= columns[-1] - columns[0] + 1 <= 11
    assert np.count_nonzero(kernel.sum(1) > 1e-6) == 1


def test_flat_light_stays_flat_through_the_lens():
    flat = np.full((20, 20, 3), 0.3, np.float32)
    assert np.allclose(shake(defocus(flat, 3.0), (5.0, 2.0)), 0.3, atol=1e-5)


def test_vignette():
    shade = falloff((31, 31), 0.4)
    assert shade[15, 15] == 1
    assert np.allclose(shade[[0, 0, -1, -1], [0, -1, 0, -1]], 0.6)
    assert (np.diff(shade[15, 15:]) < 0).all()


def test_tone_leaves_greys_grey_and_mid_grey_in_place():
    grey = np.full((2, 2, 3), 0.45, np.float32)
    assert np.allclose(toned(grey, 1.4, 0.2), 0.45, atol=1e-6)
    half = toned(np.array([[[0.9, 0.1, 0.1]]], np.float32), 1.0, 0.0)
    assert np.ptp(half) < 1e-6


def test_noise_has_the_strength_it_says():
    flat = np.full((200, 200, 3), 0.5, np.float32)
    out = noisy(flat, 6.0, np.random.default_rng(1)) - flat
    assert 255 * out.std() == pytest.approx(6.0, rel=0.02)
    assert abs(out.mean()) < 4e-4
    assert noisy(flat, 0.0, np.random.default_rng(1)) is flat


def test_what_a_codec_leaves_gets_worse_with_its_quality(scene):
    picture = (to_srgb(scene) * 255).astype(np.uint8)
    for video in (False, True):
        quality = [
            peak_signal_noise_ratio(picture, compressed(picture, q, video)) for q in (90, 60, 30)
        ]
        assert quality[0] > quality[1] > quality[2] > 20
    assert compressed(picture, 100, False) is picture


def test_low_resolution_and_sharpening_keep_the_mean(scene):
    picture = (to_srgb(scene) * 255).astype(np.uint8)
    assert lowered(picture, 1.0) is picture
    assert lowered(picture, 0.5).shape == picture.shape
    for changed in (lowered(picture, 0.5), sharpened(picture, 0.8)):
        assert changed.mean() == pytest.approx(picture.mean(), abs=1.5)
    edge = np.abs(np.diff(sharpened(picture, 0.8).astype(int), axis=1)).max()
    assert edge > np.abs(np.diff(picture.astype(int), axis=1)).max()


def test_exposure_and_white_balance_are_factors_on_light(scene):
    dim = 0.3 * scene
    once = photographed(2 * dim, Faults(), np.random.default_rng(0))
    again = photographed(dim, Faults(exposure=2.0), np.random.default_rng(0))
    assert np.abs(once.astype(int) - again).max() <= 1
    warm = photographed(dim, Faults(balance=(1.1, 1.0, 0.9)), np.random.default_rng(0)).mean((0, 1))
    plain = photographed(dim, Faults(), np.random.default_rng(0)).mean((0, 1))
    assert warm[0] > plain[0]
    assert warm[1] == pytest.approx(plain[1], abs=0.1)
    assert warm[2] < plain[2]


def test_the_same_generator_gives_the_same_bytes(scene):
    made = []
    for _ in range(2):
        rng = np.random.default_rng(11)
        faults = drawn_faults(96, rng)
        made.append(photographed(scene, faults, rng))
    assert np.array_equal(made[0], made[1])


def test_most_pictures_are_hardly_harmed():
    rng = np.random.default_rng(2)
    drawn = [drawn_faults(512, rng) for _ in range(400)]
    assert np.mean([f.defocus < 0.5 for f in drawn]) > 0.6
    assert np.mean([f.noise < 4 for f in drawn]) > 0.8
    assert np.mean([0.6 < f.exposure < 1.6 for f in drawn]) > 0.85
    assert min(f.quality for f in drawn) >= 35
