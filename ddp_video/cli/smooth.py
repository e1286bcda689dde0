"""`ddp-video smooth`: what temporal smoothing does, for one radius or several."""

from pathlib import Path
from typing import Annotated

import typer

from . import options as o


def smooth(
    inputs: o.Inputs,
    output: Annotated[
        Path,
        typer.Option(
            "-o",
            "--output",
            metavar="DIR|FILE.ddp",
            help="Folder that the videos go into; or stored predictions to write.",
        ),
    ] = Path(),
    radius: Annotated[
        list[int] | None,
        typer.Option(
            metavar="0..5",
            help="Frames on each side; give it several times to compare, inference runs once. "
            f"\\[default: {o.SMOOTH.radius}]",
            show_default=False,
        ),
    ] = None,
    method: o.Method = o.SMOOTH.method,
    flow: o.FlowOption = o.FLOW.engine,
    flow_weights: o.FlowWeights = None,
    weights: o.Weights = None,
    device: o.DeviceOption = o.INFER.device,
    view: o.ViewOption = o.RENDER.view,
    background: o.BackgroundOption = o.RENDER.background,
    start: o.Start = None,
    end: o.End = None,
    threshold: o.Threshold = o.INFER.threshold,
    short_side: o.ShortSide = None,
    codec: o.CodecOption = o.ENCODE.codec,
    crf: o.Crf = o.ENCODE.crf,
    overwrite: o.Overwrite = False,
    quiet: o.Quiet = False,
) -> None:
    """Smooth along the optical flow, and compare raw, unsmoothed and smoothed.

    Writes STEM.smooth-rR.contour.mp4 for every radius R, and
    STEM.smooth.metrics.json. With -o FILE.ddp it writes smoothed predictions
    instead, for `render`, `metrics` and other tools.

    Examples:
      ddp-video smooth clip.mp4 --radius 2
      ddp-video smooth clip.ddp --radius 1 --radius 2 --background black
      ddp-video smooth clip.ddp --radius 2 -o steady.ddp
    """
    from .batch import run_all, smooth_to_store

    settings = o.run_settings(
        radii=tuple(radius or [o.SMOOTH.radius]),
        method=method,
        flow=flow,
        flow_weights=flow_weights,
        device=device,
        view=view,
        background=background,
        start=start,
        end=end,
        threshold=threshold,
        short_side=short_side,
        codec=codec,
        crf=crf,
        overwrite=overwrite,
    )
    if output.suffix == ".ddp":
        smooth_to_store(inputs, output, weights, settings, quiet=quiet)
        return
    run_all(inputs, o.check_folder(output), weights, settings, quiet=quiet, name_radii=True)
