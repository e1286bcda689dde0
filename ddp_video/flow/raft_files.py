"""RAFT's weights: where they are, where they come from, and what is in a file of them."""

import http.client
import pickle
import struct
from collections.abc import Sequence
from pathlib import Path

import safetensors
import safetensors.torch
import torch
from torch import Tensor
from torchvision.models.optical_flow import (
    RAFT,
    Raft_Large_Weights,
    Raft_Small_Weights,
    raft_large,
    raft_small,
)

from ..errors import WeightsError

_RAFT = {
    "raft-large": (raft_large, Raft_Large_Weights.DEFAULT.url),
    "raft-small": (raft_small, Raft_Small_Weights.DEFAULT.url),
}
# raft_small has no learnt upsampling: the key that tells the two files apart.
_ONLY_IN_LARGE = "mask_predictor.conv.weight"

# What safetensors and torch.load raise on damaged or foreign files; the latter's old format runs
# whatever the bytes spell on a small stack machine, hence the second line.
_UNREADABLE = (
    *(safetensors.SafetensorError, pickle.UnpicklingError, RuntimeError, OSError, EOFError),
    *(LookupError, ValueError, TypeError, AttributeError, struct.error),
)


def load_raft(path: Path, names: Sequence[str] = tuple(_RAFT)) -> tuple[str, RAFT]:
    """Read RAFT weights in torchvision's layout.

    Args:
        path: a safetensors file, or a state dict saved by `torch.save`.
        names: the networks that will do, of raft-large and raft-small.

    Returns:
        Which network they are for, and that network.

    Raises:
        WeightsError: the file is missing, damaged or for another network.
    """
    state = _state(path)
    name = "raft-large" if _ONLY_IN_LARGE in state else "raft-small"
    model = _RAFT[name][0](weights=None)
    try:
        model.load_state_dict(state)
    except RuntimeError as error:
        raise WeightsError(
            f"{path} holds no RAFT in torchvision's layout; give another file or use --flow dis"
        ) from error
    if name not in names:
        raise WeightsError(f"{path} holds {name} and not {names[0]}; use --flow {name}")
    return name, model


def cache_file(name: str) -> Path:
    """Where torchvision keeps these weights once it has downloaded them."""
    return Path(torch.hub.get_dir()) / "checkpoints" / _RAFT[name][1].rsplit("/", 1)[-1]


def download(name: str) -> Path:
    """Fetch the weights of a network into torchvision's cache.

    Raises:
        WeightsError: they cannot be fetched.
    """
    path, url = cache_file(name), _RAFT[name][1]
    sha256_start = path.stem.rsplit("-", 1)[-1]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(url, str(path), sha256_start, progress=False)
    except (OSError, RuntimeError, http.client.HTTPException) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise WeightsError(
            f"cannot fetch the {name} weights ({reason}); put {url} at {path}, or use --flow dis"
        ) from error
    return path


def _state(path: Path) -> dict[str, Tensor]:
    if not path.is_file():
        raise WeightsError(f"no flow weights at {path}; give another file or use --flow dis")
    try:
        if path.suffix == ".safetensors":
            return safetensors.torch.load_file(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except _UNREADABLE as error:
        raise WeightsError(
            f"{path} cannot be read as flow weights; give another file or use --flow dis"
        ) from error
    if not isinstance(state, dict):
        raise WeightsError(f"{path} is no state dict; give another file or use --flow dis")
    return state
