"""Labels go out to the mask, by ways inside it, and not from one limb to another."""

import numpy as np
import pytest

pytest.importorskip("warp", reason="needs the extra synth")

from ddp_video.fitting.bodies import FOCAL
from ddp_video.fitting.evidence import mask_points
from ddp_video.fitting.labels import BodyPicture, carry, directions, label_mask, spread, to_picture
from ddp_video.fitting.observe import CROP


def painted(size: tuple[int, int], parts: dict[int, tuple[slice, slice]]) -> BodyPicture:
    part = np.zeros(size, np.uint8)
    for number, where in parts.items():
        part[where] = number
    u = np.where(part > 0, np.linspace(0, 1, size[1])[None], 0).astype(np.float32)
    return BodyPicture(part, u, 1 - u)


def test_spread_finds_the_nearest_seed_inside_the_mask() -> None:
    rng = np.random.default_rng(0)
    seeds = rng.random((30, 40)) < 0.01
    source, distance = spread(seeds, np.ones((30, 40), bool), 60)
    rows, columns = np.nonzero(seeds)
    y, x = np.mgrid[:30, :40]
    exact = np.sqrt((y[..., None] - rows) ** 2 + (x[..., None] - columns) ** 2).min(-1)
    np.testing.assert_allclose(distance, exact, atol=0.5)
    assert (source[seeds] == np.flatnonzero(seeds)).all()


def test_spread_does_not_jump_over_a_gap() -> None:
    mask = np.ones((20, 21), bool)
    mask[:, 10] = False
    seeds = np.zeros_like(mask)
    seeds[10, 9] = True
    source, _ = spread(seeds, mask, 30)
    assert (source[:, :10] == 10 * 21 + 9).all()
    assert (source[:, 10:] == -1).all()


def test_labels_end_at_their_reach() -> None:
    part = np.zeros((9, 40), int)
    part[:, :5] = 2
    source = carry(part, np.ones((9, 40), bool), reach=10, close=1)
    assert (source[4, :15] >= 0).all()
    assert (source[4, 15:] == -1).all()


def test_labels_do_not_cross_limbs() -> None:
    part = np.zeros((21, 40), int)
    part[:, :10], part[:, 30:] = 9, 10  # front of the right and of the left thigh
    source = carry(part, np.ones(part.shape, bool), reach=30, close=2)
    taken = np.where(source >= 0, part.ravel()[source], 0)[10]
    assert set(taken[:17]) == {9}
    assert set(taken[23:]) == {10}
    assert not taken[18:22].any()  # a skirt between the legs: nobody knows


def test_label_mask() -> None:
    body = painted((40, 40), {2: (slice(5, 30), slice(10, 20)), 9: (slice(30, 38), slice(10, 20))})
    mask = np.zeros((40, 40), bool)
    mask[4:36, 9:19] = True
    iuv = label_mask(body, mask)
    assert not iuv[~mask].any()
    both = mask & (body.part > 0)
    np.testing.assert_array_equal(iuv[..., 0][both], body.part[both])
    np.testing.assert_array_equal(iuv[..., 1][both], np.round(255 * body.u[both]))
    np.testing.assert_array_equal(iuv[10, 9], iuv[10, 10])  # one pixel of clothes
    trusted = np.ones(25, bool)
    trusted[9] = False
    doubted = label_mask(body, mask, trusted)[..., 0]
    assert (doubted[31:36, 10:19] == 255).all()
    assert not label_mask(body, np.zeros_like(mask)).any()


def test_rays_and_points_are_inverse() -> None:
    crop = np.array([[0.8, 0.6, 10.0], [-0.6, 0.8, 70.0]], np.float32)
    xy = np.array([[0.0, 0], [120, 40], [33, 200]])
    np.testing.assert_allclose(to_picture(3 * directions(xy, crop), crop), xy, atol=1e-3)


def test_rays_go_where_the_fit_holds_the_mask() -> None:
    """The crop is -1..1 from border to border for both."""
    mask = np.zeros((CROP, CROP), bool)
    mask[100, 140] = True
    held = mask_points(mask, np.ones_like(mask))[0]
    same = np.array([[1.0, 0, 0], [0, 1, 0]], np.float32)  # the crop is the picture
    ray = directions(np.array([[140.0, 100]]), same)[0]
    np.testing.assert_allclose(ray[:2] / ray[2] * FOCAL, held, atol=1e-6)
