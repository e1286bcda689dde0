"""Rendered pictures: what is labelled, and that a number and a seed say every byte."""

import errno
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("anny")
pytest.importorskip("warp")

from ddp_video.data import DensePoseDataset
from ddp_video.data.densepose_coco import UNKNOWN
from ddp_video.errors import InputError, OutputError
from ddp_video.settings import PictureSettings
from ddp_video.synthesis import pictures, production
from ddp_video.synthesis.points import PER_PART, sampled_points
from ddp_video.synthesis.scene import stock

pytestmark = pytest.mark.filterwarnings("default")

SETTINGS = PictureSettings(size=96, people=(1, 3), points=True)
NUMBERS = range(4)


@pytest.fixture(scope="module")
def made():
    return [pictures.picture(SETTINGS, 5, number) for number in NUMBERS]


def test_a_picture_depends_on_settings_seed_and_number_only(made):
    again = pictures.picture(SETTINGS, 5, NUMBERS[0])  # others were made in between
    assert np.array_equal(again.image, made[0].image)
    assert np.array_equal(again.iuv, made[0].iuv)
    assert again.facts == made[0].facts
    other = pictures.picture(SETTINGS, 6, NUMBERS[0])
    assert not np.array_equal(other.image, made[0].image)


def test_masks_are_disjoint_and_hold_all_labels(made):
    for picture in made:
        assert picture.image.shape == picture.iuv.shape == (96, 96, 3)
        people = sum((p.mask.astype(int) for p in picture.people), np.zeros((96, 96), int))
        assert people.max(initial=0) <= 1
        assert np.array_equal(people > 0, picture.iuv[..., 0] > 0)
        assert set(np.unique(picture.iuv[..., 0])) <= {*range(25), UNKNOWN}
        assert not picture.iuv[people == 0].any()


def test_somebody_is_seen(made):
    assert sum(len(p.people) for p in made) >= len(made)
    assert max(person.mask.mean() for p in made for person in p.people) > 0.02


def test_points_lie_on_their_part(made):
    found = 0
    for picture in made:
        for person in picture.people:
            if person.points is None:
                continue
            x, y = person.points[:, :2].astype(int).T
            assert person.mask[y, x].all()
            assert np.array_equal(picture.iuv[y, x, 0], person.points[:, 2])
            assert np.abs(picture.iuv[y, x, 1:] / 255 - person.points[:, 3:]).max(initial=0) < 0.01
            found += len(person.points)
    assert found > 20


def test_joints_seen_lie_within_the_mask(made):
    for picture in made:
        for person in picture.people:
            assert person.joints is not None
            x, y, seen = person.joints.T
            there = seen == 2
            assert person.mask[y[there].astype(int), x[there].astype(int)].all()
            left, top, right, bottom = person.whole
            rows, columns = np.nonzero(person.mask)
            assert left <= columns.min() + 1 and right >= columns.max()
            assert top <= rows.min() + 1 and bottom >= rows.max()


def test_points_are_spread_over_parts_as_the_protocol_says():
    iuv = np.zeros((60, 80, 3))
    iuv[:, :40, 0], iuv[:, 40:, 0] = 1, 2
    iuv[:3, :3, 0] = 7  # nine pixels: too small for a point
    mask = np.zeros((60, 80), bool)
    mask[:, :60] = True
    points = sampled_points(iuv, mask, 0)
    assert [(points[:, 2] == part).sum() for part in (1, 2, 7)] == [PER_PART, PER_PART, 0]
    assert (points[:, 0] < 60).all()
    gaps = np.linalg.norm(points[:, None, :2] - points[None, :, :2], axis=2) + 99 * np.eye(28)
    assert gaps.min() > 4  # 14 points on 2,400 pixels are some 13 apart when even
    assert np.array_equal(points, sampled_points(iuv, mask, 0))


def test_how_many_people_there_are():
    rng = np.random.default_rng(0)
    drawn = np.array([pictures.how_many(2, 15, rng) for _ in range(3000)])
    counts = np.bincount(drawn, minlength=16)
    assert counts[:2].sum() == 0
    assert counts[2] > counts[4] > counts[8] > 0
    assert counts[15] > 0
    assert {pictures.how_many(3, 3, rng) for _ in range(9)} == {3}


def test_the_stock_does_not_depend_on_the_order_of_asking():
    one, two = stock.Stock(SETTINGS, 1, 0), stock.Stock(SETTINGS, 2, 0)
    first = one.floor(3, True)[0].copy()
    two.floor(3, True)
    stock._kept.cache_clear()
    one.wall(0, False)
    assert np.array_equal(one.floor(3, True)[0], first)
    assert not np.array_equal(two.floor(3, True)[0], first)


def test_people_whose_soles_are_seen_get_a_photo_to_stand_on(tmp_path):
    rng = np.random.default_rng(0)
    for k in range(12):
        photo = np.full((120, 160, 3), 120, np.uint8)
        if k % 4:  # bushes below
            photo[80:] = rng.integers(0, 255, (40, 160, 1), np.uint8)
        cv2.imwrite(str(tmp_path / f"{k:02d}.png"), photo)
    made = stock.Stock(replace(SETTINGS, backgrounds=tmp_path), 0, 0)
    grounded = [made.photo(k, True) for k in range(stock.PHOTOS)]
    anywhere = [made.photo(k, False) for k in range(stock.PHOTOS)]
    calm = [[float(np.std(p)) == 0 for p in photos] for photos in (grounded, anywhere)]
    assert np.mean(calm[0]) > 0.7  # 1 - C(9, 6) / C(12, 6) = .91 of the best of six
    assert np.mean(calm[1][stock.STANDABLE :]) < 0.7
    assert stock.Stock(SETTINGS, 0, 0).photo(0, True) is None


def test_a_shard_grows_where_it_ended(tmp_path):
    order = production.Order(tmp_path, 1, replace(SETTINGS, size=64), seed=5)
    production.fill(order, 0, range(1))
    first = tmp_path / "shard_00000" / "images" / "0000000.jpg"
    kept = first.stat().st_mtime_ns
    production.fill(order, 0, range(2))
    assert first.stat().st_mtime_ns == kept
    dataset = DensePoseDataset(tmp_path)
    assert len(dataset) == 2
    again = tmp_path / "again"
    production.fill(replace(order, folder=again), 0, range(2))
    for name in ("annotations.json", "images/0000001.jpg", "iuv/0000001.png"):
        one, two = (folder / "shard_00000" / name for folder in (tmp_path, again))
        assert one.read_bytes() == two.read_bytes()


def test_a_full_disk_is_said_in_one_line(tmp_path, monkeypatch):
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    order = production.Order(tmp_path, 1, replace(SETTINGS, size=64), seed=5)
    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OutputError, match="No space left on device; free space") as caught:
        production.fill(order, 0, range(1))
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.rglob("*.jpg"))


def test_shards_cover_the_order(tmp_path):
    order = production.Order(tmp_path, 250, SETTINGS)
    assert [(s, len(r)) for s, r in order.shards()] == [(0, 100), (1, 100), (2, 50)]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"count": 0}, "ask for one"),
        ({"seed": -1}, "negative"),
        ({"settings": PictureSettings(people=(0, 3))}, "within 1..15"),
        ({"settings": PictureSettings(people=(4, 3))}, "within 1..15"),
        ({"settings": PictureSettings(people=(1, 16))}, "within 1..15"),
        ({"settings": PictureSettings(size=8)}, "64 to 2048"),
        ({"settings": PictureSettings(behind=1.5)}, "within 0..1"),
    ],
)
def test_orders_that_cannot_be_made(tmp_path, change, words):
    order = replace(production.Order(tmp_path, 3, SETTINGS), **change)
    with pytest.raises(InputError, match=words):
        production.make_pictures(order)
    assert not any(tmp_path.iterdir())
