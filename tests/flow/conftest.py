"""A RAFT without training."""

import pytest
import torch
from torchvision.models.optical_flow import raft_small


@pytest.fixture(scope="module")
def small_raft():
    torch.manual_seed(0)
    return raft_small(weights=None).eval()
