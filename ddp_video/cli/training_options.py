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


def start_weights(trunk: Path | None, start: Path | None) -> "dict[str, Tensor]":
    """What a run starts from.

    Raises:
        DataError: the file cannot be read as safetensors.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    weights: dict[str, Tensor] = {}
    for path, prefix in ((trunk, "backbone.trunk."), (start, "")):
        if path is None:
            continue
        try:
            found = load_file(path)
        except (OSError, SafetensorError) as error:
            raise DataError(f"{path} cannot be read as safetensors ({error})") from error
        weights |= {prefix + n: v for n, v in found.items() if not (prefix and _beyond_trunk(n))}
    return weights


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
