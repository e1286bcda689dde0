"""What `ddp-video bench` compares gives the same results, and its scenes hold what they say."""

from fractions import Fraction

import numpy as np
import pytest
import torch

from ddp_video.bench.naive import PlainNetwork, windows
from ddp_video.bench.scenes import crowd
from ddp_video.bench.stopwatch import interleaved
from ddp_video.infer import Predictor
from ddp_video.network import build
from ddp_video.settings import Architecture, InferSettings
from ddp_video.types import Frame


def frame_of(height: int, width: int) -> Frame:
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (height, width, 3), np.uint8)
    return Frame(image, 0, 0, Fraction(1, 25))


def test_the_plain_way_gives_the_same_answer() -> None:
    torch.manual_seed(0)
    network = build(Architecture(width=0.5, channels=32, hidden=32))
    settings = InferSettings(64, threshold=0.0, top_k=3, device="cpu", precision="fp32")
    predictor = Predictor(network, settings)
    frame = frame_of(96, 128)
    fast, plain = predictor.predict(frame), PlainNetwork(network, predictor)(frame)
    torch.testing.assert_close(fast.logits, plain.logits[0], atol=1e-3, rtol=1e-3)
    assert torch.equal(fast.coverage, plain.coverage[0])


def test_windows_end_with_the_clip() -> None:
    images = [np.zeros((1, 1, 3), np.uint8)] * 4
    assert dict(windows(images, 2)) == {0: [1, 2], 1: [0, 2, 3], 2: [0, 1, 3], 3: [1, 2]}


@pytest.mark.parametrize("count", [1, 2, 5, 20])
def test_a_crowd_is_as_many_as_it_says_and_covers_its_share(count: int) -> None:
    person = np.full((60, 30, 3), 255, np.uint8)
    scene = crowd(person, count, frame_of(360, 640)).image
    white = (scene == 255).all(2)
    assert scene.shape == (360, 640, 3)
    columns = np.diff(white[2].astype(int), prepend=0)  # the first row of people
    rows = np.diff(white[:, 2].astype(int), prepend=0)
    assert (columns == 1).sum() * (rows == 1).sum() >= count
    assert 0.15 < white.mean() <= 0.31


def test_work_is_done_in_turn_and_warmed_up() -> None:
    order: list[str] = []
    found = interleaved({name: lambda n=name: order.append(n) for name in "ab"}, rounds=2)
    assert order == list("ababab")
    assert found.keys() == {"a", "b"} and min(found.values()) >= 0
