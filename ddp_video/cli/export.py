"""`ddp-video export`: predictions in the form that another tool reads."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from ..settings import Preset, SmoothSettings
from . import options as o


def export(
    inputs: o.Inputs,
    to: Annotated[
        Preset,
        typer.Option(
            metavar="PRESET", help="Which tool's form; the README says what each expects."
        ),
    ],
    output: o.Output = Path(),
    radius: Annotated[
        int | None,
        typer.Option(
            metavar="0..5",
            help="Frames on each side that smoothing looks at. "
            f"\\[default: {SmoothSettings.radius}; none where .ddp are smoothed already]",
            show_default=False,
        ),
    ] = None,
    texture: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Atlas to draw people with (retexture).", show_default=False
        ),
    ] = None,
    pickle: Annotated[
        bool,
        typer.Option(
            "--pickle", help="Also write results.pkl, which torch.load reads (detectron2)."
        ),
    ] = False,
    method: o.Method = o.SMOOTH.method,
    flow: o.FlowOption = o.FLOW.engine,
    flow_weights: o.FlowWeights = None,
    weights: o.Weights = None,
    device: o.DeviceOption = o.INFER.device,
    person: o.Person = None,
    largest: o.Largest = False,
    start: o.Start = None,
    end: o.End = None,
    threshold: o.Threshold = o.INFER.threshold,
    short_side: o.ShortSide = None,
    overwrite: o.Overwrite = False,
    quiet: o.Quiet = False,
) -> None:
    """Write predictions in the form that another tool reads.

    One output for every frame, people or not. Stored predictions (.ddp) need no
    network.

    Presets: magicanimate, controlnet-seg, controlnet-parula, viton-hd, idm-vton,
    catvton, dreampose, iuv-png, iuv-video, part-png, coco-json, detectron2, npz,
    texture, retexture.

    Examples:
      ddp-video export clip.mp4 --to magicanimate
      ddp-video export clip.ddp --to coco-json -o out
      ddp-video export clip.ddp --to magicanimate --person 2
      ddp-video export photos --to viton-hd -o out
    """
    from functools import partial

    from ..pipeline import Delivery, deliver
    from .batch import for_all, tell
    from .exporting import Exports

    settings = o.run_settings(
        radii=(SmoothSettings.radius if radius is None else radius,),
        method=method,
        flow=flow,
        flow_weights=flow_weights,
        device=device,
        person=person,
        largest=largest,
        start=start,
        end=end,
        threshold=threshold,
        short_side=short_side,
        overwrite=overwrite,
        measure=False,
    )
    exports = Exports(to, o.check_folder(output), overwrite, texture, pickle)

    def say(deliveries: Sequence[Delivery]) -> None:
        for each in deliveries:
            tell(each.source, each.people, [exports.written[each.source]])

    work = partial(deliver, receiver=exports, settings=settings, as_they_are=radius is None)
    look = partial(exports.check, settings=settings)
    for_all(inputs, look, work, say, weights, settings, quiet=quiet)
