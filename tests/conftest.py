"""Shared by all tests: the test assets, which are no part of the project, and the `gpu` marker.

For the tests of the whole way (pipeline, command line): small clips, a stand-in for the network.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import torch

from ddp_video.flow import DisFlow
from ddp_video.pipeline import Engines
from ddp_video.types import Frame, Person, Prediction

REPOSITORY = Path(__file__).parent.parent
SIZE = (48, 64)  # H, W of the clips
GRID = (12, 16)


@pytest.fixture(scope="session")
def assets() -> Path:
    """The folder of development assets; the test is skipped where there is none."""
    folder = Path(os.environ.get("DDP_VIDEO_ASSETS", REPOSITORY.parent / "shared" / "assets"))
    if not folder.is_dir():
        pytest.skip("no assets: set DDP_VIDEO_ASSETS")
    return folder


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if not torch.cuda.is_available():
        for item in items:
            if item.get_closest_marker("gpu"):
                item.add_marker(pytest.mark.skip(reason="no CUDA device"))


class Standin:
    """Finds one person: a rectangle of part 2 whose U rises to the right and V downwards.

    Attributes:
        seen: frames that were asked for.
        flicker: the person is there in every other frame only.
        fail_at: raise this error at that frame.
    """

    def __init__(self) -> None:
        self.description = {"device": "none"}
        self.seen = 0
        self.flicker = False
        self.fail_at: tuple[int, BaseException] | None = None

    def __call__(
        self, frames: Iterable[Frame], before: Sequence[Person] = ()
    ) -> Iterator[tuple[Frame, Prediction]]:
        for frame in frames:
            self.seen += 1
            if self.fail_at and frame.index == self.fail_at[0]:
                raise self.fail_at[1]
            there = not self.flicker or frame.index % 2 == 0
            yield frame, rectangle(frame.size, there)


def rectangle(size: tuple[int, int], there: bool) -> Prediction:
    """The stand-in's prediction for one frame."""
    h, w = GRID
    logits = torch.zeros(75, h, w)
    logits[:25] = -6.0
    logits[0] = 0.0
    coverage = torch.zeros(h, w)
    if not there:
        return Prediction(logits, coverage, (), size)
    body = torch.zeros(h, w)
    body[3:9, 4:12] = 1
    inside = body.bool()
    logits[0][inside], logits[2][inside] = -6.0, 0.0
    logits[25 + 2] = torch.linspace(0, 1, w).expand(h, w)
    logits[50 + 2] = torch.linspace(0, 1, h)[:, None].expand(h, w)
    person = Person((16.0, 12.0, 48.0, 36.0), 0.9, body, body)
    return Prediction(logits, body.clone(), (person,), size)


@pytest.fixture
def standin() -> Standin:
    return Standin()


@pytest.fixture
def engines(standin: Standin) -> Engines:
    facts = {"weights": {"name": "none", "sha256": ""}, "flow": "DIS"}
    return Engines(standin, DisFlow(), facts)


def frames_of(video: Path) -> list[np.ndarray]:
    """The pictures of a video, (H, W, 3) RGB."""
    with av.open(video) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


@pytest.fixture
def make_clip() -> Callable[..., Path]:
    return write_clip


def write_clip(
    path: Path, frames: int = 8, *, still: bool = False, sound: bool = False, step: int = 1
) -> Path:
    """A clip of a texture that moves to the right by `step` pixels a frame, 10 frames/s."""
    texture = np.random.default_rng(0).integers(0, 255, (6, 40, 3), np.uint8)
    texture = texture.repeat(8, 0).repeat(8, 1)
    with av.open(path, "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = SIZE[1], SIZE[0], "yuv420p"
        stream.bit_rate = 2_000_000
        tone = container.add_stream("aac", rate=8000) if sound else None
        for index in range(frames):
            left = 0 if still else index * step
            image = np.ascontiguousarray(texture[: SIZE[0], left : left + SIZE[1]])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode(None))
        if tone is not None:
            samples = np.zeros((1, frames * 800), np.float32)
            chunk = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
            chunk.sample_rate, chunk.time_base, chunk.pts = 8000, Fraction(1, 8000), 0
            container.mux(tone.encode(chunk))
            container.mux(tone.encode(None))
    return path
