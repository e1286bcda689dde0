from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from ddp_video.data import DensePoseDataset
from ddp_video.errors import DataError, InputError
from ddp_video.fitting import photos
from ddp_video.fitting.observe import Pose, Surface
from ddp_video.fitting.one_photo import PhotoLabels, SurfaceLabeller, see_athlete, see_photo
from ddp_video.fitting.sidecars import (
    LSP_TO_BLAZEPOSE,
    corrected,
    joint_error,
    read_joints,
    read_polygons,
    spine_angle,
)

from .figures import pose

SIDE = 256


class Painted:
    """Teachers for pictures in which the person is painted white."""

    def __init__(self, *_: object) -> None:
        self.looked = 0

    def outline(self, image: np.ndarray) -> np.ndarray:
        return image[:, :, 0] > 200

    def boxes(self, image: np.ndarray, threshold: float = 0.35) -> np.ndarray:
        rows, columns = np.nonzero(self.outline(image))
        if not len(rows):
            return np.zeros((0, 5), np.float32)
        low = columns.min(), rows.min()
        return np.array([[*low, columns.max() + 1, rows.max() + 1, 0.9]], np.float32)

    def pose(self, image: np.ndarray, box: np.ndarray, angle: float = 0.0) -> Pose:
        self.looked += 1
        return pose(self.outline(image), score=1.0 if angle == 0 else 0.1)

    def matte(self, image: np.ndarray) -> np.ndarray:
        return self.outline(image).astype(np.float32)

    def surface(self, image: np.ndarray) -> Surface:
        cells = (image.shape[0] - 1) // 16 + 1
        parts = np.full((24, cells, cells), -8.0, np.float32)
        parts[1] = 8
        half = np.full((24, cells, cells), 0.5, np.float32)
        return Surface(np.ones((cells, cells), np.float32), parts, half, half)


def painted(x0: int = 90, y0: int = 20, x1: int = 166, y1: int = 236) -> np.ndarray:
    image = np.zeros((SIDE, SIDE, 3), np.uint8)
    image[y0:y1, x0:x1] = 255
    return image


@pytest.fixture
def teachers(monkeypatch: pytest.MonkeyPatch) -> Painted:
    teachers = Painted()
    monkeypatch.setattr(photos, "Teachers", lambda *_: teachers)
    return teachers


def label_photo(teachers: Any, image: np.ndarray, given: Any = None) -> PhotoLabels:
    (labels,) = SurfaceLabeller(teachers)([see_photo(teachers, image, given)])
    assert not isinstance(labels, str)
    return labels


def label_athlete(teachers: Any, image: np.ndarray, joints: Any) -> PhotoLabels | str:
    sight = see_athlete(teachers, image, joints)
    return sight if isinstance(sight, str) else SurfaceLabeller(teachers)([sight])[0]


def test_label_photo(teachers: Painted) -> None:
    labels = label_photo(teachers, painted())
    (person,) = labels.people
    expected = painted()[:, :, 0] > 0
    np.testing.assert_array_equal(person.mask, expected)
    np.testing.assert_array_equal(labels.iuv[..., 0], expected * 2)
    assert labels.surfaces == 1


def test_an_empty_photo_has_no_people(teachers: Painted) -> None:
    labels = label_photo(teachers, np.zeros((SIDE, SIDE, 3), np.uint8))
    assert labels.people == []
    assert not labels.iuv.any()


def test_small_people_are_ignored(teachers: Painted) -> None:
    labels = label_photo(teachers, painted(100, 100, 112, 130))
    (region,) = labels.people
    assert region.ignore
    assert set(np.unique(labels.iuv[..., 0])) == {0, 255}


def test_given_outlines_are_kept(teachers: Painted) -> None:
    small = np.zeros((SIDE, SIDE), bool)
    small[10:30, 10:20] = True
    given = [painted()[:, :, 0] > 0, small]
    labels = label_photo(teachers, painted(), given)
    masks = sorted((p.mask for p in labels.people), key=np.sum)
    np.testing.assert_array_equal(masks[0], small)
    np.testing.assert_array_equal(masks[1], given[0])
    assert (labels.iuv[small, 0] == 255).all()  # too small to look at: nothing is known of it
    assert (labels.iuv[given[0], 0] == 2).all()


def test_the_job_writes_a_dataset_and_goes_on(teachers: Painted, tmp_path: Path) -> None:
    source, out = tmp_path / "photos", tmp_path / "set"
    (source / "deep").mkdir(parents=True)
    cv2.imwrite(str(source / "a.png"), painted())
    cv2.imwrite(str(source / "deep/b.png"), np.zeros((SIDE, SIDE, 3), np.uint8))
    (source / "broken.jpg").write_text("no picture")
    seen: list[tuple[int, int]] = []
    report = photos.label_photos(
        source,
        out,
        method="bodypix",
        preview=True,
        progress=lambda done, of: seen.append((done, of)),
    )
    assert (report.photos, report.people, report.surfaces, report.before) == (2, 1, 1, 0)
    assert list(report.skipped) == ["broken"]
    assert seen == [(1, 3), (2, 3), (3, 3)]
    assert [p.exists() for p in report.previews] == [True]
    records = {r.name: r for r in DensePoseDataset(out)}
    assert set(records) == {"images/a.png", "images/deep/b.png"}
    np.testing.assert_array_equal(records["images/a.png"].boxes, [[90, 20, 166, 236]])

    looked = teachers.looked
    again = photos.label_photos(source, out, method="bodypix")
    assert (again.photos, again.before, teachers.looked) == (0, 3, looked)


def test_a_folder_without_photos(teachers: Painted, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no photos"):
        photos.label_photos(tmp_path, tmp_path / "set")
    with pytest.raises(InputError, match="not a folder"):
        photos.label_photos(tmp_path / "gone", tmp_path / "set")
    cv2.imwrite(str(tmp_path / "a.png"), painted())
    with pytest.raises(InputError, match="another folder"):
        photos.label_photos(tmp_path, tmp_path)


def joints_of(image: np.ndarray) -> dict[str, np.ndarray]:
    xy = pose(image[:, :, 0] > 0).xy
    return {name: xy[k] for name, k in LSP_TO_BLAZEPOSE.items()}


def test_an_athlete_must_agree_with_the_joints(teachers: Painted) -> None:
    image = painted(40, 20, 216, 240)
    labels = label_athlete(teachers, image, joints_of(image))
    assert not isinstance(labels, str)
    assert labels.surfaces == 1
    moved = {name: place + 60 for name, place in joints_of(image).items()}
    assert "differ" in str(label_athlete(teachers, image, moved))
    few = dict(list(joints_of(image).items())[:5])
    assert "fewer than 6" in str(label_athlete(teachers, image, few))


def test_joint_error_by_hand() -> None:
    person = pose(np.ones((SIDE, SIDE)))
    joints = {name: person.xy[k] + [3, 4] for name, k in LSP_TO_BLAZEPOSE.items()}
    box = np.array([0.0, 0, 50, 100])
    assert joint_error(person, joints, box) == (pytest.approx(0.05), False)
    left = {k: v for k, v in joints.items() if k.startswith("l_")}
    swapped = {"r" + name[1:]: place for name, place in left.items()}
    assert joint_error(person, swapped, box) == (pytest.approx(0.05), True)


def test_joints_replace_landmarks_that_are_far_off() -> None:
    person = pose(np.ones((SIDE, SIDE)))
    joints = {name: person.xy[k] + 2.0 for name, k in LSP_TO_BLAZEPOSE.items()}
    joints["l_wrist"] = person.xy[15] + [30.0, 0]
    box = np.array([0.0, 0, 100, 200])  # 8 % of its longer side are 16 pixels
    mended = corrected(person, joints, box)
    np.testing.assert_array_equal(mended.xy[15], joints["l_wrist"])
    others = [k for k in range(39) if k != 15]
    np.testing.assert_array_equal(mended.xy[others], person.xy[others])


def test_spine_angle_by_hand() -> None:
    upright = {"l_hip": (10, 50), "r_hip": (0, 50), "l_shoulder": (10, 0), "r_shoulder": (0, 0)}
    joints = {name: np.array(place, float) for name, place in upright.items()}
    assert spine_angle(joints) == [pytest.approx(0)]
    lying = {name: place[::-1] * [-1, 1] for name, place in joints.items()}  # head to the right
    assert spine_angle(lying) == [pytest.approx(np.pi / 2)]
    assert spine_angle({"l_hip": joints["l_hip"]}) == []


def test_sidecars(tmp_path: Path) -> None:
    names = list(LSP_TO_BLAZEPOSE)
    head = ",".join(f"{n}_x,{n}_y,{n}_visible" for n in names)
    row = ",".join(f"{i},{2 * i},{int(i != 3)}" for i in range(len(names)))
    path = tmp_path / "joints.csv"
    path.write_text(f"photo,{head}\na.jpg,{row}\n")
    joints = read_joints(path)["a.jpg"]
    assert len(joints) == len(names) - 1
    np.testing.assert_array_equal(joints[names[5]], [5, 10])
    path.write_text("photo,x\na.jpg,1\n")
    with pytest.raises(DataError, match="lacks columns"):
        read_joints(path)

    polygons = tmp_path / "a.txt"
    polygons.write_text("0 0.25 0.5 0.75 0.5 0.75 1 0.25 1\n16 0 0 1 0 1 1\n")
    (mask,) = read_polygons(polygons, (20, 40))
    expected = np.zeros((20, 40), bool)
    expected[10:20, 10:30] = True
    np.testing.assert_array_equal(mask, expected)
    polygons.write_text("hello")
    with pytest.raises(DataError, match="not a polygon file"):
        read_polygons(polygons, (20, 40))
