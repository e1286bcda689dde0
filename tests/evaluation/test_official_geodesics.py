"""The official files in miniature: five vertices of two parts, with distances known by hand."""

import pickle
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat
from scipy.spatial.distance import squareform

from ddp_video.errors import DataError
from ddp_video.evaluation.official_geodesics import (
    DISTANCES,
    TRANSFORM,
    VERTICES,
    OfficialGeodesics,
)

# Distances of four vertices; the pair (high, low) stands below the diagonal, row by row.
BELOW = {(1, 0): 0.1, (2, 0): 0.2, (2, 1): 0.3, (3, 0): 0.4, (3, 1): 0.5, (3, 2): 0.6}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    # the subdivided body has five vertices; the last two are one point for the distances
    savemat(
        tmp_path / VERTICES,
        {
            "U_subdiv": np.array([[0.0], [1.0], [0.0], [1.0], [0.9]]),
            "V_subdiv": np.array([[0.0], [0.0], [0.5], [0.5], [0.5]]),
            "Part_ID_subdiv": np.array([[1], [1], [2], [2], [2]]),
        },
    )
    savemat(tmp_path / TRANSFORM, {"index": np.array([[1, 2, 3, 4, 4]])})
    matrix = np.array([[d] for d in BELOW.values()], np.float32)
    (tmp_path / DISTANCES).write_bytes(pickle.dumps({"Pdist_matrix": matrix}))
    return tmp_path


def test_nearest_vertex_within_the_part(folder: Path):
    geodesics = OfficialGeodesics(folder)
    node = geodesics.node(
        np.array([1, 1, 2, 2, 2]),
        np.array([0.1, 0.8, 0.1, 0.92, 1.0]),
        np.array([0, 0.2, 0.5, 0.5, 0.5]),
    )
    assert node.tolist() == [0, 1, 2, 3, 3]


def test_distances_below_the_diagonal(folder: Path):
    geodesics = OfficialGeodesics(folder)
    full = np.zeros((4, 4))
    for (i, j), d in BELOW.items():
        full[i, j] = full[j, i] = d
    a, b = (x.ravel() for x in np.indices((4, 4)))
    np.testing.assert_allclose(geodesics.distance(a, b), full.ravel(), atol=1e-6)
    # scipy stores the same matrix above the diagonal; with the vertices in reverse order that is
    # the official order reversed
    np.testing.assert_allclose(squareform(full[::-1, ::-1])[::-1], list(BELOW.values()))


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_every_pickle_of_arrays_is_read(folder: Path, protocol: int):
    matrix = np.array([[d] for d in BELOW.values()])
    (folder / DISTANCES).write_bytes(pickle.dumps({"Pdist_matrix": matrix}, protocol))
    geodesics = OfficialGeodesics(folder)
    assert geodesics.distance(np.array([1]), np.array([3])) == pytest.approx(0.5)


def test_a_missing_file_is_named(folder: Path):
    (folder / TRANSFORM).unlink()
    with pytest.raises(DataError, match=TRANSFORM):
        OfficialGeodesics(folder)


class Evil:
    def __reduce__(self):
        return (Path.touch, (Path("was_here"),))


def test_a_pickle_that_would_run_code_is_refused(folder: Path, monkeypatch):
    monkeypatch.chdir(folder)
    (folder / DISTANCES).write_bytes(pickle.dumps({"Pdist_matrix": Evil()}))
    with pytest.raises(DataError, match="holds no distances"):
        OfficialGeodesics(folder)
    assert not (folder / "was_here").exists()


def test_a_file_of_another_kind_is_refused(folder: Path):
    (folder / VERTICES).write_text("nothing")
    with pytest.raises(DataError, match=VERTICES):
        OfficialGeodesics(folder)
