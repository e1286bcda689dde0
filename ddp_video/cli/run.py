"""`ddp-video run`: the main job."""

from pathlib import Path
from typing import Annotated

import typer

from ..settings import Preset, SmoothSettings
from . import options as o


def run(
    inputs: o.Inputs,
    output: o.Output = Path(),
    radius: Annotated[
        int, typer.Option(metavar="0..5", help="Frames on each side that smoothing looks at.")
    ] = SmoothSettings.radius,
    method: o.Method = o.SMOOTH.method,
    flow: o.FlowOption = o.FLOW.engine,
    flow_weights: o.FlowWeights = None,
    weights: o.Weights = None,
    device: o.DeviceOption = o.INFER.device,
    view: o.ViewOption = o.RENDER.view,
    background: o.BackgroundOption = o.RENDER.background,
    person: o.Person = None,
    largest: o.Largest = False,
    start: o.Start = None,
    end: o.End = None,
    threshold: o.Threshold = o.INFER.threshold,
    short_side: o.ShortSide = None,
    codec: o.CodecOption = o.ENCODE.codec,
    crf: o.Crf = o.ENCODE.crf,
    keep: o.Keep = False,
    export: Annotated[
        Preset | None,
        typer.Option(
            metavar="PRESET",
            help="Write this form for other tools too, see `export`.",
            show_default=False,
        ),
    ] = None,
    overwrite: o.Overwrite = False,
    quiet: o.Quiet = False,
) -> None:
    """Draw every person's surface coordinates into a video or a picture.

    Stored predictions (.ddp) are drawn without the network.

    Writes STEM.contour.mp4 (.iuv.mkv, .parts.mp4, .mask.mp4 for other views,
    PNG for a picture) and STEM.metrics.json with the steadiness (ITF, ISI) of
    the source, of the unsmoothed and of the smoothed rendering. Sound and
    subtitles are kept.

    Examples:
      ddp-video run clip.mp4
      ddp-video run clip.mp4 -o out --background black --start 0:12 --end 0:20
      ddp-video run clip.mp4 -o who --view instances
      ddp-video run clip.mp4 -o one --person 2
      ddp-video run photos/*.jpg *.mp4 -o out --view iuv
    """
    from .batch import run_all
    from .exporting import Exports

    settings = o.run_settings(
        radii=(radius,),
        method=method,
        flow=flow,
        flow_weights=flow_weights,
        device=device,
        view=view,
        background=background,
        person=person,
        largest=largest,
        start=start,
        end=end,
        threshold=threshold,
        short_side=short_side,
        codec=codec,
        crf=crf,
        keep=keep,
        overwrite=overwrite,
    )
    folder = o.check_folder(output)
    exports = Exports(export, folder, overwrite) if export else None
    run_all(inputs, folder, weights, settings, quiet=quiet, name_radii=False, exports=exports)
