from pathlib import Path

import cv2
import numpy as np
import pytest

from ddp_video.errors import DataError
from ddp_video.evaluation.clips import (
    ClipFrame,
    ClipScore,
    ClipSettings,
    best_match,
    carry,
    clip_frames,
    find_clips,
    score_clip,
    tall_people_iou,
)
from ddp_video.evaluation.found import frame_of

from .stage import Says, prediction, two_people


def no_truth(path: Path):
    raise AssertionError(path)


def write_davis(folder: Path, frames: int) -> None:
    folder.mkdir()
    _, owner = two_people()
    for k in range(frames):
        cv2.imwrite(str(folder / f"{k:05d}.jpg"), np.full((96, 128, 3), 40 * k, np.uint8))
        cv2.imwrite(str(folder / f"{k:05d}_mask.png"), (owner == 1).astype(np.uint8) * 255)


def test_the_best_matching_person_is_scored(tmp_path: Path):
    write_davis(tmp_path / "clip", 3)
    iuv, owner = two_people()
    half = owner.copy()
    half[:48] = 0  # the lower half: IoU .5
    nobody = np.zeros_like(owner)
    looker = Says(prediction(iuv, owner), prediction(iuv, half), prediction(iuv, nobody))
    figures = score_clip(looker, tmp_path / "clip", no_truth)
    assert figures["iou_by_frame"] == pytest.approx([1, 0.5, 0])
    assert figures["iou"] == figures["median"] == figures["flicker"] == pytest.approx(0.5)
    assert figures["people"] == pytest.approx(4 / 3) and figures["frames"] == 3
    # all people against the actor's mask: 3200 of 6400, 1600 of 3200 + 1600, nothing
    assert figures["all_people_iou"] == pytest.approx((0.5 + 1 / 3 + 0) / 3)
    assert figures["matte_iou"] is None and figures["agreement"] is None


def test_step_and_limit(tmp_path: Path):
    write_davis(tmp_path / "clip", 7)
    names = [f.frame.image[0, 0, 0] // 40 for f in clip_frames(tmp_path / "clip", 3, no_truth)]
    assert names == [0, 3, 6]
    answer = prediction(*two_people())
    settings = ClipSettings(step=2, limit=2)
    figures = score_clip(Says(answer, answer), tmp_path / "clip", no_truth, settings)
    assert figures["frames"] == 2
    assert figures["flicker"] is None and figures["tracks"] is None  # frames that do not follow


def test_rendered_truth_beside_a_video(make_clip, tmp_path: Path):
    clip = make_clip(tmp_path / "clip.mp4", 2)
    (tmp_path / "clip.truth.mkv").touch()
    owner = np.zeros((48, 64), np.uint8)
    owner[8:40, 10:30] = 1
    iuv = np.zeros((48, 64, 3), np.uint8)
    iuv[owner == 1] = 2, 100, 100
    truth = np.stack([iuv, iuv]), np.stack([owner, owner])
    answer = prediction(iuv, owner)
    figures = score_clip(Says(answer, answer), clip, lambda _: truth)
    assert figures["iou"] == figures["agreement"]["parts"] == 1
    assert figures["flips"] == 0 and figures["tracks"] == 1 and figures["switches"] == 0
    with pytest.raises(DataError, match="does not fit"):
        list(clip_frames(clip, 1, lambda _: (truth[0][:1], truth[1][:1])))


def test_part_flips_along_the_flow():
    iuv, owner = two_people()
    swapped = iuv.copy()
    swapped[iuv[..., 0] == 7, 0] = 8  # one of the four parts changes; nothing moves
    image = np.random.default_rng(0).integers(0, 255, (96, 128, 3), np.uint8)
    score = ClipScore()
    for labels in (iuv, swapped, swapped):
        score.add(ClipFrame(frame_of(image)), prediction(labels, owner))
    assert score.flips == pytest.approx([0.25, 0])


def test_carry_follows_the_flow():
    labels = np.zeros((20, 30), np.uint8)
    labels[5:10, 10:15] = 7
    flow = np.zeros((2, 20, 30), np.float32)
    flow[0], flow[1] = 3, -2  # what is here now was 3 to the right and 2 above
    expected = np.zeros_like(labels)
    expected[7:12, 7:12] = 7
    np.testing.assert_array_equal(carry(labels, flow), expected)


def test_best_match_is_averaged_over_true_people():
    _, owner = two_people()
    assert best_match([owner == 1], owner) == pytest.approx(0.5)
    assert best_match([owner == 2, owner == 1], owner) == 1
    assert best_match([], owner) == 0


def test_people_against_a_matte_far_ones_left_out():
    near, far = np.zeros((200, 200), bool), np.zeros((200, 200), bool)
    near[20:180, 20:60] = True  # 160 px high
    far[100:140, 100:120] = True  # 40 px high
    assert tall_people_iou([near, far], near) == 1  # a far person found in vain does not matter
    assert tall_people_iou([near], near | far) == 1  # nor one that was not found
    assert tall_people_iou([near], near | far, tall=30) == pytest.approx(6400 / 7200)
    assert tall_people_iou([], near) == 0


def test_find_clips(tmp_path: Path):
    write_davis(tmp_path / "b", 1)
    for name in ("a.mp4", "a.truth.mkv", "notes.txt"):
        (tmp_path / name).touch()
    assert [p.name for p in find_clips(tmp_path)] == ["b", "a.mp4"]
    assert find_clips(tmp_path / "b") == [tmp_path / "b"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="no clips"):
        find_clips(tmp_path / "empty")
