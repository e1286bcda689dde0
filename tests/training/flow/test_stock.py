"""Stocks: photos and cut-outs from files."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from ddp_video.errors import DataError
from ddp_video.training.flow.stock import CUT_OUT_SIDE, read_stock, write_cut_out, write_picture


def test_a_person_is_cut_out_and_read_again(tmp_path: Path):
    image = np.full((900, 700, 3), (200, 100, 20), np.uint8)
    mask = np.zeros((900, 700), bool)
    mask[100:740, 200:520] = True
    write_cut_out(image, mask, tmp_path / "one.webp")
    write_picture(image, tmp_path / "two.webp")
    found = read_stock([tmp_path])
    (cut,), (photo,) = found.cut_outs, found.photos
    assert cut.shape == (CUT_OUT_SIDE, 161, 4)  # 644 x 324 with a rim of two pixels
    assert cut[0, 0, 3] < 20
    assert photo.shape == (640, 498, 3)
    assert np.abs(cut[160, 80].astype(int) - (200, 100, 20, 255)).max() <= 4
    assert np.abs(photo[0, 0].astype(int) - (200, 100, 20)).max() <= 4


def test_colours_are_read_times_alpha(tmp_path: Path):
    half = np.full((8, 8, 4), (10, 20, 200, 128), np.uint8)  # OpenCV's order: blue first
    cv2.imwrite(str(tmp_path / "half.png"), half)
    cv2.imwrite(str(tmp_path / "photo.png"), np.zeros((8, 8, 3), np.uint8))
    cv2.imwrite(str(tmp_path / "grey.png"), np.full((8, 8), 7, np.uint8))
    found = read_stock([tmp_path])
    assert found.cut_outs[0][0, 0].tolist() == [100, 10, 5, 128]
    assert [photo[0, 0].tolist() for photo in found.photos] == [[7, 7, 7], [0, 0, 0]]


def test_what_cannot_be_used_is_said_in_one_line(tmp_path: Path):
    cv2.imwrite(str(tmp_path / "only.png"), np.zeros((8, 8, 4), np.uint8))
    with pytest.raises(DataError, match="no photos"):
        read_stock([tmp_path])
    (tmp_path / "broken.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"broken\.png is not an 8-bit picture"):
        read_stock([tmp_path])
