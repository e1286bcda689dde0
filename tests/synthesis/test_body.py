"""The body and its charts; needs anny, which takes seconds to load."""

import numpy as np
import pytest

pytest.importorskip("anny")
pytest.importorskip("warp")

from ddp_video.errors import DataError
from ddp_video.synthesis.body import Body, Charts, pose
from ddp_video.synthesis.motion import turn, walk
from ddp_video.synthesis.rasterise import nearest

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


def test_charts_name_sides_and_parts(body, assets):
    charts = Charts(assets / "charts" / "anny_charts_fine.npz")
    vertices = charts.refine(body.vertices)

    def at(bone: str, offset: tuple[float, float, float] = (0, 0, 0)) -> int:
        point = body.heads[body.bones.index(bone)] + np.array(offset)
        found = charts(*nearest(vertices, charts.faces, point[None].astype(np.float32)))[0]
        assert (found[1:] >= 0).all()
        assert (found[1:] <= 1).all()
        return int(found[0])

    assert at("finger3-2.L") == 4
    assert at("finger3-2.R") == 3
    assert at("toe1-1.L") == 5
    assert at("toe1-1.R") == 6
    assert at("spine02", (0, -0.2, 0)) == 2
    assert at("spine02", (0, 0.3, 0)) == 1
    assert at("eye.L", (0.02, -0.05, 0)) == 24
    assert at("eye.R", (-0.02, -0.05, 0)) == 23


def test_another_file_is_no_chart_table(tmp_path):
    np.savez(tmp_path / "a.npz", x=1)
    with pytest.raises(DataError, match="no chart table"):
        Charts(tmp_path / "a.npz")
