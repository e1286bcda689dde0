"""Dense evidence: which pixels speak, and for which point of the skin."""

import numpy as np
import pytest

pytest.importorskip("warp", reason="needs the extra synth")

from dataclasses import replace

from ddp_video.fitting.observe import Surface
from ddp_video.fitting.spots import COUNT, Spots, SurfacePoints, find_spots
from ddp_video.synthesis.charts.lookup import Charts

from .figures import CENTRE, METRE, pose

MASK = np.ones((256, 256), bool)
GRID = 17


def surface(*places: tuple[int, slice, slice]) -> Surface:
    """BodyPix sure of parts in parts of the crop, U = .3 and V = .8."""
    parts = np.full((24, GRID, GRID), -9.0, np.float32)
    person = np.full((GRID, GRID), -9.0, np.float32)
    for part, rows, columns in places:
        parts[part - 1, rows, columns], person[rows, columns] = 9, 9
    flat = np.ones_like(parts)
    return Surface(person, parts, 0.3 * flat, 0.8 * flat)


def cells(x0: float, y0: float, x1: float, y1: float) -> tuple[slice, slice]:
    """Metres from the hips' middle → rows and columns of the grid."""
    low_x, low_y, high_x, high_y = (
        round((v * METRE + CENTRE) / 255 * (GRID - 1)) for v in (x0, y0, x1, y1)
    )
    return slice(low_y, high_y + 1), slice(low_x, high_x + 1)


TORSO = (2, *cells(-0.15, -0.45, 0.15, -0.05))
FOREARM = (21, *cells(0.5, -0.5, 0.65, -0.5))
HEAD = (24, *cells(0.0, -0.8, 0.1, -0.7))


def test_small_limbs_get_as_many_spots_as_the_torso() -> None:
    found = find_spots(surface(TORSO, FOREARM), pose(MASK), MASK)
    parts, counts = np.unique(found.iuv[:, 0], return_counts=True)
    assert set(parts) <= {2, 21}
    assert counts.min() > COUNT / 3
    np.testing.assert_allclose(found.iuv[:, 1:], [[0.3, 0.8]] * COUNT, atol=1e-5)
    assert (found.sure == 1).all()
    torso = found.xy[found.iuv[:, 0] == 2]
    assert (np.abs(torso * 128 / METRE - [0, -0.25]) < [0.27, 0.35]).all()


def test_heads_are_left_to_the_landmarks() -> None:
    found = find_spots(surface(TORSO, HEAD), pose(MASK), MASK)
    assert set(found.iuv[:, 0]) == {2}


def test_limbs_whose_joints_are_not_seen_count_little() -> None:
    person = pose(MASK)
    visibility = person.visibility.copy()
    visibility[[13, 14]] = 0.1
    found = find_spots(surface(TORSO, FOREARM), replace(person, visibility=visibility), MASK)
    arm = found.iuv[:, 0] == 21
    assert not arm.any() or found.sure[arm].max() == pytest.approx(0.1)
    assert (found.sure[~arm] == 1).all()


def test_nothing_seen_is_no_evidence() -> None:
    for found in (
        find_spots(None, pose(MASK), MASK),
        find_spots(surface(), pose(MASK), MASK),
        find_spots(surface(TORSO), pose(MASK), ~MASK),
        Spots.none(),
    ):
        assert found.xy.shape == (COUNT, 2)
        assert not found.sure.any()


def test_points_are_found_by_their_charts() -> None:
    charts = Charts.shipped()
    numbers = np.random.default_rng(0).permutation(charts.base)[:4000]
    points = SurfacePoints(numbers)
    known = np.isin(charts.faces[:, 0], np.flatnonzero(np.isin(charts.base, numbers)))
    faces = np.flatnonzero(known & (charts.faces[:, 0] < len(charts.base)))[:200]
    iuv = np.stack([charts.part[faces], charts.u[faces, 0], charts.v[faces, 0]], 1)
    assert (numbers[points(iuv)] == charts.base[charts.faces[faces, 0]]).mean() > 0.98
