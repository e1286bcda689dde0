"""The stream: the same numbers again, labels on people, ranks apart."""

import pickle
from dataclasses import fields, replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from ddp_video.data import canvas as canvas_module
from ddp_video.data.canvas import blank_canvas
from ddp_video.data.densepose_coco import Record
from ddp_video.data.picture_store import PictureStore
from ddp_video.data.segmentation import COARSE_OF_PART
from ddp_video.errors import DataError
from ddp_video.training.augment import AugmentSettings
from ddp_video.training.batches import Source, StreamSettings, TrainingStream, load_batches
from ddp_video.training.example import Example, collate, finish

SMALL = StreamSettings(size=64, cache_mb=8, empty_share=0.1, scene_share=0.4)
PLAIN_LIGHT = AugmentSettings(
    light=0, contrast=0, gamma=0, saturation=0, hue=0, warmth=0, grey=0, dark=0, blur=0,
    low_resolution=0, noise=0, jpeg=0,
)  # fmt: skip


def person_record(seed: int) -> Record:
    """An ellipse of a person whose colour, U and V tell where on the body a pixel lies."""
    rng = np.random.default_rng(seed)
    height, width = 160, 120
    mask = np.zeros((height, width), np.uint8)
    cv2.ellipse(mask, (60, 80), (28, 66), 0, 0, 360, 1, -1)
    y, x = np.indices(mask.shape)
    part = np.where(y < 50, np.where(x < 60, 23, 24), 2) * mask
    iuv = np.dstack([part, x * 2 * mask, y * mask]).astype(np.uint8)
    at_y, at_x = (c[rng.integers(mask.sum(), size=12)] for c in np.nonzero(mask))
    label = iuv[at_y, at_x].astype(np.float32)
    points = np.column_stack(
        [at_x + 0.5, at_y + 0.5, label[:, 0], label[:, 1:] / 255, np.zeros(12)]
    )
    return Record(
        image=np.repeat(mask[..., None] * np.uint8(255), 3, axis=2),
        boxes=np.array([[32, 14, 89, 147]], np.float32),
        instance=mask,
        iuv=iuv,
        coarse=COARSE_OF_PART[iuv[..., 0]],
        points=points.astype(np.float32),
        has_surface=np.array([True]),
        weights=np.array([0.5], np.float32),
        name=str(seed),
    )


RECORDS = [person_record(i) for i in range(3)]


@pytest.fixture(scope="module")
def backgrounds(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("backgrounds")
    rng = np.random.default_rng(0)
    for i in range(2):
        cv2.imwrite(str(folder / f"{i}.png"), rng.integers(0, 90, (70, 90, 3), np.uint8))
    return folder


@pytest.fixture(scope="module")
def stream(backgrounds) -> TrainingStream:
    return TrainingStream([Source(RECORDS)], backgrounds, SMALL)


def same(a: Example, b: Example) -> bool:
    pairs = [(getattr(a, f.name), getattr(b, f.name)) for f in fields(Example)]
    return all(torch.equal(x, y) if isinstance(x, torch.Tensor) else x == y for x, y in pairs)


def test_example_k_depends_on_seed_and_k_alone(stream, backgrounds):
    forwards = [stream[k] for k in range(12)]
    fresh = TrainingStream([Source(RECORDS)], backgrounds, replace(SMALL, cache_mb=0))
    for k in reversed(range(12)):
        assert same(fresh[k], forwards[k])
    other = TrainingStream([Source(RECORDS)], backgrounds, replace(SMALL, seed=1))
    assert not any(torch.equal(other[k].image, forwards[k].image) for k in range(12))


def test_shapes_types_and_ids(stream):
    for k in range(60):
        e = stream[k]
        people = len(e.boxes)
        assert e.image.shape == (3, 64, 64)
        assert e.part.shape == e.instance.shape == e.coarse.shape == (16, 16)
        assert e.uv.shape == (2, 16, 16)
        assert {e.image.dtype, e.part.dtype, e.uv.dtype, e.instance.dtype} == {torch.uint8}
        assert e.boxes.shape == (people, 4)
        assert e.boxes.dtype == torch.float32
        assert e.has_surface.dtype == torch.bool
        assert len(e.has_surface) == len(e.weights) == people
        assert set(e.instance.unique().tolist()) - {0, 255} == set(range(1, people + 1))
        assert set(e.part.unique().tolist()) <= {*range(25), 255}
        assert (e.part[e.instance == 255] == 255).all()
        known = e.part < 255
        expected = torch.from_numpy(COARSE_OF_PART)[e.part.long()]
        assert torch.equal(e.coarse[known], expected[known])
        assert e.points.shape[1] == 6
        assert (e.points[:, 5] < max(people, 1)).all()


def test_boxes_hold_their_people(stream):
    for k in range(60):
        e = stream[k]
        for i, box in enumerate(e.boxes):
            y, x = torch.nonzero(e.instance == i + 1, as_tuple=True)
            centre_x, centre_y = 4 * x + 2.0, 4 * y + 2.0  # continuous pixels
            assert (box[:2] >= 0).all()
            assert (box[2:] <= 64).all()
            assert centre_x.min() >= box[0] - 1  # the grid reads the source, the box the pixels
            assert centre_x.max() <= box[2] + 1
            assert centre_y.min() >= box[1] - 1
            assert centre_y.max() <= box[3] + 1
            assert len(x) >= SMALL.min_cells


def test_box_is_tight_by_hand():
    canvas = blank_canvas(np.zeros((64, 64, 3), np.uint8))
    canvas.instance[8:40, 12:30] = 2
    canvas.instance[50:52, 50:53] = 1
    canvas.labels[2:10, 3:7] = (2, 1, 1, 2)
    canvas.labels[12, 12] = (2, 1, 1, 1)
    canvas.has_surface += [True, False]
    canvas.weights += [1.0, 0.5]
    canvas.points = np.array([[51, 51, 2, 0, 0, 0], [14, 10, 2, 0.1, 0.2, 1]], np.float32)
    e = finish(canvas, canvas.image, min_cells=8, grow=True, index=3)
    assert e.boxes.tolist() == [[12, 8, 30, 40]]  # the person of one cell is gone …
    assert e.instance[12, 12] == 255  # … and ignored
    assert e.part[12, 12] == 255
    assert e.instance[2, 3] == 1
    assert e.has_surface.tolist() == [False]
    assert e.weights.tolist() == [0.5]
    np.testing.assert_allclose(e.points, [[3.0, 2.0, 2, 0.1, 0.2, 0]], atol=1e-6)


def test_labels_lie_on_people(backgrounds):
    """People are white and backgrounds dark, so the picture itself says where the people are."""
    settings = replace(SMALL, augment=replace(PLAIN_LIGHT, erase=0), scenes=replace(
        SMALL.scenes, harmonise=0.0
    ), fill=1.0)  # fmt: skip
    stream = TrainingStream([Source(RECORDS)], backgrounds, settings)
    wrong = total = 0
    for k in range(60):
        e = stream[k]
        grey = e.image[0].numpy()
        corner = cv2.boxFilter(grey, -1, (2, 2), anchor=(0, 0))[1::4, 1::4]
        sure = ((corner > 250) | (corner < 95)) & (e.instance.numpy() != 255)
        people = (e.instance.numpy() > 0)[sure]
        wrong += (people != (corner > 250)[sure]).sum()
        total += sure.sum()
    assert wrong < 0.005 * total  # black photo borders are dark too; only edges may differ


def test_points_agree_with_the_dense_labels(backgrounds, monkeypatch):
    monkeypatch.setattr(canvas_module, "_points", lambda record: record.points)  # keep all
    stream = TrainingStream([Source(RECORDS)], backgrounds, SMALL)
    far, seen = 0, 0
    for k in range(80):
        e = stream[k]
        x, y = e.points[:, 0].round().long(), e.points[:, 1].round().long()
        inside = (x >= 0) & (y >= 0) & (x < 16) & (y < 16)
        for p, i, j in zip(e.points[inside], x[inside], y[inside], strict=True):
            if e.instance[j, i] != p[5] + 1 or e.part[j, i] != p[2]:
                continue  # a cell at the border of two parts
            seen += 1
            # one source pixel is 2/255 of U and 1/255 of V, a cell is up to a dozen of them
            far += (torch.abs(e.uv[:, j, i] / 255 - p[3:5]) > 0.12).any().item()
    assert seen > 100
    assert far < 0.02 * seen


def test_mirrored_people_have_their_sides_swapped(backgrounds):
    """Part 23 lies on the picture's left of 24, mirrored or not, when nobody is turned."""
    upright = AugmentSettings(any_angle=0, angle=0, shear=0, perspective=0, erase=0, shift=0)
    ways = []
    for flip in (0.0, 1.0):
        settings = replace(SMALL, scene_share=0, empty_share=0, augment=replace(upright, flip=flip))
        stream = TrainingStream([Source(RECORDS)], backgrounds, settings)
        for k in range(12):
            part = stream[k].part
            left, right = (torch.nonzero(part == p)[:, 1].float() for p in (23, 24))
            if len(left) and len(right):
                ways.append((left.mean() < right.mean()).item())
    assert len(ways) > 12
    assert all(ways)


def test_empty_pictures_have_empty_lists(backgrounds):
    stream = TrainingStream([Source(RECORDS)], backgrounds, replace(SMALL, empty_share=1.0))
    e = stream[0]
    assert e.boxes.shape == (0, 4)
    assert e.points.shape == (0, 6)
    assert not e.instance.any()
    assert not e.part.any()
    assert collate([e, e]).image.shape == (2, 3, 64, 64)


def test_weights_decide_the_mixture(backgrounds):
    dim = [replace(r, weights=np.array([0.25], np.float32)) for r in RECORDS]
    settings = replace(SMALL, scene_share=0, empty_share=0)
    stream = TrainingStream([Source(RECORDS, 1.0), Source(dim, 3.0)], backgrounds, settings)
    drawn = torch.cat([stream[k].weights for k in range(200)])
    assert (drawn == 0.25).float().mean() == pytest.approx(0.75, abs=0.1)


def test_masks_grow_with_their_probability(stream):
    grown = torch.cat([b.grow for b in load_batches(stream, 8, batches=25)])
    assert grown.dtype == torch.bool
    assert grown.float().mean() == pytest.approx(0.7, abs=0.1)


def test_scenes_without_people_to_cut_fall_back_on_photos(backgrounds):
    settings = replace(SMALL, scene_share=1.0, empty_share=0)
    stream = TrainingStream([Source(RECORDS, 1.0, cut_weight=0.0)], backgrounds, settings)
    assert all(len(stream[k].boxes) <= 1 for k in range(20))


def test_works_without_backgrounds():
    stream = TrainingStream([Source(RECORDS)], settings=replace(SMALL, scene_share=0.5))
    assert sum(len(stream[k].boxes) for k in range(20)) > 10


def test_nothing_to_draw_from_is_said(tmp_path):
    with pytest.raises(DataError, match="give a dataset folder"):
        TrainingStream([Source([])])
    with pytest.raises(DataError, match="no pictures in"):
        TrainingStream([Source(RECORDS)], tmp_path)


def test_ranks_take_different_examples_and_resume(stream):
    batches = [
        [b.index for b in load_batches(stream, 2, batches=3, rank=rank, world=2)] for rank in (0, 1)
    ]
    assert batches == [[[0, 1], [4, 5], [8, 9]], [[2, 3], [6, 7], [10, 11]]]
    later = next(iter(load_batches(stream, 2, first_batch=2, rank=1, world=2)))
    assert later.index == [10, 11]
    assert torch.equal(later.image[1], stream[11].image)
    assert later.to("cpu").boxes[0].shape[1] == 4


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # torch forks beside threads
def test_loader_processes_change_nothing(stream):
    alone = list(load_batches(stream, 2, batches=2))
    helped = list(load_batches(stream, 2, batches=2, workers=1))
    for a, b in zip(alone, helped, strict=True):
        assert a.index == b.index
        assert torch.equal(a.image, b.image)
        assert torch.equal(a.part, b.part)
        assert all(torch.equal(x, y) for x, y in zip(a.boxes, b.boxes, strict=True))


def test_store_gives_back_what_it_keeps():
    room = PictureStore([RECORDS[:1], RECORDS], 640, cache_mb=1)
    first, again = room.get(1, 2), room.get(1, 2)
    for f in fields(first):
        np.testing.assert_array_equal(getattr(first, f.name), getattr(again, f.name))
    assert room.used > 160 * 120 * 7
    assert not again.image.flags.writeable
    for i in range(3):
        room.get(1, i)
    assert room.used <= 1 << 20
    copy = pickle.loads(pickle.dumps(room))
    assert copy.used == 0
    np.testing.assert_array_equal(copy.get(0, 0).image, RECORDS[0].image)


def test_full_store_reads_anew():
    tight = PictureStore([RECORDS], 640, cache_mb=0)
    np.testing.assert_array_equal(tight.get(0, 1).labels[..., 3], RECORDS[1].instance)
    assert tight.used == 0


@pytest.mark.parametrize("shares", [(0, 1), (1, 0)])
def test_a_share_of_nothing_leaves_the_other_kind(backgrounds, shares):
    """Of people for scenes alone, or of photos alone."""
    settings = replace(SMALL, empty_share=0, scene_share=0.5)
    stream = TrainingStream([Source(RECORDS, *shares)], backgrounds, settings)
    assert sum(len(stream[k].boxes) > 0 for k in range(12)) >= 8
