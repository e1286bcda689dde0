"""The label rule of skirts: whatever the legs do, a point of cloth keeps its label and its leg."""

import numpy as np
import pytest

pytest.importorskip("anny")

from scipy.spatial import KDTree

from ddp_video.synthesis.body.base_mesh import places
from ddp_video.synthesis.body.body import Body, pose
from ddp_video.synthesis.charts.lookup import Charts
from ddp_video.synthesis.wardrobe.skirts import skirt, skirt_piece

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]

WHITE = np.full((2, 2, 4), 255, np.uint8)
LEFT, RIGHT, TRUNK = {5, 8, 10, 12, 14}, {6, 7, 9, 11, 13}, {1, 2}
FRONT, BACK = {2, 9, 10, 13, 14}, {1, 7, 8, 11, 12}


@pytest.fixture(scope="module")
def body():
    return Body({"gender": 1.0, "age": 0.6})


def labels(body, points):
    """Part of the chart face whose middle is nearest in the rest pose."""
    charts = Charts.shipped()
    middle = charts.refine(body.vertices)[charts.faces].mean(1)
    return charts.part[KDTree(middle).query(points)[1]]


def wide(body, flare=0.7):
    return skirt(body, skirt_piece(-0.3), WHITE, flare, 0.015, np.random.default_rng(0))


def corners(surface):
    """Points of the cloth inside every face, by their anchors."""
    bary = np.array([[1 / 3, 1 / 3, 1 / 3], [0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]])
    return np.einsum("kc,fcd->fkd", bary, surface.anchors[surface.faces]).reshape(-1, 3)


def test_each_half_belongs_to_its_own_leg(body):
    points = corners(wide(body))
    found = labels(body, points)
    assert set(found.tolist()) <= LEFT | RIGHT | TRUNK
    clear = np.abs(points[:, 0]) > 0.004
    assert not np.isin(found[clear & (points[:, 0] > 0)], list(RIGHT)).any()
    assert not np.isin(found[clear & (points[:, 0] < 0)], list(LEFT)).any()


def test_front_and_back_do_not_interleave(body):
    """Once around at any height each leg is one unbroken run."""
    surface = wide(body)
    points = corners(surface)
    found = labels(body, points)
    centre = surface.anchors[:, 1].mean()
    outside = np.abs(points[:, 0]) > 0.06
    assert np.isin(found[outside & (points[:, 1] < centre - 0.08)], list(FRONT)).mean() > 0.97
    assert np.isin(found[outside & (points[:, 1] > centre + 0.08)], list(BACK)).mean() > 0.97
    for z in np.linspace(-0.25, 0.0, 6):
        row = (np.abs(points[:, 2] - z) < 0.02) & (np.abs(points[:, 0]) > 0.004)
        order = np.argsort(np.arctan2(points[row, 0], -(points[row, 1] - centre)))
        around = found[row][order]
        side = np.isin(around[np.isin(around, list(LEFT | RIGHT))], list(LEFT))
        assert (np.diff(side.astype(int)) != 0).sum() == 1  # it begins and ends in the back


def test_labels_depend_neither_on_the_pose_nor_on_the_flare(body):
    surface = wide(body)
    step = np.radians(40)
    swing = np.array([[1, 0, 0], [0, np.cos(step), -np.sin(step)], [0, np.sin(step), np.cos(step)]])
    turns = {"upperleg01.L": swing[None], "upperleg01.R": swing.T[None]}
    posed = pose(surface.vertices, surface.weights, body.transforms(turns, np.zeros((1, 3)))[0])
    assert np.abs(posed - surface.vertices).max() > 0.1  # it moves
    # What labels are looked up by has no pose and no flare in it.
    assert np.array_equal(surface.anchors, wide(body, flare=0.0).anchors)


def test_a_flared_hem_is_wider_and_level(body):
    piece = skirt_piece(-0.3)
    z = (piece.blend @ places().points)[:, 2]
    hem = np.abs(z + 0.3) < 1e-6
    width = {
        flare: np.ptp(
            skirt(body, piece, WHITE, flare, 0.0, np.random.default_rng(0)).vertices[hem, 0]
        )
        for flare in (0.0, 0.5)
    }
    assert hem.sum() > 20
    assert width[0.5] / width[0.0] == pytest.approx(1.5, abs=0.06)
