"""Exact labels of people: sides, instances, masks, extents, joints; the same bytes for a seed."""

import numpy as np
import pytest

pytest.importorskip("anny")
pytest.importorskip("warp")

from ddp_video.errors import InputError
from ddp_video.synthesis.body.body import Body, Surface, pose
from ddp_video.synthesis.body.rotations import turn
from ddp_video.synthesis.charts.lookup import Charts
from ddp_video.synthesis.raster.rasterise import Camera, Light
from ddp_video.synthesis.raster.stage import Actor, Stage
from ddp_video.synthesis.raster.truth import JOINTS
from ddp_video.synthesis.scene.camera import look
from ddp_video.synthesis.scene.room import Panel

pytestmark = pytest.mark.filterwarnings("default")

SIZE = (200, 160)
LIGHT = Light((-2.0, -3.0, 3.0), 0.3, (9.0, 9.0, 9.0), (0.5, 0.5, 0.5), (0.3, 0.3, 0.3))
SKIN = np.full((8, 8, 4), (200, 160, 140, 255), np.uint8)


@pytest.fixture(scope="module")
def body() -> Body:
    return Body({"gender": 1.0, "age": 0.667})


def actor(
    body: Body, heading: float = 0.0, place: tuple[float, float] = (0.0, 0.0), thick: float = 0.0
) -> tuple[Actor, np.ndarray]:
    """Somebody in the rest pose, arms away from the body; `thick`: metres of clothes all over."""
    skin = body.skin(SKIN)
    surfaces = [skin, *([swollen(skin, thick)] if thick else [])]
    root = np.array([[*place, 0.0]])
    transforms = body.transforms({"root": turn("z", np.array([heading]))}, root)
    posed = pose(body.vertices, body.weights, transforms[0])
    transforms[:, :, 2, 3] -= posed[np.unique(body.faces), 2].min()
    return Actor(body, surfaces), transforms


def swollen(skin: Surface, thick: float) -> Surface:
    """The skin, moved outwards along its normals."""
    a, b, c = (skin.vertices[skin.faces[:, k]] for k in range(3))
    normals = np.zeros_like(skin.vertices)
    for k in range(3):
        np.add.at(normals, skin.faces[:, k], np.cross(b - a, c - a))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True).clip(1e-12)
    vertices = (skin.vertices + thick * normals).astype(np.float32)
    return Surface(vertices, skin.faces, skin.uv, skin.weights, skin.texture)


def stage(*actors: tuple[Actor, np.ndarray], panels: tuple[Panel, ...] = ()) -> Stage:
    return Stage(list(panels), list(actors), LIGHT, Charts.shipped(), floor=True)


def camera(size: tuple[int, int] = SIZE) -> Camera:
    return look(np.array([0.0, -4.5, 1.0]), np.array([0.0, 0, 0.9]), 0.0, 1.9 * size[0], size)


@pytest.mark.parametrize(("heading", "left"), [(0.0, "right"), (180.0, "left")])
def test_the_left_hand_is_label_4_from_both_sides(body, heading, left):
    part = stage(actor(body, heading)).labels(0, camera()).iuv[..., 0]
    x = {hand: np.argwhere(part == hand)[:, 1].mean() for hand in (3, 4)}
    assert (x[4] > SIZE[1] / 2 > x[3]) == (left == "right")
    front, back = (part == 2).sum(), (part == 1).sum()
    assert front > 10 * back if heading == 0 else back > 10 * front


def test_a_point_of_the_skin_has_its_own_label(body):
    """The labels are the charts' at the body point that the pixel's depth tells."""
    view, scene = camera(), stage(actor(body, 20.0))
    truth = scene.labels(0, view)
    charts = Charts.shipped()
    posed = charts.refine(pose(body.vertices, body.weights, scene.actors[0][1][0]))
    middles = posed[charts.faces].mean(1)
    y, x = np.nonzero(truth.owner)
    z = truth.depth[y, x]
    pixels = np.stack([x + 0.5 - SIZE[1] / 2, y + 0.5 - SIZE[0] / 2], 1) / view.focal
    points = np.column_stack([pixels * z[:, None], z]) @ view.axes + view.eye
    nearest = np.array([((middles - p) ** 2).sum(1).argmin() for p in points[::37]])
    same = truth.iuv[y, x][::37, 0] == charts.part[nearest]
    assert same.mean() > 0.97  # the nearest middle may be across a border
    error = np.abs(truth.iuv[y, x][::37, 1] - charts.u[nearest].mean(1))[same]
    assert error.mean() < 0.01


def test_clothes_carry_the_label_of_the_body_below(body):
    naked, dressed = (stage(actor(body, thick=t)).labels(0, camera()) for t in (0.0, 0.02))
    both = (naked.owner > 0) & (dressed.owner > 0)
    assert (naked.iuv[both][:, 0] == dressed.iuv[both][:, 0]).mean() > 0.9
    assert dressed.people[0].visible > 1.1 * naked.people[0].visible
    # The body below the clothes is the naked body, whatever is worn.
    assert np.array_equal(dressed.body, naked.body)
    assert np.array_equal(naked.body, naked.owner > 0)


def test_anchors_say_where_labels_are_looked_up(body):
    skin = body.skin(SKIN)
    head = np.broadcast_to(body.head("head") + np.array([0.05, 0, 0]), skin.vertices.shape).astype(
        np.float32
    )
    named = Surface(skin.vertices, skin.faces, skin.uv, skin.weights, skin.texture, anchors=head)
    person, transforms = actor(body)
    truth = stage((Actor(person.body, [named]), transforms)).labels(0, camera())
    assert len(np.unique(truth.iuv[truth.owner > 0].round(3), axis=0)) == 1


def test_people_are_disjoint_and_known_where_hidden(body):
    alone = stage(actor(body, place=(0.1, 0.5))).labels(0, camera())
    truth = stage(actor(body, place=(-0.1, 0.0)), actor(body, place=(0.1, 0.5))).labels(0, camera())
    assert np.unique(truth.owner).tolist() == [0, 1, 2]
    assert np.array_equal(truth.iuv[..., 0] > 0, truth.owner > 0)
    front, back = truth.people
    assert front.visible == (truth.owner == 1).sum()
    assert back.visible == (truth.owner == 2).sum() < 0.7 * alone.people[0].visible
    y, x = np.nonzero(alone.owner)
    assert np.allclose(back.box, [x.min(), y.min(), x.max() + 1, y.max() + 1], atol=1)


def test_joints_lie_inside_their_parts(body):
    for heading in (0.0, 70.0, 180.0):
        truth = stage(actor(body, heading)).labels(0, camera())
        joints = truth.people[0].joints
        for (x, y, flag), (parts, _) in zip(joints, JOINTS.values(), strict=True):
            assert flag in (1, 2)
            if flag == 2:
                assert truth.iuv[int(y), int(x), 0] in parts
        seen = dict(zip(JOINTS, joints[:, 2] == 2, strict=True))
        if heading == 0:
            assert all(seen[name] for name in seen if "ear" not in name)
        if heading == 180:
            assert not any(seen[name] for name in ("nose", "left_eye", "right_eye"))
            assert seen["left_elbow"]
            assert seen["right_knee"]


def test_what_is_before_a_person_hides_joints_but_belongs_to_nobody(body):
    wood = np.full((8, 8, 4), 90, np.uint8) | np.array([0, 0, 0, 255], np.uint8)
    low = Panel(np.array([-2.0, -1, 0]), np.array([4.0, 0, 0]), np.array([0.0, 0, 0.9]), wood)
    free, hidden = (stage(actor(body), panels=p).labels(0, camera()) for p in ((), (low,)))
    assert np.array_equal(hidden.people[0].box, free.people[0].box)
    assert hidden.people[0].visible < 0.7 * free.people[0].visible
    assert not hidden.iuv[hidden.owner == 0].any()
    assert np.isfinite(hidden.depth[165]).all()  # the panel fills the row
    flags = dict(zip(JOINTS, hidden.people[0].joints[:, 2], strict=True))
    assert flags["left_knee"] == flags["right_ankle"] == 1
    assert flags["left_shoulder"] == 2


def test_a_thing_in_the_hand_is_nobody(body):
    person, transforms = actor(body)
    bone = np.eye(len(body.bones), dtype=np.float32)[body.bones.index("wrist.L")]
    at = body.head("wrist.L") + np.array([0.0, -0.3, 0.0])
    corners = at + 0.15 * np.array([[-1, 0, -1], [1, 0, -1], [1, 0, 1], [-1, 0, 1.0]])
    faces, uv = np.array([[0, 1, 2], [0, 2, 3]]), np.full((2, 3, 2), 0.5, np.float32)
    prop = Surface(corners.astype(np.float32), faces, uv, np.tile(bone, (4, 1)), SKIN)
    held = stage((Actor(body, person.surfaces, [prop]), transforms))
    truth, without = held.labels(0, camera()), stage(actor(body)).labels(0, camera())
    assert (without.iuv[..., 0] == 4).sum() > 30
    assert (truth.iuv[..., 0] == 4).sum() == 0
    assert np.isfinite(truth.depth).sum() > np.isfinite(without.depth).sum()
    assert np.array_equal(truth.people[0].box, without.people[0].box)


def test_a_seed_gives_the_same_bytes(body):
    def made() -> bytes:
        scene = stage(actor(body, 30.0, thick=0.01), actor(body, -100.0, (0.5, 0.3)))
        shown, truth = scene.picture(0, camera(), 3), scene.labels(0, camera())
        arrays = (shown.light, shown.alpha, shown.shadow, truth.iuv, truth.owner, truth.body)
        return b"".join(a.tobytes() for a in arrays)

    assert made() == made()


def test_a_moment_looks_the_same_whatever_was_looked_at_before(body):
    """One tree of triangles serves all moments."""
    person, before = actor(body, 30.0)
    transforms = np.concatenate([before, actor(body, -120.0, (0.6, 0.4))[1]])
    fresh, used = (stage((person, transforms)) for _ in range(2))
    used.picture(0, camera(), 3)
    one, two = (scene.picture(1, camera(), 3) for scene in (fresh, used))
    assert np.abs(one.light - two.light).max() < 1e-3
    assert np.array_equal(one.alpha, two.alpha)


def test_the_picture_is_where_the_labels_are(body):
    scene = stage(actor(body))
    shown, truth = scene.picture(0, camera(), 0), scene.labels(0, camera())
    assert (shown.alpha[truth.owner > 0] > 0.1).all()
    assert shown.alpha.sum() == pytest.approx((truth.owner > 0).sum(), rel=0.01)
    lit = shown.light[truth.owner > 0].mean(0)
    assert lit[0] > lit[1] > lit[2] > 0.05  # skin under white light
    feet = int(np.flatnonzero(truth.owner.any(1)).max())
    assert shown.shadow[feet - 3 : feet + 3].min() < 0.8  # people stand on their shadows
    assert shown.shadow[: SIZE[0] // 2].min() == 1


def test_one_moment_exposed_again_and_again_is_the_picture(body):
    scene, view = stage(actor(body)), camera()
    still = scene.picture(0, view, 0)
    blurred = scene.exposure([0] * 4, [view] * 4, 0)
    assert np.abs(still.alpha - blurred.alpha).mean() < 0.01
    assert np.abs(still.light - blurred.light).mean() < 0.01


def test_an_empty_scene_is_refused():
    with pytest.raises(InputError, match="give it a person"):
        Stage([], [], LIGHT, Charts.shipped())


@pytest.mark.gpu
def test_cuda_gives_the_labels_of_the_cpu(body):
    cpu, gpu = (
        Stage([], [actor(body, 30.0)], LIGHT, Charts.shipped(), floor=True, device=device)
        for device in ("cpu", "cuda")
    )
    a, b = (scene.labels(0, camera()) for scene in (cpu, gpu))
    assert (a.owner != b.owner).mean() < 1e-3
    same = (a.owner == b.owner) & (a.iuv[..., 0] == b.iuv[..., 0])
    assert same.mean() > 0.995
    assert np.abs(a.iuv - b.iuv)[same].max() < 1e-2
    light = [scene.picture(0, camera(), 0).light for scene in (cpu, gpu)]
    assert np.abs(light[0] - light[1]).mean() < 1e-3
