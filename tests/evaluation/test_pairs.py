from pathlib import Path

import cv2
import numpy as np
import pytest

from ddp_video.errors import DataError
from ddp_video.evaluation.error_cases import ErrorCases
from ddp_video.evaluation.pairs import score_pairs

from .stage import Says, prediction, two_people


def write_pair(folder: Path, name: str, iuv: np.ndarray) -> None:
    cv2.imwrite(str(folder / f"{name}.jpg"), np.zeros((96, 128, 3), np.uint8))
    cv2.imwrite(str(folder / f"{name}_iuv.png"), iuv)  # OpenCV's order is I, U, V


def test_truth_fed_back_and_half_of_it(tmp_path: Path):
    iuv, owner = two_people()
    one = np.where(owner == 1, 1, 0).astype(np.uint8)
    for name in ("a", "b"):
        write_pair(tmp_path, name, iuv)
    looker = Says(prediction(iuv, owner), prediction(iuv * one[..., None], one))
    cases = ErrorCases()
    rows = score_pairs(looker, tmp_path, cases)
    assert rows["a"]["iou"] == rows["a"]["parts"] == 1
    assert rows["b"]["iou"] == 0.5 and rows["b"]["parts"] == 1
    assert cases.counts["missed"] == 0  # the pair is taken for one person, of whom half was found


def test_no_pairs(tmp_path: Path):
    with pytest.raises(DataError, match=r"_iuv\.png"):
        score_pairs(Says(), tmp_path)


def test_a_photo_of_another_size(tmp_path: Path):
    iuv, _ = two_people()
    write_pair(tmp_path, "a", iuv[:50])
    with pytest.raises(DataError, match="128x50"):
        score_pairs(Says(), tmp_path)
