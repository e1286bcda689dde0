"""What `ddp-video train` and `train-flow` share."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from ..errors import DataError, InputError
from ..settings import Schedule
from .console import out

if TYPE_CHECKING:
    from torch import Tensor

    from ..training.loop import StepReport

REPORT_EVERY = 25

Folder = Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="State, log, weights.")]
Steps = Annotated[int | None, typer.Option(min=1, help="Optimiser steps in all.")]
Rate = Annotated[float | None, typer.Option(min=0, help="Peak learning rate.")]
Warmup = Annotated[int | None, typer.Option(min=0, help="Steps until the rate is at its peak.")]
Decay = Annotated[
    float | None,
    typer.Option(min=0, max=1, help="Share of the steps, at the end, over which the rate falls."),
]
Ema = Annotated[
    float | None,
    typer.Option(min=0, max=0.99999, help="Decay of the averaged weights; 0 averages nothing."),
]
Start = Annotated[
    list[Path] | None,
    typer.Option(metavar="FILE", help="Weights to start from; of several, their mean."),
]
Workers = Annotated[int | None, typer.Option(min=0, help="Loader processes.")]
Seed = Annotated[int | None, typer.Option(min=0, help="Of everything random.")]
Minutes = Annotated[
    float | None,
    typer.Option(min=0, help="Stop after this long, everything saved; the next call goes on."),
]
Threads = Annotated[int | None, typer.Option(min=1, help="CPU threads of the network.")]

Settings = TypeVar("Settings", bound=Schedule)


def settings_of(presets: Mapping[str, Settings], name: str, **changes: object) -> Settings:
    """A preset with single values changed; None changes nothing.

    Raises:
        InputError: no such preset.
    """
    if name not in presets:
        raise InputError(f"no preset {name!r}; choose one of {', '.join(presets)}")
    given = {key: value for key, value in changes.items() if value is not None}
    return replace(presets[name], **given)  # pyright: ignore[reportArgumentType]


def start_weights(trunk: Path | None, start: list[Path] | None) -> "dict[str, Tensor]":
    """What a run starts from: a trunk, and on top the mean of whole networks.

    Raises:
        DataError: a file cannot be read as safetensors, or the networks differ.
    """
    weights = _read(trunk) if trunk else {}
    weights = {"backbone.trunk." + n: v for n, v in weights.items() if not _beyond_trunk(n)}
    if not start:
        return weights
    first, *others = networks = [_read(path) for path in start]
    shapes = {name: value.shape for name, value in first.items()}
    for path, each in zip(start[1:], others, strict=True):
        if {name: value.shape for name, value in each.items()} != shapes:
            raise DataError(f"{path} is of another network than the first: no mean of the two")
    for name in first:
        weights[name] = sum(each[name].float() for each in networks) / len(networks)  # pyright: ignore
    return weights


def _read(path: Path) -> "dict[str, Tensor]":
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise DataError(f"{path} cannot be read as safetensors ({error})") from error


def _beyond_trunk(name: str) -> bool:
    """Parts of a torchvision classifier that a trunk does not have."""
    return name.startswith(("fc.", "classifier.", "features.18.")) or "num_batches" in name


def reporter(steps: int, quiet: bool) -> "Callable[[StepReport], None]":
    """Print the mean of the last steps now and then."""
    recent: list[StepReport] = []

    def report(step: "StepReport") -> None:
        recent.append(step)
        if quiet or step.step % REPORT_EVERY:
            return
        terms = {
            k: sum(r.losses[k] for r in recent if k in r.losses) / len(recent) for k in step.losses
        }
        speed = sum(r.pictures_per_second for r in recent) / len(recent)
        text = " ".join(f"{k} {v:.3f}" for k, v in terms.items())
        out.print(f"{step.step}/{steps} rate {step.rate:.1e} {text} · {speed:.1f} pictures/s")
        recent.clear()

    return report
