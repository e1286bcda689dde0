"""Errors of flow by hand; engines that know the truth, or nothing, on clips of a moving texture."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor

from ddp_video.errors import DataError
from ddp_video.evaluation.clips import find_clips
from ddp_video.evaluation.flow import FlowClip, read_clip, score_clip
from ddp_video.evaluation.flow_baselines import FarnebackFlow, ZeroFlow
from ddp_video.evaluation.flow_errors import consistent, end_point_error, near, outliers, warped
from ddp_video.evaluation.flow_sheet import write_flow_sheet
from ddp_video.synthesis.clip_files import read_flow, read_truth

SIZE = (60, 80)
SAMPLES = Path(__file__).parents[2] / "samples"


class Says:
    """An engine that finds the same motion, in pixels a frame to the right, everywhere."""

    def __init__(self, pixels: float) -> None:
        self.pixels = pixels

    def flows(
        self, window: Sequence[np.ndarray], centre: int, grid: tuple[int, int]
    ) -> dict[int, Tensor]:
        moved = torch.zeros(2, *grid)
        offset = int(window[1 - centre][0, 0, 0]) - int(window[centre][0, 0, 0])  # frame's number
        moved[0] = self.pixels * offset
        return {1 - 2 * centre: moved}


def moving_clip(step: int = 2) -> FlowClip:
    """Five frames of a texture and of a box on it that move to the right together."""
    rng = np.random.default_rng(0)
    rough = rng.integers(30, 220, (20, 40, 3)).astype(np.uint8)
    whole = cv2.resize(rough, (160, 60), interpolation=cv2.INTER_CUBIC)
    images, people = [], []
    for t in range(5):
        image = np.ascontiguousarray(whole[:, 40 - step * t : 120 - step * t])
        image[0, 0] = t  # by which `Says` tells the frames apart
        mask = np.zeros(SIZE, np.uint8)
        mask[20:40, 30 + step * t : 50 + step * t] = 1
        images.append(image)
        people.append(mask)
    return FlowClip(images, people)


def test_errors_by_hand():
    truth = np.array([[[3.0, 0], [100, 0], [np.nan, np.nan]]], np.float32)
    flow = np.array([[[3.0, 4], [104, 0], [0, 0]]], np.float32)
    error = end_point_error(flow, truth)
    assert error[0, :2].tolist() == [4, 4]
    assert np.isnan(error[0, 2])
    assert outliers(error, truth).tolist() == [[True, False, False]]  # 4 is below 5 % of 100


def test_near_is_a_disc():
    where = np.zeros((9, 9), bool)
    where[4, 4] = True
    y, x = np.mgrid[-4:5, -4:5]
    found = near(where, 2)
    assert found[np.hypot(x, y) <= 2].all()
    assert not found[np.hypot(x, y) >= 3].any()


def test_a_picture_looked_up_and_the_way_back():
    picture = np.arange(80, dtype=np.uint8)[None].repeat(60, 0)
    flow = np.full((*SIZE, 2), (3, 0), np.float32)
    assert (warped(picture, flow)[:, :77] == picture[:, 3:]).all()
    good = consistent(flow, -flow)
    assert good[:, :77].all()
    assert not good[:, 77:].any()  # leaves the picture
    assert not consistent(flow, -flow + (1, 0)).any()  # 1 px off: 1 > 0.01 · (9 + 4) + 0.5


def test_rendered_regions_by_hand():
    """Nobody moves but one person of 16 x 16 pixels by (3, 4), beside a hidden strip."""
    truth = np.zeros((1, 30, 40, 2), np.float32)
    truth[:, 10:18, 10:18] = (3, 4)
    truth[:, 10:18, 18] = np.nan
    people = np.zeros(SIZE, np.uint8)
    people[20:36, 20:36] = 1
    image = np.zeros((*SIZE, 3), np.uint8)
    row = score_clip({"none": ZeroFlow()}, FlowClip([image] * 2, [people] * 2, truth, 2))["none"]
    seen = 30 * 40 - 8
    assert row["epe_people"] == pytest.approx(5)
    assert row["fl_people"] == 1
    assert row["epe_background"] == 0
    assert row["epe_all"] == pytest.approx(5 * 64 / seen)
    assert row["fl_all"] == pytest.approx(64 / seen)
    torn = near(~np.isfinite(truth[0, ..., 0]), 4) & np.isfinite(truth[0, ..., 0])
    body = np.zeros((30, 40), bool)
    body[10:18, 10:18] = True
    assert row["epe_torn"] == pytest.approx(5 * (torn & body).sum() / torn.sum())


def test_who_knows_the_motion_wins_without_truth():
    rows = score_clip({"knows": Says(2), "wrong": Says(-1), "none": ZeroFlow()}, moving_clip())
    for span in (1, 2):
        assert rows["knows"][f"mask_iou_{span}"] == 1
        # a box of 20 columns, off by 2 and 3 pixels a frame
        assert rows["none"][f"mask_iou_{span}"] == pytest.approx((20 - 2 * span) / (20 + 2 * span))
        assert rows["wrong"][f"mask_iou_{span}"] == pytest.approx((20 - 3 * span) / (20 + 3 * span))
        photometric = [rows[name][f"photometric_{span}"] for name in ("knows", "none", "wrong")]
        assert photometric[0] == pytest.approx(0, abs=0.05)  # the marks in the corner
        assert photometric[0] < photometric[1] < photometric[2]
        assert rows["none"][f"consistent_{span}"] == 1
        assert rows["knows"][f"consistent_{span}"] == pytest.approx(1 - 2 * span / 80)


def test_farneback_follows_a_moving_texture():
    clip = moving_clip()
    flow = FarnebackFlow().flows([clip.images[0], clip.images[1]], 0, SIZE)[1]
    assert flow[:, 15:45, 15:60].mean((1, 2)).tolist() == pytest.approx([2, 0], abs=0.2)


def test_samples_are_read_with_their_flow(tmp_path: Path):
    clips = find_clips(SAMPLES)
    assert [clip.name for clip in clips] == ["crossing.mp4", "dancer.mp4", "travelling.mp4"]
    clip = read_clip(clips[1], read_truth, read_flow)
    assert clip.every == 2
    assert len(clip.images) == len(clip.people) == 72
    row = score_clip({"none": ZeroFlow()}, clip, 40)["none"]
    length = [np.linalg.norm(clip.flow[t], axis=-1) for t in (0, 40)]
    assert row["epe_all"] == pytest.approx(np.nanmean(length), rel=1e-4)


def test_colours_beside_the_truth(tmp_path: Path):
    """Where truth and engine agree the colours do; white is still, black is not known."""
    truth = np.zeros((1, 30, 40, 2), np.float32)
    truth[:, :15] = (2, 0)
    truth[:, :, 30:] = np.nan
    images = [np.full((*SIZE, 3), t, np.uint8) for t in (0, 1)]
    people = [np.zeros(SIZE, np.uint8)] * 2
    engines = {"knows": Says(2), "none": ZeroFlow()}
    write_flow_sheet(engines, FlowClip(images, people, truth, 2), tmp_path / "sheet.png")
    sheet = cv2.imread(str(tmp_path / "sheet.png"))[20:]
    assert sheet.shape == (240, 4 * 320, 3)
    upper, lower = sheet[60], sheet[180]
    assert (upper[320 + 100] == upper[640 + 100]).all()
    assert (upper[320 + 100] != 255).any()
    assert (lower[320 + 100] == 255).all()
    assert (lower[960 + 100] == 255).all()
    assert not upper[320 + 300].any()


def test_a_single_frame_is_no_clip(tmp_path: Path):
    cv2.imwrite(str(tmp_path / "a.jpg"), np.zeros((8, 8, 3), np.uint8))
    cv2.imwrite(str(tmp_path / "a_mask.png"), np.zeros((8, 8), np.uint8))
    with pytest.raises(DataError, match="no two frames"):
        read_clip(tmp_path, read_truth, read_flow)
