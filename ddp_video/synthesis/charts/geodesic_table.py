"""The table of geodesics made from the charts, on the body in the SMPL template's shape.

Dims: M = vertices of the charts, K = nodes, H = nodes of the left half and the midline.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import KDTree

from ...atomic import beside
from ...errors import OutputError
from .geodesics import STEP, packed
from .lookup import Charts

HALF_NODES = 1250
CLOSER = {3: 2.0, 4: 2.0, 5: 1.5, 6: 1.5, 23: 1.5, 24: 1.5}  # parts whose nodes lie closer together
CELLS = 96  # of the grid along U and along V
BATCH = 50  # nodes between two reports


def build_geodesics(
    charts: Charts, vertices: np.ndarray, out: Path, progress: Callable[[int], object] = bool
) -> None:
    """Spread nodes over the surface, measure all distances, write the table.

    Args:
        charts: symmetric, as `ddp-video synth charts` makes them.
        vertices: (M, 3) where the charts' vertices are, metres; symmetric.
        out: the npz to write.
        progress: told how many of `HALF_NODES` are done.

    Raises:
        OutputError: the table cannot be written.
    """
    nodes, twin = spread_nodes(charts, vertices)
    graph = surface_graph(vertices, charts.faces)
    steps = np.zeros((len(nodes), len(nodes)), np.uint8)
    for start in range(0, HALF_NODES, BATCH):
        some = slice(start, min(start + BATCH, HALF_NODES))
        metres = dijkstra(graph, indices=nodes[some])[:, nodes]
        steps[some] = np.round(metres / STEP).clip(0, 255)
        progress(some.stop)
    same, across = packed(steps, twin)
    owner = nearest_nodes(graph, nodes)
    try:
        with beside(out) as part, part.open("wb") as file:
            np.savez_compressed(
                file,
                grid=node_grid(charts, owner).astype(np.uint16),
                mirror=twin.astype(np.uint16),
                same=same,
                across=across,
            )
    except OSError as error:
        raise OutputError(f"{out} cannot be written: {error.strerror or error}") from error


def mirrored_vertices(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """(M,) mirrored vertex; face F/2 + k is the image of face k, its corners reversed."""
    out = np.arange(len(vertices))
    left, right = np.split(faces, 2)
    out[left], out[right] = right[:, ::-1], left[:, ::-1]
    return out


def spread_nodes(charts: Charts, vertices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Vertices of the left half, each as far from the others as can be, and their mirror images.

    Returns:
        (K,) vertices: HALF_NODES of the left half, those on the midline first; then the images.
        (K,) number of each one's mirror image.
    """
    left = np.unique(charts.faces[: len(charts.faces) // 2])
    closer = np.ones(len(vertices))
    for part, factor in CLOSER.items():
        closer[charts.faces[charts.part == part]] = factor
    half = left[_scattered(vertices[left], closer[left])]
    mirror = mirrored_vertices(vertices, charts.faces)
    alone = mirror[half] == half
    half = np.concatenate([half[alone], half[~alone]])
    images = np.arange(alone.sum(), HALF_NODES)
    numbers = np.arange(HALF_NODES, HALF_NODES + len(images))
    twin = np.concatenate([np.arange(alone.sum()), numbers, images])
    return np.concatenate([half, mirror[half[images]]]), twin


def _scattered(places: np.ndarray, closer: np.ndarray) -> np.ndarray:
    """Farthest-point sampling: (HALF_NODES,) of the points (N, 3), distances times (N,)."""
    chosen = np.zeros(HALF_NODES, np.int64)
    free = np.full(len(places), np.inf)
    for k in range(1, HALF_NODES):
        away = np.linalg.norm(places - places[chosen[k - 1]], axis=1)
        free = np.minimum(free, away * closer)
        chosen[k] = free.argmax()
    return np.sort(chosen)


def surface_graph(vertices: np.ndarray, faces: np.ndarray) -> csr_array:
    """(M, M) lengths of the straight lines between vertices that are up to three edges apart.

    With single edges only, paths would zigzag and come out more than ten percent too long.
    """
    a, b, c = faces.T
    one, two = np.concatenate([a, b, c, b, c, a]), np.concatenate([b, c, a, a, b, c])
    shape = (len(vertices), len(vertices))
    edges = coo_array((np.ones(len(one), np.int32), (one, two)), shape).tocsr()
    near = (edges + edges @ edges + edges @ edges @ edges).tocoo()
    row, column = near.coords
    keep = row != column
    row, column = row[keep], column[keep]
    length = np.linalg.norm(vertices[row] - vertices[column], axis=1)
    return coo_array((length.clip(1e-9), (row, column)), shape).tocsr()


def nearest_nodes(graph: csr_array, nodes: np.ndarray) -> np.ndarray:
    """(M,) number of the node that is nearest to each vertex along the surface."""
    _, _, source = dijkstra(graph, indices=nodes, min_only=True, return_predecessors=True)
    number = np.full(len(source), -1)
    number[nodes] = np.arange(len(nodes))
    return number[source]


def node_grid(charts: Charts, owner: np.ndarray) -> np.ndarray:
    """(24, CELLS, CELLS) the node at each part's U, V; outside the chart that of its nearest point.

    Args:
        charts: the charts.
        owner: (M,) the node of each of their vertices.
    """
    u, v = np.meshgrid(*2 * [np.linspace(0, 1, CELLS)], indexing="ij")
    cells = np.stack([u.ravel(), v.ravel()], 1)
    out = np.zeros((24, CELLS, CELLS), np.int64)
    for k in range(24):
        mine = charts.part == k + 1
        corners = np.stack([charts.u[mine], charts.v[mine]], -1)
        nearest = KDTree(corners.reshape(-1, 2)).query(cells)[1]
        out[k] = owner[charts.faces[mine].ravel()[nearest]].reshape(CELLS, CELLS)
    return out
