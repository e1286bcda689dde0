"""What a training run starts from."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from ddp_video.cli.training_options import start_weights
from ddp_video.errors import DataError


@pytest.fixture
def network(tmp_path: Path):
    def write(name: str, value: float, channels: int = 2) -> Path:
        tensors = {"head.weight": torch.full((channels, 3), value, dtype=torch.float16)}
        save_file(tensors, tmp_path / name)
        return tmp_path / name

    return write


def test_the_mean_of_several_networks(network):
    one = start_weights(None, [network("a", 1.0)])
    assert torch.equal(one["head.weight"], torch.ones(2, 3))
    mean = start_weights(None, [network("a", 1.0), network("b", 2.0), network("c", 6.0)])
    assert torch.equal(mean["head.weight"], torch.full((2, 3), 3.0))


def test_a_trunk_below_a_network(tmp_path: Path, network):
    trunk = {"features.0.0.0.weight": torch.ones(1), "features.18.0.weight": torch.ones(1)}
    save_file(trunk, tmp_path / "trunk")
    weights = start_weights(tmp_path / "trunk", [network("a", 1.0)])
    assert set(weights) == {"backbone.trunk.features.0.0.0.weight", "head.weight"}
    assert start_weights(None, None) == {}


def test_networks_without_a_mean(tmp_path: Path, network):
    with pytest.raises(DataError, match=r"b is of another network"):
        start_weights(None, [network("a", 1.0), network("b", 1.0, channels=3)])
    (tmp_path / "text").write_text("no weights")
    with pytest.raises(DataError, match="cannot be read as safetensors"):
        start_weights(None, [network("a", 1.0), tmp_path / "text"])
