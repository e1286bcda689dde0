"""Exact flow: truth carried along it is the truth of the other frame."""

import cv2
import numpy as np
import pytest

pytest.importorskip("anny")
pytest.importorskip("warp")

from ddp_video.synthesis.body.body import Body
from ddp_video.synthesis.charts.lookup import Charts
from ddp_video.synthesis.clip import flow
from ddp_video.synthesis.motion.motion import moved, walk
from ddp_video.synthesis.raster.rasterise import Camera, Light
from ddp_video.synthesis.raster.stage import Actor, Stage
from ddp_video.synthesis.scene.camera import look
from ddp_video.synthesis.scene.room import Panel

pytestmark = pytest.mark.filterwarnings("default")

SIZE = (270, 240)
LIGHT = Light((-2.0, -3.0, 3.0), 0.3, (9.0, 9.0, 9.0), (0.5, 0.5, 0.5), (0.3, 0.3, 0.3))
SKIN = np.full((8, 8, 4), (200, 160, 140, 255), np.uint8)
POST = Panel(np.array([-0.5, -1.2, 0]), np.array([0.15, 0, 0]), np.array([0.0, 0, 2]), SKIN)


def camera(frame: int, still: bool = False) -> Camera:
    """Goes to the right and rolls."""
    step = 0.0 if still else 0.03 * frame
    return look(np.array([step, -4.2, 1.4]), np.array([0.6 * step, 0, 0.8]), 20 * step, 430.0, SIZE)


@pytest.fixture(scope="module")
def stage() -> Stage:
    """One person walks behind another, past a post."""
    seconds = np.arange(4) / 24
    actors = []
    for gender, heading, place in ((0.0, 60.0, (-0.1, 0.6)), (1.0, -20.0, (0.15, 0.0))):
        body = Body({"gender": gender, "age": 0.65})
        motion = moved(walk(body, seconds, 0.0, phase=gender / 3), heading, place)
        transforms = body.transforms(*motion)
        transforms[:, :, 2, 3] -= body.lowest(transforms)[:, None]
        actors.append((Actor(body, [body.skin(SKIN)]), transforms))
    return Stage([POST], actors, LIGHT, Charts.shipped(), floor=True)


def carried(values: np.ndarray, target: np.ndarray) -> np.ndarray:
    """(H, W, n) values of the other frame at (H, W, 2) pixel positions, bilinear."""
    x, y = (target[..., k].astype(np.float32) - 0.5 for k in (0, 1))
    return cv2.remap(values.astype(np.float32), x, y, cv2.INTER_LINEAR)


def centres() -> np.ndarray:
    """(H, W, 2) x and y of the pixels' centres."""
    return np.stack(np.meshgrid(np.arange(SIZE[1]), np.arange(SIZE[0])), -1) + 0.5


@pytest.mark.parametrize("step", [1, -1, 2])
def test_the_other_frames_truth_comes_back_along_the_flow(stage, step):
    k = 1 if step > 0 else 2
    here, there = (stage.labels(n, camera(n)) for n in (k, k + step))
    found = flow(stage, (k, camera(k)), (k + step, camera(k + step)))
    target = centres() + found.flow
    back = carried(there.iuv, target)
    # Bilinear values mean something where all four pixels show one part of one person.
    kind = 32 * there.owner + there.iuv[..., 0]
    low, high = (f(kind.astype(np.float32), np.ones((3, 3))) for f in (cv2.erode, cv2.dilate))
    plain = carried(high, target) - carried(low, target) < 1e-3
    known = found.seen & plain & (here.owner > 0)
    assert known.sum() > 0.4 * (here.owner > 0).sum()
    same = carried(kind, target)[known] == 32 * here.owner[known] + here.iuv[known][:, 0]
    assert same.mean() > 0.995
    error = np.abs(back - here.iuv)[known][same][:, 1:]
    assert error.mean() < 0.003
    assert np.quantile(error, 0.99) < 0.02
    mask = found.seen & (here.owner == 0)  # and the background comes from the background
    assert (carried(there.owner > 0, target)[mask] > 0.99).mean() < 0.003


def test_what_is_hidden_in_the_other_frame_is_known(stage):
    """Seen by depth: the point's own depth there against what is seen there."""
    here, there = stage.labels(0, camera(0)), stage.labels(3, camera(3))
    found = flow(stage, (0, camera(0)), (3, camera(3)))
    target = centres() + found.flow
    inside = (target >= 0).all(-1) & (target < (SIZE[1], SIZE[0])).all(-1)
    assert not (found.seen & ~inside).any()
    people = here.owner > 0
    assert 0.02 < (people & ~found.seen).sum() / people.sum() < 0.35
    x, y = target.clip(0, (SIZE[1] - 1, SIZE[0] - 1)).astype(int).transpose(2, 0, 1)
    other = there.owner[y, x]
    agree = people & inside & (other == here.owner)
    assert found.seen[agree].mean() > 0.9
    covered = people & inside & (other != here.owner)
    assert found.seen[covered].mean() < 0.15


def test_the_post_and_the_ground_stand_still(stage):
    """A point of the ground z = 0, projected by hand, and one of the panel."""
    a, b = camera(0), camera(3)
    found = flow(stage, (0, a), (3, b))
    truth = stage.labels(0, a)
    for y, x in ((262, 12), (255, 225)):
        assert not truth.owner[y, x]
        way = np.array([(x + 0.5 - 120) / 430, (y + 0.5 - 135) / 430, 1.0]) @ a.axes
        point = a.eye - way * a.eye[2] / way[2]
        seen = b.axes @ (point - b.eye)
        there = 430 * seen[:2] / seen[2] + (120, 135)
        assert np.allclose(found.flow[y, x] + (x + 0.5, y + 0.5), there, atol=0.02)
    y, x = np.argwhere((truth.owner == 0) & np.isfinite(truth.depth))[50]
    point = np.array([(x + 0.5 - 120) / 430, (y + 0.5 - 135) / 430, 1.0]) * truth.depth[y, x]
    seen = b.axes @ (point @ a.axes + a.eye - b.eye)
    there = 430 * seen[:2] / seen[2] + (120, 135)
    assert np.allclose(found.flow[y, x] + (x + 0.5, y + 0.5), there, atol=0.02)


def test_a_panorama_turns_with_the_camera_and_not_with_its_steps(stage):
    first = camera(0)
    moved_on = Camera(first.eye + np.array([0.5, 0, 0]), first.axes, first.focal, SIZE)
    sky = ~np.isfinite(stage.labels(0, first).depth)
    sky[40:] = False  # above the horizon
    found = flow(stage, (0, first), (0, moved_on))
    assert np.abs(found.flow[sky]).max() < 0.01
    turned = Camera(first.eye, camera(3).axes, first.focal, SIZE)
    found = flow(stage, (0, first), (0, turned))
    assert np.linalg.norm(found.flow[sky], axis=-1).mean() > 2


def test_nothing_moves_between_a_frame_and_itself(stage):
    found = flow(stage, (1, camera(1)), (1, camera(1)))
    assert np.abs(found.flow).max() < 1e-3
    assert found.seen.mean() > 0.998


def test_flow_of_every_third_pixel_is_that_of_those_pixels(stage):
    ends = (0, camera(0)), (2, camera(2))
    every, third = flow(stage, *ends), flow(stage, *ends, every=3)
    assert np.array_equal(third.flow, every.flow[::3, ::3])
    assert np.array_equal(third.seen, every.seen[::3, ::3])
