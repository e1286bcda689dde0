"""Pairs and batches: repeatable, growing, valid where known."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ddp_video.errors import DataError
from ddp_video.synthesis.clip_files import read_flow
from ddp_video.training.batches import load_batches
from ddp_video.training.flow.draws import photographed
from ddp_video.training.flow.pairs import FlowStream, FlowStreamSettings, collate
from ddp_video.training.flow.rendered import RenderedPair, cropped, read_rendered

from .figures import stock

SAMPLES = Path(__file__).parents[3] / "samples"
SETTINGS = FlowStreamSettings((128, 160), seed=3, motion=(2.0, 12.0), curriculum=10)


@pytest.fixture(scope="module")
def stream() -> FlowStream:
    return FlowStream(stock(), SETTINGS)


def test_a_pair_depends_on_its_number_alone(stream: FlowStream):
    again = FlowStream(stock(), SETTINGS)
    again[1]
    for name in ("first", "second", "flow"):
        assert (getattr(stream[4], name) == getattr(again[4], name)).all()
    assert (stream[4].first != stream[5].first).any()


def test_motion_grows_with_the_curriculum():
    assert [SETTINGS.reach(k) for k in (0, 5, 10, 99)] == [2, 7, 12, 12]
    assert [SETTINGS.shifted_share(k) for k in (0, 5, 10, 99)] == pytest.approx([1, 0.55, 0.1, 0.1])
    slow, fast = (
        FlowStream(stock(), replace(SETTINGS, motion=(reach, reach), shifted=(0, 0)))
        for reach in (2, 12)
    )
    for k in range(6):  # the same draws, but for the largest motion
        lengths = [
            np.linalg.norm(stream.pair(k)[0].flow, axis=-1).mean() for stream in (slow, fast)
        ]
        assert lengths[1] > 3 * lengths[0] > 0


def test_the_first_pairs_are_photos_that_move_as_a_whole(stream: FlowStream):
    pair, _ = stream.pair(0)
    assert (pair.flow == pair.flow[0, 0]).all()
    assert 0 < np.abs(pair.flow[0, 0]).max() <= 2
    assert not pair.layer.any()


def test_both_pictures_get_noise_of_their_own(stream: FlowStream):
    pair, rng = stream.pair(0)
    loud = replace(SETTINGS.pairs.look, noise=1, jpeg=0, blur=0, low_resolution=0, dark=0)
    same = replace(pair, second=pair.first)
    settings = replace(SETTINGS.pairs, look=loud, unlike=0, cover=0)
    first, second = photographed(rng, same, settings)
    gap = first.astype(int) - second
    assert gap.any()
    assert abs(gap.mean()) < 0.5  # noise only: light and colour are alike


def test_batches_resume_anywhere(stream: FlowStream):
    late = next(iter(load_batches(stream, 2, first_batch=1, collate=collate)))
    assert late.first.shape == (2, 3, 128, 160)
    assert late.flow.dtype == torch.float32
    assert (late.first[0].permute(1, 2, 0).numpy() == stream[2].first).all()
    assert (late.flow[1].permute(1, 2, 0).numpy() == stream[3].flow).all()


def test_a_window_of_a_rendered_pair():
    """The flow at even pixels is the one of these pixels; mirrored, x turns its sign."""
    y, x = np.mgrid[:160, :200]
    picture = np.stack([x, y, x], -1).astype(np.uint8)
    flow = np.stack([x[::2, ::2], y[::2, ::2]], -1).astype(np.float32)
    flow[10, 10] = np.nan
    signs = set()
    for seed in range(12):
        found = cropped(
            np.random.default_rng(seed), RenderedPair(picture, picture, flow), (128, 160)
        )
        at = found.valid
        sign = 1 if found.first[0, 1, 0] > found.first[0, 0, 0] else -1
        signs.add(sign)
        assert (found.flow[at] == found.first[at][:, :2] * (sign, 1)).all()
        assert at.mean() == pytest.approx(0.25, abs=0.001)
        assert not found.flow[~at].any()
    assert signs == {1, -1}
    with pytest.raises(DataError, match="smaller than pairs of 160x176"):
        cropped(np.random.default_rng(0), RenderedPair(picture, picture, flow), (176, 160))


def test_rendered_clips_are_read(tmp_path: Path):
    with pytest.raises(DataError, match="no rendered clips"):
        read_rendered([tmp_path], read_flow)
    for name in ("dancer.mp4", "dancer.flow.mkv"):
        (tmp_path / name).symlink_to(SAMPLES / name)
    pairs = read_rendered([tmp_path], read_flow)
    assert len(pairs) == 71
    assert (pairs[1].first == pairs[0].second).all()
    stream = FlowStream(stock(), replace(SETTINGS, rendered=1.0), pairs)
    assert 0.2 < stream[0].valid.mean() <= 0.25
