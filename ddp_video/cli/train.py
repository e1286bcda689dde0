"""`ddp-video train`: weights from labelled pictures."""

import math
from pathlib import Path
from typing import Annotated

import typer

from ..errors import InputError
from ..settings import PRESETS
from . import options as o
from . import training_options as t
from .console import out


def train(
    datasets: Annotated[
        list[str],
        typer.Argument(
            metavar="DATASET[=SHARE[,CUT]]",
            help="Folders with annotations.json; SHARE of the photos, CUT of people in scenes.",
            show_default=False,
        ),
    ],
    output: t.Folder,
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
    start: t.Start = None,
    steps: t.Steps = None,
    batch: Annotated[int | None, typer.Option(min=1, help="Pictures per step and process.")] = None,
    size: Annotated[int | None, typer.Option(min=32, help="Side of the training pictures.")] = None,
    rate: t.Rate = None,
    warmup: t.Warmup = None,
    decay: t.Decay = None,
    ema: t.Ema = None,
    scenes: Annotated[
        float | None, typer.Option(min=0, max=1, help="Share of copy-paste scenes.")
    ] = None,
    empty: Annotated[
        float | None, typer.Option(min=0, max=1, help="Share of backgrounds with nobody.")
    ] = None,
    workers: t.Workers = None,
    seed: t.Seed = None,
    minutes: t.Minutes = None,
    threads: t.Threads = None,
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
    from ..nearness import MULTIPLE
    from ..network.device import choose_device
    from ..training.batches import Source, StreamSettings, TrainingStream
    from ..training.loop import Run
    from ..training.loop import train as train_network

    settings = t.settings_of(
        PRESETS,
        preset,
        steps=steps,
        batch=batch,
        size=size,
        rate=rate,
        warmup=warmup,
        decay=decay,
        ema=ema,
        scenes=scenes,
        empty=empty,
        workers=workers,
        seed=seed,
    )
    if settings.size % MULTIPLE:
        raise InputError(f"--size {settings.size} is no multiple of {MULTIPLE}: give one")
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
        start=t.start_weights(trunk, start),
        minutes=minutes,
        on_step=t.reporter(settings.steps, quiet),
    )
    written = train_network(stream, settings, run)
    if not quiet:
        out.print(f"wrote {written}")


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
