"""RAFT's loss against torchvision's forward; a run that is stopped and goes on."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torchvision.models.optical_flow import raft_large, raft_small

from ddp_video.errors import DataError
from ddp_video.flow import load_raft
from ddp_video.settings import FLOW_PRESETS, FlowTrainSettings
from ddp_video.training.flow.objective import FlowObjective, all_updates, mean_distance
from ddp_video.training.flow.pairs import FlowBatch, FlowStream
from ddp_video.training.flow.train import stream_settings, train_flow
from ddp_video.training.loop import LOG, STATE, Run

from .figures import stock

TINY = replace(
    FLOW_PRESETS["cpu"], size=(128, 128), updates=2, batch=1, curriculum=2, precision="fp32"
)


@pytest.mark.parametrize("make", [raft_small, raft_large])
def test_the_same_flows_as_torchvisions(make: type):
    torch.manual_seed(0)
    network = make(weights=None).eval()
    first, second = torch.rand(2, 1, 3, 128, 128) * 2 - 1
    with torch.no_grad():
        theirs = network(first, second, num_flow_updates=2)
        ours = all_updates(network, first, second, 2)
    for a, b in zip(theirs, ours, strict=True):
        assert torch.allclose(a, b, atol=1e-4)


def test_the_distance_by_hand():
    """|3| + |−4| at one pixel, 0 at the other; a third one is not known."""
    flow = torch.tensor([[[[3.0, 0, 9]], [[-4.0, 0, 9]]]])
    known = torch.tensor([[[True, True, False]]])
    assert mean_distance(flow, torch.zeros_like(flow), known).item() == 3.5
    assert mean_distance(flow, torch.zeros_like(flow), known & False).item() == 0


def test_earlier_updates_count_less_and_unknown_pixels_not_at_all():
    torch.manual_seed(0)
    network = raft_small(weights=None)
    pictures = torch.randint(0, 255, (2, 1, 3, 128, 128), dtype=torch.uint8)
    flow, valid = torch.zeros(1, 2, 128, 128), torch.zeros(1, 128, 128, dtype=torch.bool)
    valid[:, :64] = True
    batch = FlowBatch(*pictures, flow, valid)
    with torch.no_grad():
        found = FlowObjective(network, 2, 0.5)(batch)
        flows = all_updates(network, *(pictures.float() / 127.5 - 1), 2)
    distances = [f[:, :, :64].abs().sum(1).mean().item() for f in flows]
    assert [v.item() for v in found.values()] == pytest.approx(
        [0.5 * distances[0], distances[1]], rel=1e-4
    )
    spoilt = flow.clone()
    spoilt[..., 64:, :] = 77  # not known
    spoilt[..., 0, 0] = 500  # too far to be learnt
    with torch.no_grad():
        same = FlowObjective(network, 2, 0.5)(replace(batch, flow=spoilt))
    assert same["update_2"].item() == pytest.approx(found["update_2"].item(), rel=1e-2)


def go(folder: Path, steps: int, **changes: object) -> Path:
    settings: FlowTrainSettings = replace(TINY, steps=steps, milestones=(1000,), **changes)
    stream = FlowStream(stock(), stream_settings(settings))
    return train_flow(stream, settings, Run(folder, torch.device("cpu")))


def test_resumed_to_the_same_numbers(tmp_path: Path):
    written = go(tmp_path / "whole", 3, keep_every=2)
    go(tmp_path / "parts", 1)
    go(tmp_path / "parts", 3)
    one, other = (
        [json.loads(line)["losses"] for line in (tmp_path / name / LOG).read_text().splitlines()]
        for name in ("whole", "parts")
    )
    assert len(one) == len(other) == 3
    for a, b in zip(one, other, strict=True):
        assert a == pytest.approx(b, rel=1e-4)
    states = [torch.load(tmp_path / n / STATE, weights_only=True) for n in ("whole", "parts")]
    for name, value in states[0]["average"].items():
        assert torch.allclose(value, states[1]["average"][name], atol=1e-6), name
    name, network = load_raft(written)
    assert name == "raft-small"
    kept = load_raft(tmp_path / "whole" / "weights_000002.safetensors")[1]
    assert any((a != b).any() for a, b in zip(network.parameters(), kept.parameters(), strict=True))


def test_what_does_not_fit_is_refused(tmp_path: Path):
    with pytest.raises(DataError, match="sides of 128"):
        go(tmp_path / "a", 1, size=(120, 160))
    go(tmp_path / "b", 1)
    with pytest.raises(DataError, match="trained with network raft-small, not raft-large"):
        go(tmp_path / "b", 2, network="raft-large")
