"""The training loop: batches in, a resumable state and fp16 weights out."""

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import Dataset

from ..errors import DataError
from ..network import DirectDensePose, build
from ..network.device import autocast, choose_precision
from ..settings import Precision, Schedule, TrainSettings
from ..weights import save_network
from .batches import TrainingStream, load_batches
from .checkpoint import TrainingState, resume, save
from .example import collate
from .objective import Objective
from .optimise import make_optimiser, set_rate

STATE = "state.pt"
LOG = "log.jsonl"
WEIGHTS = "weights.safetensors"


@dataclass(frozen=True)
class StepReport:
    """What one step did.

    Attributes:
        step: from 1.
        rate: learning rate of the peak group.
        losses: weighted terms; their sum is L_all.
        pictures_per_second: of this process, since the last report.
    """

    step: int
    rate: float
    losses: dict[str, float]
    pictures_per_second: float


@dataclass(frozen=True)
class Run:
    """Where a run lives.

    Attributes:
        folder: state, log and weights are written here; an existing state is resumed.
        device: where to train; of several CUDA processes each takes the device of its LOCAL_RANK.
        start: weights (any subset of the network's names) to start from, for instance a trained
            trunk.
        minutes: stop, with everything saved, after this long (by the first process's clock); None
            for no limit.
        on_step: called after every step (on the first process only).
    """

    folder: Path
    device: torch.device
    start: dict[str, Tensor] = field(default_factory=dict)
    minutes: float | None = None
    on_step: Callable[[StepReport], None] = lambda report: None


@dataclass(frozen=True)
class Task:
    """What is trained, and on what.

    Attributes:
        network: with the weights to start from.
        objective: batch → weighted loss terms by name; holds the network.
        stream: examples; number k depends on its settings and on k alone.
        collate: makes a batch of examples.
        write: writes the weights of a state to a file.
        trunk_rate: factor on the learning rate of the backbone's trunk.
    """

    network: nn.Module
    objective: nn.Module
    stream: Dataset[Any]
    collate: Callable[[list[Any]], Any]
    write: Callable[[TrainingState, Path], None]
    trunk_rate: float = 1.0


def start_from(network: DirectDensePose, weights: dict[str, Tensor]) -> None:
    """Copy weights whose names and shapes the network knows.

    Raises:
        DataError: a name or a shape that the network does not have.
    """
    own = network.state_dict()
    for name, value in weights.items():
        if name not in own or own[name].shape != value.shape:
            raise DataError(
                f"start weights do not fit ({name} {tuple(value.shape)}): "
                "choose the backbone that they are for"
            )
    network.load_state_dict({name: v.float() for name, v in weights.items()}, strict=False)


def train(stream: TrainingStream, settings: TrainSettings, run: Run) -> Path:
    """Train until `settings.steps` or `run.minutes`; called again on the same folder it goes on.

    Returns:
        The fp16 weights (averaged, where an average is kept), with their architecture inside.

    Raises:
        DataError: a picture cannot be read, or the folder holds another run.
    """

    def write(state: TrainingState, path: Path) -> None:
        network = build(settings.architecture)
        network.load_state_dict(state.averaged())
        save_network(network, settings.architecture, path, {"steps": str(state.step)})

    torch.manual_seed(settings.seed)
    network = build(settings.architecture)
    start_from(network, run.start)
    for block in network.backbone.trunk.blocks()[: settings.frozen_blocks]:
        block.requires_grad_(False)
    objective = Objective(network, settings.architecture.level_bounds, settings.loss)
    task = Task(network, objective, stream, collate, write, settings.backbone_rate)
    return carry_out(task, settings, run)


def carry_out(task: Task, settings: Schedule, run: Run) -> Path:
    """Train any network; see `train`.

    Returns:
        The file of weights that `task.write` wrote.

    Raises:
        DataError: an example cannot be made, or the folder holds another run.
    """
    rank, world, device = _join_processes(run.device)
    run = replace(run, device=device)
    network = task.network.to(device).to(memory_format=torch.channels_last)
    objective = task.objective.to(device)
    average = (
        {n: v.detach().clone() for n, v in network.state_dict().items()} if settings.ema else None
    )
    state = TrainingState(network, average, make_optimiser(network, settings, task.trunk_rate))
    run.folder.mkdir(parents=True, exist_ok=True)
    if (run.folder / STATE).exists():
        resume(state, run.folder / STATE, run.device, asdict(settings))
    if world > 1:
        objective = DistributedDataParallel(objective)
    passes = load_batches(
        task.stream,
        batch_size=max(1, settings.batch // settings.accumulate),
        first_batch=state.step * settings.accumulate,
        rank=rank,
        world=world,
        workers=settings.workers,
        pin_memory=run.device.type == "cuda",
        collate=task.collate,
    )
    with _in_one_line():
        _loop(replace(task, objective=objective), state, iter(passes), settings, run, rank)
    if rank == 0:
        save(state, run.folder / STATE, asdict(settings))
        task.write(state, run.folder / WEIGHTS)
    if world > 1:
        dist.destroy_process_group()
    return run.folder / WEIGHTS


@contextmanager
def _in_one_line() -> Iterator[None]:
    """What a loader process says of a dataset, without the traceback that torch puts before it."""
    try:
        yield
    except DataError as error:
        raise DataError(str(error).rpartition(f"{DataError.__name__}: ")[2].strip()) from error


def _loop(
    task: Task,
    state: TrainingState,
    passes: Iterator[Any],
    settings: Schedule,
    run: Run,
    rank: int,
) -> None:
    """Steps until the end, the time limit, or the kill that a later call resumes from."""
    began = time.monotonic()
    with (run.folder / (LOG if rank == 0 else f"rank{rank}.jsonl")).open("a") as log:
        while state.step < settings.steps:
            before = time.monotonic()
            rate = set_rate(state.optimiser, state.step, settings)
            losses = _step(task.objective, state, passes, settings, run.device)
            state.step += 1
            state.update_average(settings.ema)
            speed = settings.batch / (time.monotonic() - before)
            report = StepReport(state.step, rate, losses, speed)
            log.write(json.dumps(asdict(report)) + "\n")
            if rank == 0:
                run.on_step(report)
            if state.step % settings.save_every == 0 and rank == 0:
                log.flush()
                save(state, run.folder / STATE, asdict(settings))
            if settings.keep_every and state.step % settings.keep_every == 0 and rank == 0:
                task.write(state, run.folder / f"weights_{state.step:06d}.safetensors")
            if run.minutes is not None and _agreed(
                time.monotonic() - began > 60 * run.minutes, run.device
            ):
                return


def _step(
    objective: nn.Module,
    state: TrainingState,
    passes: Iterator[Any],
    settings: Schedule,
    device: torch.device,
) -> dict[str, float]:
    """One optimiser step over `accumulate` forward passes; returns the mean of every term."""
    total: dict[str, Tensor] = {}
    precision = training_precision(device, settings.precision)
    for _ in range(settings.accumulate):
        batch = next(passes).to(device)
        with autocast(device, precision):
            terms = objective(batch)
        loss = torch.stack(list(terms.values())).sum() / settings.accumulate
        loss.backward()
        for name, value in terms.items():
            total[name] = (
                total.get(name, value.new_zeros(())) + value.detach() / settings.accumulate
            )
    if settings.clip:
        norm = nn.utils.clip_grad_norm_(objective.parameters(), settings.clip)
        total["gradient_norm"] = norm
    state.optimiser.step()
    state.optimiser.zero_grad(set_to_none=True)
    return {name: float(value) for name, value in total.items()}


def training_precision(device: torch.device, asked: Precision) -> Precision:
    """bf16 where asked for or where the device is good at it, else fp32.

    Never fp16, whose gradients would underflow without a scaler.
    """
    found = choose_precision(device, "auto" if asked == "fp16" else asked)
    return "bf16" if found == torch.bfloat16 else "fp32"


def _join_processes(device: torch.device) -> tuple[int, int, torch.device]:
    """(rank, world size, own device); joins the process group when started by torchrun."""
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world > 1:
        if device.type == "cuda":
            device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
            torch.cuda.set_device(device)
        if not dist.is_initialized():
            dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    return int(os.environ.get("RANK", "0")), world, device


def _agreed(stop: bool, device: torch.device) -> bool:
    """The first process's decision: a process that stopped alone would leave the others waiting."""
    if not dist.is_initialized():
        return stop
    decision = torch.tensor(int(stop), device=device)
    dist.broadcast(decision, src=0)
    return bool(decision)
