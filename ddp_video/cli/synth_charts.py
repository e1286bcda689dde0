"""`ddp-video synth charts`: the DensePose charts on our body, made anew or drawn."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from ..errors import InputError
from . import console
from . import options as o


def charts(
    source: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder with UV_Processed.mat and smpl_template.obj; needed to make tables.",
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="Table of the charts, ending in .npz; geodesics.npz is written beside it.",
            show_default=False,
        ),
    ] = None,
    picture: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="PNG of the charts, front and back.", show_default=False),
    ] = None,
    quiet: o.Quiet = False,
) -> None:
    """Make the table of the DensePose charts on our body, or a picture of it.

    Without --source the picture shows the table that comes with the package.

    Examples:
      ddp-video synth charts --picture charts.png
      ddp-video synth charts --source densepose -o charts.npz --picture charts.png
    """
    if (source is None) != (output is None):
        raise InputError("a table is made from --source DIR and written to -o FILE: give both")
    if source is None and picture is None:
        raise InputError("nothing to do: give --picture FILE, or --source DIR and -o FILE")
    from ..encode import write_picture
    from ..synthesis.charts.lookup import Charts
    from ..synthesis.charts.picture import Portrait, chart_picture

    if source is None or output is None:
        portraits = [Portrait.at_rest(Charts.shipped())]
    else:
        from ..synthesis.charts.table import build

        with console.progress_bar(output.name, quiet) as progress:
            built = build(source, output, progress)
        portraits = [
            Portrait.of("SMPL template", built.source, built.source.vertices),
            Portrait.of("Anny in its shape", built.charts, built.vertices),
            Portrait.at_rest(built.charts),
        ]
        if not quiet:
            console.out.print(
                f"areas {built.areas.min():.2f} to {built.areas.max():.2f} of the template's, "
                f"turned over {100 * built.flipped.max():.1f} % of a part at most"
            )
            for path in built.paths:
                console.out.print(f"  wrote {escape(str(path))}", soft_wrap=True)
    if picture is not None:
        write_picture(picture, chart_picture(portraits), overwrite=True)
        if not quiet:
            console.out.print(f"  wrote {escape(str(picture))}", soft_wrap=True)
