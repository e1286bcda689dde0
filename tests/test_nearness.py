"""Everybody far away is looked at from nearer: by how much, and that a film keeps one size."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import torch
from torch import Tensor

from ddp_video.decode import FrameReader
from ddp_video.infer import Predictor
from ddp_video.nearness import nearer, network_size, settled
from ddp_video.network.direct_dense_pose import DensePose
from ddp_video.network.instance_branch import Detections
from ddp_video.pipeline import Engines, RunSettings, infer, load_engines, run
from ddp_video.settings import InferSettings
from ddp_video.types import Frame, Person, Prediction

LANDSCAPE, UPRIGHT = (1080, 1920), (1920, 1080)
SETTINGS = InferSettings(
    short_side=288, near_side=512, tall=200, max_height=352, device="cpu", precision="fp32"
)


def seen(size: tuple[int, int], *heights: float, score: float = 0.9) -> Prediction:
    """People of these heights, as shares of the frame's."""
    empty = torch.zeros(8, 8)
    people = tuple(
        Person((0.0, 0.0, 9.0, share * size[0]), score, empty, empty) for share in heights
    )
    return Prediction(torch.zeros(75, 8, 8), empty, people, size)


@pytest.mark.parametrize(
    ("size", "heights", "short_side"),
    [
        (LANDSCAPE, [0.5], 384),  # 144 pixels of 288: 200 from 400, which is rounded down
        (LANDSCAPE, [0.5, 0.1], 384),  # the tallest decides
        (LANDSCAPE, [0.65], 288),  # 187 pixels: 308 is nearer to 288
        (LANDSCAPE, [0.9], 288),
        (LANDSCAPE, [0.01], 512),  # the bound
        (LANDSCAPE, [], 288),  # nobody to go by
        (UPRIGHT, [0.4], 384),  # 141 of 352 pixels
        (UPRIGHT, [0.6], 288),  # 211 of 352
    ],
)
def test_so_near_that_the_tallest_is_as_tall_as_wanted(
    size: tuple[int, int], heights: list[float], short_side: int
) -> None:
    near = nearer(SETTINGS, [seen(size, *heights)])
    assert near.short_side == near.near_side == short_side
    if heights and short_side > SETTINGS.short_side:
        h = network_size(size, near)[0]
        assert max(heights) * h <= SETTINGS.tall * 1.02  # rounding to 32
        assert h > network_size(size, SETTINGS)[0]


def test_a_film_is_as_near_as_its_tallest_person_allows() -> None:
    looks = [seen(LANDSCAPE, 0.2), seen(LANDSCAPE), seen(LANDSCAPE, 0.5)]
    assert nearer(SETTINGS, looks) == nearer(SETTINGS, looks[2:])


def test_who_is_not_sure_to_be_a_person_does_not_count() -> None:
    assert nearer(SETTINGS, [seen(LANDSCAPE, 0.2, score=0.4)]) == settled(SETTINGS)


def test_a_settled_size_asks_for_no_look() -> None:
    assert nearer(settled(SETTINGS), iter([])) == settled(SETTINGS)
    never = replace(SETTINGS, near_side=0)
    assert nearer(never, (pytest.fail("looked") for _ in range(1))) == never


class SeesOne:
    """Finds a person who is half as high as the picture, sure by the height the network sees."""

    def __init__(self) -> None:
        self.sizes: list[tuple[int, ...]] = []

    def __call__(self, image: Tensor, *_: object) -> DensePose:
        h, w = image.shape[-2:]
        self.sizes.append((h, w))
        grid = (1, h // 4, w // 4)
        box = torch.tensor([[0.0, 0.0, w / 2, h / 2]])
        score = torch.tensor([h / 1000])
        found = Detections(torch.zeros(1, dtype=torch.long), score, box, *[torch.ones(grid)] * 2)
        return DensePose(found, torch.zeros(1, 75, *grid[1:]), torch.ones(grid))


@pytest.fixture
def sees_one(monkeypatch) -> SeesOne:
    network = SeesOne()
    monkeypatch.setattr("ddp_video.infer.for_inference", lambda *_, **__: network)
    return network


@pytest.fixture
def predictor(sees_one: SeesOne) -> Predictor:
    return Predictor(sees_one, replace(SETTINGS, threshold=0.1))  # pyright: ignore


def frame_of(height: int = 180, width: int = 320, index: int = 0) -> Frame:
    return Frame(np.zeros((height, width, 3), np.uint8), index, index, Fraction(1, 25))


def test_a_picture_is_looked_at_twice(predictor: Predictor, sees_one: SeesOne) -> None:
    found = predictor.predict(frame_of())
    assert sees_one.sizes == [(288, 512), (384, 672)]
    assert found.people[0].score == pytest.approx(0.384)
    assert found.people[0].box == pytest.approx((0, 0, 160, 90))
    sees_one.sizes.clear()
    predictor.predict(frame_of(), threshold=0.01)  # the size does not depend on it
    assert sees_one.sizes == [(288, 512), (384, 672)]


def test_a_film_has_one_size(predictor: Predictor, sees_one: SeesOne) -> None:
    list(predictor(frame_of(index=i) for i in range(3)))
    assert sees_one.sizes == [(288, 512)] * 3
    sees_one.sizes.clear()
    near = predictor.for_film([frame_of()])
    found = list(near(frame_of(index=i) for i in range(3)))
    assert sees_one.sizes == [(288, 512)] + [(384, 672)] * 3
    assert {p.coverage.shape for _, p in found} == {(96, 168)}
    assert predictor.settings.short_side == 288  # stays as it was


@pytest.fixture
def engines(predictor: Predictor) -> Engines:
    facts = {"weights": None, "inference": {}, "flow": "none"}
    return Engines(predictor, None, facts)


def test_a_run_looks_from_near_and_says_so(tmp_path, make_clip, engines, sees_one) -> None:
    settings = RunSettings(radii=(0,), infer=engines.network().settings)
    report = run(make_clip(tmp_path / "clip.mp4"), tmp_path / "out", engines, settings)
    base, *film = sees_one.sizes
    assert report.facts["settings"]["infer"]["short_side"] == 384
    assert film.count((384, 512)) == report.frames and base == (288, 384)


def test_a_store_goes_on_at_the_same_size(tmp_path, make_clip, engines) -> None:
    settings = RunSettings(radii=(0,), infer=engines.network().settings)
    clip, out = make_clip(tmp_path / "clip.mp4"), tmp_path / "clip.ddp"
    stored = infer(clip, out, engines, settings).stored
    assert stored.grid == (96, 128)
    assert stored.header["made"]["settings"]["short_side"] == 384
    again = infer(clip, out, engines, settings).stored
    assert again.header == stored.header


def test_samples_are_spread_over_the_span(tmp_path, make_clip) -> None:
    clip = make_clip(tmp_path / "clip.mp4")  # 10 frames a second
    with FrameReader(clip) as reader:
        frames, length = list(reader), reader.info.duration
        assert length is not None
        found = [float(f.time) for f in reader.samples(3, Fraction(1, 100))]
        expected = [float(length) * share for share in (1 / 6, 1 / 2, 5 / 6)]
        assert found == pytest.approx(expected, abs=0.1)
        assert len(list(reader.samples(3, Fraction(100)))) == 1
        assert len(list(reader)) == len(frames)  # undisturbed
    with FrameReader(clip, start=Fraction(3, 10), end=Fraction(5, 10)) as reader:
        assert all(0.3 <= float(f.time) < 0.5 for f in reader.samples(4, Fraction(1, 100)))


def test_an_option_settles_the_size() -> None:
    from ddp_video.cli.options import infer_settings

    assert infer_settings(None, 0.5, "cpu").near_side > InferSettings.short_side
    given = infer_settings(320, 0.5, "cpu")
    assert given.short_side == given.near_side == 320


def test_real_weights_are_loaded_with_the_size_unsettled() -> None:
    engines = load_engines(None, RunSettings(radii=(0,)))
    assert isinstance(engines.predictor, Predictor)
    assert engines.predictor.settings.near_side > engines.predictor.settings.short_side
