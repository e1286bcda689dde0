"""A run that was stopped and resumed ends at the same numbers; its weights load."""

import contextlib
import json
import os
import pickle
import socket
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ddp_video.data import DensePoseDataset, Record
from ddp_video.errors import DataError
from ddp_video.network import build
from ddp_video.settings import PRESETS, Architecture
from ddp_video.training.batches import Source, StreamSettings, TrainingStream
from ddp_video.training.checkpoint import TrainingState, save
from ddp_video.training.example import collate
from ddp_video.training.loop import LOG, STATE, Run, train, training_precision
from ddp_video.training.objective import Objective
from ddp_video.training.optimise import make_optimiser, rate_factor
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


def free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        found = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in found:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in found]


def go(stream: TrainingStream, folder: Path, steps: int, **changes: object) -> list[dict]:
    settings = replace(
        TINY, steps=steps, milestones=(1000,), **changes
    )  # a rate that ignores the end
    train(stream, settings, Run(folder, torch.device("cpu")))
    return [json.loads(line) for line in (folder / LOG).read_text().splitlines()]


def test_resumed_to_the_same_numbers(stream: TrainingStream, tmp_path: Path) -> None:
    whole = go(stream, tmp_path / "whole", 8)
    go(stream, tmp_path / "parts", 3)
    parts = go(stream, tmp_path / "parts", 8)
    assert [row["step"] for row in parts] == list(range(1, 9))
    for a, b in zip(whole, parts, strict=True):
        assert a["losses"] == pytest.approx(b["losses"], rel=1e-5)
    one, other = (
        torch.load(tmp_path / name / STATE, weights_only=True) for name in ("whole", "parts")
    )
    for name, value in one["average"].items():
        assert torch.allclose(value, other["average"][name], atol=1e-6), name


def test_an_average_may_begin_and_end_later(stream: TrainingStream, tmp_path: Path) -> None:
    def average() -> dict | None:
        return torch.load(tmp_path / STATE, weights_only=True)["average"]

    go(stream, tmp_path, 1, ema=0.0)
    assert average() is None
    go(stream, tmp_path, 2, ema=0.9)
    assert average()
    go(stream, tmp_path, 3, ema=0.0)
    assert average() is None


def test_accumulated_passes_see_the_same_pictures(stream: TrainingStream, tmp_path: Path) -> None:
    """Two passes of one picture log the mean of what each gave."""
    logged = go(stream, tmp_path / "a", 1, accumulate=2)[0]["losses"]
    torch.manual_seed(TINY.seed)
    objective = Objective(build(TINY.architecture), TINY.architecture.level_bounds, TINY.loss)
    passes = [objective(collate([stream[k]])) for k in (0, 1)]
    assert logged.keys() - {"gradient_norm"} == passes[0].keys() == passes[1].keys()
    for name in passes[0]:
        mean = (passes[0][name].item() + passes[1][name].item()) / 2
        assert logged[name] == pytest.approx(mean, rel=1e-4), name


def test_the_written_weights_load(stream: TrainingStream, tmp_path: Path) -> None:
    path = train(stream, replace(TINY, steps=1), Run(tmp_path / "run", torch.device("cpu")))
    assert read_architecture(path) == TINY.architecture
    load_network(resolve(path))


def test_a_missing_picture_is_said_in_one_line(tmp_path: Path) -> None:
    image = {"id": 1, "file_name": "gone.jpg", "height": 9, "width": 9}
    content = {"images": [image], "annotations": []}
    (tmp_path / "annotations.json").write_text(json.dumps(content))
    settings = StreamSettings(size=64)
    stream = TrainingStream([Source(DensePoseDataset(tmp_path))], settings=settings)
    with pytest.raises(DataError, match=r"cannot read .*gone\.jpg") as caught:
        go(stream, tmp_path / "run", 1, workers=1)
    assert "\n" not in str(caught.value)


def test_another_architecture_is_not_resumed(stream: TrainingStream, tmp_path: Path) -> None:
    go(stream, tmp_path / "a", 1)
    other = replace(TINY, architecture=replace(TINY.architecture, hidden=64))
    with pytest.raises(DataError, match="with hidden 32, not 64"):
        train(stream, other, Run(tmp_path / "a", torch.device("cpu")))


@pytest.mark.parametrize(
    ("name", "value"), [("batch", 1), ("seed", 5), ("optimiser", "sgd"), ("frozen_blocks", 7)]
)
def test_other_settings_are_not_resumed(
    stream: TrainingStream, tmp_path: Path, name: str, value: object
) -> None:
    network = build(TINY.architecture)
    state = TrainingState(network, None, make_optimiser(network, TINY))
    save(state, tmp_path / STATE, asdict(TINY))
    with pytest.raises(DataError, match=f"trained with {name} ") as caught:
        go(stream, tmp_path, 1, **{name: value})
    assert "\n" not in str(caught.value)


def test_a_broken_state_is_said_in_one_line(stream: TrainingStream, tmp_path: Path) -> None:
    (tmp_path / STATE).write_bytes(b"no state")
    with pytest.raises(DataError, match="does not fit this run") as caught:
        go(stream, tmp_path, 1)
    assert "\n" not in str(caught.value)


def test_a_failed_save_leaves_the_last_state_alone(tmp_path: Path) -> None:
    network = torch.nn.Linear(1, 1)
    state = TrainingState(network, None, torch.optim.SGD(network.parameters()))
    (tmp_path / STATE).write_bytes(b"the last")
    with pytest.raises((AttributeError, pickle.PicklingError)):
        save(state, tmp_path / STATE, {"no pickle": lambda: None})
    assert [p.name for p in tmp_path.iterdir()] == [STATE]
    assert (tmp_path / STATE).read_bytes() == b"the last"


def test_training_never_computes_in_fp16(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: False)
    for name in ("cpu", "cuda", "mps"):
        device = torch.device(name)
        assert training_precision(device, "fp32") == "fp32"
        assert training_precision(device, "bf16") == "bf16"
        assert training_precision(device, "fp16") == training_precision(device, "auto") != "fp16"
    assert training_precision(torch.device("cuda"), "fp16") == "fp32"


@pytest.mark.slow
def test_two_processes_end_at_the_same_weights(tmp_path: Path) -> None:
    """Two steps together; then the first one's clock stops both, whatever the other's says."""
    script = Path(__file__).with_name("one_of_two.py")
    ports = [str(p) for p in free_ports(2)]
    running = [
        subprocess.Popen(
            [sys.executable, "-W", "error", script, tmp_path, *ports],
            env=os.environ
            | {"MASTER_ADDR": "127.0.0.1", "WORLD_SIZE": "2", "RANK": str(rank)}
            | {"OMP_NUM_THREADS": "1"},
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in (0, 1)
    ]
    try:
        for process in running:
            _, errors = process.communicate(timeout=200)
            assert process.returncode == 0, errors
            assert "Warning" not in errors
    finally:
        for process in running:
            process.kill()
            process.communicate()
    one, other = (torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in (0, 1))
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)
    logs = [(tmp_path / name).read_text().splitlines() for name in (LOG, "rank1.jsonl")]
    rows = [[json.loads(line) for line in log] for log in logs]
    assert [[row["step"] for row in log] for log in rows] == [[1, 2, 3]] * 2
    for a, b in zip(*rows, strict=True):  # other pictures, one gradient
        assert a["losses"]["I"] != b["losses"]["I"]
        assert a["losses"]["gradient_norm"] == pytest.approx(b["losses"]["gradient_norm"], rel=1e-5)


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
