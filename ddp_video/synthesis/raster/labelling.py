"""I, U, V of what is seen of people.

The rule: a vertex of skin, clothes, shoes or hair takes I, U, V of the body point that is nearest
to it in the **rest pose** (to its anchor, where a surface has anchors). Points of a triangle whose
corners lie together on one part take what lies between its corners; points of any other are looked
up as vertices are. So the labels move with the clothes, and no label jumps between limbs that come
near each other.
"""

from typing import Any

import numpy as np

from ..body.body import Body, Surface
from ..charts.lookup import Charts
from .assembly import TREE, Assembly
from .label_kernels import chart_kernel, vertex_chart_kernel
from .memo import Memo
from .rasterise import Hits
from .warped import scalars, vectors, wp

STRETCH = 1.5  # times as far apart as corners of a triangle may their body points be
TOUCH = 0.002  # metres, beyond that
STEP = 0.15  # between U or V of two corners: if more, a triangle off the skin is looked up
SKIN = 1e-4  # metres: no farther from the body is on it
CUT = 0.3  # the same for the skin itself, whose charts have cuts


def _chart_mesh(body: Body, charts: Charts, device: str) -> wp.Mesh:
    points = vectors(charts.refine(body.vertices), wp.vec3, device)
    return wp.Mesh(points, scalars(charts.faces.ravel(), device), **TREE)


def _chart_table(charts: Charts, device: str) -> tuple[wp.array, wp.array, wp.array]:
    u, v = (vectors(values, wp.vec3, device) for values in (charts.u, charts.v))
    return scalars(charts.part, device), u, v


chart_mesh = Memo(_chart_mesh)  # a body's chart surface at rest, ready for nearest points
chart_table = Memo(_chart_table)  # I, U, V of the charts' faces


def anchors(surface: Surface) -> np.ndarray:
    """(V, 3) points of the rest pose at which labels are looked up."""
    return surface.vertices if surface.anchors is None else surface.anchors


def _charted(
    surface: Surface, body: Body, charts: Charts, device: str
) -> tuple[np.ndarray, np.ndarray]:
    """(V, 3) I, U, V of the vertices; (F,) bool: triangles that lie between their corners."""
    points = anchors(surface)
    iuv, nearest = (wp.zeros(len(points), dtype=wp.vec3, device=device) for _ in range(2))
    given = [chart_mesh(body, charts, device).id, vectors(points, wp.vec3, device)]
    table = chart_table(charts, device)
    wp.launch(vertex_chart_kernel, len(points), [*given, *table, iuv, nearest], device=device)
    found = iuv.numpy()
    return found, together(points, nearest.numpy(), found, surface.faces)


def together(
    points: np.ndarray, nearest: np.ndarray, iuv: np.ndarray, faces: np.ndarray
) -> np.ndarray:
    """(F,) bool: triangles whose corners lie together on one chart, as far apart as themselves.

    Args:
        points: (V, 3) of the surface.
        nearest: (V, 3) body points nearest to them.
        iuv: (V, 3) of those.
        faces: (F, 3).
    """
    part, off = iuv[:, 0], np.linalg.norm(points - nearest, axis=1) > SKIN
    i, j, k = faces.T
    out = (part[i] == part[j]) & (part[j] == part[k])
    i, j, k = faces[out].T
    most = np.where(off[i] | off[j] | off[k], STEP, CUT)
    fine = np.ones(len(i), bool)
    for a, b in ((i, j), (j, k), (k, i)):
        apart, body = (np.sqrt(np.square(p[a] - p[b]).sum(1)) for p in (points, nearest))
        steps = np.abs(iuv[a, 1:] - iuv[b, 1:])
        fine &= (body <= STRETCH * apart + TOUCH) & (np.maximum(*steps.T) < most)
    out[out] = fine
    return out


charted = Memo(_charted)


class Labels:
    """The labels of a scene's people.

    Args:
        assembly: of the scene.
        bodies: of the people, by their number.
        charts: the DensePose charts.
    """

    def __init__(self, assembly: Assembly, bodies: list[Body], charts: Charts) -> None:
        device = assembly.device
        self.corners, self.device = assembly.static["corners"], device
        people = [(piece.surface, piece.owner) for piece in assembly.pieces]
        found = [
            charted(surface, bodies[owner - 1], charts, device) if owner else blank(surface)
            for surface, owner in people
        ]
        iuv, plain = (np.concatenate(values) for values in zip(*found, strict=True))
        rest = np.concatenate([anchors(surface) for surface, _ in people])
        meshes = [chart_mesh(body, charts, device).id for body in bodies]
        self.given: list[Any] = [
            self.corners, vectors(rest, wp.vec3, device), vectors(iuv, wp.vec3, device),
            scalars(plain, device), wp.array(meshes, dtype=wp.uint64, device=device),
            *chart_table(charts, device),
        ]  # fmt: skip

    def of(self, seen: Hits) -> np.ndarray:
        """(P, 3) I, U, V of what pixels see; zero where that is nobody."""
        n = len(seen.face)
        out = wp.zeros(n, dtype=wp.vec3, device=self.device)
        hits = [seen.face, seen.owner, seen.bary, out]
        wp.launch(chart_kernel, n, [*self.given, *hits], device=self.device)
        return out.numpy()


def blank(surface: Surface) -> tuple[np.ndarray, np.ndarray]:
    """Labels of what is nobody."""
    return np.zeros((len(surface.vertices), 3), np.float32), np.zeros(len(surface.faces), bool)
