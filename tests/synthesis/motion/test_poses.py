"""Poses from all sources: on the ground, facing forwards, no limb in the body."""

import numpy as np
import pytest

pytest.importorskip("anny")

from ddp_video.errors import DataError, InputError
from ddp_video.synthesis.body.body import Body
from ddp_video.synthesis.body.collisions import capsules_of, relaxed, segment_distance
from ddp_video.synthesis.body.hands import HANDS, shape_hand
from ddp_video.synthesis.body.limbs import ARM, LEG, complete, limb
from ddp_video.synthesis.body.rotations import turn, unit
from ddp_video.synthesis.motion.landmarks import (
    ANKLE,
    COUNT,
    EAR,
    ELBOW,
    HEEL,
    HIP,
    INDEX,
    KNEE,
    LITTLE,
    NOSE,
    SHOULDER,
    TO_ANNY,
    TOE,
    WRIST,
    LandmarkTable,
    balanced,
    mirrored,
    posed,
)
from ddp_video.synthesis.motion.motion import Gait, facing, walk
from ddp_video.synthesis.motion.poses import PoseBank, PoseShares
from ddp_video.synthesis.motion.postures import COMMON, FREE, GESTURES, RARE, TOUCHES
from ddp_video.synthesis.motion.stances import OVER_SHOULDER, held, touch

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]

SOURCES = ("common", "rare", "walk")


@pytest.fixture(scope="module")
def body() -> Body:
    return Body({"age": 0.6, "gender": 0.3})


@pytest.fixture(scope="module")
def bank() -> PoseBank:
    return PoseBank()


def standing(body: Body) -> dict[str, np.ndarray]:
    """A coarse motion: the rest pose."""
    bones = [f"{bone}.{side}" for bone in (*ARM, *LEG) for side in "LR"]
    return {bone: np.eye(3)[None] for bone in ("root", "spine01", "head", *bones)}


def places(body: Body, turns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    transforms = body.transforms(turns, np.zeros((1, 3)))[0]
    heads = np.einsum("bij,bj->bi", transforms[..., :3], body.heads) + transforms[..., 3]
    return dict(zip(body.bones, heads, strict=True))


@pytest.mark.parametrize("source", SOURCES)
def test_moments_stand_on_the_ground_and_face_forwards(body, bank, source):
    for seed in range(6):
        turns, root = bank.moment(body, np.random.default_rng(seed), source)
        assert root.shape == (1, 3)
        assert np.allclose(root[:, :2], 0)
        assert facing(turns) == pytest.approx(0, abs=1e-6)
        lowest = body.lowest(body.transforms(turns, root))[0]
        assert -1e-6 < lowest < (0.81 if source == "rare" else 1e-6)
        for r in turns.values():
            assert np.allclose(r @ r.swapaxes(-1, -2), np.eye(3), atol=1e-5)


def test_the_same_seed_gives_the_same_pose(body, bank):
    a, b = (bank.moment(body, np.random.default_rng(3)) for _ in range(2))
    assert all(np.array_equal(a[0][bone], b[0][bone]) for bone in a[0])
    assert np.array_equal(a[1], b[1])


@pytest.mark.parametrize("source", ["common", "walk"])
def test_people_look_over_a_shoulder(body, source):
    bank = PoseBank(looking_back=1.0)
    for seed in range(6):
        turns, _ = bank.moment(body, np.random.default_rng(seed), source)
        chest, head = turns["spine01"][0], turns["head"][0]
        nose = chest.T @ head @ (0.0, -1.0, 0.0)
        aside = abs(np.degrees(np.arctan2(nose[0], -nose[1])))
        assert OVER_SHOULDER[0] - 15 < aside < OVER_SHOULDER[1] + 15  # the axis is the chest's
        between = chest.T @ turns["neck02"][0] @ (0.0, -1.0, 0.0)
        assert 5 < abs(np.degrees(np.arctan2(between[0], -between[1]))) < aside


def test_gestures_are_before_the_trunk_and_nowhere_twice(body):
    bank, hands = PoseBank(gesturing=1.0), []
    for seed in range(24):
        turns, _ = bank.moment(body, np.random.default_rng(seed))
        at, chest = places(body, turns), turns["spine01"][0]
        for side in "LR":
            hands.append(chest.T @ (at[f"wrist.{side}"] - at["spine01"]))
    before = np.array([hand[1] < -0.12 and abs(hand[0]) < 0.45 for hand in hands])
    assert before.mean() > 0.6  # the others point, hang or lie on hip or knee
    apart = np.linalg.norm(np.array(hands)[:, None] - np.array(hands)[None], axis=2)
    assert (apart[before][:, before] + np.eye(before.sum()) > 0.005).all()


def test_without_gestures_nothing_else_is_drawn(body):
    a, b = (
        PoseBank(gesturing=share).moment(body, np.random.default_rng(4), "common")
        for share in (0.0, 1.0)
    )
    assert all(np.array_equal(a[0][bone], b[0][bone]) for bone in a[0])


def test_hands_in_the_air_belong_to_gestures():
    assert set(FREE) < set(TOUCHES)
    used = {arm for posture in GESTURES.values() for arm in posture.arms}
    assert set(FREE) <= used


@pytest.mark.parametrize("name", ["handstand", "lying on the belly", "on all fours", "crouching"])
def test_rare_postures_are_what_they_are_called(body, name):
    for seed in range(4):
        at = places(body, held(body, RARE[name], np.random.default_rng(seed)))
        head, hips, foot, hand, knee = (
            at[b][2] for b in ("head", "root", "foot.L", "wrist.L", "lowerleg01.L")
        )
        if name == "handstand":
            assert hand < head < hips < max(foot, at["foot.R"][2])
        elif name == "lying on the belly":
            assert abs(head - hips) < 0.25
        elif name == "on all fours":
            assert abs(min(hand, at["wrist.R"][2]) - knee) < 0.2
            assert hips > knee + 0.25
        else:
            assert hips < foot + 0.55 * body.height / 1.7


def test_some_look_back_over_a_shoulder(body):
    rng = np.random.default_rng(0)
    turned = []
    for _ in range(150):
        head = held(body, COMMON["standing"], rng)["head"][0]
        turned.append(abs(np.degrees(np.arctan2(head[0, 1], head[1, 1]))))  # about z
    assert 0.04 < np.mean(np.array(turned) > 60) < 0.35
    assert np.median(turned) < 30


@pytest.mark.parametrize("where", ["on the face", "on the hip", "on the knee", "on the head"])
def test_a_hand_comes_to_where_it_is_put(body, where):
    turns = standing(body)
    legs = {"L": -80.0} if where == "on the knee" else {}
    for side, degrees in legs.items():
        turns[f"upperleg01.{side}"] = turn("x", np.array([degrees]))
        turns["spine01"] = turn("x", np.array([30.0]))
    before = body.transforms(complete(body, turns), np.zeros((1, 3)))[0]
    touch(body, turns, ("L", 1), where, before, np.random.default_rng(0))
    at = places(body, complete(body, turns))
    hand = (at["wrist.L"] + at["finger3-1.L"]) / 2
    goal = {
        "on the face": (at["eye.L"] + at["eye.R"]) / 2 + [0, -0.06, -0.03],
        "on the hip": at["root"] + [0.17, 0, 0.05],
        "on the knee": at["lowerleg01.L"],
        "on the head": at["head"] + [0.04, -0.05, 0.17],
    }[where]
    assert where in TOUCHES
    assert np.linalg.norm(hand - goal) < 0.14


def test_a_limb_lies_along_its_directions(body):
    rng = np.random.default_rng(0)
    for bones in (ARM, LEG):
        upper, lower = unit(rng.standard_normal((2, 5, 3)))
        base = np.broadcast_to(turn("z", 20.0), (5, 3, 3))
        a, b = limb(body, bones, "R", upper, lower, base)
        first, second, end = (body.head(f"{bone}.R") for bone in bones)
        assert np.allclose(a @ unit(second - first), upper)
        assert np.allclose(b @ unit(end - second), lower)


def test_an_arm_is_swung_out_of_the_belly(body, bank):
    capsules = capsules_of(body)
    through = standing(body)
    into = limb(body, ARM, "L", np.array([[0.0, 0, -1]]), np.array([[-1.0, 0.1, 0]]), np.eye(3))
    through["upperarm01.L"], through["lowerarm01.L"] = into
    through = complete(body, through)
    before = capsules.overlap(body.transforms(through, np.zeros((1, 3)))).max()
    turns, after = relaxed(body, through)
    assert before > 0.04
    assert after < before / 2
    rest = complete(body, standing(body))
    assert capsules.overlap(body.transforms(rest, np.zeros((1, 3)))).max() <= 0
    assert all(np.array_equal(turns[b], through[b]) for b in ("upperarm01.R", "upperleg01.L"))


def test_distance_of_segments():
    p, q = np.array([0.0, 0, 0]), np.array([2.0, 0, 0])
    cases = [
        ((1, -1, 3), (1, 1, 3), 3.0),  # crossing above
        ((3, 0, 0), (5, 0, 0), 1.0),  # in one line
        ((0, 2, 0), (2, 2, 0), 2.0),  # parallel
        ((-3, 4, 0), (-3, 9, 0), 5.0),  # end to end
    ]
    for r, s, expected in cases:
        found = segment_distance(p, q, np.array(r, float), np.array(s, float))
        assert found == pytest.approx(expected)


def test_left_and_right_hands_are_mirror_images(body):
    turns = complete(body, standing(body))
    for bends, parted in HANDS.values():
        for side in "LR":
            shape_hand(body, turns, side, bends, parted)
        at = places(body, turns)
        for bone in ("finger1-3", "finger2-3", "finger5-3"):
            assert np.allclose(at[f"{bone}.L"] * [-1, 1, 1], at[f"{bone}.R"], atol=1e-4)


def test_a_fist_brings_the_fingertips_to_the_palm(body):
    turns = complete(body, standing(body))
    shape_hand(body, turns, "R", *HANDS["open"])
    opened = places(body, turns)
    shape_hand(body, turns, "R", *HANDS["fist"])
    closed = places(body, turns)
    for finger in "2345":
        a, b = (
            np.linalg.norm(at[f"finger{finger}-3.R"] - at["wrist.R"]) for at in (opened, closed)
        )
        assert b < 0.75 * a


def as_landmarks(body: Body, turns: dict[str, np.ndarray]) -> np.ndarray:
    """The landmarks (39, 3), in our axes, of a posed body."""
    joints = body.joints(body.transforms(turns, np.zeros((1, 3))))[0]
    coco = dict(zip(body.joint_names, joints, strict=True))
    at, out = places(body, turns), np.zeros((COUNT, 3))
    out[NOSE] = coco["nose"]
    for own, (side, word) in enumerate((("L", "left"), ("R", "right"))):
        for number, bone in ((SHOULDER, "upperarm01"), (ELBOW, "lowerarm01"), (WRIST, "wrist"),
                             (LITTLE, "finger5-1"), (INDEX, "finger2-1"), (HIP, "upperleg01"),
                             (KNEE, "lowerleg01"), (ANKLE, "foot")):  # fmt: skip
            out[number + own] = at[f"{bone}.{side}"]
        for number, name in ((EAR, "ear"), (HEEL, "heel"), (TOE, "big_toe")):
            out[number + own] = coco[f"{word}_{name}"]
    return out


@pytest.mark.parametrize("name", ["lunging", "sitting", "handstand", "arms up"])
def test_a_body_read_as_landmarks_comes_back(body, name):
    true = held(body, (COMMON | RARE)[name], np.random.default_rng(1))
    points = as_landmarks(body, true)
    found = posed(body, points, np.random.default_rng(0))
    a, b = places(body, true), places(body, found)
    for first, second in (("upperarm01", "lowerarm01"), ("lowerarm01", "wrist"),
                          ("upperleg01", "lowerleg01"), ("lowerleg01", "foot")):  # fmt: skip
        for side in "LR":
            ways = [unit(at[f"{second}.{side}"] - at[f"{first}.{side}"]) for at in (a, b)]
            assert ways[0] @ ways[1] > 0.98  # 11 degrees
    # the trunk is straightened, and hips and shoulders are read as level
    assert unit(a["head"] - a["root"]) @ unit(b["head"] - b["root"]) > 0.95


def test_a_mirrored_person_has_limbs_exchanged(body):
    points = as_landmarks(body, held(body, RARE["kicking"], np.random.default_rng(2)))
    other = mirrored(points)
    assert np.allclose(other[KNEE], points[KNEE + 1] * [-1, 1, 1])
    assert np.allclose(other[EAR + 1], points[EAR] * [-1, 1, 1])
    assert np.allclose(mirrored(other), points)


def test_the_table_leaves_out_what_no_person_is(body, tmp_path):
    good = as_landmarks(body, complete(body, standing(body)))
    bad = good.copy()
    bad[ANKLE] = bad[KNEE] + 0.3 * (bad[ANKLE] - bad[KNEE])  # a shin of 12 cm
    path = tmp_path / "landmarks.npz"
    np.savez(path, world=np.stack([good, bad]) @ TO_ANNY)
    table = LandmarkTable(path)
    assert len(table) == 1
    assert np.allclose(np.linalg.norm(np.diff(table.people[0], axis=0), axis=1),
                       np.linalg.norm(np.diff(good, axis=0), axis=1))  # fmt: skip
    turns, _ = PoseBank(landmarks=path).moment(body, np.random.default_rng(0), "landmarks")
    assert turns["root"].shape == (1, 3, 3)


def test_a_standing_person_who_seems_to_lean_is_set_upright(body):
    points = as_landmarks(body, complete(body, standing(body)))
    upright = balanced(points)
    leaning = points @ turn("x", 12.0).T
    assert np.allclose(balanced(leaning), upright)
    upside_down = points @ turn("x", 170.0).T
    assert np.array_equal(balanced(upside_down), upside_down)


def test_takes_move_without_a_jerk(body, bank):
    seconds = np.arange(24) / 24
    turns, root = bank.take(body, seconds, np.random.default_rng(0))
    joints = body.joints(body.transforms(turns, root))
    speed = np.linalg.norm(np.diff(joints, axis=0), axis=-1) * 24
    assert joints.shape[0] == 24
    assert speed.max() < 8  # metres a second
    assert speed.mean() > 0.2
    assert facing(turns) == pytest.approx(0, abs=1e-6)


def test_a_hurry_is_faster_than_a_stroll(body):
    seconds = np.arange(24) / 24
    slow, fast = (
        walk(body, seconds, 0.0, gait=gait)[1]
        for gait in (Gait(seconds=1.25, reach=0.6), Gait(seconds=0.9, reach=1.2))
    )
    assert -fast[-1, 1] > 1.5 * -slow[-1, 1] > 0


def test_all_sources_work_with_the_assets(body, assets):
    bank = PoseBank(assets / "motion", assets / "humans")
    assert len(bank.takes) > 25
    assert len(bank.stored) == 15
    for source in ("takes", "poses"):
        turns, root = bank.moment(body, np.random.default_rng(0), source)
        assert body.lowest(body.transforms(turns, root))[0] > -1e-6
    turns, root = bank.take(body, np.arange(12) / 12, np.random.default_rng(1))
    assert len(root) == 12


def test_bad_input_names_the_way_out(tmp_path):
    with pytest.raises(InputError, match="pass the folder"):
        PoseBank(motion=tmp_path)
    with pytest.raises(InputError, match="no source of poses"):
        PoseBank(shares=PoseShares(0, 0, 0, 1, 1, 1))
    np.savez(tmp_path / "a.npz", x=1)
    with pytest.raises(DataError, match="no table of landmarks"):
        PoseBank(landmarks=tmp_path / "a.npz")
    np.savez(tmp_path / "b.npz", world=np.zeros((3, 33, 3)))
    with pytest.raises(DataError, match="another shape"):
        PoseBank(landmarks=tmp_path / "b.npz")
