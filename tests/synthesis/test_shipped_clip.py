"""The clips in `samples/`: they open, their truth fits them, and their flow carries it."""

from pathlib import Path

import av
import numpy as np
import pytest

from ddp_video.synthesis.clip_files import FLOW_STEP, read_flow, read_truth

SAMPLES = Path(__file__).parents[2] / "samples"
CLIPS = {"dancer": 1, "crossing": 3, "travelling": 2}  # and how many people are in each
FRAMES = 72
MOST = 2 * 2**20  # bytes of video, truth and flow together


@pytest.fixture(scope="module", params=CLIPS)
def clip(request):
    """Name, truth and flow of a clip."""
    truth, flow = (SAMPLES / f"{request.param}.{kind}.mkv" for kind in ("truth", "flow"))
    return request.param, *read_truth(truth), read_flow(flow)


def test_each_clip_is_whole_and_small(clip):
    name, iuv, instances, flow = clip
    assert sum(f.stat().st_size for f in SAMPLES.glob(f"{name}.*")) <= MOST
    with av.open(str(SAMPLES / f"{name}.mp4")) as source:
        video = source.streams.video[0]
        assert (video.width, video.height, video.average_rate) == (480, 270, 24)
        assert (video.codec_context.name, video.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert [s.codec_context.name for s in source.streams.audio] == ["aac"]
        assert sum(1 for _ in source.decode(video)) == FRAMES
    assert iuv.shape == (FRAMES, 270, 480, 3)
    assert flow.shape == (FRAMES - 1, 135, 240, 2)
    assert np.array_equal(iuv[..., 0] > 0, instances > 0)
    assert set(np.unique(instances)) == set(range(CLIPS[name] + 1))


def test_the_picture_changes_where_the_truth_says_people_are(clip):
    """Mean difference to the next frame is larger on people than off them."""
    name, _, instances, _ = clip
    if name == "travelling":
        pytest.skip("there everything moves")
    with av.open(str(SAMPLES / f"{name}.mp4")) as source:
        grey = np.stack([f.to_ndarray(format="gray") for f in source.decode(video=0)]).astype(float)
    change = np.abs(np.diff(grey, axis=0))
    people = instances[1:] > 0
    assert change[people].mean() > 2 * change[~people].mean()


def test_the_next_truth_comes_back_along_the_flow(clip):
    """Parts and people are the same at both ends; U and V differ by half a pixel's worth."""
    _, iuv, instances, flow = clip
    y, x = np.mgrid[:270:FLOW_STEP, :480:FLOW_STEP]
    for k in range(0, FRAMES - 1, 11):
        known = np.isfinite(flow[k]).all(-1) & (instances[k][y, x] > 0)
        to_x, to_y = np.floor(flow[k][known] + 0.5 + np.stack([x, y], -1)[known]).astype(int).T
        here, there = iuv[k][y, x][known], iuv[k + 1][to_y, to_x]
        same = here[:, 0] == there[:, 0]
        assert same.mean() > 0.93  # the nearest pixel may be across a border
        assert np.abs(here[same].astype(int) - there[same])[:, 1:].mean() / 255 < 0.02
        assert (instances[k][y, x][known] == instances[k + 1][to_y, to_x]).mean() > 0.97


def test_the_dancer_turns_her_front_and_her_back():
    iuv, _ = read_truth(SAMPLES / "dancer.truth.mkv")
    back, front = ((iuv[..., 0] == part).sum((1, 2)) for part in (1, 2))
    assert (back > 3 * front).any()
    assert (front > 3 * back).any()


def test_people_cross():
    """Each walker hides another one, and ends on the other side."""
    _, instances = read_truth(SAMPLES / "crossing.truth.mkv")
    x = np.arange(480)
    place = [[(x * (f == p).sum(0)).sum() / (f == p).sum() for p in (1, 2)] for f in instances]
    assert place[0][0] < place[0][1]
    assert place[-1][0] > place[-1][1]


def test_every_part_is_seen():
    """In all clips together, by pixels."""
    seen = set()
    for name in CLIPS:
        iuv, _ = read_truth(SAMPLES / f"{name}.truth.mkv")
        seen |= set(np.unique(iuv[..., 0]).tolist())
    assert seen == set(range(25))


def test_the_camera_travels():
    """What is nobody moves too, in every frame."""
    _, instances = read_truth(SAMPLES / "travelling.truth.mkv")
    flow = read_flow(SAMPLES / "travelling.flow.mkv")
    still = np.where(instances[:-1, ::FLOW_STEP, ::FLOW_STEP] == 0, flow[..., 0], np.nan)
    assert np.nanmedian(np.abs(still), axis=(1, 2)).min() > 0.5
