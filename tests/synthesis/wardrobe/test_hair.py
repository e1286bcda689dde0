"""Hair made of code leaves the face free and stays out of the body."""

import numpy as np
import pytest

pytest.importorskip("anny")

from ddp_video.synthesis.body.base_mesh import reference
from ddp_video.synthesis.body.body import Body
from ddp_video.synthesis.wardrobe.cloth import normals_of
from ddp_video.synthesis.wardrobe.hair import ball, cap, curtain, hair_colour, scalp, strands

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]

BLACK = np.array([0.01, 0.01, 0.01])


@pytest.mark.parametrize("shift", [-0.006, 0.02])
def test_the_hairline_leaves_face_and_ears_free(shift):
    eye = reference().head("eye.L")
    points = scalp(shift, False).blend @ reference().vertices
    front = (points[:, 1] < -0.09) & (np.abs(points[:, 0]) < 0.05)
    assert front.any()
    assert points[front, 2].min() > eye[2] + 0.035
    assert (np.abs(points[:, 0]) < 0.088).all()  # no ears
    assert np.quantile(points[:, 2], 0.01) < eye[2] - 0.05  # down to the nape


def test_a_cap_stands_off_the_scalp():
    body, piece = reference(), scalp(0.0, False)
    hair = cap(body, piece, 0.02, 0.004, strands(BLACK, 0, 0.1), np.random.default_rng(0))
    skin = piece.blend @ body.vertices
    lift = ((hair.vertices - skin) * normals_of(skin, piece.faces)).sum(1)
    assert lift.min() > 0.001
    assert 0.01 < lift.max() < 0.04
    assert np.allclose(hair.anchors, skin)


def test_strands_end_one_by_one():
    texture = strands(BLACK, 1, 0.5)
    clear = texture[..., 3] == 0
    assert not clear[:64].any()  # the upper half is whole
    assert (np.diff(clear.astype(int), axis=0) >= 0).all()  # what has ended stays ended
    assert 0.1 < clear[-1].mean() <= 1
    assert not (strands(BLACK, 1, 0.0)[..., 3] == 0).any()


@pytest.mark.parametrize("kinds", [{}, {"age": 0.3}, {"gender": 0.0, "weight": 0.9}])
def test_a_curtain_falls_outside_of_the_body(kinds):
    body = Body(kinds)
    hair = curtain(body, 0.35, 95, strands(BLACK, 0, 0.3), np.random.default_rng(0))
    skin = body.vertices[np.unique(body.faces)]
    normals = normals_of(body.vertices, body.faces)[np.unique(body.faces)]
    distance = np.linalg.norm(hair.vertices[:, None] - skin[None, ::3], axis=2)
    near = distance.argmin(1) * 3
    depth = ((hair.vertices - skin[near]) * normals[near]).sum(1)
    assert (depth < -0.01).mean() < 0.03
    assert np.allclose(hair.weights.sum(1), 1, atol=1e-3)
    eye = body.head("eye.L")
    face = (hair.vertices[:, 1] < eye[1] + 0.03) & (np.abs(hair.vertices[:, 0]) < 0.05)
    assert not face.any()


def test_a_bun_turns_with_the_head():
    body = reference()
    bun = ball(body, (0.19, 0.05), (0.04, 0.03, 0.05), strands(BLACK, 0, 0))
    assert (bun.weights[:, body.bones.index("head")] == 1).all()
    assert np.allclose(np.ptp(bun.vertices, axis=0), [0.08, 0.06, 0.1], rtol=0.15)


def test_old_people_are_grey_and_dark_skin_has_dark_hair():
    rng = np.random.default_rng(0)
    young = np.array([hair_colour(5.0, 0.5, rng) for _ in range(200)])
    old = np.array([hair_colour(5.0, 1.0, rng) for _ in range(200)])
    assert np.median(young) < 0.03
    assert np.median(old) > 0.2
