"""Saving and resuming a run to the same numbers.

No random state is kept: nothing in a step is drawn at random, pictures depend on the seed and on
their number alone.
"""

import os
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import DataError

# Beside the architecture; each where the run's settings have it.
_FIXED = ("batch", "seed", "optimiser", "frozen_blocks", "network")


@dataclass
class TrainingState:
    """Everything that changes while a run goes on."""

    model: nn.Module
    average: dict[str, Tensor] | None
    optimiser: torch.optim.Optimizer
    step: int = 0

    def update_average(self, decay: float) -> None:
        """Exponential moving average of the weights, warmed up over the first steps."""
        if self.average is None:
            return
        decay = min(decay, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for name, value in self.model.state_dict().items():
                if value.is_floating_point():
                    self.average[name].lerp_(value, 1 - decay)
                else:
                    self.average[name].copy_(value)

    def averaged(self) -> dict[str, Tensor]:
        """The weights to write out."""
        return self.model.state_dict() if self.average is None else self.average


def save(state: TrainingState, path: Path, about: dict[str, Any]) -> None:
    """Write the state beside and rename, so that a kill leaves the last whole one.

    Args:
        state: to be saved.
        path: where.
        about: the run's settings as a dictionary.
    """
    content = {
        "model": state.model.state_dict(),
        "average": state.average,
        "optimiser": state.optimiser.state_dict(),
        "step": state.step,
        "about": about,
    }
    beside = path.with_suffix(f".{os.getpid()}.tmp")
    try:
        torch.save(content, beside)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def resume(state: TrainingState, path: Path, device: torch.device, about: dict[str, Any]) -> None:
    """Put a saved state back.

    Args:
        state: is filled.
        path: what `save` wrote.
        device: of the state.
        about: the run's settings as a dictionary. Network, batch, seed, optimiser and frozen
            blocks must be the saved ones; lengths and rates may differ.

    Raises:
        DataError: the file is not a training state, or one of other settings.
    """
    try:
        content = torch.load(path, map_location=device, weights_only=True)
        _compare(path, _fixed(content["about"]), _fixed(about))
        state.model.load_state_dict(content["model"])
        state.optimiser.load_state_dict(content["optimiser"])
        state.step = content["step"]
        if state.average is not None:  # a run without an average may go on with one
            state.average = content["average"] or content["model"]
    except (RuntimeError, LookupError, TypeError, EOFError, ValueError, pickle.PickleError) as e:
        reason = " ".join(str(e).split())[:200]
        raise DataError(f"{path} does not fit this run; start in an empty folder ({reason})") from e


def _fixed(about: dict[str, Any]) -> dict[str, Any]:
    fixed = {name: about[name] for name in _FIXED if name in about}
    return {**about.get("architecture", {}), **fixed}


def _compare(path: Path, then: dict[str, Any], now: dict[str, Any]) -> None:
    for name, value in now.items():
        if then.get(name) != value:
            raise DataError(
                f"{path} was trained with {name} {then.get(name)}, not {value}; "
                "ask for the same, or start in an empty folder"
            )
