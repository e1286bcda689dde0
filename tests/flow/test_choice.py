"""Which engine is taken, and what happens without weights."""

import pytest
import safetensors.torch
import torch

from ddp_video.errors import WeightsError
from ddp_video.flow import DisFlow, RaftFlow, make_flow
from ddp_video.flow.raft_files import cache_file
from ddp_video.settings import FlowSettings


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty torchvision cache, and a network that is down."""

    def down(*_arguments, **_options):
        raise OSError("<urlopen error no network>")

    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    monkeypatch.setattr(torch.hub, "download_url_to_file", down)
    return tmp_path / "hub" / "checkpoints"


def test_auto_without_weights_is_dis_and_says_so(cache):
    engine, note = make_flow(FlowSettings(), "cpu")
    assert isinstance(engine, DisFlow)
    assert "no RAFT weights" in note
    assert "\n" not in note


def test_dis_by_name(cache):
    engine, note = make_flow(FlowSettings(engine="dis", max_side=200), "cpu")
    assert isinstance(engine, DisFlow)
    assert engine.max_side == 200
    assert "asked" in note


def test_raft_by_name_without_weights_or_network_says_what_to_do(cache):
    with pytest.raises(WeightsError, match=r"put https://.*raft_small.* at .*--flow dis") as caught:
        make_flow(FlowSettings(engine="raft-small"), "cpu")
    assert "\n" not in str(caught.value)
    assert not any(cache.glob("*"))


def test_auto_finds_torchvisions_cache(cache, small_raft):
    cache.mkdir(parents=True)
    path = cache / cache_file("raft-small").name
    torch.save(small_raft.state_dict(), path)
    engine, note = make_flow(FlowSettings(updates=5), "cpu")
    assert isinstance(engine, RaftFlow)
    assert engine.updates == 5
    assert note == f"RAFT SMALL, weights from {path}"


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_a_weights_file_is_used_and_recognised(tmp_path, small_raft, suffix):
    path = tmp_path / f"mine{suffix}"
    state = small_raft.state_dict()
    if suffix == ".pth":
        torch.save(state, path)
    else:
        safetensors.torch.save_file(state, path)
    engine, note = make_flow(FlowSettings(weights=str(path)), "cpu")
    assert isinstance(engine, RaftFlow)
    assert str(path) in note
    torch.testing.assert_close(dict(engine.model.state_dict()), dict(state))
    with pytest.raises(WeightsError, match="use --flow raft-small"):
        make_flow(FlowSettings(engine="raft-large", weights=str(path)), "cpu")
