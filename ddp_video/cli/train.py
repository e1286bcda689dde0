"""`ddp-video train`: weights from labelled pictures."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import DataError, InputError
from ..settings import PRESETS, TrainSettings
from . import options as o
from .console import out

if TYPE_CHECKING:
    from torch import Tensor

    from ..training.loop import StepReport

REPORT_EVERY = 25


def train(
    datasets: Annotated[
        list[str],
        typer.Argument(
            metavar="DATASET[=SHARE[,CUT]]",
            help="Folders with annotations.json; SHARE of the photos, CUT of people in scenes.",
            show_default=False,
        ),
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="DIR", help="State, log, weights.")
    ],
    preset: Annotated[str, typer.Option(help=f"One of {', '.join(PRESETS)}.")] = "distil",
    backgrounds: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Pictures without people, for copy-paste scenes."),
    ] = None,
    trunk: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Trained trunk (safetensors, torchvision's names) to start from."
        ),
    ] = None,
    start: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Weights of the whole network to start from."),
    ] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Optimiser steps in all.")] = None,
    batch: Annotated[int | None, typer.Option(min=1, help="Pictures per step and process.")] = None,
    size: Annotated[int | None, typer.Option(min=32, help="Side of the training pictures.")] = None,
    rate: Annotated[float | None, typer.Option(min=0, help="Peak learning rate.")] = None,
    scenes: Annotated[
        float | None, typer.Option(min=0, max=1, help="Share of copy-paste scenes.")
    ] = None,
    empty: Annotated[
        float | None, typer.Option(min=0, max=1, help="Share of backgrounds with nobody.")
    ] = None,
    workers: Annotated[int | None, typer.Option(min=0, help="Loader processes.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Of everything random.")] = None,
    minutes: Annotated[
        float | None,
        typer.Option(min=0, help="Stop after this long, everything saved; the next call goes on."),
    ] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads of the network.")] = None,
    device: o.DeviceOption = o.INFER.device,
    quiet: o.Quiet = False,
) -> None:
    """Train the network; called again on the same folder, it goes on to the same numbers.

    Writes DIR/state.pt, DIR/log.jsonl and DIR/weights.safetensors (fp16, for
    `--weights`). Under torchrun each process takes its own share of the pictures.

    Examples:
      ddp-video train labels/street labels/sport=0.5 --backgrounds rooms -o runs/a
      ddp-video train coco --preset paper --trunk resnet50.safetensors -o runs/paper
      torchrun --nproc-per-node 2 -m ddp_video train coco -o runs/b
    """
    import torch

    from ..data import DensePoseDataset
    from ..network.device import choose_device
    from ..training.batches import Source, StreamSettings, TrainingStream
    from ..training.loop import Run
    from ..training.loop import train as train_network

    changes = {
        "steps": steps,
        "batch": batch,
        "size": size,
        "rate": rate,
        "scenes": scenes,
        "empty": empty,
        "workers": workers,
        "seed": seed,
    }
    settings = settings_of(preset, {k: v for k, v in changes.items() if v is not None})
    if threads:
        torch.set_num_threads(threads)
    sources: list[Source] = []
    for text in datasets:
        folder, share, cut = parse_source(text)
        sources.append(Source(DensePoseDataset(folder), share, cut))
    stream = TrainingStream(
        sources,
        backgrounds or (),
        StreamSettings(
            size=settings.size,
            seed=settings.seed,
            scene_share=settings.scenes,
            empty_share=settings.empty,
            cache_mb=settings.cache_mb,
        ),
    )
    run = Run(
        folder=output,
        device=choose_device(device),
        start=start_weights(trunk, start),
        minutes=minutes,
        on_step=reporter(settings.steps, quiet),
    )
    written = train_network(stream, settings, run)
    if not quiet:
        out.print(f"wrote {written}")


def settings_of(preset: str, changes: dict[str, int | float]) -> TrainSettings:
    """A preset with single values changed.

    Raises:
        InputError: no such preset.
    """
    from dataclasses import replace

    if preset not in PRESETS:
        raise InputError(f"no preset {preset!r}; choose one of {', '.join(PRESETS)}")
    return replace(PRESETS[preset], **changes)  # pyright: ignore[reportArgumentType]


def parse_source(text: str) -> tuple[Path, float, float | None]:
    """`DIR`, `DIR=SHARE` or `DIR=SHARE,CUT`.

    Raises:
        InputError: the shares are no numbers, or below 0.
    """
    folder, _, shares = text.partition("=")
    numbers = shares.split(",") if shares else []
    try:
        values = [float(n) for n in numbers]
        if not all(0 <= value < math.inf for value in values):
            raise ValueError(text)
    except ValueError as error:
        raise InputError(f"{text!r}: write DIR, DIR=0.5 or DIR=0.5,1") from error
    return Path(folder), values[0] if values else 1.0, values[1] if len(values) > 1 else None


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
