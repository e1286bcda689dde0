from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ddp_video.fitting.athletes import (
    around,
    best_look,
    corrected,
    covered,
    joint_error,
    see_athlete,
    spine_angle,
)
from ddp_video.fitting.evidence import LANDMARKS, observation
from ddp_video.fitting.observe import Pose
from ddp_video.fitting.one_photo import PhotoLabels, SurfaceLabeller
from ddp_video.fitting.sidecars import LSP_TO_BLAZEPOSE

from .figures import pose
from .painted import SIDE, Painted, painted


@pytest.fixture
def teachers() -> Any:
    return Painted()


def label_athlete(teachers: Any, image: np.ndarray, joints: Any) -> PhotoLabels | str:
    sight = see_athlete(teachers, image, joints)
    return sight if isinstance(sight, str) else SurfaceLabeller(teachers)([sight])[0]


def joints_of(image: np.ndarray) -> dict[str, np.ndarray]:
    xy = pose(image[:, :, 0] > 0).xy
    return {name: xy[k] for name, k in LSP_TO_BLAZEPOSE.items()}


def test_an_athlete_must_agree_with_the_joints(teachers: Painted) -> None:
    image = painted(40, 20, 216, 240)
    labels = label_athlete(teachers, image, joints_of(image))
    assert not isinstance(labels, str)
    assert labels.surfaces == 1
    moved = {name: place + 60 for name, place in joints_of(image).items()}
    assert "differ" in str(label_athlete(teachers, image, moved))
    few = dict(list(joints_of(image).items())[:5])
    assert "fewer than 6" in str(label_athlete(teachers, image, few))


def test_joint_error_by_hand() -> None:
    person = pose(np.ones((SIDE, SIDE)))
    joints = {name: person.xy[k] + [3, 4] for name, k in LSP_TO_BLAZEPOSE.items()}
    box = np.array([0.0, 0, 50, 100])
    assert joint_error(person, joints, box) == (pytest.approx(0.05), False)
    left = {k: v for k, v in joints.items() if k.startswith("l_")}
    swapped = {"r" + name[1:]: place for name, place in left.items()}
    assert joint_error(person, swapped, box) == (pytest.approx(0.05), True)


def test_joints_replace_landmarks_that_are_far_off() -> None:
    person = pose(np.ones((SIDE, SIDE)))
    joints = {name: person.xy[k] + 2.0 for name, k in LSP_TO_BLAZEPOSE.items()}
    joints["l_wrist"] = person.xy[15] + [30.0, 0]
    box = np.array([0.0, 0, 100, 200])  # 8 % of its longer side are 16 pixels
    mended = corrected(person, joints, box)
    np.testing.assert_array_equal(mended.xy[15], joints["l_wrist"])
    others = [k for k in range(39) if k != 15]
    np.testing.assert_array_equal(mended.xy[others], person.xy[others])


def test_spine_angle_by_hand() -> None:
    upright = {"l_hip": (10, 50), "r_hip": (0, 50), "l_shoulder": (10, 0), "r_shoulder": (0, 0)}
    joints = {name: np.array(place, float) for name, place in upright.items()}
    assert spine_angle(joints) == [pytest.approx(0)]
    lying = {name: place[::-1] * [-1, 1] for name, place in joints.items()}  # head to the right
    assert spine_angle(lying) == [pytest.approx(np.pi / 2)]
    assert spine_angle({"l_hip": joints["l_hip"]}) == []


def test_depth_is_forgotten_with_the_landmark() -> None:
    person = pose(np.ones((SIDE, SIDE)))
    joints = {name: person.xy[k].copy() for name, k in LSP_TO_BLAZEPOSE.items()}
    joints["l_wrist"] += [30.0, 0]
    box = np.array([0.0, 0, 100, 200])
    seen = observation(corrected(person, joints, box), np.ones((SIDE, SIDE), bool))
    assert seen.deep is not None
    numbers = np.array(list(LANDMARKS.values()))
    assert (seen.deep[np.isin(numbers, [15, 17, 19, 21])] == 0).all()
    assert seen.sure[numbers == 15] > 0  # the place itself is known
    assert (seen.sure[np.isin(numbers, [17, 19, 21])] == 0).all()  # that of the fingers is not
    others = ~np.isin(numbers, [15, 17, 19, 21])
    np.testing.assert_array_equal(seen.deep[others], seen.sure[others])
    for name in ("l_shoulder", "r_shoulder"):
        joints[name] += [30.0, 0]
    trunk = corrected(person, joints, box)
    assert trunk.deep is not None
    assert not trunk.deep.any()


class Turner(Painted):
    """Sees a person right only in the crop that is turned by a quarter."""

    def pose(self, image: np.ndarray, box: np.ndarray, angle: float = 0.0) -> Pose:
        seen = super().pose(image, box, 0.0)
        away = 0.0 if np.isclose(angle, np.pi / 2) else 20.0
        return replace(seen, xy=seen.xy + away, angle=angle)


def test_the_look_that_agrees_best_counts() -> None:
    image = painted(40, 20, 216, 240)
    joints = joints_of(image)
    known = np.array(list(joints.values()))
    box = around(known.min(0), known.max(0), 0.2)
    looker: Any = Turner()
    assert best_look(looker, image, joints, [box]).angle == pytest.approx(np.pi / 2)


def test_box_around_joints_by_hand() -> None:
    box = around(np.array([10.0, 20]), np.array([30.0, 60]), 0.25)
    np.testing.assert_array_equal(box, [0, 10, 40, 70])


def test_covered_by_hand() -> None:
    mask = np.zeros((100, 100), bool)
    mask[40:60, 40:60] = True
    joints = np.array([[50.0, 50], [61, 50], [70, 50], [200, 50]])  # 3 pixels off still count
    assert covered(mask, joints) == pytest.approx(2 / 3)
