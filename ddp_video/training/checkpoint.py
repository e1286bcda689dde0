"""Saving and resuming a run to the same numbers."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import DataError


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
    """Write the state beside and rename, so that a kill leaves the last whole one."""
    content = {
        "model": state.model.state_dict(),
        "average": state.average,
        "optimiser": state.optimiser.state_dict(),
        "step": state.step,
        "random": torch.get_rng_state(),
        "cuda_random": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        "about": about,
    }
    beside = path.with_suffix(f".{os.getpid()}.tmp")
    torch.save(content, beside)
    beside.replace(path)


def resume(state: TrainingState, path: Path, device: torch.device) -> None:
    """Put a saved state back.

    Raises:
        DataError: the file is not a training state, or of another architecture.
    """
    try:
        content = torch.load(path, map_location=device, weights_only=True)
        state.model.load_state_dict(content["model"])
    except (RuntimeError, KeyError, EOFError, ValueError) as error:
        raise DataError(
            f"{path} does not fit this run; start in an empty folder ({error})"[:300]
        ) from error
    state.average = content["average"]
    state.optimiser.load_state_dict(content["optimiser"])
    state.step = content["step"]
    torch.set_rng_state(content["random"].cpu())
    if content["cuda_random"] and torch.cuda.is_available():
        torch.cuda.set_rng_state_all([r.cpu() for r in content["cuda_random"]])
