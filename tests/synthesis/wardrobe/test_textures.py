"""Cloth made of code: it repeats without a seam, has the colours it was given, and no others."""

import numpy as np
import pytest

pytest.importorskip("scipy")

from ddp_video.synthesis.wardrobe.textures import (
    FOLD_MAPS,
    PATTERNS,
    SIDE,
    bands,
    checks,
    cloth_colour,
    dots,
    fold_map,
    folded,
    leather,
    noise,
    pattern,
    plain,
    stripes,
)

RED = np.array([200.0, 20, 20])


def test_noise_repeats_without_a_seam():
    field = noise(np.random.default_rng(0), (8, 8))
    inside = np.abs(np.diff(field, axis=0)).max()
    assert field.shape == (SIDE, SIDE)
    assert np.abs(field[0] - field[-1]).max() <= 1.5 * inside
    assert np.abs(field[:, 0] - field[:, -1]).max() <= 1.5 * np.abs(np.diff(field, axis=1)).max()
    assert abs(field.mean()) < 0.5
    assert 0.4 < field.std() < 1.3


def test_bands_have_the_share_asked_for():
    mask = bands(16, 0.25)
    assert mask.mean() == pytest.approx(0.25, abs=1 / SIDE * 16)
    assert (np.diff(mask.astype(int)) == 1).sum() == 15  # the first begins at 0


def test_stripes_are_constant_along_themselves():
    for seed in range(8):
        cloth = stripes(np.random.default_rng(seed), RED)
        across, upright = (np.ptp(cloth, axis=axis).max() for axis in (1, 0))
        assert min(across, upright) == 0
        assert (cloth == RED.astype(np.float32)).all(2).any()


def test_a_check_is_woven_of_equal_shares():
    cloth = checks(np.random.default_rng(1), RED)
    assert cloth.shape == (SIDE, SIDE, 3)
    assert len(np.unique(cloth.reshape(-1, 3), axis=0)) in (3, 4, 5, 6, 7, 8, 9)


def test_dots_are_round_and_of_two_colours():
    cloth = dots(np.random.default_rng(2), RED)
    colours, counts = np.unique(cloth.reshape(-1, 3), axis=0, return_counts=True)
    assert len(colours) == 2
    share = counts.min() / counts.sum()
    assert np.pi * 0.15**2 - 0.02 < share < np.pi * 0.34**2 + 0.02


@pytest.mark.parametrize("use", PATTERNS)
def test_patterns_are_colours_and_depend_on_the_seed_only(use):
    for seed in range(20):
        cloth = pattern(np.random.default_rng(seed), use)
        assert cloth.shape == (SIDE, SIDE, 3)
        assert cloth.min() > -90
        assert cloth.max() < 350
        assert np.array_equal(cloth, pattern(np.random.default_rng(seed), use))
    assert sum(share for _, share in PATTERNS[use]) == pytest.approx(1)


def test_colours_are_colours():
    rng = np.random.default_rng(0)
    drawn = np.array([cloth_colour(rng) for _ in range(300)])
    assert drawn.min() >= 0
    assert drawn.max() <= 256
    assert np.ptp(drawn, axis=1).mean() < 90  # few are vivid


@pytest.mark.parametrize("upright", [False, True])
def test_folds_shade_but_do_not_dye(upright):
    for number in range(FOLD_MAPS):
        assert fold_map(number, upright).mean() == pytest.approx(1, abs=0.06)
    rng = np.random.default_rng(0)
    cloth = folded(plain(rng, RED), rng, 1.0, upright)
    assert cloth.dtype == np.uint8
    assert (cloth[..., 3] == 255).all()
    assert cloth[..., 0].std() > 3
    ratio = cloth[..., 1] / cloth[..., 0]
    assert np.abs(ratio - 0.1).max() < 0.01


def test_no_folds_leave_the_cloth_as_it_is():
    rng = np.random.default_rng(0)
    assert (folded(plain(rng, RED), rng, 0.0)[..., :3] == RED).all()


def test_a_shoe_has_its_sole_below():
    shoe = leather(np.random.default_rng(3), 0.25)
    below = shoe[48:, :, :3].reshape(-1, 3)
    assert np.ptp(below, axis=0).max() == 0
    assert (shoe[..., 3] == 255).all()
