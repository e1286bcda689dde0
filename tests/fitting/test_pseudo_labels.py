import numpy as np
import pytest

from ddp_video.fitting.observe import Surface
from ddp_video.fitting.pseudo_labels import (
    GRID,
    average,
    classify,
    fill_nearest,
    label_person,
    mirror_surface,
)

from .figures import body, pose

HALF_TURN = np.pi
TORSO = np.array([[128.0, 108.0]])  # 20 cm above the hips
THIGH = np.array([[144.0, 148.0]])  # on our right


def surface(part: int, margin: float = 4.0, u: float = 0.3, v: float = 0.8) -> Surface:
    """BodyPix sure of one part everywhere; of its mirror image it thinks `margin` less."""
    parts = np.full((24, GRID, GRID), -8.0, np.float32)
    mirror = {2: 1, 1: 2, 9: 10, 10: 9}[part]
    parts[part - 1], parts[mirror - 1] = 0, -margin
    full = np.ones((24, GRID, GRID), np.float32)
    return Surface(np.ones((GRID, GRID), np.float32), parts, u * full, v * full)


def random_surface(seed: int) -> Surface:
    make = np.random.default_rng(seed).random
    return Surface(make((5, 5)), make((24, 5, 5)), make((24, 5, 5)), make((24, 5, 5)))


def test_mirroring_twice_changes_nothing() -> None:
    one = random_surface(0)
    two = mirror_surface(mirror_surface(one))
    for name in ("person", "parts", "u", "v"):
        np.testing.assert_allclose(getattr(two, name), getattr(one, name), atol=1e-7)


def test_the_mirror_law_by_hand() -> None:
    one = random_surface(1)
    other = mirror_surface(one)
    # torso front (2) stays, V turns; right hand (3) becomes left hand (4), U turns; thigh 9 ↔ 10
    np.testing.assert_allclose(other.v[1], 1 - one.v[1][:, ::-1])
    np.testing.assert_allclose(other.u[1], one.u[1][:, ::-1])
    np.testing.assert_allclose(other.u[3], 1 - one.u[2][:, ::-1])
    np.testing.assert_allclose(other.v[3], one.v[2][:, ::-1])
    np.testing.assert_allclose(other.u[9], one.u[8][:, ::-1])
    np.testing.assert_allclose(other.parts[9], one.parts[8][:, ::-1])
    np.testing.assert_allclose(other.person, one.person[:, ::-1])


def test_the_average_of_one_answer_is_itself() -> None:
    one = random_surface(2)
    both = average([one, one])
    np.testing.assert_allclose(both.parts, one.parts)
    np.testing.assert_allclose(both.u, one.u)


def test_doubt_is_decided_by_the_landmarks() -> None:
    part, sure, u, v = classify(surface(2), TORSO, body())
    assert (part[0], sure[0]) == (2, True)
    assert (u[0], v[0]) == (pytest.approx(0.3), pytest.approx(0.8))
    part, sure, _, _ = classify(surface(2, margin=1.0), TORSO, body(HALF_TURN))
    assert (part[0], sure[0]) == (1, True)
    part, sure, _, _ = classify(surface(9, margin=1.0), THIGH, body())
    assert (part[0], sure[0]) == (10, True)


def test_two_sure_teachers_who_disagree_leave_no_label() -> None:
    # at the middle of the back the landmarks weigh 8, all of it against BodyPix
    _, sure, _, _ = classify(surface(2, margin=8.0), TORSO, body(HALF_TURN))
    assert not sure[0]


def test_what_bodypix_takes_for_background_has_no_label() -> None:
    empty = surface(2)
    empty.person[:] = -1
    _, sure, _, _ = classify(empty, TORSO, body())
    assert not sure[0]


def test_outside_the_crop_there_is_no_label() -> None:
    _, sure, _, _ = classify(surface(2), np.array([[128.0, 300.0]]), body())
    assert not sure[0]


def test_fill_takes_the_nearest_label_of_the_same_person() -> None:
    iuv = np.zeros((1, 8, 3), np.uint8)
    iuv[0, :, 0] = [2, 255, 255, 255, 255, 255, 7, 9]
    iuv[0, 0, 1:], iuv[0, 6, 1:] = (10, 20), (30, 40)
    mask = np.array([[1, 1, 1, 1, 1, 1, 1, 0]], bool)  # the 9 belongs to somebody else
    filled = fill_nearest(iuv, mask, reach=2)
    np.testing.assert_array_equal(filled[0, :, 0], [2, 2, 2, 255, 7, 7, 7, 9])
    np.testing.assert_array_equal(filled[0, 2], [2, 10, 20])
    np.testing.assert_array_equal(filled[0, 4], [7, 30, 40])


def test_labels_stay_inside_the_mask() -> None:
    mask = np.zeros((256, 256), bool)
    mask[90:120, 120:136] = True
    iuv = label_person(surface(2), pose(mask), mask)
    np.testing.assert_array_equal(iuv[mask], np.broadcast_to([2, 76, 204], (mask.sum(), 3)))
    assert not iuv[~mask].any()
