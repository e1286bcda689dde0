"""From a dataset to a table of looks, and back: who is taken, what is known of them."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

pytest.importorskip("anny")
pytest.importorskip("warp")

from ddp_video.data import DatasetWriter, PersonLabel
from ddp_video.data.atlas import COLUMNS, ROWS
from ddp_video.errors import DataError, InputError
from ddp_video.settings import LookSettings
from ddp_video.synthesis.looks.gather import gather, sharpness
from ddp_video.synthesis.looks.preview import Sheets
from ddp_video.synthesis.looks.surface import atlas_map
from ddp_video.synthesis.looks.table import LookTable, PhotoLook, write_looks

from .painted import SIDE, person, whole

pytestmark = pytest.mark.filterwarnings("default")

SETTINGS = LookSettings(sharpness=0.0, tile=SIDE)


def dataset(folder, split="train", weight=1.0, scale=1.0):
    image, iuv, mask = person()
    size = (round(mask.shape[1] * scale), round(mask.shape[0] * scale))
    image, iuv, mask = (
        cv2.resize(k, size, interpolation=cv2.INTER_NEAREST)
        for k in (image, iuv, mask.astype(np.uint8))
    )
    with DatasetWriter(folder) as writer:
        label = PersonLabel(mask > 0, weight=weight)
        writer.add(image, [label], iuv, key="somebody", split=split)
    return folder


def test_a_look_has_the_colours_that_were_seen(tmp_path):
    path, shown = tmp_path / "looks.npz", []
    count, left = gather([dataset(tmp_path / "a")], path, SETTINGS, look_at=shown.append)
    assert (count, sum(left.values())) == (1, 0)
    look = LookTable(path)[0]
    assert look.name == "images/somebody.jpg"
    points = atlas_map(SIDE).points
    before = (points[..., 1] < -0.05) & (np.abs(points[..., 0]) < 0.15) & (points[..., 2] < 0.4)
    before &= atlas_map(SIDE).within
    assert np.abs(look.atlas[..., :3] - whole())[before].mean() < 6  # JPEG and WebP included
    back = points[..., 1] > 0.05
    level = np.abs(look.atlas[..., 2].astype(float) - whole()[..., 2])  # blue is the height
    assert level[back & atlas_map(SIDE).within].mean() < 12
    assert 0 < look.scalp < 1
    assert np.isfinite(look.tone).all()
    sheets = Sheets(path)
    sheets.add(shown[0])
    sheets.close()
    assert cv2.imread(str(sheets.written[0])).shape == (300, 2070, 3)


def test_the_same_dataset_gives_the_same_bytes(tmp_path):
    folder = dataset(tmp_path / "a")
    gather([folder, folder], tmp_path / "1.npz", SETTINGS)
    gather([folder, folder], tmp_path / "2.npz", SETTINGS)
    assert (tmp_path / "1.npz").read_bytes() == (tmp_path / "2.npz").read_bytes()
    assert len(LookTable(tmp_path / "1.npz")) == 2


@pytest.mark.parametrize(
    ("made", "settings", "words"),
    [
        ({"scale": 0.5}, {}, "1 small"),
        ({"weight": 0.5}, {}, "1 labelled with doubt"),
        ({}, {"sharpness": 0.9}, "1 blurred"),
        ({}, {"seen": 0.9}, "1 hidden"),
        ({"split": "val"}, {}, "nobody in 0 pictures"),
    ],
)
def test_who_is_left_out(tmp_path, made, settings, words):
    folder = dataset(tmp_path / "a", **made)
    with pytest.raises(InputError, match=words):
        gather([folder], tmp_path / "looks.npz", replace(SETTINGS, **settings))
    assert not (tmp_path / "looks.npz").exists()


def test_somebody_of_whom_a_spot_is_seen_is_hidden(tmp_path):
    image, iuv, mask = person()
    spot = np.zeros_like(mask)
    spot[100, 110:120] = mask[100, 110:120]
    assert spot.any()
    with DatasetWriter(tmp_path / "a") as writer:
        writer.add(image, [PersonLabel(spot, box=(0, 0, 200, 290))], iuv, key="somebody")
    with pytest.raises(InputError, match="1 hidden"):
        gather([tmp_path / "a"], tmp_path / "looks.npz", SETTINGS)


def test_sharpness_falls_with_blur():
    rng = np.random.default_rng(0)
    picture = np.kron(rng.integers(0, 255, (60, 30)), np.ones((8, 8))).astype(np.uint8)
    picture = np.dstack([picture] * 3)
    mask = np.ones(picture.shape[:2], bool)
    sharp = sharpness(picture, mask)
    soft = sharpness(cv2.GaussianBlur(picture, (0, 0), 4), mask)
    assert soft < 0.15 < 0.4 < sharp
    assert sharpness(np.full_like(picture, 9), mask) == 0
    assert sharpness(picture, np.zeros_like(mask)) == 0


def test_a_table_gives_back_what_was_written(tmp_path):
    rgba = np.zeros((ROWS * 16, COLUMNS * 16, 4), np.uint8)
    rgba[..., :3], rgba[..., 3] = (200, 90, 30), 255
    part = rgba.copy()
    part[:32, :, 3] = 0
    none = np.full(3, np.nan, np.float32)
    looks = [
        PhotoLook(rgba, np.array([0.3, 0.2, 0.1], np.float32), none, 0.25, "a.jpg"),
        PhotoLook(part, none, np.zeros(3, np.float32), 1.0, "b.jpg"),
    ]
    write_looks(tmp_path / "looks.npz", looks)
    table = LookTable(tmp_path / "looks.npz")
    assert [look.name for look in table] == ["a.jpg", "b.jpg"]
    for look, found in zip(looks, table, strict=True):
        assert np.array_equal(found.atlas[..., 3], look.atlas[..., 3])
        shown = look.atlas[..., 3] > 0
        assert np.abs(found.atlas[shown].astype(int) - look.atlas[shown]).max() < 8
        assert np.array_equal(found.tone, look.tone, equal_nan=True)
        assert np.array_equal(found.hair, look.hair, equal_nan=True)
        assert found.scalp == look.scalp
    with pytest.raises(IndexError):
        table[2]


def test_what_is_no_table_is_named(tmp_path):
    (tmp_path / "text.npz").write_text("hello")
    np.savez(tmp_path / "other.npz", world=np.zeros(3))
    for name in ("text.npz", "other.npz", "none.npz"):
        with pytest.raises(DataError, match=r"synth looks"):
            LookTable(tmp_path / name)
    with pytest.raises(DataError, match="no looks to write"):
        write_looks(tmp_path / "empty.npz", [])
