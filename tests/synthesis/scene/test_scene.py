"""People on a ground plane: they stand on it, apart from one another, before the camera."""

import numpy as np
import pytest

pytest.importorskip("anny")
pytest.importorskip("warp")

from ddp_video.synthesis.body.body import Body, pose
from ddp_video.synthesis.body.rotations import turn
from ddp_video.synthesis.raster.rasterise import Light
from ddp_video.synthesis.scene import backdrop, scene
from ddp_video.synthesis.scene.camera import NEAREST, SHOTS, look, project
from ddp_video.synthesis.scene.props import HELD, OCCLUDERS, held, turned
from ddp_video.synthesis.scene.room import Panel, box

pytestmark = pytest.mark.filterwarnings("default")

SIZE = (128, 128)
SHOE = 0.03  # metres that the garment of `who` reaches below the sole


@pytest.fixture(scope="module")
def who():
    body = Body({"age": 0.6})
    skin = body.skin(np.full((4, 4, 4), 255, np.uint8))
    lower = skin.vertices - np.array([0, 0, SHOE], np.float32)
    return scene.Dressed(
        body, [skin, type(skin)(lower, skin.faces, skin.uv, skin.weights, skin.texture)]
    )


@pytest.fixture(scope="module")
def standing(who):
    return scene.stood(who, ({"root": np.eye(3)[None]}, np.zeros((1, 3))))


def every_vertex(person):
    return np.concatenate(
        [pose(s.vertices, s.weights, person.transforms) for s in person.who.surfaces]
    )


def test_soles_stand_on_the_ground(standing):
    assert every_vertex(standing)[:, 2].min() == pytest.approx(0, abs=1e-4)
    assert scene.lowest(standing.who.surfaces, standing.transforms) == pytest.approx(0, abs=1e-4)


def test_who_jumps_stays_in_the_air(who):
    bare = who.body.lowest(who.body.transforms({}, np.zeros((1, 3))))[0]
    root = np.array([[0.0, 0.0, 0.3 - bare]])
    jumping = scene.stood(who, ({"root": np.eye(3)[None]}, root))
    assert every_vertex(jumping)[:, 2].min() == pytest.approx(0.3, abs=1e-3)


def test_moved_turns_about_the_origin_then_shifts(standing):
    there = standing.moved(90.0, np.array([2.0, -1.0]))
    expected = standing.points @ turn("z", 90.0).T + (2, -1, 0)
    assert np.allclose(there.points, expected, atol=1e-5)
    sparse = [
        pose(s.vertices, s.weights, there.transforms)[:: scene.SPARSE] for s in there.who.surfaces
    ]
    assert np.allclose(np.concatenate(sparse), there.points, atol=1e-4)


def test_people_clash_only_where_they_are_in_one_another(standing):
    assert scene.clash(standing.moved(0, np.array([0.1, 0.0])), [standing])
    assert not scene.clash(standing.moved(0, np.array([2.5, 0.0])), [standing])


@pytest.mark.parametrize("seed", range(4))
def test_groups_do_not_clash(standing, seed):
    rng = np.random.default_rng(seed)
    there = scene.grouped([standing] * 5, 0.3, rng)
    assert len(there) >= 2
    for k, person in enumerate(there):
        assert not scene.clash(person, there[:k])
        assert person.points[:, 2].min() == pytest.approx(standing.points[:, 2].min(), abs=1e-6)


def test_ground_at_lies_below_its_pixel():
    camera = look(np.array([0.3, -4, 1.5]), np.array([0.0, 0, 0.9]), 0.0, 120.0, SIZE)
    place = scene.ground_at(camera, np.array([90.0, 0.0]), 5.0)
    upright = np.array([[*place, z] for z in (0.0, 1.5)])
    flat = (
        (upright[:, :2] - camera.eye[:2]) @ camera.axes[2, :2] / np.linalg.norm(camera.axes[2, :2])
    )
    assert np.allclose(flat, 5.0)
    assert project(camera, upright)[0][1, 0] == pytest.approx(90.0, abs=0.5)


@pytest.mark.parametrize("name", list(SHOTS))
def test_everybody_keeps_clear_of_the_camera_and_of_the_others(standing, name):
    rng = np.random.default_rng(1)
    there, camera = scene.arranged([standing] * 6, SHOTS[name], SIZE, 0.3, rng)
    assert 1 <= len(there) <= 6
    for k, person in enumerate(there):
        assert not scene.clash(person, there[:k])
        if len(there) > 1:
            assert np.linalg.norm(person.points - camera.eye, axis=1).min() > NEAREST
    seen, depth = project(camera, there[0].points)
    inside = (depth > 0) & (seen > 0).all(1) & (seen < SIZE[0]).all(1)
    assert inside.any()


def test_the_share_of_backs():
    rng = np.random.default_rng(0)
    ways = np.array([scene.heading(0.4, rng) for _ in range(3000)]) % 360
    assert np.mean((ways > 120) & (ways < 240)) == pytest.approx(0.4, abs=0.03)


@pytest.mark.parametrize("make", OCCLUDERS)
def test_things_stand_on_the_ground(make):
    built = make(np.random.default_rng(2))
    points = scene.corners(built)
    assert points[:, 2].min() == pytest.approx(0, abs=1e-6)
    assert 0.25 < np.ptp(points[:, 2]) < 4.1
    assert all(p.texture.dtype == np.uint8 and p.texture.shape[2] == 4 for p in built)


@pytest.mark.parametrize("number", range(len(HELD)))
@pytest.mark.parametrize("side", ["L", "R"])
def test_what_is_held_is_at_the_hand_and_moves_with_it(standing, number, side, monkeypatch):
    monkeypatch.setattr("ddp_video.synthesis.scene.props.HELD", (HELD[number],))
    body, here = standing.who.body, standing.transforms
    things = held(body, here, side, np.random.default_rng(0))
    points = np.concatenate([pose(s.vertices, s.weights, here) for s in things])
    knuckle = standing.joint(f"finger3-1.{side}")
    assert (points.min(0) - 0.1 < knuckle).all()
    assert (points.max(0) + 0.1 > knuckle).all()
    there = standing.moved(70.0, np.array([1.0, 2.0])).transforms
    moved = np.concatenate([pose(s.vertices, s.weights, there) for s in things])
    assert np.allclose(moved, points @ turn("z", 70.0).T + (1, 2, 0), atol=1e-4)


def test_what_is_in_people_and_what_hides_them(standing):
    texture = np.full((2, 2, 4), 255, np.uint8)
    crate = box((-0.3, -0.3, 0.0), (0.3, 0.3, 0.8), texture)
    aside = turned(crate, 0.0, np.array([2.0, 0.0, 0.0]))
    assert scene.inside(crate, [standing])
    assert not scene.inside(aside, [standing])
    camera = look(np.array([0.0, -4, 1.0]), np.array([0.0, 0, 1.0]), 0.0, 120.0, SIZE)
    pixels = project(camera, standing.points)[0]
    wall = [
        Panel(np.array([-5.0, -1, -5]), np.array([10.0, 0, 0]), np.array([0, 0, 10.0]), texture)
    ]
    assert scene.hidden_share(wall, pixels, camera) == 1
    assert scene.hidden_share(aside, pixels, camera) == 0
    # 1 m before the person, as wide as he is and 0.5 m high at 3 m: all below 1 - 0.5 / 3 * 4 m
    low = [Panel(np.array([-5.0, -1, 0]), np.array([10.0, 0, 0]), np.array([0, 0, 0.5]), texture)]
    below = (standing.points[:, 2] < 1 - 0.5 / 3 * 4).mean()
    assert scene.hidden_share(low, pixels, camera) == pytest.approx(below, abs=0.05)


def test_things_are_put_about(standing):
    camera = look(np.array([0.0, -4, 1.5]), np.array([0.0, 0, 0.9]), 0.0, 120.0, SIZE)
    assert scene.before([standing], camera, np.random.default_rng(0), chance=0.97)
    assert scene.before([standing], camera, np.random.default_rng(0), chance=0.0) == []


def test_people_rather_stand_on_calm_ground_than_on_bushes_or_water():
    rng = np.random.default_rng(0)
    ground = np.full((200, 300, 3), 120, np.uint8)
    water, bushes = ground.copy(), ground.copy()
    water[130:] = (60, 90, 130)
    bushes[130:] = rng.integers(0, 255, (70, 300, 1), np.uint8)
    assert backdrop.unfit(ground) == 0
    assert min(backdrop.unfit(water), backdrop.unfit(bushes)) > 20
    upper = ground.copy()
    upper[:130] = (60, 90, 200)  # the sky may be blue
    assert backdrop.unfit(upper) < 1


def test_furniture_stands_behind_people(standing):
    rng = np.random.default_rng(3)
    camera = look(np.array([0.0, -5.0, 1.4]), np.array([0.0, 0, 0.9]), 0.0, 600.0, (512, 512))
    built = [scene.around([standing], camera, rng) for _ in range(40)]
    counts = [len(one) for one in built]
    assert min(counts) == 0 < max(counts)
    for one in filter(None, built):  # people are 5 m away, and things a tenth more at least
        assert project(camera, scene.corners(one))[1].max() > 5


def test_a_lamp_in_a_room_lights_what_is_near():
    def light(centre):
        key = (float(np.dot(centre, centre)),) * 3
        return Light(centre, 0.1, key, (0.2, 0.2, 0.2), (0.1, 0.1, 0.1))

    low, high = np.array([-3.0, -3.0, 0.0]), np.array([3.0, 3.0, 3.0])
    near = backdrop.Glow.of(light((0.0, 0.0, 2.5)), np.eye(3), low, high)
    at = [np.array([0.0, 3.0], np.float32), np.zeros(2, np.float32), np.zeros(2, np.float32)]
    floor = near.on(at, 2, 1.0)[:, 0]
    # cosine / distance², the lamp being CLOSE wide: 2.5 m below it, and 3 m aside
    square = np.array([2.5**2, 2.5**2 + 9]) + backdrop.CLOSE**2
    assert np.allclose(floor, 6.25 * 2.5 / square**1.5)
    outside = backdrop.Glow.of(light((9.0, 0.0, 2.0)), np.eye(3), low, high)
    assert outside.lamp is not None
    assert (outside.lamp < high).all()
    far = backdrop.Glow.of(light((0.0, 0.0, 80.0)), np.eye(3), low, high)
    assert np.allclose(far.on(at, 0, 0.35), 0.35)
