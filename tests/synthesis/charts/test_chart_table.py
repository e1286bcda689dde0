"""How the chart table is made: the source, the mesh, the transfer, and the whole on few steps."""

import numpy as np
import pytest

pytest.importorskip("scipy")
pytest.importorskip("warp")

from ddp_video.errors import DataError, InputError, OutputError
from ddp_video.synthesis.charts import geodesic_table
from ddp_video.synthesis.charts import table as chart_table
from ddp_video.synthesis.charts import transfer as chart_transfer
from ddp_video.synthesis.charts.geodesics import Geodesics
from ddp_video.synthesis.charts.lookup import Charts
from ddp_video.synthesis.charts.mesh import ChartMesh, at_borders
from ddp_video.synthesis.charts.source import CHART_FILE, TEMPLATE_FILE, Source, read_source
from ddp_video.synthesis.charts.transfer import choose_parts, transfer
from ddp_video.synthesis.raster.rays import closest, face_normals, first_hits, on_surface

SQUARE = np.array([[0.0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]])
HALVES = np.array([[0, 1, 2], [0, 2, 3]])


def plane(part: int, z: float = 0.0) -> Source:
    """The unit square at a height, as one part whose U is x and whose V is y."""
    corners = SQUARE[HALVES]
    return Source(
        SQUARE + np.array([0, 0, z]),
        np.arange(4),
        HALVES,
        np.full(2, part),
        corners[..., 0],
        corners[..., 1],
    )


def with_mirror_image(left: Source) -> Source:
    right = left.mirrored()
    pairs = [(getattr(left, n), getattr(right, n)) for n in ("vertices", "original", "faces")]
    vertices, original, faces = (np.concatenate(pair) for pair in pairs)
    faces[len(left.faces) :] += len(left.vertices)
    labels = [(getattr(left, n), getattr(right, n)) for n in ("part", "u", "v")]
    return Source(vertices, original, faces, *(np.concatenate(pair) for pair in labels))


def test_a_ray_and_the_nearest_point_meet_the_same_place():
    points = np.array([[0.3, 0.1, 2.0], [0.2, 0.9, 0.5]])
    for face, bary in (
        closest(SQUARE, HALVES, points),
        first_hits(SQUARE, HALVES, points, np.array([[0.0, 0, -1]] * 2)),
    ):
        assert face.tolist() == [0, 1]
        assert np.allclose(on_surface(SQUARE, HALVES, face, bary), points * (1, 1, 0), atol=1e-6)
    assert first_hits(SQUARE, HALVES, points, np.array([[0.0, 0, 1]] * 2))[0].tolist() == [-1, -1]
    normals, areas = face_normals(SQUARE, HALVES)
    assert normals == pytest.approx(np.array([[0, 0, 1]] * 2))
    assert areas.tolist() == [0.5, 0.5]


def test_the_mirror_image_of_the_mirror_image_is_the_source():
    left = plane(4)
    mirrored = left.mirrored()
    assert (mirrored.part == 3).all()
    assert (mirrored.vertices[:, 0] <= 0).all()
    assert face_normals(mirrored.vertices, mirrored.faces)[0][:, 2] == pytest.approx(1)
    for name in ("vertices", "faces", "part", "u", "v"):
        assert (getattr(mirrored.mirrored(), name) == getattr(left, name)).all()


def test_the_source_knows_the_parts_of_the_template(assets):
    source = read_source(assets / "charts")
    assert len(source.faces) == 13774
    left_knee, right_knee = source.border((8, 10), (12, 14)), source.border((7, 9), (11, 13))
    assert left_knee == pytest.approx(right_knee * (-1, 1, 1), abs=0.01)
    assert left_knee[0] > 0.05
    outward = face_normals(source.vertices, source.faces)[0]
    away = source.vertices[source.faces].mean(1) - source.vertices.mean(0)
    assert ((outward * away).sum(1) > 0).mean() > 0.7


def test_source_files_that_are_missing_or_something_else(tmp_path):
    with pytest.raises(InputError, match=CHART_FILE):
        read_source(tmp_path)
    (tmp_path / CHART_FILE).write_text("letter")
    (tmp_path / TEMPLATE_FILE).write_text("v 0 0 0\n")
    with pytest.raises(DataError, match="no DensePose charts"):
        read_source(tmp_path)


def test_a_face_is_cut_into_four_and_its_neighbour_stays():
    mesh, origin = ChartMesh.of(HALVES, 4).refined(np.array([True, False]))
    assert origin.tolist() == [1, 0, 0, 0, 0]
    assert sorted(map(tuple, mesh.parents[4:].tolist())) == [(0, 1), (0, 2), (1, 2)]
    places = np.concatenate([SQUARE, SQUARE[mesh.parents[4:]].mean(1)])
    normals, areas = face_normals(places, mesh.faces)
    assert areas.tolist() == [0.5, 0.125, 0.125, 0.125, 0.125]
    assert normals[:, 2] == pytest.approx(1)


def test_two_refined_neighbours_share_their_midpoint():
    mesh, _ = ChartMesh.of(HALVES, 4).refined(np.array([True, False]))
    mesh, _ = mesh.refined(np.array([True, False, False, False, False]))
    assert len(np.unique(mesh.parents, axis=0)) == len(mesh.parents) == 4 + 5


def test_the_mirror_image_shares_the_midline():
    # two triangles of the left half; vertices 0 and 1 are on the midline, 3 mirrors 2
    mesh, _ = ChartMesh.of(np.array([[0, 2, 1]]), 4).refined(np.array([True]))
    whole = mesh.with_mirror_image(np.array([0, 1, 3, 2]))
    assert len(whole.faces) == 8
    assert sorted(map(tuple, whole.parents[4:].tolist())) == [
        *((0, 1), (0, 2), (0, 3), (1, 2), (1, 3))
    ]
    places = np.array([[0.0, 0, 0], [0, 1, 0], [1, 0, 0], [-1, 0, 0]])
    places = np.concatenate([places, places[whole.parents[4:]].mean(1)])
    normals, areas = face_normals(places, whole.faces)
    assert normals[:, 2] == pytest.approx(1)
    assert areas.sum() == pytest.approx(1)


def test_vertices_nobody_needs_are_left_out():
    mesh, base = ChartMesh.of(np.array([[1, 3, 4]]), 6).without_unused()
    assert base.tolist() == [1, 3, 4]
    assert mesh.faces.tolist() == [[0, 1, 2]]


def test_faces_at_a_border_share_a_vertex_with_another_part():
    faces = np.array([[0, 1, 2], [0, 2, 3], [3, 4, 5]])
    assert at_borders(faces, np.array([8, 8, 10])).tolist() == [False, True, True]


def test_u_and_v_are_those_of_the_nearest_point():
    corners = np.array([[[0.2, 0.1, 0.02], [0.27, 0.1, 0.02], [0.2, 0.16, 0.02]]])
    labels = transfer(
        with_mirror_image(plane(10)), corners[0], np.array([[0, 1, 2]]), np.array([10])
    )
    assert labels.u[0] == pytest.approx(corners[0, :, 0], abs=1e-6)
    assert labels.v[0] == pytest.approx(corners[0, :, 1], abs=1e-6)


def test_corners_stay_on_one_side_of_a_cut():
    """Two sheets lie side by side with other charts; the face touches both, and takes one."""
    left = plane(4)
    beside = Source(
        np.concatenate(
            [left.vertices * (0.1, 0.1, 1), left.vertices * (0.1, 0.1, 1) + (0.1, 0, 0)]
        ),
        np.arange(8),
        np.concatenate([HALVES, HALVES + 4]),
        np.full(4, 4),
        np.concatenate([left.u * 0.1, 0.9 + left.u * 0.1]),
        np.concatenate([left.v, left.v]) * 0.1,
    )
    corners = np.array([[0.08, 0.04, 0.0], [0.105, 0.04, 0.0], [0.08, 0.06, 0.0]])
    labels = transfer(with_mirror_image(beside), corners, np.array([[0, 1, 2]]), np.array([4]))
    assert labels.u.max() <= 0.1 + 1e-6


def arm_beside_torso() -> Source:
    """In the plane of x and z, seen from the front: torso where x < 0.1, arm whose U begins there.

    A second sheet, seen from behind, lies 0.2 behind it.
    """
    flat = SQUARE[:, [0, 2, 1]] * 0.1
    sheets = []
    for y, faces in ((0.0, HALVES), (0.2, HALVES[:, ::-1])):
        for x, part in ((0.0, 2), (0.1, 15)):
            sheets.append((flat + np.array((x, y, 0)), faces, part))
    corners = [SQUARE[faces] for _, faces, _ in sheets]
    return Source(
        np.concatenate([vertices for vertices, _, _ in sheets]),
        np.arange(16),
        np.concatenate([faces + 4 * k for k, (_, faces, _) in enumerate(sheets)]),
        np.repeat([part for _, _, part in sheets], 2),
        np.concatenate([c[..., 0] for c in corners]) * 0.1 / chart_transfer.ARM_LENGTH,
        np.concatenate([c[..., 1] for c in corners]),
    )


@pytest.mark.parametrize("behind", [False, True])
def test_the_upper_arm_reaches_farther_in_front_than_behind(behind):
    """Narrow faces on either side of the template's border at x = 0.1."""
    source = with_mirror_image(arm_beside_torso())
    x = np.array([0.06, 0.08, 0.085, 0.095, 0.105, 0.15])
    corners = np.array([(0, 0, 0.05), (0.001, 0, 0.05), (0, 0, 0.051)])
    if behind:
        corners = corners[::-1] + np.array((0, 0.2, 0))
    vertices = np.concatenate([corners + np.array((at, 0, 0)) for at in x])
    faces = np.arange(len(vertices)).reshape(-1, 3)
    allow = np.zeros((len(x), 25), bool)
    allow[:, [2, 15]] = True

    part = choose_parts(source, vertices, faces, allow)
    assert part.tolist() == ([2] * 4 + [15] * 2 if behind else [2] * 2 + [15] * 4)
    u = transfer(source, vertices, faces, part).u[part == 15].mean(1)
    along = (x[part == 15] + 0.001 / 3 - 0.1) / chart_transfer.ARM_LENGTH
    if behind:
        assert u == pytest.approx(along, abs=1e-3)
        return
    add = chart_transfer.REACH / chart_transfer.ARM_LENGTH
    squeezed = chart_transfer.LENGTHENED / (chart_transfer.LENGTHENED + add)
    assert u == pytest.approx((along + add) * squeezed, abs=1e-3)


def test_a_table_goes_into_a_folder_that_exists(assets, tmp_path):
    with pytest.raises(OutputError, match="folder that exists"):
        chart_table.build(assets / "charts", tmp_path / "none" / "charts.npz")


def on_the_template(source: Source, charts: Charts) -> np.ndarray:
    """(N, 3) where the base mesh's vertices lie on the template, by I, U, V of the left half."""
    out = np.zeros((19158, 3))
    left, right = np.split(charts.faces, 2)
    places = np.zeros((*left.shape, 3))
    for part in np.unique(charts.part[: len(left)]):
        mine, piece = charts.part[: len(left)] == part, source.only(source.part == part)
        flat = np.stack([piece.u, piece.v, np.zeros_like(piece.u)], -1).reshape(-1, 3)
        u, v = charts.u[: len(left)][mine].ravel(), charts.v[: len(left)][mine].ravel()
        faces = np.arange(len(flat)).reshape(-1, 3)
        face, bary = closest(flat, faces, np.stack([u, v, np.zeros_like(u)], 1))
        found = on_surface(piece.vertices, piece.faces, face, bary)
        places[mine] = found.reshape(-1, 3, 3)
    base = left < len(charts.base)
    out[charts.base[left[base]]] = places[base]
    base = right[:, ::-1] < len(charts.base)
    out[charts.base[right[:, ::-1][base]]] = places[base] * (-1, 1, 1)
    middle = np.intersect1d(left, right)
    out[charts.base[middle[middle < len(charts.base)]], 0] = 0
    return out


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_a_table_made_from_its_own_places_is_the_same(assets, tmp_path, monkeypatch):
    """All but the registration: from where each vertex lies on the template to the files."""
    pytest.importorskip("anny")
    shipped = Charts.shipped()
    places = on_the_template(read_source(assets / "charts"), shipped)
    monkeypatch.setattr(chart_table, "register", lambda *_: places)
    monkeypatch.setattr(chart_transfer, "REACH", 0.0)  # the places have it already
    monkeypatch.setattr(geodesic_table, "HALF_NODES", 60)
    built = chart_table.build(assets / "charts", tmp_path / "c.npz")
    assert [path.name for path in built.paths] == ["c.npz", "geodesics.npz"]
    assert built.areas == pytest.approx(1, abs=0.06)
    left, right = np.split(built.vertices[built.charts.faces], 2)
    assert (left * (-1, 1, 1) == right[:, ::-1]).all()
    between = Geodesics(tmp_path / "geodesics.npz").between
    assert (between == between.T).all()

    vertices = shipped.refine(places)
    centres, areas = vertices[shipped.faces].mean(1), face_normals(vertices, shipped.faces)[1]
    face, bary = closest(built.vertices, built.charts.faces, centres)
    found = built.charts(face, bary)
    same = found[:, 0] == shipped.part
    assert np.average(same, weights=areas) > 0.985  # corners at the shoulder have two places
    gap = np.abs(found[same, 1:] - np.stack([shipped.u, shipped.v], -1)[same].mean(1))
    assert np.median(gap) < 0.005
    assert gap.mean() < 0.02
