"""`ddp-video render`: pictures of stored predictions."""

from pathlib import Path
from typing import Annotated

import typer

from ..errors import InputError
from . import options as o


def render(
    inputs: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE.ddp", help="Stored predictions, smoothed or not.", show_default=False
        ),
    ],
    output: o.Output = Path(),
    view: o.ViewOption = o.RENDER.view,
    background: o.BackgroundOption = o.RENDER.background,
    person: o.Person = None,
    largest: o.Largest = False,
    start: o.Start = None,
    end: o.End = None,
    codec: o.CodecOption = o.ENCODE.codec,
    crf: o.Crf = o.ENCODE.crf,
    overwrite: o.Overwrite = False,
    quiet: o.Quiet = False,
) -> None:
    """Draw stored predictions as they are, without network, flow or measuring.

    Writes STEM.contour.mp4 (.iuv.mkv, .parts.mp4, .mask.mp4 for other views,
    PNG for a picture), with the source's sound.

    Examples:
      ddp-video render steady.ddp -o out --background black
      ddp-video render clip.ddp -o out --view iuv
    """
    from ..store import is_store
    from .batch import run_all

    for path in inputs:
        if path.exists() and not is_store(path):
            raise InputError(f"{path} is no stored predictions: use `ddp-video run` on it")
    settings = o.run_settings(
        view=view,
        background=background,
        person=person,
        largest=largest,
        start=start,
        end=end,
        codec=codec,
        crf=crf,
        overwrite=overwrite,
        measure=False,
    )
    sources = [str(path) for path in inputs]
    run_all(sources, o.check_folder(output), None, settings, quiet=quiet, name_radii=False)
