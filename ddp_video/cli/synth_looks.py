"""`ddp-video synth looks`: how people in labelled photos look, for rendered people to wear."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from ..errors import OutputError
from ..settings import LookSettings
from . import console
from . import options as o

DEFAULT = LookSettings()


def looks(
    datasets: Annotated[
        list[Path],
        typer.Argument(
            metavar="DATASET...",
            help="Datasets with dense labels, as `label-photos` makes them.",
            show_default=False,
        ),
    ],
    output: o.Table,
    height: Annotated[int, typer.Option(help="Pixels that a person must be high.")] = (
        DEFAULT.height
    ),
    seen: Annotated[
        float, typer.Option(metavar="0..1", help="Least share of the body that is to be seen.")
    ] = DEFAULT.seen,
    sharpness: Annotated[
        float, typer.Option(metavar="0..1", help="Least sharpness; a clear photo has .4 to .6.")
    ] = DEFAULT.sharpness,
    preview: Annotated[
        bool, typer.Option("--preview", help="Also write sheets of the looks beside the table.")
    ] = False,
    quiet: o.Quiet = False,
) -> None:
    r"""Gather the looks of people in photos, for `synth pictures --looks`.

    What a photo shows of somebody's clothes, face and hair is laid over a whole
    body: mirrored, repeated on the back, filled smoothly. Best with labels of
    fitted bodies (`label-photos --method fit`). Needs the extras `synth` and
    `train` (pip install 'ddp-video\[synth,train]').

    Take no photos that anything is measured on: nothing of the validation split.
    Pictures whose `split` is not `train` are left out. The table shows the people
    of the photos; what you may do with it, the photos' terms say.

    Example:
      ddp-video label-photos photos -o labels/photos
      ddp-video synth looks labels/photos -o looks.npz --preview
      ddp-video synth pictures -n 1000 -o people --looks looks.npz
    """
    o.check_table(output)
    if not output.parent.is_dir():
        raise OutputError(f"there is no folder {output.parent}: make it, or choose another -o")
    from ..synthesis.workers import equipped

    equipped(1)
    from ..synthesis.looks.gather import gather
    from ..synthesis.looks.preview import Sheets

    settings = LookSettings(height=height, seen=seen, sharpness=sharpness)
    sheets = Sheets(output)
    with console.progress_bar(datasets[0].name, quiet, "pictures") as progress:
        count, left = gather(
            datasets, output, settings, progress, sheets.add if preview else lambda found: None
        )
    sheets.close()
    if not quiet:
        why = ", ".join(f"{number} {word}" for word, number in left.most_common())
        console.out.print(f"{count} looks; left out: {why or 'nobody'}")
        for path in (output, *sheets.written):
            console.out.print(f"  wrote {escape(str(path))}", soft_wrap=True)
