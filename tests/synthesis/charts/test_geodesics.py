"""Distances along the surface: the table that comes with the package, and how it is made."""

from pathlib import Path

import numpy as np
import pytest

from ddp_video.errors import DataError
from ddp_video.synthesis.charts.geodesics import Geodesics, packed, unpacked
from ddp_video.synthesis.charts.lookup import Charts
from ddp_video.synthesis.charts.mesh import ChartMesh

TABLE = Path(__file__).parents[3] / "ddp_video" / "synthesis" / "geodesics.npz"


@pytest.fixture(scope="module")
def geodesics() -> Geodesics:
    return Geodesics.shipped()


def nodes_of_part(geodesics: Geodesics, part: int) -> np.ndarray:
    return np.unique(geodesics.grid[part - 1]).astype(int)


def farthest(geodesics: Geodesics, a: int, b: int) -> float:
    one, two = (nodes_of_part(geodesics, part) for part in (a, b))
    return float(geodesics.distance(one[:, None], two[None]).max())


def test_the_table_is_small():
    assert TABLE.stat().st_size < 2_000_000


def test_distances_are_a_metric_up_to_rounding(geodesics):
    between = geodesics.between.astype(int)
    assert (between == between.T).all()
    assert (np.diag(between) == 0).all()
    a, b, c = np.random.default_rng(0).integers(0, len(between), (3, 300_000))
    assert (between[a, c] - between[a, b] - between[b, c]).max() <= 2  # rounded to 1 cm each


def test_known_lengths_of_the_body(geodesics):
    assert 1.6 < farthest(geodesics, 3, 4) < 1.9  # finger tip to finger tip, arms held out
    assert 1.6 < farthest(geodesics, 24, 5) < 2.1  # crown to toes, of 1.66 m
    assert 0.15 < farthest(geodesics, 4, 4) < 0.45  # a hand
    assert 0.2 < farthest(geodesics, 5, 5) < 0.5  # a foot


def test_left_and_right_are_alike(geodesics):
    assert farthest(geodesics, 4, 14) == pytest.approx(farthest(geodesics, 3, 13), abs=1e-6)
    front, elsewhere = np.full(50, 2), np.linspace(0, 1, 50)
    a = geodesics.node(front, elsewhere, np.full(50, 0.25))
    b = geodesics.node(front, elsewhere, np.full(50, 0.75))  # V turns round on the torso
    toe, other = geodesics.node(np.array([5, 6]), np.array([0.3, 0.7]), np.array([0.5, 0.5]))
    gap = geodesics.distance(a, toe) - geodesics.distance(b, other)
    assert np.abs(gap).max() <= 0.05  # cells of the grid are not symmetric about nodes


def test_seams_and_borders_are_no_distance(geodesics):
    charts = Charts.shipped()
    part, vertex = np.repeat(charts.part, 3), charts.faces.ravel()
    node = geodesics.node(part, charts.u.ravel(), charts.v.ravel())
    first = np.full(vertex.max() + 1, -1)
    first[vertex] = node
    apart = geodesics.distance(node, first[vertex])
    assert apart.mean() < 0.001
    assert apart.max() < 0.08  # no more than neighbouring nodes


def test_neighbours_on_a_chart_are_near(geodesics):
    u = np.linspace(0.1, 0.85, 40)
    torso, middle = np.full(40, 2), np.full(40, 0.5)
    near = geodesics.distance(
        geodesics.node(torso, u, middle), geodesics.node(torso, u + 0.02, middle)
    )
    assert near.max() < 0.06
    down = geodesics.distance(
        geodesics.node(torso, u, middle), geodesics.node(torso, u[:1], middle)
    )
    assert np.corrcoef(down, u - u[0])[0, 1] > 0.99


def test_the_background_has_no_node(geodesics):
    with pytest.raises(DataError, match="from 1 to 24"):
        geodesics.node(np.array([0]), np.zeros(1), np.zeros(1))


def test_packing_keeps_symmetric_distances():
    mirror = np.array([0, 1, 4, 5, 2, 3])  # two on the midline, two pairs
    rng = np.random.default_rng(0)
    between = rng.integers(1, 200, (6, 6)).astype(np.uint8)
    between = np.minimum(between, between.T)
    between = np.minimum(between, between[np.ix_(mirror, mirror)])
    np.fill_diagonal(between, 0)
    assert (unpacked(mirror, *packed(between, mirror)) == between).all()


def test_another_file_is_no_table(tmp_path):
    np.savez(tmp_path / "a.npz", x=1)
    with pytest.raises(DataError, match="no table of geodesics"):
        Geodesics(tmp_path / "a.npz")


def sphere(refinements: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """A unit sphere of 8·4ⁿ triangles, from an octahedron."""
    vertices = np.concatenate([np.eye(3), -np.eye(3)])
    faces = np.array([(a, b, c) for a in (0, 3) for b in (1, 4) for c in (2, 5)])
    mesh = ChartMesh.of(faces, 6)
    for _ in range(refinements):
        known = len(mesh.parents)
        mesh = mesh.refined(np.ones(len(mesh.faces), bool))[0]
        middles = vertices[mesh.parents[known:]].mean(1)
        middles /= np.linalg.norm(middles, axis=1, keepdims=True)
        vertices = np.concatenate([vertices, middles])
    return vertices, mesh.faces


def test_paths_over_a_sphere_follow_great_circles():
    pytest.importorskip("scipy")
    from scipy.sparse.csgraph import dijkstra

    from ddp_video.synthesis.charts.geodesic_table import surface_graph

    vertices, faces = sphere()
    found = dijkstra(surface_graph(vertices, faces), indices=0)
    exact = np.arccos((vertices @ vertices[0]).clip(-1, 1))
    ratio = found[exact > 0.3] / exact[exact > 0.3]
    assert ratio.min() > 0.99
    assert ratio.mean() < 1.015
    assert ratio.max() < 1.05
