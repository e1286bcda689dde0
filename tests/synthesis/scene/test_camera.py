"""Where the camera stands, against geometry worked out by hand."""

import numpy as np
import pytest

pytest.importorskip("warp")

from ddp_video.synthesis.scene.camera import (
    SHOTS,
    drawn_shot,
    extent,
    focal_pixels,
    framed,
    horizon,
    look,
    project,
    rays,
)

SIZE = (120, 160)
BOX = np.array([[x, y, z] for x in (-0.3, 0.3) for y in (-0.2, 0.2) for z in (0.0, 1.7)])


def test_focal_length_is_told_for_film_36_mm_wide():
    assert focal_pixels(36, (512, 512)) == 512
    assert focal_pixels(50, (360, 640)) == pytest.approx(640 * 50 / 36)


def test_project_by_hand():
    camera = look(np.array([0.0, -4, 1]), np.array([0.0, 0, 1]), 0.0, 100.0, SIZE)
    pixels, depth = project(camera, np.array([[0.0, 0, 1], [1, 0, 1], [0, 1, 2]]))
    assert np.allclose(pixels, [[80, 60], [105, 60], [80, 40]])
    assert np.allclose(depth, [4, 4, 5])


def test_rays_are_the_inverse_of_project():
    camera = look(np.array([1.0, -3, 2.5]), np.array([0.2, 1, 0.4]), 17.0, 90.0, SIZE)
    way = rays(camera)
    assert way.shape == (3, *SIZE)
    points = camera.eye + 3.0 * way[:, 30:40, 50:60].reshape(3, -1).T
    pixels, depth = project(camera, points)
    y, x = np.mgrid[30:40, 50:60]
    assert np.allclose(pixels, np.stack([x.ravel() + 0.5, y.ravel() + 0.5], 1), atol=1e-3)
    assert np.allclose(depth, 3.0, atol=1e-5)


def test_horizon_is_where_far_ground_goes():
    for roll in (0.0, 12.0):
        camera = look(np.array([0.0, -4, 1.6]), np.array([0.0, 0, 1]), roll, 100.0, SIZE)
        forwards = camera.axes[2] * (1, 1, 0)
        far = camera.eye * (1, 1, 0) + 1e7 * forwards / np.linalg.norm(forwards)
        column, row = project(camera, far[None])[0][0]
        slope = np.tan(np.radians(roll))  # the horizon is a line; it is told for the middle column
        assert horizon(camera) == pytest.approx(row + slope * (column - 80), abs=0.5)


def test_straight_down_is_no_special_case():
    camera = look(np.array([0.0, 0, 5]), np.zeros(3), 0.0, 100.0, SIZE)
    assert np.allclose(camera.axes @ camera.axes.T, np.eye(3))
    assert np.allclose(camera.axes[0], [1, 0, 0])
    assert np.allclose(project(camera, np.array([[0.5, 0, 0]]))[0], [[90, 60]])


@pytest.mark.parametrize("name", [n for n, shot in SHOTS.items() if not shot.detail])
def test_the_subject_fills_what_the_shot_says(name):
    shot = SHOTS[name]
    rng = np.random.default_rng(3)
    for _ in range(12):
        camera = framed(BOX, shot, (200, 200), rng)
        low, high = extent(camera, BOX)
        filled = (high - low).max() / 200
        assert 0.75 * shot.fill[0] < filled < 1.3 * shot.fill[1]
        assert camera.eye[2] > 0.05
        if shot.fill[1] < 0.95 and filled < 0.95:
            assert (low > -0.06 * 200).all()
            assert (high < 1.06 * 200).all()


def test_heights_and_angles_of_shots():
    rng = np.random.default_rng(5)
    for _ in range(10):
        assert framed(BOX, SHOTS["floor"], SIZE, rng).eye[2] < 0.75
        drone = framed(BOX, SHOTS["drone"], SIZE, rng)
        back = drone.eye - BOX.mean(0)
        assert np.degrees(np.arcsin(back[2] / np.linalg.norm(back))) > 44


def test_shots_are_drawn_by_their_shares():
    rng = np.random.default_rng(0)
    drawn = [drawn_shot(rng) for _ in range(2000)]
    total = sum(s.share for s in SHOTS.values())
    for shot in SHOTS.values():
        assert drawn.count(shot) / 2000 == pytest.approx(shot.share / total, abs=0.04)
