import math

import numpy as np
import pytest

from ddp_video.data.mirror import PART_MIRROR
from ddp_video.evaluation.agreement import FRONT_BACK, compare, mean_row, surface_agreement
from ddp_video.render import IUV

from .stage import two_people


def as_iuv(truth: np.ndarray) -> IUV:
    u, v = (truth[..., k].astype(np.float32) / 255 for k in (1, 2))
    return IUV(truth[..., 0].copy(), u, v)


def test_truth_fed_back():
    truth, _ = two_people()
    row = compare(as_iuv(truth), truth)
    assert row["iou"] == row["boundary_iou"] == row["boundary_f"] == row["parts"] == 1
    assert row["left_right"] == row["front_back"] == 0
    assert row["uv"] == pytest.approx(0, abs=1e-7)
    assert math.isnan(row["parts_hands"])  # nobody has hands here


def test_a_known_difference_of_u_and_v():
    truth, _ = two_people()
    found = as_iuv(truth)
    moved = IUV(found.part, found.u + np.float32(0.1), found.v - np.float32(0.04))
    row = compare(moved, truth)
    assert row["du_torso"] == row["du"] == pytest.approx(0.1, abs=1e-6)
    assert row["dv_legs"] == row["dv_08"] == pytest.approx(0.04, abs=1e-6)
    assert row["uv"] == pytest.approx(0.07, abs=1e-6)


def test_sides_and_faces_by_hand():
    # 100 points of right upper leg (7): 40 right, 30 on the left leg (8), 20 on its other face (9),
    # 10 not seen as body; 100 of the torso's back, 25 of them called front
    true = np.array([7] * 100 + [1] * 100)
    found = np.array([7] * 40 + [8] * 30 + [9] * 20 + [0] * 10 + [1] * 75 + [2] * 25)
    row = surface_agreement(found, np.zeros((200, 2)), true, np.zeros((200, 2)))
    assert row["parts"] == pytest.approx(115 / 190)
    assert row["left_right"] == pytest.approx(30 / 90)  # the torso has no sides
    assert row["front_back"] == pytest.approx(45 / 190)
    assert row["parts_07"] == pytest.approx(40 / 90) and row["parts_torso"] == 0.75


def test_unknown_pixels_are_not_judged():
    truth, _ = two_people()
    found = as_iuv(truth)
    unknown = truth.copy()
    unknown[:48, :64, 0] = 255
    found.part[:48, :64] = 0  # whatever is said there
    assert compare(found, unknown)["iou"] == 1


def test_the_other_face_has_the_same_side_and_is_mutual():
    parts = np.arange(25)
    np.testing.assert_array_equal(FRONT_BACK[FRONT_BACK[parts]], parts)
    np.testing.assert_array_equal(
        FRONT_BACK[PART_MIRROR[parts[3:]]], PART_MIRROR[FRONT_BACK[parts[3:]]]
    )
    assert set(parts[FRONT_BACK[:25] == parts]) == {0, 3, 4, 5, 6, 23, 24}


def test_mean_over_rows_that_know():
    row = mean_row([{"a": 1.0, "b": math.nan}, {"a": 3.0, "b": 5.0}])
    assert row == {"a": 2.0, "b": 5.0}
    assert math.isnan(mean_row([{"c": math.nan}])["c"])
