import csv
from pathlib import Path

import cv2
import numpy as np
import pytest

from ddp_video.errors import DataError
from ddp_video.evaluation import photos
from ddp_video.evaluation.error_cases import ErrorCases

from .stage import Says, prediction, two_people

NOBODY = np.zeros((96, 128, 3), np.uint8), np.zeros((96, 128), np.uint8)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "a.jpg"
    cv2.imwrite(str(path), np.zeros((96, 128, 3), np.uint8))
    return path


def polygon(x0: float, y0: float, x1: float, y1: float) -> str:
    corners = [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]
    return " ".join(f"{x / 128} {y / 96}" for x, y in corners)


def test_outlines(photo: Path):
    photo.with_suffix(".txt").write_text(
        f"0 {polygon(10, 8, 50, 88)}\n16 {polygon(0, 0, 5, 5)}\n0 {polygon(74, 8, 114, 88)}\n"
    )
    figures = photos.score_outlines(Says(prediction(*two_people())), [photo])
    assert figures["people"] == 2  # 16 is a dog
    assert figures["masks"]["AP"] == figures["boxes"]["AP"] == pytest.approx(100)
    cases = ErrorCases()
    figures = photos.score_outlines(Says(prediction(*NOBODY)), [photo], cases)
    assert figures["masks"]["AP"] == 0
    assert cases.counts["missed"] == 2


def test_precision_ranks_people_below_the_threshold(photo: Path):
    photo.with_suffix(".txt").write_text(f"0 {polygon(10, 8, 50, 88)}\n0 {polygon(74, 8, 114, 88)}")
    unsure, cases = prediction(*two_people(), {1: 0.9, 2: 0.2}), ErrorCases()
    figures = photos.score_outlines(Says(unsure, threshold=0.5), [photo], cases)
    assert figures["masks"]["AP"] == pytest.approx(100)
    assert cases.counts["missed"] == 1
    hardly = prediction(*two_people(), {1: 0.9, 2: 0.04})
    figures = photos.score_outlines(Says(hardly, threshold=0.5), [photo])
    assert figures["masks"]["AR"] == pytest.approx(50)


def test_bad_outlines(photo: Path):
    photo.with_suffix(".txt").write_text("0 a b c")
    with pytest.raises(DataError, match="no polygons"):
        photos.score_outlines(Says(), [photo])


def test_boxes_small_ones_do_not_count(photo: Path):
    iuv, owner = two_people()
    owner[88:92, 10:50] = 1  # 84 px high: boxes of at most 80 px do not count
    tall, small = [10, 8, 50, 92], [74, 8, 114, 88]
    found = prediction(iuv, owner)
    figures = photos.score_boxes(Says(found), [photo], {"a.jpg": [tall, small]})
    assert figures["boxes"] == 1 and figures["recall"] == 1 and figures["found"] == 2
    away = [50, 8, 90, 92]
    figures = photos.score_boxes(Says(found), [photo], {"a.jpg": [tall, away]})
    assert figures["recall"] == 0.5


def test_one_person_found_counts_for_one_box():
    overlap = np.array([[0.9, 0.6], [0.7, 0.1]])
    assert photos.matches(overlap, 0.5) == 2  # the first takes the second box
    assert photos.matches(overlap[:1], 0.5) == 1
    assert photos.matches(np.zeros((0, 3)), 0.5) == 0


def test_clothes(photo: Path):
    iuv, owner = two_people()
    clothes = np.where(owner == 1, 5, 0).astype(np.uint8)
    cv2.imwrite(str(photo.with_name("a_labels.png")), clothes)
    figures = photos.score_clothes(Says(prediction(iuv, owner)), [photo])
    assert figures["iou"] == 1 and figures["all_people_iou"] == 0.5
    assert figures["found_at_50"] == 1 and figures["people"] == 2


def test_joints(photo: Path):
    # rows of the first person: 8 head (23), 28 torso (2), 48 right upper leg (7), 68 left (8)
    at = {
        "head_top": (20, 12), "r_hip": (20, 55), "l_hip": (20, 58), "r_knee": (20, 75),
        "l_knee": (20, 80), "r_ankle": (3, 3),
    }  # fmt: skip
    table = photo.with_name("joints.csv")
    with table.open("w", newline="") as file:
        names = [f"{j}_{k}" for j in photos.JOINTS for k in ("x", "y", "visible")]
        rows = csv.DictWriter(file, ["photo", *names])
        rows.writeheader()
        row = {f"{j}_{k}": 0 for j in photos.JOINTS for k in ("x", "y", "visible")}
        for joint, (x, y) in at.items():
            row |= {f"{joint}_x": x, f"{joint}_y": y, f"{joint}_visible": 1}
        rows.writerow({"photo": "a.jpg", **row})
    figures = photos.score_joints(Says(prediction(*two_people())), [photo], table)
    assert figures["found"] == 1
    assert figures["on_person"] == pytest.approx(5 / 6)  # the ankle lies beside
    # right: head, right hip on 7, left knee on 8. Wrong: left hip on 7, right knee on 8
    assert figures["parts"] == pytest.approx(3 / 5)
    assert figures["left_right"] == pytest.approx(1 / 2)  # of two knees the right one
    with pytest.raises(DataError, match="no row"):
        photos.score_joints(Says(), [photo.with_name("b.jpg")], table)


def test_empty(photo: Path):
    looker = Says(prediction(*two_people()), prediction(*NOBODY))
    figures = photos.score_empty(looker, [photo, photo])
    assert figures == {"pictures": 2, "false_person": 0.5}
