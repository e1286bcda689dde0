from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from ddp_video.data import DensePoseDataset
from ddp_video.errors import DataError, InputError
from ddp_video.fitting import photos
from ddp_video.fitting.one_photo import PhotoLabels, SurfaceLabeller, see_photo
from ddp_video.fitting.sidecars import LSP_TO_BLAZEPOSE, read_joints, read_polygons

from .painted import SIDE, Painted, painted


@pytest.fixture
def teachers(monkeypatch: pytest.MonkeyPatch) -> Painted:
    teachers = Painted()
    monkeypatch.setattr(photos, "Teachers", lambda *_: teachers)
    return teachers


def label_photo(teachers: Any, image: np.ndarray, given: Any = None) -> PhotoLabels:
    (labels,) = SurfaceLabeller(teachers)([see_photo(teachers, image, given)])
    assert not isinstance(labels, str)
    return labels


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


def test_sidecars(tmp_path: Path) -> None:
    names = list(LSP_TO_BLAZEPOSE)
    head = ",".join(f"{n}_x,{n}_y,{n}_visible" for n in names)
    row = ",".join(f"{i},{2 * i},{int(i != 3)}" for i in range(len(names)))
    path = tmp_path / "joints.csv"
    path.write_text(f"photo,{head}\na.jpg,{row}\n")
    joints = read_joints(path)["a.jpg"]
    assert len(joints) == len(names) - 1
    np.testing.assert_array_equal(joints[names[5]], [5, 10])
    path.write_text(f"photo,{head},neck_x,neck_y,neck_visible\na.jpg,{row},7,8,1\n")
    np.testing.assert_array_equal(read_joints(path)["a.jpg"]["neck"], [7, 8])
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
