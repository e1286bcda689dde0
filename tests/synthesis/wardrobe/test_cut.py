"""Cutting a mesh along a level line: areas worked out by hand."""

import numpy as np
import pytest

pytest.importorskip("scipy")

from ddp_video.synthesis.wardrobe.cut import blending, clipped, edges_of, mean_of_neighbours


def area(points, faces):
    return np.abs(signed(points, faces)).sum()


def signed(points, faces):
    """Area of each triangle, positive where it turns left."""
    a, b, c = (points[faces[:, k]] for k in range(3))
    return 0.5 * np.linalg.det(np.stack([b - a, c - a], 1))


def grid(n):
    """The unit square in n × n cells of two triangles."""
    y, x = np.mgrid[: n + 1, : n + 1] / n
    k = np.arange((n + 1) ** 2).reshape(n + 1, n + 1)
    a, b, c, d = k[:-1, :-1].ravel(), k[:-1, 1:].ravel(), k[1:, 1:].ravel(), k[1:, :-1].ravel()
    faces = np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)])
    return np.stack([x.ravel(), y.ravel()], 1), faces


def cut(points, faces, inside):
    parents, share, new = clipped(faces, inside)
    return blending(parents, share, len(points)) @ points, new


def test_one_corner_of_a_triangle_stays():
    points = np.array([[0.0, 0], [1, 0], [0, 1]])
    kept, faces = cut(points, np.array([[0, 1, 2]]), np.array([0.25, -0.75, -0.75]))
    assert sorted(map(tuple, kept.round(9).tolist())) == [(0, 0), (0, 0.25), (0.25, 0)]
    assert area(kept, faces) == pytest.approx(0.25**2 / 2)


def test_two_corners_stay():
    points = np.array([[0.0, 0], [1, 0], [0, 1]])
    kept, faces = cut(points, np.array([[0, 1, 2]]), 0.5 - points[:, 0])
    assert len(faces) == 2
    assert area(kept, faces) == pytest.approx(0.5 - 0.125)


def test_the_hem_is_the_level_line_and_closed():
    points, faces = grid(7)
    slanted = points[:, 0] + 0.3 * points[:, 1] - 0.4
    kept, new = cut(points, faces, slanted)
    assert area(kept, new) == pytest.approx(1 - (0.4 + 0.1) / 2)
    edges, border = edges_of(new)
    assert (edges_of(new)[0] < len(kept)).all()
    hem = edges[border]
    level = np.abs(kept[hem] @ [1, 0.3] - 0.4).max(1) < 1e-9
    lengths = np.linalg.norm(kept[hem[level, 0]] - kept[hem[level, 1]], axis=1)
    assert lengths.sum() == pytest.approx(np.hypot(1, 0.3))


def test_orientation_is_kept():
    points, faces = grid(5)
    kept, new = cut(points, faces, np.sin(7 * points[:, 0]) + points[:, 1] - 0.5)
    assert (signed(kept, new) >= -1e-12).all()


def test_a_hem_is_smoothed_along_itself():
    points, faces = grid(4)
    means = mean_of_neighbours(faces, len(points)) @ points
    left = (points[:, 0] == 0) & (points[:, 1] > 0) & (points[:, 1] < 1)
    assert np.allclose(means[left], points[left])  # neighbours above and below only
    inner = ((points > 0) & (points < 1)).all(1)
    assert np.allclose(means[inner], points[inner])
