"""The light body is Anny: same joints, same vertices, and points that follow the gradient."""

import numpy as np
import pytest
import torch

pytest.importorskip("anny", reason="needs the extra synth")
import anny
import roma

from ddp_video.synthesis.body.body import anny_model
from ddp_video.synthesis.body.posable import SHAPE_REACH, PosableBody, ancestry

NAMES = ["nose", "left_wrist", "right_heel", "finger2-1.R"]


@pytest.fixture(scope="module")
def body() -> PosableBody:
    return PosableBody()


def anny_itself(body, turns, shape):
    """Vertices and landmarks of the model, moved so that the root is at the origin."""
    model = anny_model()
    delta = torch.eye(4).repeat(len(turns), len(body.names), 1, 1)
    delta[:, [body.names.index(n) for n in body.turning], :3, :3] = turns
    kinds = 0.5 + SHAPE_REACH * torch.tanh(shape)
    named = {p: kinds[:, i] for i, p in enumerate(model.phenotype_labels)}
    out = model(pose_parameters=delta, phenotype_kwargs=named)
    points = anny.KeypointsRegressor.coco(model, labels=NAMES[:3]).float()(out)
    finger = out["bone_poses"][:, [body.names.index(NAMES[3])], :3, 3]
    return out["vertices"], torch.cat([points, finger], 1)


def test_same_as_anny(body):
    torch.manual_seed(0)
    turns = roma.rotvec_to_rotmat(0.5 * torch.randn(3, len(body.turning), 3))
    shape = torch.randn(3, body.shapes)
    numbers = np.arange(0, 13000, 97)
    with torch.no_grad():
        coefficients = body.coefficients(shape)
        bones = body.bones(turns, coefficients, body.settled(coefficients))
        vertices, points = anny_itself(body, turns, shape)
        ours = body.keypoints(NAMES).posed(coefficients, bones)
        skin = body.vertices(numbers).posed(coefficients, bones)
    torch.testing.assert_close(skin, vertices[:, numbers], atol=2e-5, rtol=0)
    torch.testing.assert_close(ours, points, atol=2e-5, rtol=0)


def test_bones_below_a_turn_move_and_others_do_not(body):
    turns = torch.eye(3).repeat(2, len(body.turning), 1, 1)
    turns[1, body.turning.index("lowerarm01.L")] = roma.rotvec_to_rotmat(torch.tensor([0, 0, 1.0]))
    coefficients = body.coefficients(torch.zeros(2, body.shapes))
    bones = body.bones(turns, coefficients, body.settled(coefficients))
    points = body.keypoints(["left_wrist", "right_wrist", "left_shoulder"]).posed(
        coefficients, bones
    )
    moved = (points[0] - points[1]).norm(dim=1)
    assert moved[0] > 0.1
    assert moved[1:].max() < 1e-6


def test_ancestry_sums_offsets_along_the_chain():
    offsets = np.array([1.0, 2.0, 4.0, 8.0])  # 0 ◀ 1 ◀ 2, 0 ◀ 3
    np.testing.assert_array_equal(ancestry([0, 0, 1, 0]) @ offsets, [1, 3, 7, 9])
