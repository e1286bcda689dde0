"""The clip in `samples/`: it opens, and its truth fits it."""

from pathlib import Path

import av
import numpy as np
import pytest

from ddp_video.synthesis.clip_files import read_truth

SAMPLES = Path(__file__).parents[2] / "samples"
VIDEO, TRUTH = SAMPLES / "walk_and_dance.mp4", SAMPLES / "walk_and_dance.truth.mkv"


@pytest.fixture(scope="module")
def truth():
    return read_truth(TRUTH)


def test_the_video_is_what_the_readme_says():
    assert VIDEO.stat().st_size <= 2_000_000
    with av.open(str(VIDEO)) as source:
        video = source.streams.video[0]
        assert (video.width, video.height, video.average_rate) == (640, 360, 24)
        assert (video.codec_context.name, video.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert [s.codec_context.name for s in source.streams.audio] == ["aac"]
        assert sum(1 for _ in source.decode(video)) == 72


def test_the_truth_fits_the_video(truth):
    iuv, instances = truth
    assert TRUTH.stat().st_size <= 1_500_000
    assert iuv.shape == (72, 360, 640, 3)
    assert iuv[..., 0].max() <= 24
    assert np.array_equal(iuv[..., 0] > 0, instances > 0)
    for frame in iuv[::9]:
        assert not frame[frame[..., 0] == 0].any()


def test_all_parts_and_two_people_are_seen(truth):
    iuv, instances = truth
    assert np.array_equal(np.unique(iuv[..., 0]), np.arange(25))
    for frame in instances:
        people, pixels = np.unique(frame, return_counts=True)
        assert people.tolist() == [0, 1, 2]
        assert pixels.min() > 1500


def test_people_have_their_limbs_on_the_right_sides(truth):
    """Seen from the front, a person's left leg (12, 14) is right of the right one (11, 13)."""
    iuv, instances = truth
    x = np.arange(640)
    for person in (1, 2):
        part = np.where(instances == person, iuv[..., 0], 0)
        left, right = np.isin(part, (5, 12, 14)), np.isin(part, (6, 11, 13))
        offset = [
            (x * a.sum(0)).sum() / a.sum() - (x * b.sum(0)).sum() / b.sum()
            for a, b in zip(left, right, strict=True)
            if a.sum() > 50 and b.sum() > 50
        ]
        assert np.median(offset) > 0


def test_the_picture_changes_where_the_truth_says_people_are(truth):
    """Mean difference to the next frame is larger on people than off them."""
    _, instances = truth
    with av.open(str(VIDEO)) as source:
        grey = np.stack([f.to_ndarray(format="gray") for f in source.decode(video=0)]).astype(float)
    change = np.abs(np.diff(grey, axis=0))
    people = instances[1:] > 0
    assert change[people].mean() > 2 * change[~people].mean()
