"""`ddp-video synth landmarks`: poses of people in photos, for rendered people to take."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from . import console
from . import options as o


def landmarks(
    photos: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="Photos, subfolders included.", show_default=False),
    ],
    output: o.Table,
    teachers: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            envvar="DDP_VIDEO_TEACHERS",
            help="Folder of the teachers' ONNX files.",
            show_default=False,
        ),
    ] = None,
    quiet: o.Quiet = False,
) -> None:
    r"""Read the poses of people in photos, for `synth pictures --landmarks`.

    Needs the extra `train` (pip install 'ddp-video\[train]'). Take no photos that
    anything is measured on.

    Example:
      ddp-video synth landmarks photos -o poses.npz --teachers teachers
    """
    o.check_table(output)
    from ..fitting import landmark_table, observe
    from ..fitting.photos import photos_in

    files = list(photos_in(photos))
    networks = observe.Teachers(teachers)
    with console.progress_bar(photos.name, quiet, "photos") as progress:
        count = landmark_table.write_landmarks(files, networks, output, progress)
    if not quiet:
        console.out.print(f"{count} poses of people in {len(files)} photos")
        console.out.print(f"  wrote {escape(str(output))}", soft_wrap=True)
