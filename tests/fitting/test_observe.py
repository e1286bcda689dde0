from pathlib import Path

import numpy as np
import pytest

from ddp_video.data.densepose_coco import read_picture
from ddp_video.data.mirror import PART_MIRROR
from ddp_video.errors import DataError
from ddp_video.fitting.observe import (
    BODYPIX_TO_DENSEPOSE,
    ENVIRONMENT,
    FILES,
    Teachers,
    crop_matrix,
    largest_component,
)
from ddp_video.fitting.pseudo_labels import label_person, observe_surface
from ddp_video.fitting.sides import facing


def test_no_teachers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ENVIRONMENT, raising=False)
    with pytest.raises(DataError, match="--teachers DIR"):
        Teachers()
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path))
    with pytest.raises(DataError, match="blazepose") as caught:
        Teachers()
    assert "\n" not in str(caught.value)


def test_damaged_teachers(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    for name in FILES.values():
        (tmp_path / name).write_bytes(b"no network")
    with pytest.raises(DataError, match="not an ONNX network"):
        Teachers(tmp_path).boxes(np.zeros((32, 32, 3), np.uint8))


def test_crop_of_a_box() -> None:
    # box 40 × 80 around (60, 70): the crop is 100 wide, so 2.56 pixels each
    matrix = crop_matrix(np.array([40.0, 30, 80, 110]))
    np.testing.assert_allclose(matrix @ [60, 70, 1], [128, 128], atol=1e-4)
    np.testing.assert_allclose(matrix @ [110, 120, 1], [256, 256], atol=1e-4)
    turned = crop_matrix(np.array([40.0, 30, 80, 110]), np.pi)
    np.testing.assert_allclose(turned @ [110, 120, 1], [0, 0], atol=1e-4)


def test_only_the_largest_component_stays() -> None:
    mask = np.zeros((8, 8), np.float32)
    mask[1:4, 1:4], mask[6, 6], mask[0, 7] = 0.9, 0.8, 0.2
    kept = np.zeros((8, 8), np.float32)
    kept[1:4, 1:4] = 0.9
    np.testing.assert_array_equal(largest_component(mask), kept)
    np.testing.assert_array_equal(largest_component(np.zeros((3, 3))), np.zeros((3, 3)))


def test_every_part_has_one_bodypix_part() -> None:
    assert sorted(BODYPIX_TO_DENSEPOSE) == list(range(1, 25))


def test_a_photo_of_one_person(assets: Path) -> None:
    pytest.importorskip("onnxruntime")
    teachers = Teachers(assets / "teacher")
    image = read_picture(assets / "pairs/render_lee.jpg")[::2, ::2, ::-1].copy()
    truth = read_picture(assets / "pairs/render_lee_iuv.png")[::2, ::2]
    there = truth[:, :, 0] > 0
    box = teachers.boxes(image)[0]
    inside = there[int(box[1]) : int(box[3]), int(box[0]) : int(box[2])]
    assert inside.sum() > 0.9 * there.sum()
    pose = teachers.pose(image, box)
    assert facing(pose.world)[2] < -0.8  # he looks at us
    outline = teachers.matte(image) > 0.5
    assert (outline & there).sum() / (outline | there).sum() > 0.85

    # the published labels of the same photo: parts agree, and left is left
    iuv = label_person(observe_surface(teachers, image, pose), pose, outline)
    both = there & (iuv[:, :, 0] > 0) & (iuv[:, :, 0] < 25)
    part, true = iuv[both, 0], truth[both, 0]
    assert (part == true).mean() > 0.8
    assert (part == PART_MIRROR[true])[true > 2].mean() < 0.03
    agree = both & (iuv[:, :, 0] == truth[:, :, 0])
    assert np.abs(iuv[agree].astype(int) - truth[agree])[:, 1:].mean() / 255 < 0.08
