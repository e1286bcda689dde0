"""`ddp-video infer`: the costly part, once."""

from pathlib import Path
from typing import Annotated

import typer

from . import options as o


def infer(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="INPUT",
            help="A video, a picture, a folder of pictures or a pattern.",
            show_default=False,
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE.ddp",
            help="Where to store. \\[default: STEM.ddp here]",
            show_default=False,
        ),
    ] = None,
    weights: o.Weights = None,
    device: o.DeviceOption = o.INFER.device,
    start: o.Start = None,
    end: o.End = None,
    threshold: o.Threshold = o.INFER.threshold,
    short_side: o.ShortSide = None,
    overwrite: o.Overwrite = False,
    quiet: o.Quiet = False,
) -> None:
    """Store the network's predictions, to smooth, render and measure from them.

    If it is stopped, give the same command again: it goes on where it was, and
    the result is the same to the byte. Damaged chunks are made anew.

    Examples:
      ddp-video infer clip.mp4
      ddp-video infer clip.mp4 -o out/clip.ddp --start 0:12 --end 0:20
    """
    from ..pipeline import output_stem
    from .batch import infer_to_store

    settings = o.run_settings(
        device=device,
        start=start,
        end=end,
        threshold=threshold,
        short_side=short_side,
        overwrite=overwrite,
    )
    out = o.check_store_name(output or Path(f"{output_stem(source)}.ddp"))
    infer_to_store(source, out, weights, settings, quiet=quiet)
