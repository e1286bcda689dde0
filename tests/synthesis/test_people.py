"""Rendered people: sides, sizes and repeatability; needs anny, warp and the assets."""

import numpy as np
import pytest

pytest.importorskip("anny")
pytest.importorskip("warp")

from ddp_video.data import DensePoseDataset
from ddp_video.errors import InputError
from ddp_video.synthesis import people
from ddp_video.synthesis.body import Body, pose
from ddp_video.synthesis.clip import Actor, Stage
from ddp_video.synthesis.scene import look
from ddp_video.synthesis.stances import stance

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]

SIZE = 96


@pytest.fixture(scope="module")
def made_of(assets):
    return people.gather(
        assets / "humans",
        assets / "motion",
        assets / "charts" / "anny_charts_fine.npz",
        assets / "backgrounds",
    )


@pytest.mark.parametrize("seed", range(3))
def test_every_stance_faces_forwards(made_of, seed):
    body = Body({})
    turns, root = stance(body, made_of.takes, np.random.default_rng(seed))
    forwards = turns["root"][0] @ [0.0, -1.0, 0.0]
    assert root.shape == (1, 3)
    assert abs(forwards[0]) < 1e-6
    assert forwards[1] < 0
    for r in turns.values():
        assert np.allclose(r @ r.transpose(0, 2, 1), np.eye(3), atol=1e-6)


def test_seen_from_behind_the_right_hand_is_on_the_right(made_of):
    body = Body({})
    turn_round = np.diag([-1.0, -1.0, 1.0])[None]
    actor = Actor(body, [body.skin(np.full((8, 8, 4), 255, np.uint8))], ({}, np.zeros((1, 3))))
    transforms = body.transforms({"root": turn_round}, np.zeros((1, 3)))
    rng = np.random.default_rng(0)
    stage = Stage([], [(actor, transforms)], people.lamp(rng), made_of.charts)
    middle = pose(body.vertices, body.weights, transforms[0])[body.faces].mean((0, 1))
    camera = look(middle - np.array([0, 4, 0]), middle, 0.0, 1.8 * SIZE, (SIZE, SIZE))
    part = stage.labels(0, camera)[0][..., 0]
    right, left = (np.argwhere(part == hand)[:, 1].mean() for hand in (3, 4))
    assert right > SIZE / 2 > left
    assert (part == 1).sum() > 10 * (part == 2).sum()  # the back


def test_a_picture_depends_on_seed_and_number_only(made_of):
    first = people.picture(made_of, SIZE, 3, 1)
    people.picture(made_of, SIZE, 3, 0)
    again = people.picture(made_of, SIZE, 3, 1)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    image, iuv, mask = first
    assert image.shape == iuv.shape == (SIZE, SIZE, 3)
    assert np.array_equal(iuv[..., 0] > 0, mask)
    assert mask.mean() > 0.02
    assert not iuv[~mask].any()


def test_the_dataset_grows_where_it_ended(assets, made_of, tmp_path, monkeypatch):
    monkeypatch.setattr(people, "gather", lambda *_: made_of)
    given = [
        *("--humans", str(assets / "humans"), "--motion", str(assets / "motion")),
        *("--charts", str(assets / "charts" / "anny_charts_fine.npz")),
        *("--backgrounds", str(assets / "backgrounds"), "-o", str(tmp_path)),
        *("--size", str(SIZE), "--count"),
    ]
    people.main([*given, "1"])
    kept = (tmp_path / "images" / "person_00000.jpg").stat().st_mtime_ns
    people.main([*given, "2"])
    dataset = DensePoseDataset(tmp_path)
    assert len(dataset) == 2
    assert (tmp_path / "images" / "person_00000.jpg").stat().st_mtime_ns == kept
    record = dataset[1]
    assert record.name == "images/person_00001.jpg"
    assert record.iuv is not None
    assert np.array_equal(record.iuv[..., 0] > 0, record.instance == 1)


def test_a_folder_without_assets_is_named(tmp_path, assets):
    charts = assets / "charts" / "anny_charts_fine.npz"
    with pytest.raises(InputError, match="pass the folder"):
        people.gather(tmp_path, tmp_path, charts, tmp_path)
