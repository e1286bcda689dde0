"""Wrong fits are refused, wrong limbs are left out."""

import numpy as np
import pytest

pytest.importorskip("warp", reason="needs the extra synth")

from ddp_video.fitting.bodies import Fit
from ddp_video.fitting.evidence import NAMES, Observation
from ddp_video.fitting.judge import (
    Verdict,
    agreeing,
    contradicted,
    iou,
    judge,
    sure_groups,
    trusted_parts,
)
from ddp_video.fitting.labels import BodyPicture
from ddp_video.fitting.observe import Surface

from .figures import pose

SIZE = (100, 60)
FREE = np.ones(SIZE, bool)
NOBODY = np.full(SIZE, -1, np.int8)
TORSO, THIGH, SHIN = slice(10, 40), slice(40, 60), slice(60, 80)


def body() -> BodyPicture:
    part = np.zeros(SIZE, np.uint8)
    part[TORSO, 20:40] = 2
    part[THIGH, 20:30], part[THIGH, 30:40] = 9, 10  # right, left
    part[SHIN, 20:30], part[SHIN, 30:40] = 13, 14
    flat = np.zeros(SIZE, np.float32)
    return BodyPicture(part, flat, flat)


def observation(sure: float = 1.0) -> Observation:
    count = len(NAMES)
    return Observation(
        np.eye(2, 3, dtype=np.float32), np.zeros((count, 2)), np.zeros((count, 3)),
        np.full(count, sure, np.float32), np.zeros((256, 256), bool), np.ones((256, 256), bool),
    )  # fmt: skip


def fit(error: float = 1.0, effort: float = 1.0, landmarks: np.ndarray | None = None) -> Fit:
    zero = np.zeros(3)
    xy = np.zeros((len(NAMES), 2)) if landmarks is None else landmarks
    return Fit(np.zeros((35, 3)), np.zeros(6), zero, zero, xy, error, effort)


def verdict(mask: np.ndarray | None = None, groups: np.ndarray = NOBODY, **of: float) -> Verdict:
    mask = body().part > 0 if mask is None else mask
    sure = of.pop("sure", 1.0)
    return judge(fit(**of), observation(sure), body(), mask, FREE, groups)


def test_few_joints_are_enough_where_the_outline_fits() -> None:
    six = 6 / len(NAMES)
    assert verdict(sure=six).refused == ""
    wider = body().part > 0
    wider[TORSO, 5:55] = True
    worse = verdict(wider, sure=six)
    assert worse.overlap < 0.8
    assert "few" in worse.refused


def test_a_good_fit_counts_in_full() -> None:
    good = verdict()
    assert good.refused == ""
    assert good.weight == 1.0
    assert good.overlap == 1.0
    assert good.trusted[1:].all()


@pytest.mark.parametrize(
    ("of", "why"),
    [({"error": 9.0}, "joints"), ({"effort": 99.0}, "turn"), ({"sure": 0.1}, "few")],
)
def test_wrong_fits_are_refused(of: dict[str, float], why: str) -> None:
    bad = verdict(**of)
    assert why in bad.refused
    assert bad.weight == 0.0


def test_a_body_beside_the_outline_is_refused() -> None:
    mask = np.roll(body().part > 0, 10, axis=1)
    assert "outline" in verdict(mask).refused


def test_bodypix_may_refuse() -> None:
    groups = np.where(body().part > 0, 7, -1).astype(np.int8)  # heads everywhere
    assert "agree" in verdict(groups=groups).refused


def test_bodypix_is_not_heard_where_it_is_sure_of_little() -> None:
    groups = NOBODY.copy()
    groups[TORSO, 20:25] = 7  # heads on 150 of 1,400 pixels
    assert verdict(groups=groups).refused == ""
    groups[TORSO, 20:30] = 7
    assert "agree" in verdict(groups=groups).refused


def test_what_somebody_hides_does_not_count() -> None:
    visible = body().part > 0
    visible[60:] = False
    free = np.ones(SIZE, bool)
    free[60:] = False
    hidden = judge(fit(), observation(), body(), visible, free, NOBODY)
    assert hidden.overlap == 1.0
    assert verdict(visible).overlap == pytest.approx(1000 / 1400)


def test_a_limb_outside_the_mask_is_not_trusted() -> None:
    mask = body().part > 0
    mask[40:, 30:] = False  # the left leg is not where the body has it
    trusted = trusted_parts(fit(), observation(), body().part, mask, FREE, NOBODY)
    assert not trusted[[10, 14]].any()
    assert trusted[[2, 9, 13]].all()


def test_a_limb_far_from_its_joints_is_not_trusted() -> None:
    moved = np.zeros((len(NAMES), 2))
    moved[NAMES.index("left_wrist")] = moved[NAMES.index("left_elbow")] = 0.2
    mask = body().part > 0
    trusted = trusted_parts(fit(landmarks=moved), observation(), body().part, mask, FREE, NOBODY)
    assert not trusted[[15, 17, 19, 21, 4]].any()
    assert trusted[[16, 18, 20, 22, 3]].all()


def test_shares_by_hand() -> None:
    a, b = np.array([1, 1, 0, 0], bool), np.array([0, 1, 1, 0], bool)
    assert iou(a, b) == pytest.approx(1 / 3)
    part = np.array([2, 2, 9, 9])
    groups = np.array([0, 3, 3, -1])
    assert agreeing(part, np.ones(4, bool), groups) == pytest.approx(2 / 3)
    assert agreeing(part, np.ones(4, bool), np.full(4, -1)) == 1.0


def test_an_arm_that_bodypix_sees_before_the_torso_is_doubted() -> None:
    part = body().part
    groups = np.where(part > 0, 0, -1).astype(np.int8)
    groups[20:30, 25:35] = 6  # a lower arm; the labels have none
    groups[38:42, 20:40] = 3  # the border of the thigh two pixels higher
    doubt = contradicted(part, groups, 100.0)
    assert doubt[20:30, 25:35].all()
    assert not doubt[38:40].any()


def test_sure_groups_lie_where_the_crop_is() -> None:
    person = pose(np.ones((256, 256)))
    parts = np.full((24, 17, 17), -9.0, np.float32)
    parts[1, :, :8], parts[22, :, 9:] = 9, 9  # torso on the left, head on the right
    half = np.full((24, 17, 17), 0.5, np.float32)
    groups = sure_groups(
        Surface(np.ones((17, 17), np.float32), parts, half, half), person, (256, 256)
    )
    assert groups[128, 64] == 0  # the picture is the crop
    assert groups[128, 192] == 7
    assert (sure_groups(None, person, (256, 256)) == -1).all()
