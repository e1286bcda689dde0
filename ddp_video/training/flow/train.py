"""Training RAFT: pairs in, a resumable state and fp16 weights out."""

from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor
from torchvision.models.optical_flow import RAFT, raft_large, raft_small

from ...atomic import beside
from ...errors import DataError, OutputError
from ...settings import FlowTrainSettings
from ..checkpoint import TrainingState
from ..loop import Run, Task, carry_out
from .objective import FlowObjective
from .pairs import FlowStream, FlowStreamSettings, collate

_NETWORKS = {"raft-small": raft_small, "raft-large": raft_large}


def stream_settings(settings: FlowTrainSettings) -> FlowStreamSettings:
    """The stream that a run trains on."""
    return FlowStreamSettings(
        size=settings.size,
        seed=settings.seed,
        motion=settings.motion,
        curriculum=settings.curriculum * settings.batch,
        rendered=settings.rendered,
    )


def train_flow(stream: FlowStream, settings: FlowTrainSettings, run: Run) -> Path:
    """Train until `settings.steps` or `run.minutes`; called again on the same folder it goes on.

    Returns:
        The fp16 weights in torchvision's layout, as `flow.load_raft` reads them.

    Raises:
        DataError: a side that RAFT cannot take, start weights of another network, or the folder
            holds another run.
    """
    if any(side < 128 or side % 8 for side in settings.size):
        raise DataError("RAFT needs sides of 128 pixels or more that are multiples of 8")
    torch.manual_seed(settings.seed)
    network: RAFT = _NETWORKS[settings.network](weights=None)
    if run.start:
        _fill(network, run.start)
    objective = FlowObjective(network, settings.updates, settings.gamma)
    task = Task(network, objective, stream, collate, write_weights)
    return carry_out(task, settings, run)


def write_weights(state: TrainingState, path: Path) -> None:
    """The averaged weights as fp16 safetensors.

    Raises:
        OutputError: the file cannot be written.
    """
    tensors = {
        name: value.detach().cpu().half().contiguous() if value.is_floating_point() else value.cpu()
        for name, value in state.averaged().items()
    }
    try:
        with beside(path) as part:
            part.write_bytes(safetensors.torch.save(tensors, {"steps": str(state.step)}))
    except OSError as error:
        raise OutputError(f"{path} cannot be written ({error.strerror})") from error


def _fill(network: RAFT, weights: dict[str, Tensor]) -> None:
    try:
        network.load_state_dict({name: value.float() for name, value in weights.items()})
    except RuntimeError as error:
        raise DataError("start weights are of another RAFT: give those of --network") from error
