"""Motion capture files made by hand, and limbs that lie as captured."""

import gzip
import json

import numpy as np
import pytest

pytest.importorskip("anny")

from ddp_video.errors import DataError
from ddp_video.synthesis.body.body import Body
from ddp_video.synthesis.body.rotations import turn, unit
from ddp_video.synthesis.motion.acclaim import Acclaim, read_lines
from ddp_video.synthesis.motion.bvh import read_hierarchy, rotations
from ddp_video.synthesis.motion.capture import grounded, read_take, retarget
from ddp_video.synthesis.motion.deepmimic import WIDTH
from ddp_video.synthesis.motion.skeletons import airborne

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]

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

# x left, y up, z forwards; arms stretched to the sides, ten units a limb.
BVH = """HIERARCHY
ROOT Hips
{{ OFFSET 0 0 0
  CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
  JOINT Chest {{ OFFSET 0 10 0 CHANNELS 3 Zrotation Xrotation Yrotation
    JOINT Head {{ OFFSET 0 10 0 CHANNELS 3 Zrotation Xrotation Yrotation
      End Site {{ OFFSET 0 5 0 }} }}
    {left_arm} {right_arm} }}
  {left_leg} {right_leg} }}
MOTION
Frames: 1
Frame Time: 0.04
{numbers}
"""


def chain(names: list[str], first: tuple, step: tuple) -> str:
    """Nested BVH joints: the first at an offset, the next each one step on, and an end."""
    text = f"End Site {{ OFFSET {step[0]} {step[1]} {step[2]} }}"
    for k, name in reversed(list(enumerate(names))):
        offset = first if k == 0 else step
        place = " ".join(map(str, offset))
        channels = "CHANNELS 3 Zrotation Xrotation Yrotation"
        text = f"JOINT {name} {{ OFFSET {place} {channels} {text} }}"
    return text


@pytest.fixture(scope="module")
def body() -> Body:
    return Body({"age": 0.6})


@pytest.fixture
def write_bvh(tmp_path):
    """A person in BVH; angles are given per joint in the order z, x, y."""

    def write(angles: dict[str, tuple[float, float, float]]):
        parts = {
            f"{side}_{limb}": chain(
                [f"{side.title()}{joint}" for joint in joints],
                (sign * across, drop, 0),
                (sign * 10, 0, 0) if limb == "arm" else (0, -10, 0),
            )
            for side, sign in (("left", 1), ("right", -1))
            for limb, joints, across, drop in (
                ("arm", ("Arm", "ForeArm", "Hand"), 4, 8),
                ("leg", ("UpLeg", "Leg", "Foot"), 3, -1),
            )
        }
        joints = ["Hips", "Chest", "Head"]
        joints += [f"Left{j}" for j in ("Arm", "ForeArm", "Hand")]
        joints += [f"Right{j}" for j in ("Arm", "ForeArm", "Hand")]
        joints += [f"Left{j}" for j in ("UpLeg", "Leg", "Foot")]
        joints += [f"Right{j}" for j in ("UpLeg", "Leg", "Foot")]
        numbers = [0.0, 21.0, 0.0]
        for joint in joints:
            numbers += angles.get(joint, (0.0, 0.0, 0.0))
        path = tmp_path / "pose.bvh"
        path.write_text(BVH.format(**parts, numbers=" ".join(map(str, numbers))))
        return path

    return write


def aim(body: Body, turns: dict, bone: str, end: str) -> np.ndarray:
    """Where a bone points after a motion's first moment."""
    return unit(turns[bone][0] @ (body.head(end) - body.head(bone)))


def arm(body: Body, turns: dict, side: str) -> tuple[np.ndarray, np.ndarray]:
    posed = body.transforms(turns, np.zeros((1, 3)))[0]

    def place(bone: str) -> np.ndarray:
        k = body.bones.index(f"{bone}.{side}")
        return posed[k, :, :3] @ body.heads[k] + posed[k, :, 3]

    shoulder, elbow, wrist = map(place, ("upperarm01", "lowerarm01", "wrist"))
    return unit(elbow - shoulder), unit(wrist - elbow)


@pytest.mark.parametrize("packed", [False, True])
def test_a_bone_turns_about_its_own_axis(tmp_path, packed):
    (tmp_path / "a.asf").write_bytes(gzip.compress(ASF.encode()) if packed else ASF.encode())
    acclaim = Acclaim(tmp_path / "a.asf")
    rows = {"root": np.array([[0.0] * 6, [0, 0, 0, 0, 0, 90]]), "arm": np.array([[90.0], [0]])}
    world = acclaim.rotations(rows)
    arm = acclaim.skeleton.names.index("arm")
    # The bone's x axis is the world's y (its frame is turned by 90 degrees about z).
    assert np.allclose(world[0, arm], turn("y", 90.0))
    assert np.allclose(world[1, arm], turn("z", 90.0))
    joints = acclaim.skeleton.joints(world, np.array([[1.0, 2, 3], [0, 0, 0]]))
    assert np.allclose(joints[:, acclaim.skeleton.names.index("arm.tip")], [[1, 2, 1], [0, 2, 0]])


def test_bvh_channels_are_applied_in_their_order():
    words = "ROOT a { OFFSET 0 0 0 CHANNELS 2 Zrotation Xrotation End Site { OFFSET 0 1 0 } }"
    skeleton, channels = read_hierarchy(words.split())
    assert skeleton.names == ("a", "a.tip")
    world, path = rotations(skeleton, channels, np.array([[90.0, 90.0]]))
    assert np.allclose(world[0, 0], turn("z", 90.0) @ turn("x", 90.0))
    assert np.allclose(skeleton.joints(world, path)[0, 1], [0, 0, 1])


def test_arms_lie_as_captured(body, write_bvh):
    take = read_take(write_bvh({"LeftArm": (0, 0, -30.0), "LeftForeArm": (0, 0, -60.0)}))
    turns, path = retarget(body, take, np.zeros(1))
    upper, fore = arm(body, turns, "L")
    # BVH x, y, z are our x, z and −y; turning x by −30 and −90 degrees about y goes forwards.
    c, s = np.cos(np.radians(30)), np.sin(np.radians(30))
    assert np.allclose(upper, [c, -s, 0], atol=0.03)
    assert np.allclose(fore, [0, -1, 0], atol=0.03)
    assert np.allclose(arm(body, turns, "R")[0], [-1, 0, 0], atol=0.03)
    assert np.allclose(aim(body, turns, "lowerleg01.L", "foot.L"), [0, 0, -1], atol=1e-6)
    assert np.allclose(path, 0)
    posed = body.transforms(turns, grounded(body, turns, path))
    assert body.lowest(posed)[0] == pytest.approx(0, abs=1e-6)


def test_a_bent_knee_goes_backwards(body, write_bvh):
    take = read_take(write_bvh({"RightLeg": (0, 80.0, 0)}))
    turns, _ = retarget(body, take, np.zeros(1))
    shin = aim(body, turns, "lowerleg01.R", "foot.R")
    assert np.allclose(shin, [0, np.sin(np.radians(80)), -np.cos(np.radians(80))], atol=1e-6)


def test_a_deepmimic_row(body, tmp_path):
    row = np.zeros(WIDTH)
    row[[0, 2]] = 0.04, 0.9
    quaternions = (4, 8, 12, 16, 21, 25, 30, 35, 39)  # where their real parts stand
    row[list(quaternions)] = 1.0
    row[20] = -np.pi / 2  # the right knee
    row[43] = np.pi / 2  # the left elbow
    (tmp_path / "a.txt").write_text(json.dumps({"Frames": [row.tolist()] * 2}))
    take = read_take(tmp_path / "a.txt")
    assert take.rate == pytest.approx(25)
    turns, _ = retarget(body, take, np.array([0.02]))
    assert np.allclose(aim(body, turns, "lowerleg01.R", "foot.R"), [0, 1, 0], atol=1e-6)
    upper, fore = arm(body, turns, "L")
    assert np.allclose(upper, [0, 0, -1], atol=0.03)
    assert np.allclose(fore, [0, -1, 0], atol=0.03)


def test_only_clear_jumps_leave_the_ground():
    low = np.array([0.1, 0.1, 0.13, 0.5, 0.1])  # leg lengths
    assert np.allclose(airborne(low), [0, 0, 0, 0.4, 0])


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.asf", "hello\n", "no motion capture"),
        ("a.amc", "root 0 0 0 0 0 0\n", "no skeleton beside it"),
        ("a.bvh", "hello\n", "no BVH file"),
        ("a.txt", "hello\n", "no DeepMimic clip"),
        ("b.txt", '{"Frames": [[1, 2]]}', "another humanoid"),
    ],
)
def test_bad_files_name_the_way_out(tmp_path, name, text, message):
    (tmp_path / name).write_text(text)
    with pytest.raises(DataError, match=message):
        read_take(tmp_path / name)


def test_another_file_is_no_skeleton(tmp_path):
    (tmp_path / "a.asf").write_text("hello\n")
    assert read_lines(tmp_path / "a.asf") == ["hello"]
    with pytest.raises(DataError, match="no ASF skeleton"):
        Acclaim(tmp_path / "a.asf")


def test_every_shipped_take_can_be_read(body, assets):
    takes = [*(assets / "motion" / "cmu").glob("*.amc.gz"), *(assets / "motion").glob("*walk.txt")]
    assert len(takes) > 8
    for take in map(read_take, takes):
        turns, _ = retarget(body, take, np.array([0.4 * take.seconds]))
        assert np.allclose(np.stack(list(turns.values())).swapaxes(-1, -2) @
                           np.stack(list(turns.values())), np.eye(3), atol=1e-5)  # fmt: skip
