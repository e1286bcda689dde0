"""ITF and ISI against scikit-image, and by hand."""

from itertools import pairwise

import cv2
import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from ddp_video.errors import ShapeError
from ddp_video.measure import Steadiness, SteadinessResult


def clip(frames: int = 4, size: tuple[int, int] = (37, 52)) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    base = cv2.GaussianBlur(rng.integers(0, 256, (*size, 3), np.uint8), (0, 0), 1.5)
    base = cv2.normalize(base, base.copy(), 0, 255, cv2.NORM_MINMAX)
    steps = rng.integers(-30, 30, (frames, *size, 3))
    return [np.clip(base + step, 0, 255).astype(np.uint8) for step in steps]


def grey(image: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)


def ssim(x: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
    rule = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    return structural_similarity(x, y, data_range=255, full=True, **rule)


def measured(frames, masks=None) -> SteadinessResult:
    steadiness = Steadiness("frame" if masks is None else "people")
    for image, mask in zip(frames, masks or [None] * len(frames), strict=True):
        steadiness.add(image, mask)
    return steadiness.result()


@pytest.mark.parametrize("size", [(37, 52), (11, 11), (64, 13)])
def test_it_agrees_with_scikit_image(size):
    frames = clip(size=size)
    pairs = [(grey(x), grey(y)) for x, y in pairwise(frames)]
    result = measured(frames)
    itf = np.mean([peak_signal_noise_ratio(x, y, data_range=255) for x, y in pairs])
    assert result.itf_db == pytest.approx(itf, abs=1e-9)
    assert result.isi == pytest.approx(np.mean([ssim(x, y)[0] for x, y in pairs]), abs=2e-6)
    assert (result.pairs, result.n_identical, result.region) == (3, 0, "frame")


def test_bright_flat_pictures_keep_the_precision():
    x = np.full((30, 30, 3), 254, np.uint8)
    y = x.copy()
    y[10:20, 10:20] = 253
    assert measured([x, y]).isi == pytest.approx(ssim(grey(x), grey(y))[0], abs=2e-6)


@pytest.mark.parametrize("corner", [(0, 0), (15, 20), (20, 32)])
def test_pictures_on_black_count_in_full(corner):
    pictures = []
    for step, patch in enumerate(clip(3, size=(17, 20))):
        picture = np.zeros((37, 55, 3), np.uint8)
        y, x = corner[0], corner[1] + step
        picture[y : y + 17, x : x + 20] = patch
        pictures.append(picture)
    pairs = [(grey(x), grey(y)) for x, y in pairwise([*pictures, np.zeros_like(pictures[0])])]
    result = measured([*pictures, np.zeros_like(pictures[0])])
    assert result.isi == pytest.approx(np.mean([ssim(x, y)[0] for x, y in pairs]), abs=2e-6)


@pytest.mark.parametrize(
    "hidden", [np.s_[:0, :0], np.s_[8:20, 10:30], np.s_[:, :], np.s_[30:, 45:]]
)
def test_what_is_drawn_over_frames_is_measured_as_if_it_stood_alone(hidden):
    frames = [*clip(), clip()[-1]]  # the last pair is identical but for what is drawn
    below, alone = Steadiness(), Steadiness()
    over = Steadiness(over=below)
    for step, frame in enumerate(frames):
        drawn = frame.copy()
        drawn[hidden] //= step + 1
        below.add(frame)
        pair, expected = over.add(drawn), alone.add(drawn)
        assert pair.psnr_db == expected.psnr_db
        assert pair.ssim == (expected.ssim and pytest.approx(expected.ssim, abs=2e-6))
    assert over.result().isi == pytest.approx(alone.result().isi, abs=2e-6)


def test_grey_is_bt601_and_8_bit():
    black = np.zeros((12, 12, 3), np.uint8)
    red = black.copy()
    red[..., 0] = 255  # RGB: 0.299 · 255 = 76.2, to 76
    assert measured([black, red]).itf_db == pytest.approx(20 * np.log10(255 / 76))


def test_identical_pairs_are_left_out_and_counted():
    a, b, *_ = clip()
    result = measured([a, a, b, b, b])
    assert (result.pairs, result.n_identical) == (4, 3)
    assert result.itf_db == measured([a, b]).itf_db
    assert result.isi == measured([a, b]).isi


@pytest.mark.parametrize("frames", [0, 1, 3])
def test_nothing_that_moves_is_undefined_and_never_infinite(frames):
    result = measured([clip()[0]] * frames)
    assert result.itf_db is None
    assert result.isi is None
    assert result.n_identical == result.pairs == max(0, frames - 1)


def test_the_people_are_the_union_of_a_pair():
    x, y, *_ = clip()
    first, second = np.zeros((2, 37, 52), np.float32)
    first[2:20, 3:20], second[15:30, 10:45] = 1, 0.5
    union = (first + second) > 0
    result = measured([x, y], [first, second])
    error = np.mean((grey(x).astype(float) - grey(y))[union] ** 2)
    assert result.itf_db == pytest.approx(10 * np.log10(255**2 / error))
    inside = union.copy()
    inside[:5] = inside[-5:] = inside[:, :5] = inside[:, -5:] = False
    assert result.isi == pytest.approx(ssim(grey(x), grey(y))[1][inside].mean(), abs=2e-6)
    assert result.region == "people"


def test_a_region_of_everything_is_the_whole_frame():
    frames = clip()
    result = measured(frames, [np.ones((37, 52), bool)] * 4)
    assert result.itf_db == pytest.approx(measured(frames).itf_db)
    assert result.isi == pytest.approx(measured(frames).isi)


def test_pairs_without_people_are_left_out_and_counted():
    frames = clip()
    nobody, somebody = np.zeros((37, 52), bool), np.ones((37, 52), bool)
    result = measured(frames, [nobody, nobody, somebody, nobody])
    assert (result.pairs, result.n_empty, result.n_identical) == (3, 1, 0)
    assert result.itf_db == pytest.approx(measured(frames[1:]).itf_db)


def test_a_change_outside_the_region_is_no_change():
    x, y = clip()[0], clip()[0]
    y[:, 40:] = 0
    mask = np.zeros((37, 52), bool)
    mask[:, :20] = True
    assert measured([x, y], [mask, mask]).n_identical == 1


def test_frames_below_the_window_have_an_itf_and_no_isi():
    frames = clip(size=(10, 40))
    assert measured(frames).itf_db is not None
    assert measured(frames).isi is None


def test_mistakes_of_the_caller_are_refused():
    steadiness = Steadiness()
    steadiness.add(np.zeros((20, 20, 3), np.uint8))
    with pytest.raises(ShapeError, match="follows"):
        steadiness.add(np.zeros((20, 21, 3), np.uint8))
    with pytest.raises(ShapeError, match="mask"):
        Steadiness().add(np.zeros((20, 20, 3), np.uint8), np.ones((20, 20)))
    with pytest.raises(ShapeError, match="mask"):
        Steadiness("people").add(np.zeros((20, 20, 3), np.uint8))
    with pytest.raises(ShapeError, match="mask"):
        Steadiness("people").add(np.zeros((20, 20, 3), np.uint8), np.ones((20, 21)))
