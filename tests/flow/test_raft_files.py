"""Files of RAFT weights: recognised, or refused in one line."""

import pytest
import safetensors.torch
import torch
from torchvision.models.optical_flow import raft_large

from ddp_video.errors import WeightsError
from ddp_video.flow import load_raft, make_flow
from ddp_video.settings import FlowSettings


def test_large_weights_are_recognised(tmp_path):
    path = tmp_path / "large.safetensors"
    safetensors.torch.save_file(raft_large(weights=None).state_dict(), path)
    assert load_raft(path)[0] == "raft-large"


@pytest.mark.parametrize("name", ["damaged.safetensors", "damaged.pth", "empty.pth"])
def test_damaged_weights_are_refused(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"" if "empty" in name else b"these are no weights at all")
    with pytest.raises(WeightsError, match="cannot be read"):
        make_flow(FlowSettings(weights=str(path)), "cpu")


def test_truncated_weights_are_refused(tmp_path, small_raft):
    for path in (tmp_path / "cut.pth", tmp_path / "cut.safetensors"):
        if path.suffix == ".pth":
            torch.save(small_raft.state_dict(), path)
        else:
            safetensors.torch.save_file(small_raft.state_dict(), path)
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        with pytest.raises(WeightsError, match="cannot be read"):
            load_raft(path)


def test_weights_of_something_else_are_refused(tmp_path):
    path = tmp_path / "other.pth"
    torch.save({"weight": torch.zeros(3)}, path)
    with pytest.raises(WeightsError, match="no RAFT"):
        load_raft(path)
    torch.save([1, 2], path)
    with pytest.raises(WeightsError, match="no state dict"):
        load_raft(path)
    with pytest.raises(WeightsError, match="no flow weights at"):
        load_raft(tmp_path / "absent.pth")
