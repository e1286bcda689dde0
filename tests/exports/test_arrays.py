"""Results as other programs load them: pycocotools, torch, numpy."""

import base64
import contextlib
import io
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from pycocotools.coco import COCO

from ddp_video.errors import InputError
from ddp_video.exports import Target, open_export, output_path, read_dump
from ddp_video.exports.coco_json import decode_uv
from ddp_video.exports.people import people_of
from ddp_video.render import iuv_array, labels
from ddp_video.settings import Preset

from .figures import SIZE, SMALL, TALL, film, info, prediction

PEOPLE = [2, 0, 1, 2]


def exported(preset: Preset, folder: Path, **more) -> Path:
    path = output_path(preset, info(), folder, "clip")
    with open_export(preset, Target(path, info(), **more)) as export:
        for frame, found in film():
            export(frame, found)
    return path


def coco(folder: Path) -> tuple[COCO, COCO]:
    with contextlib.redirect_stdout(io.StringIO()):  # pycocotools prints
        images = COCO(folder / "images.json")
        return images, images.loadRes(str(folder / "results.json"))


def test_boxes_hold_all_that_is_labelled() -> None:
    found = prediction(TALL, SMALL)
    for number, person in enumerate(people_of(found, SIZE)):
        whole = labels(found.of_person(number), SIZE)
        x, y, w, h = person.box
        back = np.zeros_like(whole.part)
        back[y : y + h, x : x + w] = person.iuv.part
        np.testing.assert_array_equal(back, whole.part)
    # 3..12 cells of 131/32 pixels, 2..22 of 97/24: the labels reach half a cell farther at most
    x, y, w, h = next(people_of(found, SIZE)).box
    assert np.abs(np.subtract((x, y, x + w, y + h), (12.3, 8.1, 49.1, 88.9))).max() < 4


def test_a_person_who_is_not_labelled_has_the_box_alone() -> None:
    found = prediction(TALL)
    found.people[0].surface_mask.zero_()
    (person,) = people_of(found, SIZE)
    assert person.box == (12, 8, 38, 81)
    assert not person.iuv.part.any()


def test_coco_loads_in_pycocotools(tmp_path: Path) -> None:
    images, results = coco(exported("coco-json", tmp_path))
    assert sorted(images.imgs) == [0, 1, 2, 3]
    for k, (frame, found) in enumerate(film()):
        entries = results.loadAnns(results.getAnnIds(imgIds=[k]))
        assert len(entries) == PEOPLE[k]
        for entry, person in zip(entries, people_of(found, frame.size), strict=True):
            assert (entry["category_id"], tuple(entry["bbox"])) == (1, person.box)
            assert entry["score"] == pytest.approx(person.score)
            assert entry["track_id"] == person.number > 0
            uv = decode_uv(entry["uv_data"])
            assert list(uv.shape) == entry["uv_shape"] == [3, *entry["bbox"][:1:-1]]
            np.testing.assert_array_equal(uv.transpose(1, 2, 0), iuv_array(person.iuv))


def test_red_of_uv_data_is_the_part(tmp_path: Path) -> None:
    _, results = coco(exported("coco-json", tmp_path))
    png = base64.b64decode(results.anns[1]["uv_data"])
    assert png[:4] == b"\x89PNG"
    blue, _, red = cv2.split(cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR))
    assert set(np.unique(red)) == {0, *TALL[1]}
    # V goes from 0 to 1 downwards
    assert blue[red > 0].max() == 255
    assert blue[: len(blue) // 4].max() < 80


def test_coco_knows_numbered_pictures_by_their_numbers(tmp_path: Path) -> None:
    shots = tmp_path / "shots"
    shots.mkdir()
    for name in ("000000000139", "000000000285", "000000000632", "000000000724"):
        cv2.imwrite(str(shots / f"{name}.jpg"), np.zeros((4, 4, 3), np.uint8))
    series = info(path=shots, container="pictures")
    target = Target(output_path("coco-json", series, tmp_path, "shots"), series)
    with open_export("coco-json", target) as export:
        for frame, found in film():
            export(frame, found)
    images, results = coco(target.path)
    assert sorted(images.imgs) == [139, 285, 632, 724]
    assert images.imgs[285]["file_name"] == "000000000285.jpg"
    assert [len(results.getAnnIds(imgIds=[k])) for k in (139, 285, 632, 724)] == PEOPLE


def check_dump(data: list) -> None:
    """As the scripts of the field use a dump."""
    assert len(data) == 4
    for entry, (frame, found) in zip(data, film(), strict=True):
        assert entry["file_name"] == f"frame_{frame.index:05d}.png"
        assert entry["scores"].tolist() == pytest.approx([each.score for each in found.people])
        assert entry["pred_boxes_XYXY"].shape == (len(found.people), 4)
        people = list(people_of(found, frame.size))
        for box, result, person in zip(
            entry["pred_boxes_XYXY"], entry["pred_densepose"], people, strict=True
        ):
            x0, y0, x1, y1 = box.int().tolist()
            assert (x0, y0, x1 - x0, y1 - y0) == person.box
            assert result.labels.dtype == torch.int64
            np.testing.assert_array_equal(result.labels.numpy(), person.iuv.part)
            expected = np.stack([person.iuv.u, person.iuv.v])
            assert result.uv.dtype == torch.float32
            np.testing.assert_allclose(result.uv.numpy(), expected, atol=2**-12)


def test_detectron2_without_a_pickle(tmp_path: Path) -> None:
    folder = exported("detectron2", tmp_path)
    assert sorted(path.name for path in folder.iterdir()) == [
        f"frame_{k:05d}.safetensors" for k in range(4)
    ]
    check_dump(list(read_dump(folder)))


def test_detectron2_with_a_pickle(tmp_path: Path) -> None:
    folder = exported("detectron2", tmp_path, pickle=True)
    check_dump(torch.load(folder / "results.pkl", weights_only=False))
    check_dump(list(read_dump(folder)))


def test_what_is_no_dump(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no exported frames"):
        read_dump(tmp_path)
    (tmp_path / "a.safetensors").write_bytes(b"not one")
    with pytest.raises(InputError, match="no exported frame"):
        list(read_dump(tmp_path))


def test_npz(tmp_path: Path) -> None:
    folder = exported("npz", tmp_path)
    for frame, found in film():
        with np.load(folder / f"frame_{frame.index:05d}.npz", allow_pickle=False) as arrays:
            iuv = labels(found, frame.size)
            np.testing.assert_array_equal(arrays["part"], iuv.part)
            np.testing.assert_allclose(arrays["u"], iuv.u, atol=2**-12)
            np.testing.assert_allclose(arrays["v"], iuv.v, atol=2**-12)
            boxes = np.reshape([each.box for each in found.people], (-1, 4))
            np.testing.assert_allclose(arrays["boxes"], boxes, rtol=1e-6)
            np.testing.assert_allclose(arrays["scores"], [each.score for each in found.people])
            assert arrays["numbers"].tolist() == [[1, 2], [], [2], [1, 2]][frame.index]
            assert arrays["time"] == pytest.approx(frame.index / 25)
            for number, (_, parts) in enumerate([TALL, SMALL][: len(found.people)], 1):
                if len(found.people) == 2:
                    assert set(np.unique(iuv.part[arrays["person"] == number])) == set(parts)
