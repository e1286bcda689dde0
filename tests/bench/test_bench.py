"""What `ddp-video bench` compares gives the same results, and its scenes hold what they say."""

from fractions import Fraction

import numpy as np
import pytest
import torch

from ddp_video.bench.naive import PairByPair, PlainNetwork, PlainPredictions, windows
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
    settings = InferSettings(
        64, near_side=0, threshold=0.0, top_k=3, device="cpu", precision="fp32"
    )
    predictor = Predictor(network, settings)
    frame = frame_of(96, 128)
    fast, plain = predictor.predict(frame), PlainNetwork(network, predictor)(frame)
    torch.testing.assert_close(fast.logits, plain.logits[0], atol=1e-3, rtol=1e-3)
    assert torch.equal(fast.coverage, plain.coverage[0])


def test_windows_end_with_the_clip() -> None:
    images = [np.zeros((1, 1, 3), np.uint8)] * 4
    assert dict(windows(images, 2)) == {0: [1, 2], 1: [0, 2, 3], 2: [0, 1, 3], 3: [1, 2]}


def test_plain_predictions_are_those_of_the_predictor() -> None:
    torch.manual_seed(0)
    network = build(Architecture(width=0.5, channels=32, hidden=32))
    settings = InferSettings(
        64, near_side=0, threshold=0.05, top_k=3, device="cpu", precision="fp32"
    )
    predictor, frames = Predictor(network, settings), [frame_of(96, 128)] * 2
    plain = PlainPredictions(PlainNetwork(network, predictor))(frames)
    for (_, fast), (_, slow) in zip(predictor(frames), plain, strict=True):
        assert len(fast.people) == len(slow.people) > 0
        torch.testing.assert_close(fast.logits, slow.logits, atol=1e-3, rtol=1e-3)


def test_every_pair_is_estimated_once_while_its_frames_are_in_the_window() -> None:
    asked: list[tuple[int, int]] = []

    def pair(one: np.ndarray, other: np.ndarray) -> np.ndarray:
        here, there = int(one[0, 0, 0]), int(other[0, 0, 0])
        asked.append((here, there))
        return np.full((4, 8, 2), there - here, np.float32)

    film = [np.full((8, 16, 3), t, np.uint8) for t in range(1, 6)]
    engine = PairByPair(pair)
    for centre in range(5):
        first = max(0, centre - 1)
        window = film[first : centre + 2]
        there = engine.flows(window, centre - first, (2, 4))
        back = engine.flows_back(window, centre - first, (2, 4))
        for k in there:
            assert torch.equal(there[k], torch.full((2, 2, 4), k / 2))
            assert torch.equal(back[k], -there[k])
    assert len(asked) == len(set(asked)) == 8  # four steps, there and back


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
