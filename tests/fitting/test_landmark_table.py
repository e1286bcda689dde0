"""The table of landmarks, with stand-ins for the networks."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from ddp_video.errors import DataError, InputError
from ddp_video.fitting.landmark_table import landmarks, upright, whole, write_landmarks

from .figures import pose

SIDE = 256
PICTURE = np.zeros((SIDE, SIDE, 3), np.uint8)
BOX = np.array([[60.0, 40, 200, 240, 0.9]])


class Standin:
    """Finds the person of `figures`, surer if the crop is turned by `best`."""

    def __init__(self, best: float = 0.0, found: np.ndarray = BOX, score: float = 0.7) -> None:
        self.best, self.found, self.score = best, found, score

    def boxes(self, image: np.ndarray) -> np.ndarray:
        return self.found

    def pose(self, image: np.ndarray, box: np.ndarray, angle: float = 0.0):
        score = self.score if angle == self.best else 0.3
        return replace(pose(np.ones((SIDE, SIDE)), score=score), angle=angle)


def test_a_person_is_read_and_turned_upright():
    (points,) = landmarks(Standin(best=np.pi / 2), PICTURE)
    crop = pose(np.ones((SIDE, SIDE))).world
    # The picture turned by a quarter is the crop: its right (x) is the picture's down (y).
    assert np.allclose(points[:, 1], crop[:, 0], atol=1e-6)
    assert np.allclose(points[:, 0], -crop[:, 1], atol=1e-6)
    assert np.allclose(points[:, 2], crop[:, 2], atol=1e-6)


def test_upright_undoes_the_crop():
    one = pose(np.ones((SIDE, SIDE)))
    assert np.allclose(upright(one), one.world)
    assert np.allclose(upright(replace(one, angle=np.pi))[:, :2], -one.world[:, :2], atol=1e-6)


def test_people_with_legs_out_of_the_picture_are_left_out():
    one = pose(np.ones((SIDE, SIDE)))
    assert whole(one)
    assert not whole(replace(one, xy=one.xy + np.array([0, 60])))
    assert landmarks(Standin(score=0.4), PICTURE) == []
    assert landmarks(Standin(found=BOX * (1, 1, 1, 0.2, 1)), PICTURE) == []
    assert len(landmarks(Standin(found=np.zeros((0, 5))), PICTURE)) == 1  # the whole picture


def test_the_table_names_its_photos(tmp_path):
    for name in ("a.png", "b.png"):
        cv2.imwrite(str(tmp_path / name), PICTURE)
    photos = [tmp_path / "a.png", tmp_path / "b.png"]
    assert write_landmarks(photos, Standin(), tmp_path / "t.npz") == 2
    with np.load(tmp_path / "t.npz") as table:
        assert table["world"].shape == (2, 39, 3)
        assert table["photo"].tolist() == ["a.png", "b.png"]


def test_bad_input(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        write_landmarks([tmp_path / "none.png"], Standin(), tmp_path / "t.npz")
    with pytest.raises(InputError, match="no whole person"):
        write_landmarks([], Standin(), tmp_path / "t.npz")
    assert not (tmp_path / "t.npz").exists()
