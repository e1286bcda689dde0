"""What cameras see, against geometry worked out by hand."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_matrix

pytest.importorskip("warp")

from ddp_video.errors import InputError
from ddp_video.synthesis.body.body import Surface, pose
from ddp_video.synthesis.raster.assembly import Assembly, Piece, Posed, bones_of
from ddp_video.synthesis.raster.rasterise import Camera, Light, Sight, spread
from ddp_video.synthesis.raster.shading import blurred_where, picture
from ddp_video.synthesis.raster.texels import smaller

RED = np.tile(np.array([255, 0, 0, 255], np.uint8), (2, 2, 1))
GLASS = np.zeros((2, 2, 4), np.uint8)
SQUARE = np.array([[-1.0, 2, -1], [1, 2, -1], [1, 2, 1], [-1, 2, 1]])
FACES = np.array([[0, 1, 2], [0, 2, 3]])
CAMERA = Camera(np.zeros(3), np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]]), 20.0, (40, 40))
FINE = replace(CAMERA, focal=200.0, size=(400, 400))
BLACK, WHITE = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
SKY = Light((0.0, 0.0, 9.0), 0.0, BLACK, WHITE, WHITE)


def lamp(centre: tuple[float, float, float]) -> Light:
    """A point of light in the dark."""
    return Light(centre, 0.0, WHITE, BLACK, BLACK)


def surface(vertices: np.ndarray, texture: np.ndarray = RED) -> Surface:
    uv = np.full((2, 3, 2), 0.5, np.float32)
    return Surface(vertices.astype(np.float32), FACES, uv, np.zeros((4, 0)), texture)


def scene(*squares: tuple[float, np.ndarray], device: str = "cpu") -> Posed:
    """Squares of side 2 that face the camera, at given distances, each with its texture."""
    made = [surface(SQUARE * [1, y / 2, 1], texture) for y, texture in squares]
    return Assembly([Piece(s, k, -1) for k, s in enumerate(made)], device).posed([])


def seen(posed: Posed, camera: Camera = CAMERA) -> np.ndarray:
    """(H, W) numbers of triangles, −1 for nothing."""
    return Sight(posed, camera).hits().face.numpy().reshape(camera.size)


def test_a_square_covers_the_pixels_that_it_should():
    hits = Sight(scene((2.0, RED)), CAMERA).hits()
    face, bary = hits.face.numpy().reshape(40, 40), hits.bary.numpy().reshape(40, 40, 3)
    # Side 2 m at 2 m with a focal length of 20 px: 20 px in the middle of 40.
    expected = np.zeros((40, 40), bool)
    expected[10:30, 10:30] = True
    assert np.array_equal(face >= 0, expected)
    assert np.allclose(bary[expected].sum(-1), 1, atol=1e-5)
    assert face[28, 27] == 0  # below the diagonal: right and low
    assert face[11, 12] == 1
    # The centre of pixel (17, 22) is at x = 0.25 m, z = 0.25 m: corner weights give it back.
    point = (SQUARE[FACES[face[17, 22]]] * bary[17, 22][:, None]).sum(0)
    assert np.allclose(point, [0.25, 2, 0.25], atol=1e-5)
    assert np.allclose(hits.depth.numpy().reshape(40, 40)[expected], 2)


def test_the_nearest_is_seen_and_glass_is_not():
    assert set(np.unique(seen(scene((3.0, RED), (2.0, RED))))) == {-1, 2, 3}
    assert set(np.unique(seen(scene((1.0, GLASS), (2.0, RED))))) == {-1, 2, 3}


def test_a_floor_that_starts_behind_the_eye_reaches_the_horizon():
    floor = surface(np.array([[-90.0, -9, -1], [90, -9, -1], [90, 900, -1], [-90, 900, -1]]))
    face = seen(Assembly([Piece(floor, 0, -1)], "cpu").posed([]))
    assert (face[:20] < 0).all()
    assert (face[21:] >= 0).all()


def test_edges_cover_as_much_as_they_should():
    # Sides at ±(1 + share / 10) m are 10 + share px from the middle: column 9 is covered in part.
    for share in (0.0, 1 / 2, 1.0):
        wide = SQUARE * [1 + share / 10, 1, 1]
        posed = Assembly([Piece(surface(wide), 0, -1)], "cpu").posed([])
        alpha = picture(Sight(posed, CAMERA), SKY, seed=0, floor=False).alpha
        assert np.allclose(alpha[12:28, 9], share, atol=1e-6)
        assert np.allclose(alpha[12:28, 10:30], 1)
        assert not alpha[12:28, 8].any()


def test_light_falls_off_with_the_square_of_the_distance():
    sight = Sight(scene((2.0, RED)), CAMERA)
    near, far = (
        picture(sight, lamp((0.0, 2.0 - d, 0.0)), seed=0, floor=False).light for d in (0.5, 1.0)
    )
    assert near[20, 20, 0] / far[20, 20, 0] == pytest.approx(4, rel=0.03)
    assert far[20, 20, 0] == pytest.approx(1, rel=0.03)
    assert near[20, 20, 1:].max() == 0  # a red square gives no green and no blue
    assert not near[0].any()


def test_what_stands_before_the_lamp_throws_a_shadow():
    # A square of half side 0.25 m, half way to a lamp 0.5 m before the wall: its shadow has 0.5 m.
    small = surface(SQUARE * [0.25, 0.875, 0.25])
    posed = Assembly([Piece(surface(SQUARE), 0, -1), Piece(small, 0, -1)], "cpu").posed([])
    light = picture(Sight(posed, FINE), lamp((0.0, 1.5, 0.0)), seed=0, floor=False).light
    for x, lit in ((-0.75, True), (-0.55, True), (-0.45, False), (-0.32, False)):
        assert (light[200, round(200 + 100 * x), 0] > 0.1) == lit


def test_what_is_hidden_lends_the_ground_no_shadow():
    values = np.ones((9, 9, 3), np.float32)
    values[:, 4:] = 0.25
    values[2:7, 2:7] = -1
    out = blurred_where(values, 3)
    assert np.allclose(out[:, :3], 1)  # beside the border, which is hidden
    assert out[4, 4, 0] == 1  # nothing around it is known
    assert np.allclose(out[:, 7:], 0.25)
    assert np.allclose(out[0, 3:5, 0], [0.75, 0.5])


def test_the_ground_is_dark_below_a_roof_only():
    roof = surface(np.array([[-1.0, 3, 1], [1, 3, 1], [1, 7, 1], [-1, 7, 1]]))
    camera = replace(FINE, eye=np.array([0.0, -2, 0.9]))
    posed = Assembly([Piece(roof, 0, -1)], "cpu").posed([])
    light = Light((0.0, 4.0, 50.0), 0.0, (2500.0, 2500.0, 2500.0), (0.0, 0.0, 0.0), (0.0, 0.0, 0.0))
    shadow = picture(Sight(posed, camera), light, seed=0, floor=True).shadow[..., 0]
    # The ground at distance d is 200 · 0.9 / d px below the middle; the roof is above 5 … 9 m.
    for y, lit in ((4.0, True), (6.5, False), (15.0, True)):
        assert shadow[round(200 + 180 / y), 200] == pytest.approx(float(lit), abs=0.01)
    # At 6.5 m, 1 m to the side is 31 px.
    assert shadow[228, [155, 244]] == pytest.approx(1)
    assert shadow[228, [180, 219]] == pytest.approx(0, abs=0.01)
    assert shadow[:198].min() == pytest.approx(1)


def test_a_seed_gives_the_same_bytes():
    sight = Sight(scene((2.0, RED), (1.5, GLASS)), CAMERA)
    light = Light((0.5, 0.5, 1.0), 0.3, (1.0, 1.0, 1.0), (0.5, 0.5, 0.5), (0.2, 0.2, 0.2))
    a, b, c = (picture(sight, light, seed=s, floor=True).light.tobytes() for s in (4, 4, 5))
    assert a == b
    assert a != c


def test_bones_of_a_scene_lie_one_after_the_other():
    rng = np.random.default_rng(0)
    weights = (rng.random((2, 4, 7)) * (rng.random((2, 4, 7)) < 0.4)).astype(np.float32)
    moved = [Piece(replace(surface(SQUARE), weights=w), 0, k) for k, w in enumerate(weights)]
    starts, bones, found = bones_of([moved[1], Piece(surface(SQUARE), 0, -1), moved[0]])
    shares = csr_matrix((found, bones, starts), (12, 15)).toarray()
    assert np.array_equal(shares[:4, 7:14], weights[1])
    assert np.array_equal(shares[4:8, 14], np.ones(4))
    assert np.array_equal(shares[8:, :7], weights[0])
    assert np.count_nonzero(shares) == np.count_nonzero(weights) + 4


def test_skinning_is_that_of_the_body():
    rng = np.random.default_rng(1)
    weights = rng.dirichlet(np.ones(5), (2, 4)).astype(np.float32)
    bones = rng.normal(size=(2, 5, 3, 4))
    pieces = [Piece(replace(surface(SQUARE), weights=w), 1, k) for k, w in enumerate(weights)]
    posed = Assembly([*pieces, Piece(surface(SQUARE), 0, -1)], "cpu").posed([*bones])
    expected = [pose(SQUARE, w, b) for w, b in zip(weights, bones, strict=True)]
    assert np.allclose(posed.vertices.numpy(), np.concatenate([*expected, SQUARE]), atol=1e-5)


def test_holes_lend_no_colour_to_smaller_textures():
    texture = np.zeros((4, 4, 4), np.uint8)
    texture[:, ::2] = [200, 100, 50, 255]
    sizes, texels, clear = smaller(texture)
    assert sizes[:3] == [(4, 4), (2, 2), (1, 1)]
    assert clear
    assert texels[:4].tolist() == [[200, 100, 50, 128]] * 4


def test_spread_covers_a_pixel_evenly():
    points = np.array(spread(64, seed=1))
    counts, _, _ = np.histogram2d(*points.T, bins=4, range=((0, 1), (0, 1)))
    assert counts.min() >= 3
    assert counts.max() <= 5


def test_a_device_that_is_not_there_is_named():
    with pytest.raises(InputError, match="render on 'cpu'"):
        scene((2.0, RED), device="npu")


@pytest.mark.gpu
def test_cuda_sees_what_the_cpu_sees():
    cpu, gpu = (scene((3.0, RED), (2.0, GLASS), (2.5, RED), device=d) for d in ("cpu", "cuda"))
    assert np.array_equal(seen(cpu), seen(gpu))
    light = Light((0.5, 0.5, 1.0), 0.0, (1.0, 1.0, 1.0), (0.5, 0.5, 0.5), (0.2, 0.2, 0.2))
    a, b = (picture(Sight(p, CAMERA), light, seed=0, floor=True) for p in (cpu, gpu))
    assert np.allclose(a.light, b.light, atol=1e-3)
    assert np.allclose(a.shadow, b.shadow, atol=1e-3)
