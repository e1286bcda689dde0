import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from ddp_video.data import DatasetWriter, DensePoseDataset, PersonLabel
from ddp_video.data.annotations import read_annotations
from ddp_video.data.segmentation import COARSE_OF_PART, decode, encode
from ddp_video.data.writer import JOURNAL
from ddp_video.errors import DataError, OutputError, ShapeError

HEIGHT, WIDTH = 40, 60


def picture() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8)


def rectangle(x0: int, y0: int, x1: int, y1: int) -> np.ndarray:
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[y0:y1, x0:x1] = True
    return mask


def cell_rle(x0: int, y0: int, x1: int, y1: int) -> dict[str, object]:
    cells = np.zeros((256, 256), bool)
    cells[y0:y1, x0:x1] = True
    return encode(cells)


def write_coco(folder: Path, annotations: list[dict], **image: object) -> Path:
    cv2.imwrite(str(folder / "a.png"), picture()[:, :, ::-1])
    entry = {"id": 7, "file_name": "a.png", "height": HEIGHT, "width": WIDTH, **image}
    content = {
        "categories": [{"id": 1, "name": "person"}, {"id": 3, "name": "car"}],
        "images": [entry],
        "annotations": [{"id": i, "image_id": 7, **a} for i, a in enumerate(annotations)],
    }
    path = folder / "annotations.json"
    path.write_text(json.dumps(content))
    return path


def person(**fields: object) -> dict:
    return {"category_id": 1, "bbox": [10, 5, 20, 10], **fields}


def test_what_is_written_is_read(tmp_path: Path) -> None:
    iuv = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    iuv[5:20, 10:20] = (2, 17, 203)
    iuv[20:25, 10:20] = (255, 0, 0)
    people = [
        PersonLabel(rectangle(10, 5, 20, 25)),
        PersonLabel(rectangle(40, 10, 50, 30), box=(38.5, 9, 51, 32), weight=0.5),
        PersonLabel(rectangle(0, 30, 60, 40), ignore=True),
    ]
    with DatasetWriter(tmp_path) as writer:
        assert writer.add(picture(), people, iuv, key="walk/1", source="made", split="val")
    (record,) = DensePoseDataset(tmp_path)

    assert record.image.shape == (HEIGHT, WIDTH, 3)
    np.testing.assert_array_equal(record.boxes, [[10, 5, 20, 25], [38.5, 9, 51, 32]])
    expected = rectangle(0, 30, 60, 40) * 255 + rectangle(10, 5, 20, 25) * 1
    expected = expected + rectangle(40, 10, 50, 30) * 2
    np.testing.assert_array_equal(record.instance, expected)
    np.testing.assert_array_equal(record.iuv, iuv)
    np.testing.assert_array_equal(record.has_surface, [True, False])
    np.testing.assert_array_equal(record.weights, [1, 0.5])
    assert (record.name, record.source) == ("images/walk/1.jpg", "made")
    assert len(DensePoseDataset(tmp_path, split="val")) == 1
    assert len(DensePoseDataset(tmp_path, split="train")) == 0


def test_a_picture_file_is_copied_as_it_is(tmp_path: Path) -> None:
    source = tmp_path / "photo.png"
    cv2.imwrite(str(source), picture()[:, :, ::-1])
    with DatasetWriter(tmp_path / "set", iuv_suffix=".png") as writer:
        writer.add(source, [])
    assert (tmp_path / "set/images/photo.png").read_bytes() == source.read_bytes()
    (record,) = DensePoseDataset(tmp_path / "set")
    np.testing.assert_array_equal(record.image, picture())
    assert record.iuv is None
    assert record.boxes.shape == (0, 4)
    assert not record.instance.any()


def test_a_stopped_job_goes_on(tmp_path: Path) -> None:
    stopped = DatasetWriter(tmp_path)
    stopped.add(picture(), [PersonLabel(rectangle(1, 2, 3, 4))], key="a")
    stopped.skip("b", "nobody")
    # not closed: only the journal is there, and its last line was cut off
    with (tmp_path / JOURNAL).open("a") as journal:
        journal.write('{"key": "half')
    with DatasetWriter(tmp_path) as writer:
        assert writer.has("a")
        assert writer.has("b")
        assert not writer.has("half")
        assert not writer.add(picture(), [], key="a")
        assert writer.add(picture(), [PersonLabel(rectangle(5, 5, 9, 9))], key="c")
    assert not (tmp_path / JOURNAL).exists()
    with DatasetWriter(tmp_path) as writer:
        assert len(writer) == 3
    records = list(DensePoseDataset(tmp_path))
    assert [r.name for r in records] == ["images/a.jpg", "images/c.jpg"]
    np.testing.assert_array_equal(records[1].boxes, [[5, 5, 9, 9]])


def test_points_come_in_pixels(tmp_path: Path) -> None:
    # box x 10..30, y 5..15: dp 128 is the middle, 64 a quarter, 256 the far edge
    fields = {
        "dp_x": [128, 0, 256], "dp_y": [64, 0, 256], "dp_I": [2, 14, 24],
        "dp_U": [0.5, 0, 1], "dp_V": [0.25, 1, 0],
    }  # fmt: skip
    write_coco(tmp_path, [person(category_id=3), person(bbox=[0, 0, 4, 4]), person(**fields)])
    record = DensePoseDataset(tmp_path)[0]
    expected = [[20, 7.5, 2, 0.5, 0.25, 1], [10, 5, 14, 0, 1, 1], [30, 15, 24, 1, 0, 1]]
    np.testing.assert_allclose(record.points, expected)
    np.testing.assert_array_equal(record.has_surface, [False, True])
    np.testing.assert_array_equal(record.boxes, [[0, 0, 4, 4], [10, 5, 30, 15]])


def test_coarse_masks_are_pasted_into_the_box(tmp_path: Path) -> None:
    # left half torso, right half head, of a box 20 wide and 10 high at (10, 5)
    masks: list[object] = [[] for _ in range(14)]
    masks[0], masks[13] = cell_rle(0, 0, 128, 256), cell_rle(128, 0, 256, 256)
    fields = {"segmentation": encode(rectangle(10, 5, 30, 13)), "dp_masks": masks}
    write_coco(tmp_path, [person(**fields), person(segmentation=encode(rectangle(40, 0, 45, 5)))])
    coarse = DensePoseDataset(tmp_path)[0].coarse
    expected = rectangle(10, 5, 20, 15) * 1 + rectangle(20, 5, 30, 15) * 14
    expected = expected + rectangle(40, 0, 45, 5) * 255  # a person without surface labels
    np.testing.assert_array_equal(coarse, expected)


def test_coarse_follows_dense_labels(tmp_path: Path) -> None:
    iuv = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    iuv[0, :25, 0] = np.arange(25)
    iuv[1, 0, 0] = 255
    with DatasetWriter(tmp_path) as writer:
        crowd = PersonLabel(rectangle(50, 0, 60, 40), ignore=True)
        writer.add(picture(), [PersonLabel(rectangle(0, 0, 30, 2)), crowd], iuv, key="a")
    coarse = DensePoseDataset(tmp_path)[0].coarse
    # the 14 coarse parts as DensePose-COCO numbers them: thigh 7 and 9 are R upper leg = 6, …
    by_hand = [0, 1, 1, 2, 3, 4, 5, 6, 7, 6, 7, 8, 9, 8, 9, 10, 11, 10, 11, 12, 13, 12, 13, 14, 14]
    np.testing.assert_array_equal(coarse[0, :25], by_hand)
    assert coarse[1, 0] == 255
    assert (coarse[:, 50:] == 255).all()
    assert COARSE_OF_PART[255] == 255


def test_polygons_agree_with_their_area(tmp_path: Path) -> None:
    square = [10.0, 5.0, 30.0, 5.0, 30.0, 15.0, 10.0, 15.0]
    write_coco(tmp_path, [person(segmentation=[square])])
    instance = DensePoseDataset(tmp_path)[0].instance
    np.testing.assert_array_equal(instance, rectangle(10, 5, 30, 15))


def test_two_polygons_are_one_person(tmp_path: Path) -> None:
    left = [10.0, 5.0, 14.0, 5.0, 14.0, 9.0, 10.0, 9.0]
    right = [20.0, 5.0, 24.0, 5.0, 24.0, 9.0, 20.0, 9.0]
    write_coco(tmp_path, [person(segmentation=[left, right])])
    instance = DensePoseDataset(tmp_path)[0].instance
    np.testing.assert_array_equal(instance, rectangle(10, 5, 14, 9) | rectangle(20, 5, 24, 9))


def test_crowds_are_ignored_and_people_stand_before_them(tmp_path: Path) -> None:
    # uncompressed run lengths, column by column: the first 600 pixels are 15 whole columns
    crowd = {"size": [HEIGHT, WIDTH], "counts": [0, 600, HEIGHT * WIDTH - 600]}
    body = encode(rectangle(10, 5, 30, 15))
    annotations = [
        person(segmentation=body),
        person(segmentation=crowd, iscrowd=1, bbox=[0, 0, 15, 40]),
        person(bbox=[50, 0, 10, 40], ignore=1),  # no mask: the box itself
        person(bbox=[32, 20, 4, 4]),  # a person with a box only: unknown pixels, yet a box to find
    ]
    write_coco(tmp_path, annotations)
    record = DensePoseDataset(tmp_path)[0]
    expected = (rectangle(0, 0, 15, 40) | rectangle(50, 0, 60, 40)) * 255
    expected[rectangle(32, 20, 36, 24)] = 255
    expected[rectangle(10, 5, 30, 15)] = 1
    np.testing.assert_array_equal(record.instance, expected)
    np.testing.assert_array_equal(record.boxes, [[10, 5, 30, 15], [32, 20, 36, 24]])


def test_the_smaller_of_two_overlapping_people_is_on_top(tmp_path: Path) -> None:
    small, large = rectangle(15, 8, 20, 12), rectangle(10, 5, 30, 15)
    write_coco(tmp_path, [person(segmentation=encode(small)), person(segmentation=encode(large))])
    instance = DensePoseDataset(tmp_path)[0].instance
    np.testing.assert_array_equal(instance, np.where(small, 1, large * 2))


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99, 1.0])
def test_run_lengths_return(share: float) -> None:
    # pycocotools writes them, our own reader reads them
    mask = np.random.default_rng(1).random((HEIGHT, WIDTH)) < share
    np.testing.assert_array_equal(decode(encode(mask), HEIGHT, WIDTH), mask)


def test_long_runs_return() -> None:
    mask = np.zeros((700, 900), bool)
    mask[3:680, 5:850] = True
    mask[100:600:7] = False
    np.testing.assert_array_equal(decode(encode(mask), 700, 900), mask)


@pytest.mark.parametrize(
    ("annotation", "image", "words"),
    [
        ({"bbox": [1, 2, 3]}, {}, "no box"),
        ({"bbox": [1, 2, "3", 4]}, {}, "no box"),
        ({"bbox": [1, 2, None, 4]}, {}, "no box"),
        ({"bbox": [1, 2, 0, 5]}, {}, "empty box"),
        ({"dp_x": 3}, {}, "lists of numbers"),
        ({"dp_x": [1], "dp_y": [1], "dp_I": [None], "dp_U": [0], "dp_V": [0]}, {}, "of numbers"),
        ({"dp_x": [1], "dp_y": [1, 2], "dp_I": [1], "dp_U": [0], "dp_V": [0]}, {}, "length"),
        ({"dp_x": [1], "dp_y": [1], "dp_I": [25], "dp_U": [0], "dp_V": [0]}, {}, "unknown part"),
        ({}, {"file_name": "/etc/a.png"}, "leaves the folder"),
        ({}, {"iuv_file": "../a.png"}, "leaves the folder"),
        ({}, {"file_name": 3}, "no name"),
        ({}, {"height": "x"}, "number of pixels"),
        ({}, {"file_name": "gone.png"}, "cannot read"),
        ({}, {"width": 61}, "60x40"),
        ({"segmentation": [[1, 2, 3, 4]]}, {}, "polygon"),
        ({"segmentation": {"size": [3, 3], "counts": [9]}}, {}, "size"),
        ({"segmentation": {"size": [HEIGHT, WIDTH], "counts": [9]}}, {}, "9 of 2400"),
    ],
)
def test_broken_annotations(tmp_path: Path, annotation: dict, image: dict, words: str) -> None:
    write_coco(tmp_path, [person(**annotation)], **image)
    with pytest.raises(DataError, match=words) as caught:
        DensePoseDataset(tmp_path)[0]
    assert "\n" not in str(caught.value)


def test_broken_files(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot read"):
        DensePoseDataset(tmp_path / "nowhere")
    (tmp_path / "annotations.json").write_text("hello")
    with pytest.raises(DataError, match="not JSON"):
        DensePoseDataset(tmp_path)
    for content in ('{"images": []}', '{"images": [], "annotations": ["a"]}'):
        (tmp_path / "annotations.json").write_text(content)
        with pytest.raises(DataError, match="no lists"):
            DensePoseDataset(tmp_path)
    write_coco(tmp_path, [person()], iuv_file="iuv.png")
    cv2.imwrite(str(tmp_path / "iuv.png"), np.full((HEIGHT, WIDTH, 3), 77, np.uint8))
    with pytest.raises(DataError, match="unknown part 77"):
        DensePoseDataset(tmp_path)[0]
    (tmp_path / "a.png").write_text("not a picture")
    with pytest.raises(DataError, match="not a picture"):
        DensePoseDataset(tmp_path)[0]


def test_the_writer_refuses_what_breaks_the_format(tmp_path: Path) -> None:
    with DatasetWriter(tmp_path) as writer:
        with pytest.raises(DataError, match="unknown part"):
            writer.add(picture(), [], np.full((HEIGHT, WIDTH, 3), 30, np.uint8), key="a")
        with pytest.raises(ShapeError):
            writer.add(picture(), [], np.zeros((4, 4, 3), np.uint8), key="a")
        with pytest.raises(ShapeError):
            writer.add(picture(), [PersonLabel(np.ones((4, 4), bool))], key="a")
        with pytest.raises(DataError, match="at least one pixel"):
            writer.add(picture(), [PersonLabel(rectangle(0, 0, 0, 0))], key="a")
        with pytest.raises(ShapeError, match="key"):
            writer.add(picture(), [])
        assert len(writer) == 0
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="choose another folder"):
        DatasetWriter(tmp_path / "file")


def test_shards_are_read_as_one(tmp_path: Path) -> None:
    for shard in ("a", "b"):
        with DatasetWriter(tmp_path / shard, iuv_suffix=".png") as writer:
            for key in ("1", "2"):
                iuv = np.full(
                    (HEIGHT, WIDTH, 3), (ord(shard) - ord("a") + 1, 9, int(key)), np.uint8
                )
                people = [PersonLabel(rectangle(1, 2, 3 + int(key), 4))]
                writer.add(picture(), people, iuv, key=key, split=shard)
    DatasetWriter(tmp_path / "unfinished").add(picture(), [], key="3")  # never closed
    dataset = DensePoseDataset(tmp_path)
    assert [r.name for r in dataset] == [f"{s}/images/{k}.jpg" for s in "ab" for k in "12"]
    for index, record in enumerate(dataset):
        assert record.iuv is not None
        assert record.iuv[0, 0].tolist() == [index // 2 + 1, 9, index % 2 + 1]
        np.testing.assert_array_equal(record.boxes, [[1, 2, 4 + index % 2, 4]])
    assert len(DensePoseDataset(tmp_path, split="b")) == 2
    content = read_annotations(tmp_path)
    assert [i["id"] for i in content["images"]] == [1, 2, 3, 4]
    assert [(a["id"], a["image_id"]) for a in content["annotations"]] == [
        (k, k) for k in (1, 2, 3, 4)
    ]


def test_points_and_joints_are_written(tmp_path: Path) -> None:
    points = np.array([[12.5, 7.5, 2, 0.25, 0.5], [29.5, 14.5, 24, 1, 0]], np.float32)
    joints = np.zeros((17, 3), np.float32)
    joints[5] = (12.25, 8, 2)
    person = PersonLabel(
        rectangle(10, 5, 30, 15), points=points, joints=joints, whole=(8, 0, 30, 90)
    )
    with DatasetWriter(tmp_path) as writer:
        writer.add(picture(), [person], key="a", facts={"camera": {"focal": 50}})
    content = read_annotations(tmp_path / "annotations.json")
    (annotation,) = content["annotations"]
    # the box is 20 wide and 10 high at (10, 5): x 12.5 lies 1/8 of 256 in
    assert annotation["dp_x"][0] == 32
    assert annotation["dp_y"][0] == 64
    assert annotation["keypoints"][15:18] == [12.2, 8, 2]
    assert annotation["num_keypoints"] == 1
    assert annotation["whole_bbox"] == [8, 0, 22, 90]
    assert content["images"][0]["camera"] == {"focal": 50}
    (record,) = DensePoseDataset(tmp_path)
    np.testing.assert_allclose(record.points, np.column_stack([points, [0, 0]]), atol=1e-3)
    assert record.has_surface.all()


@pytest.mark.parametrize("suffix", [".png", ".webp"])
def test_labels_are_stored_without_loss(tmp_path: Path, suffix: str) -> None:
    iuv = np.random.default_rng(0).integers(0, 25, (HEIGHT, WIDTH, 3), np.uint8)
    with DatasetWriter(tmp_path, iuv_suffix=suffix) as writer:
        writer.add(picture(), [PersonLabel(rectangle(0, 0, 9, 9))], iuv, key="a")
    np.testing.assert_array_equal(DensePoseDataset(tmp_path)[0].iuv, iuv)
