"""Rotations against values worked out by hand."""

import numpy as np
import pytest

pytest.importorskip("scipy")

from scipy.spatial.transform import Rotation

from ddp_video.synthesis.body.rotations import (
    about,
    between,
    frame,
    from_vector,
    part_way,
    rotation_vector,
    turn,
    twist_about,
)


def test_turn_is_right_handed():
    assert np.allclose(turn("z", 90.0) @ [1, 0, 0], [0, 1, 0])
    assert np.allclose(turn("x", np.array([0.0, 90.0]))[1] @ [0, 1, 0], [0, 0, 1])
    assert np.allclose(turn(np.array([0, 0, 5.0]), 30.0), turn("z", 30.0))


def test_between_takes_one_direction_to_the_other():
    a, b = np.array([1.0, 2, 3]), np.array([-2.0, 1, 0.5])
    r = between(a, b)
    assert np.allclose(r @ a / np.linalg.norm(a), b / np.linalg.norm(b))
    assert np.allclose(r @ r.T, np.eye(3))
    assert np.array_equal(between(a, 2 * a), np.eye(3))


def test_a_frame_lies_along_one_vector_and_in_the_plane_of_the_other():
    along, across = np.array([0.0, 0, 2]), np.array([3.0, 0, 1])
    assert np.allclose(frame(along, across), [[0, 1, 0], [0, 0, 1], [1, 0, 0]])


def test_vectors_come_back():
    vectors = np.random.default_rng(0).uniform(-1.5, 1.5, (20, 3))
    assert np.allclose(rotation_vector(from_vector(vectors)), vectors)


def test_vectors_are_those_of_scipy_up_to_half_a_turn():
    rng = np.random.default_rng(1)
    axes = rng.normal(size=(60, 3))
    angles = np.concatenate([[0.0, 1e-12, 1e-6], rng.uniform(0, np.pi - 1e-3, 57)])
    vectors = axes / np.linalg.norm(axes, axis=1, keepdims=True) * angles[:, None]
    true = Rotation.from_rotvec(vectors).as_matrix()
    assert np.allclose(from_vector(vectors), true, atol=1e-12)
    assert np.allclose(rotation_vector(true), vectors, atol=1e-6)
    assert np.allclose(rotation_vector(true[5]), vectors[5])


def test_half_of_a_quarter_turn():
    half, whole = part_way(turn("z", 10.0), turn("z", 100.0), (0.5, 1.0))
    assert np.allclose(half, turn("z", 55.0))
    assert np.allclose(whole, turn("z", 100.0))


@pytest.mark.parametrize("degrees", [-150.0, -20.0, 0.0, 75.0, 170.0])
def test_the_twist_of_a_twist_and_a_swing(degrees):
    axis = np.array([0.0, 0.6, 0.8])
    swing = turn(np.cross(axis, [1.0, 0, 0]), 50.0)  # about an axis at a right angle
    twisted = swing @ turn(axis, degrees)
    assert np.degrees(twist_about(twisted, axis)) == pytest.approx(degrees)
    assert np.allclose(about(axis, np.radians(degrees)), turn(axis, degrees))
