"""Ray casting against geometry worked out by hand."""

import numpy as np
import pytest

pytest.importorskip("warp")

from ddp_video.synthesis.rasterise import (
    Camera,
    Light,
    Mesh,
    Scene,
    Texels,
    nearest,
    smooth_normals,
    spread,
)
from ddp_video.synthesis.scene import look

RED = np.tile(np.array([255, 0, 0, 255], np.uint8), (2, 2, 1))
GLASS = np.zeros((2, 2, 4), np.uint8)
SQUARE = np.array([[-1.0, 2, -1], [1, 2, -1], [1, 2, 1], [-1, 2, 1]])
FACES = np.array([[0, 1, 2], [0, 2, 3]])
CAMERA = Camera(np.zeros(3), np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]]), 20.0, (40, 40))


def scene(*squares: tuple[float, np.ndarray]) -> Scene:
    """Squares of side 2 that face the camera, at given distances, each with its texture."""
    vertices = np.concatenate([SQUARE * [1, distance / 2, 1] for distance, _ in squares])
    faces = np.concatenate([FACES + 4 * k for k in range(len(squares))])
    uv = np.full((len(faces), 3, 2), 0.5, np.float32)
    material = np.repeat(np.arange(len(squares)), 2)
    mesh = Mesh(vertices, faces, smooth_normals(vertices, faces), uv, material)
    return Scene(mesh, Texels([t for _, t in squares], [0.0] * len(squares)))


def test_a_square_covers_the_pixels_that_it_should():
    face, bary = scene((2.0, RED)).hits(CAMERA)
    # Side 2 m at 2 m with a focal length of 20 px: 20 px in the middle of 40.
    expected = np.zeros((40, 40), bool)
    expected[10:30, 10:30] = True
    assert np.array_equal(face >= 0, expected)
    assert np.allclose(bary[expected].sum(-1), 1, atol=1e-5)
    assert face[28, 27] == 0  # below the diagonal: right and low
    assert face[11, 12] == 1


def test_rays_pass_through_transparent_texels():
    face, _ = scene((1.0, GLASS), (2.0, RED)).hits(CAMERA)
    assert set(np.unique(face)) == {-1, 2, 3}


def test_light_falls_off_with_the_square_of_the_distance():
    lamp = {"radius": 0.0, "key": (1.0, 1.0, 1.0), "sky": (0.0,) * 3, "ground": (0.0,) * 3}
    seen = scene((2.0, RED))
    near, far = (
        seen.colour(CAMERA, Light(centre=(0.0, 2.0 - d, 0.0), **lamp), (0.5, 0.5), range(1), 0)
        for d in (0.5, 1.0)
    )
    # The lamp stands 0.006 + 0.002 m nearer than it seems: shadow rays start above the surface.
    assert near[20, 20, 0] / far[20, 20, 0] == pytest.approx(4, rel=0.05)
    assert near[20, 20, 1:].max() == 0  # a red square gives no green and no blue
    assert not near[0].any()


def test_nearest_point_of_a_mesh():
    face, bary = nearest(SQUARE, FACES, np.array([[1.0, 5, -1], [-1, 2, 1]]))
    found = (SQUARE[FACES[face]] * bary[..., None]).sum(1)
    assert np.allclose(found, [[1, 2, -1], [-1, 2, 1]], atol=1e-5)


def test_spread_puts_one_point_in_each_cell():
    cells = np.floor(spread(3, seed=1) * 3).astype(int)
    assert sorted(map(tuple, cells)) == [(x, y) for x in range(3) for y in range(3)]


def test_look_puts_the_target_in_the_middle():
    camera = look(np.array([1.0, -3, 1]), np.array([0.0, 2, 0.5]), 12.0, 50.0, (10, 10))
    seen = camera.axes @ (np.array([0.0, 2, 0.5]) - camera.eye)
    assert np.allclose(seen[:2], 0)
    assert seen[2] > 0
    assert np.allclose(camera.axes @ camera.axes.T, np.eye(3))
    assert np.linalg.det(camera.axes) == pytest.approx(1)
