"""Geometry, covers and the camera."""

from dataclasses import replace

import numpy as np
import pytest

from ddp_video.data.canvas import Picture, blank_canvas, warp_positions
from ddp_video.training.augment import (
    AugmentSettings,
    add_noise,
    background_matrix,
    colour,
    compress,
    erase,
    lay,
    motion_kernel,
    photo_matrix,
    photometric,
    tone,
)

STILL = AugmentSettings(
    any_angle=0, angle=0, aspect=0, shear=0, perspective=0, flip=0, shift=0, light=0, contrast=0,
    gamma=0, saturation=0, hue=0, warmth=0, grey=0, dark=0, blur=0, low_resolution=0, noise=0,
    jpeg=0,
)  # fmt: skip


def photo(width: int = 300, height: int = 400) -> Picture:
    return Picture(
        image=np.zeros((height, width, 3), np.uint8),
        labels=np.zeros((height, width, 4), np.uint8),
        boxes=np.array([[100, 50, 200, 350]], np.float32),
        has_surface=np.array([True]),
        weights=np.ones(1, np.float32),
        points=np.zeros((0, 6), np.float32),
    )


def ramp() -> np.ndarray:
    return np.arange(64 * 64 * 3, dtype=np.int64).reshape(64, 64, 3).astype(np.uint8)


def test_still_lay_is_a_scale_about_the_centre():
    rng = np.random.default_rng(0)
    matrix, mirrored = lay(rng, (10.0, 20.0), 2.0, np.array([3.0, -4.0]), 64, STILL)
    assert not mirrored
    expected = [[2, 0, 31.5 + 3 - 20], [0, 2, 31.5 - 4 - 40], [0, 0, 1]]
    np.testing.assert_allclose(matrix, expected)


def test_flip_turns_over_about_the_centre():
    rng = np.random.default_rng(0)
    flipped = replace(STILL, flip=1.0)
    matrix, mirrored = lay(rng, (10.0, 20.0), 1.0, np.zeros(2), 64, flipped)
    assert mirrored
    np.testing.assert_allclose(warp_positions(np.array([[12.0, 20.0]]), matrix), [[29.5, 31.5]])


def test_heights_stay_within_bounds():
    settings = replace(
        STILL, min_height=24, max_height=2.2, min_cover=0.0, max_cover=0.0, max_zoom=9.0
    )
    heights = []
    for seed in range(300):
        matrix, _ = photo_matrix(np.random.default_rng(seed), photo(), 256, settings)
        heights.append(300 * np.sqrt(np.linalg.det(matrix)))
    assert 24 <= min(heights) < 30
    assert 500 < max(heights) <= 2.2 * 256
    middle = np.sqrt(24 * 2.2 * 256)  # log-uniform: half of them below the geometric mean
    assert 0.4 < np.mean(np.array(heights) < middle) < 0.6


def test_small_photos_are_rare_by_cover():
    settings = replace(STILL, min_cover=0.9, max_cover=0.9)
    for seed in range(50):
        matrix, _ = photo_matrix(np.random.default_rng(seed), photo(), 256, settings)
        assert 300 * np.sqrt(np.linalg.det(matrix)) >= 0.9 * 256 - 1e-6


def test_any_angle_comes_with_its_probability():
    def upside_down(settings: AugmentSettings) -> float:
        turned = 0
        for seed in range(400):
            matrix, _ = lay(np.random.default_rng(seed), (0, 0), 1.0, np.zeros(2), 64, settings)
            turned += matrix[1, 1] < 0
        return turned / 400

    assert upside_down(replace(STILL, any_angle=0.5)) == pytest.approx(0.25, abs=0.07)
    assert upside_down(replace(STILL, angle=15.0)) == 0


def test_background_covers_the_canvas_when_still():
    image = np.zeros((100, 180, 3), np.uint8)
    corners = np.array([[0, 0], [255, 0], [0, 255], [255, 255.0]])
    for seed in range(30):
        matrix, _ = background_matrix(np.random.default_rng(seed), image, 256, STILL)
        seen = warp_positions(corners, np.linalg.inv(matrix))
        assert seen.min() >= -0.5
        assert (seen <= [179.5, 99.5]).all()


def test_cover_takes_picture_and_labels_away():
    for seed in range(20):
        canvas = blank_canvas(np.zeros((64, 64, 3), np.uint8))
        canvas.instance[8:56, 16:48] = 1
        canvas.labels[2:14, 4:12] = (2, 9, 9, 1)
        canvas.has_surface.append(True)
        erase(np.random.default_rng(seed), canvas, np.full((50, 50, 3), 200, np.uint8))
        covered = canvas.image[..., 0] == 200
        assert covered.any()
        assert not canvas.instance[covered].any()
        assert (canvas.instance[8:56, 16:48][~covered[8:56, 16:48]] == 1).all()
        cells = covered[2::4, 2::4]
        assert not canvas.labels[cells].any()
        assert (canvas.labels[2:14, 4:12, 0][~cells[2:14, 4:12]] == 2).all()


def test_cover_without_people_does_nothing():
    canvas = blank_canvas(np.zeros((64, 64, 3), np.uint8))
    canvas.instance[:] = 255
    erase(np.random.default_rng(0), canvas, np.full((50, 50, 3), 200, np.uint8))
    assert not canvas.image.any()


def test_nothing_asked_leaves_the_picture_alone():
    image = ramp()
    np.testing.assert_array_equal(photometric(np.random.default_rng(0), image, STILL), image)


def test_camera_depends_on_its_generator_alone():
    image = ramp()
    wild = AugmentSettings(noise=1, jpeg=1, blur=1, low_resolution=1)
    once = photometric(np.random.default_rng(5), image, wild)
    np.testing.assert_array_equal(photometric(np.random.default_rng(5), image, wild), once)
    assert once.shape == image.shape
    assert once.dtype == np.uint8
    np.testing.assert_array_equal(image, ramp())  # the given picture is not written to


def test_one_stop_doubles_the_light():
    class Up:  # a generator that always draws the upper bound
        def uniform(self, low, high, size=None):
            return high if size is None else np.full(size, high)

    image = np.full((4, 4, 3), 40, np.uint8)
    out = tone(Up(), image, replace(STILL, light=1.0), dark=False)  # type: ignore[arg-type]
    assert (out == 80).all()


def test_grey_has_the_luma_of_bt601():
    image = np.zeros((2, 2, 3), np.uint8)
    image[:] = (200, 100, 50)
    out = colour(np.random.default_rng(0), image, replace(STILL, grey=1.0))
    assert (out == round(0.299 * 200 + 0.587 * 100 + 0.114 * 50)).all()


def test_colour_leaves_grey_pixels_alone():
    image = np.repeat(np.arange(256, dtype=np.uint8).reshape(16, 16, 1), 3, axis=2)
    strong = replace(STILL, saturation=0.9, hue=90.0)
    for seed in range(5):
        out = colour(np.random.default_rng(seed), image, strong)
        assert np.abs(out.astype(int) - image).max() <= 1


@pytest.mark.parametrize("angle", [0.0, 37.0, 90.0, 171.0])
def test_motion_blur_does_not_move_the_picture(angle):
    kernel = motion_kernel(7.0, angle)
    y, x = np.indices(kernel.shape) - (kernel.shape[0] - 1) / 2
    assert kernel.sum() == pytest.approx(1.0, abs=1e-6)
    assert (kernel * x).sum() == pytest.approx(0.0, abs=1e-6)
    assert (kernel * y).sum() == pytest.approx(0.0, abs=1e-6)


def test_noise_has_its_strength():
    image = np.full((128, 128, 3), 128, np.uint8)
    difference = add_noise(np.random.default_rng(0), image, 8.0).astype(float) - 128
    assert difference.std() == pytest.approx(8.0, rel=0.05)
    assert difference.mean() == pytest.approx(0.0, abs=0.2)


def test_jpeg_keeps_channels_in_order():
    image = np.zeros((32, 32, 3), np.uint8)
    image[:] = (200, 60, 20)
    assert np.abs(compress(image, 95).astype(int) - image).max() <= 4
