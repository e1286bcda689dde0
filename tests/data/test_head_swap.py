"""Another's head: what of the labels and colours is whose."""

from dataclasses import replace

import numpy as np
import pytest

from ddp_video.data.cut_out import CutOut
from ddp_video.data.head_swap import swap_head

HAND, HEAD, BACK, FRONT, THIGH = 3, 23, 1, 2, 9


def person(torso: int, level: int, u: int, scale: int = 1, cut=None) -> CutOut:
    """A head (12 wide, 16 high) on a trunk (20, 30) on legs (20, 24), in a crop around them."""
    labels = np.zeros((70, 20, 4), np.uint8)
    labels[16:46] = (torso, u, u, 1)
    labels[:16, 4:16] = (HEAD, u, u, 1)
    labels[46:] = (THIGH, u, u, 1)
    labels = labels.repeat(scale, 0).repeat(scale, 1)
    mask = labels[..., 3] * np.uint8(255)
    image = np.where(mask[..., None] > 0, np.uint8(level), np.uint8(0)).repeat(3, 2)
    points = scale * np.array([[10, 8, 0, 0, 0, 0], [10, 30, 0, 0, 0, 0]], np.float32)
    points[:, 2:5] = [[HEAD, u / 255, 0.5], [torso, u / 255, 0.5]]
    return CutOut(image, labels, mask, points, cut=cut)


def swapped(cut: CutOut, donor: CutOut, **options: float) -> CutOut:
    return swap_head(np.random.default_rng(0), cut, donor, stretch=0, angle=0, **options)


@pytest.mark.parametrize("scale", [1, 2, 3])
def test_the_head_is_the_donors_and_the_rest_stays(scale):
    back, front = person(BACK, 200, u=40), person(FRONT, 90, u=80, scale=scale)
    made = swapped(back, front)
    assert made.mask.shape == back.mask.shape
    head = made.labels[..., 0] == HEAD
    kept = np.zeros_like(head)
    kept[13:] = True  # the own neck stays where the other does not cover it
    assert (made.labels[head & ~kept][:, 1] == 80).all()
    assert 0.95 * 192 < head.sum() < 1.05 * 192
    np.testing.assert_array_equal(made.labels[16:], back.labels[16:])
    assert (made.image[18:] == 200).all()
    assert (made.image[2:12, 6:14] == 90).all()


def test_a_wider_head_of_less_height_leaves_nothing_of_the_own():
    flat = person(FRONT, 90, u=80)
    flat = replace(flat, labels=flat.labels[8:], mask=flat.mask[8:], image=flat.image[8:])
    made = swapped(person(BACK, 200, u=40), flat)
    assert set(np.unique(made.labels[:8, :, 1][made.mask[:8] > 0])) <= {80}
    assert ((made.labels[..., 3] == 1) == (made.mask > 0)).all()


def test_points_of_the_head_are_the_donors():
    made = swapped(person(BACK, 200, u=40), person(FRONT, 90, u=80, scale=2))
    assert sorted(made.points[:, 2]) == [BACK, HEAD]
    head, torso = made.points[made.points[:, 2] == HEAD][0], made.points[made.points[:, 2] == BACK]
    np.testing.assert_allclose(head[[0, 1, 3]], [10, 8, 80 / 255], atol=0.6)
    np.testing.assert_allclose(torso[0, :2], [10, 30], atol=1e-4)


def test_an_arm_before_the_head_stays_before_it():
    back = person(BACK, 200, u=40)
    back.labels[6:10, 8:12] = (HAND, 1, 2, 1)
    made = swapped(back, person(FRONT, 90, u=80))
    from_below = np.s_[-64:-60, 8:12]  # the crop may end lower, where the new head does
    np.testing.assert_array_equal(made.labels[from_below], back.labels[from_below])
    assert (made.image[-63:-61, 9:11] == 200).all()


def test_a_head_leans_as_the_own_did():
    lying = person(BACK, 200, u=40)
    turned = replace(
        lying,
        labels=np.ascontiguousarray(np.rot90(lying.labels)),
        mask=np.ascontiguousarray(np.rot90(lying.mask)),
        image=np.ascontiguousarray(np.rot90(lying.image)),
        points=np.zeros((0, 6), np.float32),
    )  # the head to the left
    made = swapped(turned, person(FRONT, 90, u=80, scale=2))
    y, x = np.nonzero((made.labels[..., 0] == HEAD) & (made.labels[..., 1] == 80))
    assert x.max() < 20
    assert abs(y.mean() - 9.5) < 1
    assert np.ptp(x) > np.ptp(y)


def test_who_stands_at_the_border_stays_there():
    back = person(BACK, 200, u=40, cut="bottom")
    made = swapped(back, person(FRONT, 90, u=80))
    assert made.cut == "bottom"
    assert (made.mask[-1] > 0).all()


def test_nobody_is_changed_in_place():
    back, front = person(BACK, 200, u=40), person(FRONT, 90, u=80)
    before = [a.copy() for c in (back, front) for a in (c.image, c.labels, c.mask, c.points)]
    swapped(back, front)
    after = [a for c in (back, front) for a in (c.image, c.labels, c.mask, c.points)]
    for a, b in zip(before, after, strict=True):
        np.testing.assert_array_equal(a, b)


def test_without_a_head_on_its_neck_or_with_too_small_a_one_all_stays():
    back, front = person(BACK, 200, u=40), person(FRONT, 90, u=80)
    headless = replace(back, labels=back.labels[16:], mask=back.mask[16:], image=back.image[16:])
    assert swapped(headless, front) is headless
    assert swapped(back, headless) is back
    large = person(BACK, 200, u=40, scale=3)
    assert swapped(large, front) is large
    assert swapped(large, front, max_zoom=4) is not large


def test_the_back_of_a_head_never_comes_above_a_front():
    back, front = person(BACK, 200, u=40), person(FRONT, 90, u=80)
    assert swapped(front, back) is front
    assert swapped(back, back) is not back
    assert swapped(front, front) is not front


def test_heads_of_which_a_part_is_hidden_are_not_taken():
    back, front = person(BACK, 200, u=40), person(FRONT, 90, u=80)
    front.labels[4:12, 8:20] = (HAND, 1, 2, 1)
    assert swapped(back, front) is back
    topless = person(FRONT, 90, u=80, cut="top")
    assert swapped(back, topless) is back


def test_a_large_head_is_averaged_when_it_shrinks():
    back, front = person(BACK, 200, u=40), person(FRONT, 90, u=80, scale=4)
    front.image[::2] = 250  # lines that sampling alone would keep or lose
    front.image[1::2] = 50
    made = swapped(back, front)
    assert (abs(made.image[3:10, 7:13].astype(int) - 150) < 12).all()
