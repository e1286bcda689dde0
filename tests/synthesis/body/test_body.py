"""The body; needs anny, which takes seconds to load."""

import numpy as np
import pytest

pytest.importorskip("anny")
pytest.importorskip("warp")

from ddp_video.synthesis.body.body import Body, Surface, anny_model, pose, sampled_body
from ddp_video.synthesis.body.rotations import turn
from ddp_video.synthesis.motion.motion import walk

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]


@pytest.fixture(scope="module")
def body() -> Body:
    return Body({"gender": 0.5, "age": 0.6})


def test_no_turns_leave_the_rest_pose(body):
    rest = body.transforms({}, np.zeros((1, 3)))[0]
    assert np.allclose(pose(body.vertices, body.weights, rest), body.vertices, atol=1e-5)


def test_turning_the_root_turns_the_body(body):
    turned = body.transforms({"root": turn("z", 90.0)[None]}, np.array([[0.0, 0, 1]]))[0]
    posed = pose(body.vertices, body.weights, turned)
    centre = body.heads[body.bones.index("root")]
    expected = (body.vertices - centre) @ turn("z", 90.0).T + centre + [0, 0, 1]
    assert np.allclose(posed, expected, atol=1e-4)


def test_a_bent_knee_moves_only_what_hangs_on_it(body):
    bent = body.transforms({"lowerleg01.L": turn("x", 60.0)[None]}, np.zeros((1, 3)))[0]
    moved = np.abs(pose(body.vertices, body.weights, bent) - body.vertices).max(1) > 1e-3
    moved &= np.isin(np.arange(len(moved)), body.faces)  # not the helper skirt
    below = body.heads[body.bones.index("lowerleg01.L"), 2] + 0.2
    assert moved.any()
    assert body.vertices[moved, 2].max() < below
    assert body.vertices[moved, 0].min() > 0


def test_walking_goes_forwards_without_sliding(body):
    seconds = np.arange(96) / 24
    turns, root = walk(body, seconds, heading=0.0)
    speed = -np.diff(root[:, 1]) * 24
    assert 0.9 < speed.mean() < 1.6  # metres a second, towards −y
    assert np.abs(root[:, 0]).max() < 0.15
    posed = body.transforms(turns, root)
    foot = body.bones.index("foot.L")
    ankle = posed[:, foot, :, :3] @ body.heads[foot] + posed[:, foot, :, 3]
    stance = ankle[:, 2] < np.quantile(ankle[:, 2], 0.3)
    steps = np.linalg.norm(np.diff(ankle[:, :2], axis=0), axis=1)[stance[1:] & stance[:-1]]
    assert np.median(steps) * 24 < 0.4  # the standing ankle hardly moves


def test_shapes_are_annys(body):
    import torch

    kinds = {"gender": 0.2, "age": 0.3, "weight": 0.8, "height": 0.7}
    with torch.no_grad():
        theirs = anny_model()(phenotype_kwargs={k: torch.tensor([v]) for k, v in kinds.items()})
    ours = Body(kinds)
    assert np.allclose(ours.vertices, theirs["rest_vertices"][0], atol=1e-5)
    assert np.allclose(ours.heads, theirs["rest_bone_poses"][0, :, :3, 3], atol=1e-5)
    assert not np.allclose(ours.vertices, body.vertices, atol=0.01)


def test_joints_are_annys_on_the_posed_skin(body):
    import torch
    from anny.keypoints import KeypointsRegressor

    turns, root = walk(body, np.array([0.0, 0.3]), heading=40.0)
    transforms = body.transforms(turns, root)
    ours = body.joints(transforms)
    posed = np.stack([pose(body.vertices, body.weights, moment) for moment in transforms])
    theirs = KeypointsRegressor.coco(anny_model())({"vertices": torch.tensor(posed)})
    assert ours.shape == (2, len(body.joint_names), 3)
    assert np.allclose(ours, theirs, atol=1e-4)
    assert body.joint_names[:5] == ("nose", "left_eye", "right_eye", "left_ear", "right_ear")
    left, right = (ours[0, body.joint_names.index(f"{side}_heel")] for side in ("left", "right"))
    assert np.linalg.norm(left - right) > 0.2  # in mid-stride


def test_the_lowest_point_is_that_of_the_skin(body):
    tilted = {"root": turn("x", np.array([0.0, -90.0, 130.0]))}
    transforms = body.transforms(tilted, np.zeros((3, 3)))
    skin = np.unique(body.faces)
    expected = [
        pose(body.vertices[skin], body.weights[skin], moment)[:, 2].min() for moment in transforms
    ]
    assert np.allclose(body.lowest(transforms), expected, atol=0.006)


def test_anchors_go_with_their_vertices():
    vertices = np.arange(12.0).reshape(4, 3)
    faces, uv = np.array([[0, 1, 2], [1, 2, 3]]), np.zeros((2, 3, 2))
    texture = np.zeros((1, 1, 4), np.uint8)
    surface = Surface(vertices, faces, uv, np.ones((4, 1)), texture, anchors=-vertices)
    kept = surface.without(np.array([True, False, False, False]))
    assert kept.faces.tolist() == [[0, 1, 2]]
    assert kept.anchors is not None
    assert np.array_equal(kept.anchors, -kept.vertices)
    assert Surface(vertices, faces, uv, np.ones((4, 1)), texture).anchors is None


def test_people_of_all_ages_are_about_as_tall_as_they_should_be():
    people = [sampled_body(np.random.default_rng(seed)) for seed in range(60)]
    adults = [p.height for p in people if 20 < p.years < 60]
    children = [p.height for p in people if p.years < 10]
    assert 1.58 < np.mean(adults) < 1.76
    assert min(adults) > 1.35
    assert max(adults) < 2.1
    assert min(children) > 0.7
    assert max(children) < 1.5
    assert max(p.years for p in people) > 65
    again = sampled_body(np.random.default_rng(7))
    assert np.array_equal(again.vertices, people[7].vertices)
