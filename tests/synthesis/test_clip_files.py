"""Files of a clip: what is written is read again."""

import av
import numpy as np
import pytest

from ddp_video.errors import DataError
from ddp_video.synthesis.clip_files import (
    SOUND_RATE,
    packed,
    packed_flow,
    read_flow,
    read_truth,
    tune,
    write_flow,
    write_truth,
    write_video,
)


def test_truth_comes_back_bit_for_bit(tmp_path):
    rng = np.random.default_rng(0)
    iuv = rng.random((3, 6, 8, 3))
    iuv[..., 0] = rng.integers(0, 25, iuv.shape[:3])
    iuv[0, 0, 0] = [24, 1, 0]
    people = rng.integers(0, 3, (3, 6, 8))
    write_truth(
        tmp_path / "t.mkv", np.stack([packed(*f) for f in zip(iuv, people, strict=True)]), 24
    )
    back, instances = read_truth(tmp_path / "t.mkv")
    assert np.array_equal(back[..., 0], iuv[..., 0])
    assert np.abs(back[..., 1:] / 255 - iuv[..., 1:]).max() <= 1.01 / 255
    assert not (back[..., 1:] % 2).any()
    assert np.array_equal(instances, people)
    assert [p.name for p in tmp_path.iterdir()] == ["t.mkv"]


def test_the_same_truth_is_the_same_file(tmp_path):
    pictures = np.random.default_rng(0).integers(0, 255, (2, 8, 10), np.uint8)
    for name in ("a.mkv", "b.mkv"):
        write_truth(tmp_path / name, pictures, 24)
    assert (tmp_path / "a.mkv").read_bytes() == (tmp_path / "b.mkv").read_bytes()


def test_flow_comes_back_rounded(tmp_path):
    rng = np.random.default_rng(0)
    flow, seen = rng.normal(0, 30, (3, 8, 10, 2)), rng.random((3, 8, 10)) < 0.7
    stored = np.stack([packed_flow(*pair) for pair in zip(flow, seen, strict=True)])
    write_flow(tmp_path / "f.mkv", stored, 24)
    back = read_flow(tmp_path / "f.mkv")
    assert back.shape == (3, 8, 10, 2)
    assert np.array_equal(np.isfinite(back).all(-1), seen)
    assert np.abs(back - flow)[seen].max() <= 1 / 16 + 1e-5
    with pytest.raises(DataError, match="2 pictures"):
        write_truth(tmp_path / "t.mkv", np.zeros((1, 5, 4), np.uint8), 24)
        read_flow(tmp_path / "t.mkv")


def test_video_and_sound_last_equally_long(tmp_path):
    frames = np.random.default_rng(0).integers(0, 255, (12, 32, 48, 3), dtype=np.uint8)
    write_video(tmp_path / "v.mp4", frames, 24)
    with av.open(str(tmp_path / "v.mp4")) as source:
        assert sum(1 for _ in source.decode(video=0)) == 12
        video, sound = source.streams.video[0], source.streams.audio[0]
        assert video.codec_context.pix_fmt == "yuv420p"
        assert float(video.duration * video.time_base) == pytest.approx(0.5)
        assert float(sound.duration * sound.time_base) == pytest.approx(0.5, abs=0.05)


def test_the_tune_is_quiet_and_begins_and_ends_in_silence():
    sound = tune(3.0)
    assert len(sound) == 3 * SOUND_RATE
    assert 0.05 < np.abs(sound).max() < 0.5
    assert abs(sound[0]) < 1e-3
    assert abs(sound[-1]) < 1e-3


def test_another_file_is_no_truth(tmp_path):
    (tmp_path / "t.mkv").write_text("hello")
    with pytest.raises(DataError, match="no truth video"):
        read_truth(tmp_path / "t.mkv")
