"""Rotations, curves and motion capture against values worked out by hand."""

import gzip

import numpy as np
import pytest

from ddp_video.errors import DataError
from ddp_video.synthesis.capture import read_amc, read_asf
from ddp_video.synthesis.motion import HIP_FLEXION, between, moved, periodic, sampled, turn

ASF = """:root
   order TX TY TZ RX RY RZ
:bonedata
  begin
     id 1
     name arm
     direction 1 0 0
     length 2
     axis 0 0 90 XYZ
    dof rx
  end
:hierarchy
  begin
    root arm
  end
"""


def test_turn_is_right_handed():
    assert np.allclose(turn("z", 90.0) @ [1, 0, 0], [0, 1, 0])
    assert np.allclose(turn("x", np.array([0.0, 90.0]))[1] @ [0, 1, 0], [0, 0, 1])
    assert np.allclose(turn(np.array([0, 0, 5.0]), 30.0), turn("z", 30.0))


def test_between_takes_one_direction_to_the_other():
    a, b = np.array([1.0, 2, 3]), np.array([-2.0, 1, 0.5])
    r = between(a, b)
    assert np.allclose(r @ a / np.linalg.norm(a), b / np.linalg.norm(b))
    assert np.allclose(r @ r.T, np.eye(3))
    assert np.array_equal(between(a, 2 * a), np.eye(3))


def test_periodic_passes_through_its_keys():
    assert np.allclose(periodic(HIP_FLEXION, np.arange(10) / 10), HIP_FLEXION)
    assert np.allclose(
        periodic(HIP_FLEXION, np.array([0.37])), periodic(HIP_FLEXION, np.array([1.37]))
    )


def test_sampled_turns_half_way_between_two_moments():
    motion = {"root": np.stack([np.eye(3), turn("z", 90.0)])}, np.array([[0.0, 0, 0], [2, 0, 0]])
    turns, root = sampled(motion, rate=10.0, seconds=np.array([0.05]))
    assert np.allclose(turns["root"][0], turn("z", 45.0))
    assert np.allclose(root, [[1, 0, 0]])


def test_moved_turns_the_path_about_the_given_place():
    motion = {"root": np.eye(3)[None].repeat(2, 0)}, np.array([[-1.0, 0, 5], [1, 0, 5]])
    turns, root = moved(motion, 90.0, (10.0, 20.0))
    assert np.allclose(root, [[10, 19, 5], [10, 21, 5]])
    assert np.allclose(turns["root"][0], turn("z", 90.0))


@pytest.mark.parametrize("packed", [False, True])
def test_a_bone_turns_about_its_own_axis(tmp_path, packed):
    amc = b":DEGREES\n1\nroot 0.45 0.9 0 0 0 0\narm 90\n2\nroot 0 0 0 0 0 90\narm 0\n"
    (tmp_path / "a.asf").write_text(ASF)
    (tmp_path / "a.amc").write_bytes(gzip.compress(amc) if packed else amc)
    world, path = read_amc(tmp_path / "a.amc", read_asf(tmp_path / "a.asf"))
    # The bone's x axis is the world's y (its frame is turned by 90 degrees about z).
    assert np.allclose(world["arm"][0], turn("y", 90.0))
    assert np.allclose(world["arm"][1], turn("z", 90.0))
    assert np.allclose(path[0], [0.0254, 0.0508, 0])


def test_another_file_is_no_skeleton(tmp_path):
    (tmp_path / "a.asf").write_text("hello\n")
    with pytest.raises(DataError, match="no ASF skeleton"):
        read_asf(tmp_path / "a.asf")
