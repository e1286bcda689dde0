"""`ddp-video train-flow`: RAFT trained on pairs whose motion is known."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ..errors import InputError
from ..settings import FLOW_PRESETS
from . import options as o
from . import training_options as t
from .console import out

if TYPE_CHECKING:
    from ..training.flow.rendered import RenderedPair

Network = Literal["raft-small", "raft-large"]


def train_flow(
    stock: Annotated[
        list[Path],
        typer.Argument(
            metavar="DIR",
            help="Folders of pictures: those with alpha are cut-outs, the others photos.",
            show_default=False,
        ),
    ],
    output: t.Folder,
    preset: Annotated[str, typer.Option(help=f"One of {', '.join(FLOW_PRESETS)}.")] = "gpu",
    clips: Annotated[
        list[Path] | None,
        typer.Option(metavar="DIR", help="Rendered clips with their flow (`synth clips`)."),
    ] = None,
    start: t.Start = None,
    size: Annotated[
        str | None, typer.Option(metavar="WxH", help="Of the pairs; multiples of 8, from 128 on.")
    ] = None,
    network: Annotated[Network | None, typer.Option(help="Which RAFT.")] = None,
    steps: t.Steps = None,
    batch: Annotated[int | None, typer.Option(min=1, help="Pairs per step and process.")] = None,
    updates: Annotated[int | None, typer.Option(min=1, help="Recurrent updates.")] = None,
    rate: t.Rate = None,
    warmup: t.Warmup = None,
    decay: t.Decay = None,
    ema: t.Ema = None,
    workers: t.Workers = None,
    seed: t.Seed = None,
    keep_every: Annotated[
        int | None, typer.Option(min=0, help="Keep the weights of every n-th step.")
    ] = None,
    minutes: t.Minutes = None,
    threads: t.Threads = None,
    device: o.DeviceOption = o.INFER.device,
    quiet: o.Quiet = False,
) -> None:
    """Train an optical-flow network; called again on the same folder, it goes on.

    Pairs are made on the fly of photos and cut-outs that move one over the other,
    with exact flow. Writes DIR/state.pt, DIR/log.jsonl and DIR/weights.safetensors
    (for `--flow-weights`). Works under torchrun.

    Examples:
      ddp-video train-flow stock -o runs/flow --minutes 9
      ddp-video train-flow stock --clips rendered -o runs/flow --preset gpu-large
    """
    import torch

    from ..network.device import choose_device
    from ..training.flow.pairs import FlowStream
    from ..training.flow.stock import read_stock
    from ..training.flow.train import stream_settings
    from ..training.flow.train import train_flow as train
    from ..training.loop import Run

    settings = t.settings_of(
        FLOW_PRESETS,
        preset,
        size=_size(size),
        network=network,
        steps=steps,
        batch=batch,
        updates=updates,
        rate=rate,
        warmup=warmup,
        decay=decay,
        ema=ema,
        workers=workers,
        seed=seed,
        keep_every=keep_every,
    )
    if threads:
        torch.set_num_threads(threads)
    stream = FlowStream(read_stock(stock), stream_settings(settings), _rendered(clips or []))
    run = Run(
        folder=output,
        device=choose_device(device),
        start=t.start_weights(None, start),
        minutes=minutes,
        on_step=t.reporter(settings.steps, quiet),
    )
    written = train(stream, settings, run)
    if not quiet:
        out.print(f"wrote {written}")


def _rendered(clips: list[Path]) -> "list[RenderedPair]":
    """Pairs of rendered clips; none without clips, for which alone PyAV is needed."""
    if not clips:
        return []
    from ..synthesis.clip_files import read_flow
    from ..training.flow.rendered import read_rendered

    return read_rendered(clips, read_flow)


def _size(text: str | None) -> tuple[int, int] | None:
    """`320x256` as (height, width)."""
    if text is None:
        return None
    width, _, height = text.partition("x")
    if not (width.isdecimal() and height.isdecimal()):
        raise InputError(f"--size {text!r}: write width x height, as 320x256")
    return int(height), int(width)
