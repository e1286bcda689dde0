"""A run that was stopped and resumed ends at the same numbers; its weights load."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ddp_video.data import Record
from ddp_video.errors import DataError
from ddp_video.settings import PRESETS, Architecture
from ddp_video.training.batches import Source, StreamSettings, TrainingStream
from ddp_video.training.loop import LOG, STATE, Run, train
from ddp_video.training.optimise import rate_factor
from ddp_video.weights import load_network, read_architecture, resolve

TINY = replace(
    PRESETS["house"],
    architecture=Architecture(width=0.35, channels=32, hidden=32, tower_depth=1),
    steps=4,
    batch=2,
    size=64,
    warmup=2,
    workers=0,
    save_every=100,
    precision="fp32",
)


@pytest.fixture
def stream() -> TrainingStream:
    rng = np.random.default_rng(0)
    image = rng.integers(0, 255, (120, 90, 3)).astype(np.uint8)
    instance = np.zeros((120, 90), np.uint8)
    instance[10:110, 30:60] = 1
    iuv = np.zeros((120, 90, 3), np.uint8)
    iuv[10:60, 30:60], iuv[60:110, 30:60] = (2, 128, 128), (9, 40, 200)
    record = Record(
        image=image,
        boxes=np.array([[30, 10, 60, 110]], np.float32),
        instance=instance,
        iuv=iuv,
        coarse=np.where(iuv[..., 0] == 2, 1, np.where(iuv[..., 0] > 0, 7, 0)).astype(np.uint8),
        points=np.zeros((0, 6), np.float32),
        has_surface=np.ones(1, bool),
        weights=np.ones(1, np.float32),
        name="one",
        source="made up",
    )
    return TrainingStream([Source([record])], settings=StreamSettings(size=64, seed=3))


def go(stream: TrainingStream, folder: Path, steps: int, **changes: object) -> list[dict]:
    settings = replace(
        TINY, steps=steps, milestones=(1000,), **changes
    )  # a rate that ignores the end
    train(stream, settings, Run(folder, torch.device("cpu")))
    return [json.loads(line) for line in (folder / LOG).read_text().splitlines()]


def test_resumed_to_the_same_numbers(stream: TrainingStream, tmp_path: Path) -> None:
    whole = go(stream, tmp_path / "whole", 4)
    go(stream, tmp_path / "parts", 2)
    parts = go(stream, tmp_path / "parts", 4)
    assert [row["step"] for row in parts] == [1, 2, 3, 4]
    for a, b in zip(whole, parts, strict=True):
        assert a["losses"] == pytest.approx(b["losses"], rel=1e-5)
    one, other = (
        torch.load(tmp_path / name / STATE, weights_only=True) for name in ("whole", "parts")
    )
    for name, value in one["average"].items():
        assert torch.allclose(value, other["average"][name], atol=1e-6), name


def test_accumulated_passes_see_the_same_pictures(stream: TrainingStream, tmp_path: Path) -> None:
    """Two passes of one picture log the mean of what each gave."""
    rows = go(stream, tmp_path / "a", 1, accumulate=2)
    assert rows[0]["losses"]["I"] > 0


def test_the_written_weights_load(stream: TrainingStream, tmp_path: Path) -> None:
    path = train(stream, replace(TINY, steps=1), Run(tmp_path / "run", torch.device("cpu")))
    assert read_architecture(path) == TINY.architecture
    load_network(resolve(path))


def test_another_architecture_is_not_resumed(stream: TrainingStream, tmp_path: Path) -> None:
    go(stream, tmp_path / "a", 1)
    other = replace(TINY, architecture=replace(TINY.architecture, hidden=64))
    with pytest.raises(DataError, match="empty folder"):
        train(stream, other, Run(tmp_path / "a", torch.device("cpu")))


def test_start_weights_must_fit(stream: TrainingStream, tmp_path: Path) -> None:
    run = Run(tmp_path / "a", torch.device("cpu"), start={"backbone.trunk.nothing": torch.zeros(1)})
    with pytest.raises(DataError, match="do not fit"):
        train(stream, TINY, run)


def test_rate_by_hand() -> None:
    paper = replace(PRESETS["paper"], warmup=0)
    assert [rate_factor(s, paper) for s in (0, 99_999, 100_000, 120_000)] == pytest.approx(
        [1, 1, 0.1, 0.01]
    )
    house = replace(PRESETS["house"], steps=100, warmup=4, decay=0.2)
    assert [rate_factor(s, house) for s in (0, 3, 80, 90, 99)] == pytest.approx(
        [0.25, 1, 1, 0.5, 0.05]
    )
