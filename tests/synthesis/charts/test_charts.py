"""The chart table that comes with the package, and how it is read."""

from pathlib import Path

import numpy as np
import pytest

from ddp_video.data.mirror import PART_MIRROR, U_MIRRORED, V_MIRRORED
from ddp_video.errors import DataError
from ddp_video.synthesis.charts.lookup import Charts

TABLE = Path(__file__).parents[3] / "ddp_video" / "synthesis" / "charts.npz"
WITH_CUTS = (3, 4, 5, 6, 23, 24)  # hands, feet and head were cut open to be laid flat


@pytest.fixture(scope="module")
def charts() -> Charts:
    return Charts.shipped()


def uv_areas(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Signed areas of triangles in the plane of U and V."""
    return np.linalg.det(np.stack([u[:, 1:] - u[:, :1], v[:, 1:] - v[:, :1]], 1)) / 2


def shared_edges(charts: Charts) -> tuple[np.ndarray, np.ndarray]:
    """Edges between two faces: their parts (E, 2), and U, V at both ends (E, 2, 2, 2)."""
    corners = [(0, 1), (1, 2), (2, 0)]
    ends = np.concatenate([charts.faces[:, c] for c in corners])
    uv = np.stack([charts.u, charts.v], -1)
    values = np.concatenate([uv[:, c] for c in corners])
    turned = ends[:, 0] > ends[:, 1]
    ends[turned], values[turned] = ends[turned][:, ::-1], values[turned][:, ::-1]
    order = np.lexsort(ends.T)
    ends, values, part = ends[order], values[order], np.tile(charts.part, 3)[order]
    first = np.flatnonzero((ends[1:] == ends[:-1]).all(1))
    pair = np.stack([first, first + 1], 1)
    return part[pair], values[pair]


def test_the_table_is_small_and_says_where_it_comes_from():
    assert TABLE.stat().st_size < 2_000_000
    with np.load(TABLE) as stored:
        assert "UV_Processed.mat" in str(stored["provenance"])
        assert "CC BY-NC 4.0" in str(stored["licence"])


def test_every_part_is_there_and_u_v_lie_in_the_chart(charts):
    assert set(charts.part) == set(range(1, 25))
    for values in (charts.u, charts.v):
        assert values.min() >= 0
        assert values.max() <= 1


def test_the_right_half_is_the_mirror_image_of_the_left(charts):
    part, right_part = np.split(charts.part, 2)
    (u, right_u), (v, right_v) = np.split(charts.u, 2), np.split(charts.v, 2)
    assert (right_part == PART_MIRROR[part]).all()
    turned = np.isin(part, U_MIRRORED)[:, None]
    assert (right_u[:, ::-1] == np.where(turned, 1 - u, u)).all()
    turned = np.isin(part, V_MIRRORED)[:, None]
    assert (right_v[:, ::-1] == np.where(turned, 1 - v, v)).all()


def test_mirrored_vertices_hang_on_mirrored_ones(charts):
    left, right = np.split(charts.faces, 2)
    mirror = np.full(len(charts.parents), -1)
    mirror[left], mirror[right] = right[:, ::-1], left[:, ::-1]
    used = mirror >= 0
    assert (mirror[mirror[used]] == np.flatnonzero(used)).all()
    parents = np.sort(charts.parents, 1)
    images = np.sort(mirror[charts.parents], 1)
    assert (images[used] == parents[mirror[used]]).all()


def test_u_and_v_do_not_jump_inside_torso_and_limbs(charts):
    part, values = shared_edges(charts)
    inside = (part[:, 0] == part[:, 1]) & ~np.isin(part[:, 0], WITH_CUTS)
    assert inside.sum() > 10_000
    assert np.abs(values[inside, 0] - values[inside, 1]).max() < 0.01


def test_few_edges_lie_on_the_cuts_of_hands_feet_and_head(charts):
    part, values = shared_edges(charts)
    for number in WITH_CUTS:
        gap = np.abs(np.diff(values[(part == number).all(1)], axis=1)).max((1, 2, 3))
        assert (gap > 0.02).mean() < 0.08


def test_no_face_reaches_across_a_cut(charts):
    widest = np.maximum(np.ptp(charts.u, axis=1), np.ptp(charts.v, axis=1))
    assert widest.max() < 0.35
    assert (widest > 0.15).mean() < 0.001


def test_charts_are_covered_as_in_their_source(charts, assets):
    pytest.importorskip("scipy")
    from ddp_video.synthesis.charts.source import read_source

    source = read_source(assets / "charts")
    for part in range(1, 25):
        mine, theirs = (
            uv_areas(c.u[c.part == part], c.v[c.part == part]) for c in (charts, source)
        )
        assert 0.95 < np.abs(mine).sum() / np.abs(theirs).sum() < 1.05
        sign = np.sign(np.median(theirs))
        turned = (mine * sign < 0) @ np.abs(mine) / np.abs(mine).sum()
        assert turned < (0.001 if part not in WITH_CUTS else 0.03)


def test_a_midpoint_lies_between_its_parents(charts):
    vertices = np.random.default_rng(0).normal(size=(19158, 3)).astype(np.float32)
    refined = charts.refine(vertices)
    base = len(charts.base)
    assert (refined[:base] == vertices[charts.base]).all()
    a, b = charts.parents[base:].T
    assert np.allclose(refined[base:], (refined[a] + refined[b]) / 2, atol=1e-6)


def test_a_look_up_mixes_the_corners(charts):
    found = charts(np.array([7, 7]), np.array([[1.0, 0, 0], [0.5, 0.25, 0.25]]))
    u, v = charts.u[7], charts.v[7]
    assert found[0] == pytest.approx([charts.part[7], u[0], v[0]])
    mixed = [charts.part[7], u[0] / 2 + u[1] / 4 + u[2] / 4, v[0] / 2 + v[1] / 4 + v[2] / 4]
    assert found[1] == pytest.approx(mixed)


def test_an_older_table_is_read_without_its_inner_faces(assets):
    path = assets / "charts" / "anny_charts_fine.npz"
    with np.load(path) as stored:
        outer = int((~stored["inner"]).sum())
    charts = Charts(path)
    assert len(charts.faces) == len(charts.part) == len(charts.u) == outer
    assert charts.refine(np.zeros((19158, 3))).shape == (len(charts.parents), 3)


def test_another_file_is_no_chart_table(tmp_path):
    np.savez(tmp_path / "a.npz", x=1)
    with pytest.raises(DataError, match="no chart table"):
        Charts(tmp_path / "a.npz")


def test_midpoints_that_hang_on_themselves_are_refused(tmp_path):
    one = np.zeros((1, 3))
    np.savez(
        tmp_path / "a.npz",
        I=[1], U=one, V=one, faces=[[0, 1, 2]], inner=[False], base_mesh_vertex_indices=[0],
        parents=[[0, 0], [0, 2], [0, 1]],
    )  # fmt: skip
    with pytest.raises(DataError, match="circle"):
        Charts(tmp_path / "a.npz")


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_charts_name_sides_and_parts(charts):
    pytest.importorskip("anny")
    pytest.importorskip("warp")
    from ddp_video.synthesis.body.body import Body
    from ddp_video.synthesis.raster.rays import closest

    body = Body({"gender": 0.5, "age": 0.6})
    vertices = charts.refine(body.vertices)

    def at(bone: str, offset: tuple[float, float, float] = (0, 0, 0)) -> int:
        point = body.heads[body.bones.index(bone)] + np.array(offset)
        return int(charts(*closest(vertices, charts.faces, point[None]))[0, 0])

    front, behind = (0, -0.2, 0), (0, 0.3, 0)
    assert [at("finger3-2.L"), at("finger3-2.R")] == [4, 3]
    assert [at("toe1-1.L"), at("toe1-1.R")] == [5, 6]
    assert [at("spine02", front), at("spine02", behind)] == [2, 1]
    assert [at("eye.L", (0.02, -0.05, 0)), at("eye.R", (-0.02, -0.05, 0))] == [24, 23]
    assert [at("upperleg02.L", front), at("upperleg02.R", front)] == [10, 9]
    assert [at("upperleg02.L", behind), at("upperleg02.R", behind)] == [8, 7]
    assert [at("lowerleg02.L", front), at("lowerleg02.R", front)] == [14, 13]
    assert [at("lowerleg02.L", behind), at("lowerleg02.R", behind)] == [12, 11]
    before, after, above, below = (0, -0.08, 0), (0, 0.08, 0), (0, 0, 0.08), (0, 0, -0.08)
    assert [at("upperarm02.L", before), at("upperarm02.R", before)] == [15, 16]
    assert [at("upperarm02.L", after), at("upperarm02.R", after)] == [17, 18]
    assert [at("lowerarm02.L", below), at("lowerarm02.R", below)] == [19, 20]
    assert [at("lowerarm02.L", above), at("lowerarm02.R", above)] == [21, 22]
