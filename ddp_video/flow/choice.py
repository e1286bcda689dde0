"""Which engine, of which weights: by name, or by what is at hand."""

from collections.abc import Sequence
from pathlib import Path

import torch

from ..network.device import choose_precision
from ..settings import FlowSettings
from ..types import TwoWayFlow
from .dis import DisFlow
from .raft import RaftFlow
from .raft_files import cache_file, download, load_raft


def make_flow(settings: FlowSettings, device: torch.device | str = "cpu") -> tuple[TwoWayFlow, str]:
    """Choose and load the flow engine.

    `auto` takes RAFT where its weights are at hand (the file of the settings, or torchvision's
    cache) and never waits for a network; a RAFT asked for by name is downloaded where it is not.

    Args:
        settings: engine, weights file, sizes.
        device: where RAFT computes; DIS always uses the CPU.

    Returns:
        The engine, and one line that says what was chosen and why.

    Raises:
        WeightsError: the weights are missing, damaged, of another network, or cannot be fetched.
    """
    if settings.engine == "dis":
        return DisFlow(settings.max_side), "DIS, as asked for"
    names = _names(settings, torch.device(device))
    found = _at_hand(settings, names)
    if found is None and settings.engine == "auto":
        note = "DIS, since no RAFT weights are at hand (--flow raft-small would fetch them)"
        return DisFlow(settings.max_side), note
    path = found or download(names[0])
    name, model = load_raft(path, names)
    dtype = choose_precision(torch.device(device), "auto")
    engine = RaftFlow(model, device, settings.max_side, settings.updates, dtype)
    return engine, f"{name.upper().replace('-', ' ')}, weights from {path}"


def missing_weights(settings: FlowSettings, device: torch.device | str = "cpu") -> str | None:
    """The RAFT whose weights `make_flow` would download; None where it asks no network."""
    if settings.engine in ("auto", "dis"):
        return None
    names = _names(settings, torch.device(device))
    return None if _at_hand(settings, names) else names[0]


def _names(settings: FlowSettings, device: torch.device) -> list[str]:
    """The RAFTs that will do, the preferred one first: on a CPU the small one, 4 x quicker."""
    if settings.engine != "auto":
        return [settings.engine]
    return ["raft-small", "raft-large"] if device.type == "cpu" else ["raft-large", "raft-small"]


def _at_hand(settings: FlowSettings, names: Sequence[str]) -> Path | None:
    """The file of weights to use, without asking a network."""
    if settings.weights is not None:
        return Path(settings.weights)
    return next((path for name in names if (path := cache_file(name)).is_file()), None)
