"""Frames in, predictions out: size, boxes, the grid's contract, no people, too little memory."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import torch
from torch import nn

from ddp_video.errors import InputError
from ddp_video.infer import Predictor
from ddp_video.nearness import network_size
from ddp_video.network import DirectDensePose, build
from ddp_video.network.direct_dense_pose import DensePose
from ddp_video.network.instance_branch import Detections
from ddp_video.settings import Architecture, InferSettings
from ddp_video.types import Frame

SMALL = Architecture(width=0.35, channels=32, hidden=32, tower_depth=1)
ON_CPU = InferSettings(short_side=64, near_side=0, long_side=128, device="cpu", precision="fp32")


def frame_of(height: int, width: int) -> Frame:
    image = np.random.default_rng(0).integers(0, 255, (height, width, 3), np.uint8)
    return Frame(image, 0, 0, Fraction(1, 25))


@pytest.fixture
def network() -> DirectDensePose:
    """Random weights; a bias on the generated heads makes every location a person."""
    torch.manual_seed(0)
    network = build(SMALL)
    with torch.no_grad():
        network.instance_branch.weight_generator.bias[176:] = 3.0  # pyright: ignore
    return network


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((1080, 1920), (384, 672)),  # 682.7 is nearer to 672 than to 704
        ((1920, 1080), (480, 256)),  # upright: the height decides; 270 is nearer to 256
        ((480, 640), (384, 512)),
        ((384, 384), (384, 384)),
        ((500, 4000), (128, 1024)),  # a panorama: the long side decides
        ((4000, 500), (480, 64)),
        ((4, 4000), (32, 1024)),  # never below one cell of the coarsest map
        ((1, 1), (384, 384)),
        ((2, 3), (384, 576)),
        ((5, 4), (480, 384)),
    ],
)
def test_the_size_the_network_sees(size: tuple[int, int], expected: tuple[int, int]) -> None:
    settings = InferSettings(short_side=384, long_side=1024, max_height=480)
    assert network_size(size, settings) == expected


def test_a_larger_short_side_is_not_undone_by_the_bound_on_the_height() -> None:
    assert network_size((720, 960), InferSettings(short_side=640)) == (640, 864)
    assert network_size((960, 720), InferSettings(short_side=640)) == (640, 480)


class Answers(nn.Module):
    """Gives the same people and logits whatever it is shown."""

    def __init__(self, box: list[list[float]], h: int, w: int) -> None:
        super().__init__()
        n = len(box)
        masks = torch.rand(n, h, w)
        people = Detections(
            torch.zeros(n, dtype=torch.long),
            torch.linspace(0.9, 0.5, n),
            torch.tensor(box),
            masks,
            masks / 2,
        )
        self.answer = DensePose(people, torch.randn(1, 75, h, w), torch.ones(1, h, w))

    def forward(self, *_: object) -> DensePose:
        return self.answer


def test_boxes_are_in_pixels_of_the_frame() -> None:
    """By hand: a frame of 100 x 300 is seen as 32 x 128: y grows by 100/32, x by 300/128."""
    boxes = [[0.0, 0.0, 128.0, 32.0], [32.0, 8.0, 64.0, 16.0]]
    found = Predictor(Answers(boxes, 8, 32), ON_CPU).predict(frame_of(100, 300))  # pyright: ignore
    assert network_size((100, 300), ON_CPU) == (32, 128)
    assert found.people[0].box == pytest.approx((0, 0, 300, 100))
    assert found.people[1].box == pytest.approx((75, 25, 150, 50))
    assert [person.score for person in found.people] == pytest.approx([0.9, 0.5])
    assert torch.allclose(found.people[0].surface_mask * 2, found.people[0].instance_mask)


@pytest.mark.parametrize("size", [(97, 131), (131, 97), (5, 7), (1, 1), (33, 500)])
def test_odd_sizes(size: tuple[int, int], network: DirectDensePose) -> None:
    settings = replace(ON_CPU, threshold=0.0, top_k=3)
    found = Predictor(network, settings).predict(frame_of(*size))
    h, w = (side // 4 for side in network_size(size, settings))
    assert found.size == size
    assert found.logits.shape == (75, h, w) and found.coverage.shape == (h, w)
    assert found.logits.dtype == torch.float32 and torch.isfinite(found.logits).all()
    assert 1 <= len(found.people) <= 3
    for person in found.people:
        x0, y0, x1, y1 = person.box
        assert 0 <= x0 < x1 <= size[1] + 1e-6 and 0 <= y0 < y1 <= size[0] + 1e-6
        assert person.instance_mask.shape == person.surface_mask.shape == (h, w)


def test_the_grid_covers_exactly_the_frame() -> None:
    """A frame whose columns grow to the right is seen with the middles that types.py promises."""
    seen: list[torch.Tensor] = []
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 128, 0).repeat(3, 2)

    class Looks(Answers):
        def forward(self, *inputs: object) -> DensePose:
            seen.append(inputs[0])  # pyright: ignore[reportArgumentType]
            return super().forward()

    predictor = Predictor(Looks([], 16, 32), ON_CPU)  # pyright: ignore[reportArgumentType]
    found = predictor.predict(Frame(ramp, 0, 0, Fraction(1, 25)))
    assert seen[0].shape == (1, 3, 64, 128)
    h, w = found.coverage.shape
    cell = seen[0][0, 0].float().view(h, 4, w, 4).mean((1, 3))[0]  # what one grid cell sees
    middle = (torch.arange(w) + 0.5) * 256 / w - 0.5
    assert (cell - middle).abs().max() <= 0.5  # 8-bit rounding


def test_nobody_there(network: DirectDensePose) -> None:
    settings = replace(ON_CPU, threshold=1.1)
    found = Predictor(network, settings).predict(frame_of(64, 96))
    assert found.people == () and float(found.coverage.sum()) == 0
    assert (found.logits[:25].argmax(0) == 0).all()


def test_frames_come_back_in_order(network: DirectDensePose) -> None:
    frames = [frame_of(32, 48), frame_of(48, 32)]
    given = list(Predictor(network, ON_CPU)(iter(frames)))
    assert [frame is asked for (frame, _), asked in zip(given, frames, strict=True)] == [True] * 2
    assert [prediction.size for _, prediction in given] == [(32, 48), (48, 32)]


def test_a_film_asks_less_of_who_was_there(monkeypatch) -> None:
    network, asked = Answers([[0.0, 0.0, 20.0, 20.0]] * 5, 8, 8), []
    answer = network.answer  # scores 0.9, 0.8 … 0.5
    monkeypatch.setattr(network, "forward", lambda _, limits, __: asked.append(limits) or answer)
    answer.people.instance_mask[:] = torch.eye(8)[:5, :, None]  # a row of the grid each
    settings = replace(ON_CPU, threshold=0.75, stay=0.6)
    predictor = Predictor(network, settings)  # pyright: ignore
    alone = predictor.predict(frame_of(32, 32))
    assert [limits.threshold for limits in asked] == [0.75]
    first, second = predictor([frame_of(32, 32)] * 2)
    assert len(alone.people) == 5  # as the network answered
    assert [len(prediction.people) for _, prediction in (first, second)] == [2, 2]
    assert [limits.threshold for limits in asked[1:]] == pytest.approx([0.45] * 2)


def test_two_at_a_time_give_the_same_as_one(network: DirectDensePose) -> None:
    rng = np.random.default_rng(0)
    frames = [
        Frame(rng.integers(0, 256, (64, 96, 3), np.uint8), i, i, Fraction(1, 25)) for i in range(5)
    ]
    settings = replace(ON_CPU, threshold=0.0, top_k=3)
    predictor, threads = Predictor(network, settings), torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        together = list(predictor(iter(frames)))
    finally:
        torch.set_num_threads(threads)
    for frame, (given, prediction) in zip(frames, together, strict=True):
        assert given is frame
        torch.testing.assert_close(prediction.logits, predictor.predict(frame).logits)


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.\nSee the manual"),
        RuntimeError("MPS backend out of memory (MPS allocated: 1 GB)"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: not enough memory: you tried"),
    ],
)
def test_too_little_memory(error: RuntimeError, network: DirectDensePose) -> None:
    predictor = Predictor(network, ON_CPU)

    def fail(*_: object) -> None:
        raise error

    predictor.network = fail  # pyright: ignore
    with pytest.raises(InputError, match="smaller picture") as caught:
        predictor.predict(frame_of(32, 32))
    assert "\n" not in str(caught.value)


def test_memory_of_a_gpu_suggests_the_cpu() -> None:
    class TooLarge(nn.Module):
        def to(self, *_: object, **__: object) -> "TooLarge":
            raise torch.OutOfMemoryError("CUDA out of memory.")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ddp_video.infer.choose_device", lambda _: torch.device("cuda"))
        with pytest.raises(InputError, match="use --device cpu"):
            Predictor(TooLarge(), InferSettings(precision="fp32"))  # pyright: ignore


def test_other_errors_are_not_hidden(network: DirectDensePose) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("CUDA error: an illegal memory access was encountered")

    predictor = Predictor(network, ON_CPU)
    predictor.network = fail  # pyright: ignore
    with pytest.raises(RuntimeError, match="illegal"):
        predictor.predict(frame_of(32, 32))
