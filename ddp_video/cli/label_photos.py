"""`ddp-video label-photos`: training labels for photos, from teacher networks."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from . import console
from . import options as o


def label_photos(
    photos: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="Photos, subfolders included.", show_default=False),
    ],
    output: Annotated[
        Path,
        typer.Option(
            "-o", "--output", metavar="DIR", help="Folder of the dataset.", show_default=False
        ),
    ],
    teachers: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            envvar="DDP_VIDEO_TEACHERS",
            help="Folder of the teachers' ONNX files.",
            show_default=False,
        ),
    ] = None,
    method: Annotated[
        str,
        typer.Option(help="fit: a body fitted to each person; bodypix: BodyPix's labels, mended."),
    ] = "fit",
    device: Annotated[str, typer.Option(help="Where bodies are fitted: cpu or cuda.")] = "cpu",
    preview: Annotated[
        bool, typer.Option("--preview", help="Also write contact sheets to look at.")
    ] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="At most this many photos.")] = None,
    threads: Annotated[int, typer.Option(min=1, help="CPU threads of the teachers.")] = 1,
    quiet: o.Quiet = False,
) -> None:
    r"""Label photos by teacher networks, as a dataset for `ddp-video train`.

    Needs the extra `train`, and `synth` for fitted bodies (pip install
    'ddp-video\[train,synth]'). Beside a photo may lie NAME.txt with polygons of
    the people, or NAME_labels.png with classes of clothes (and labels.txt, their
    names); a joints.csv in the folder gives one person a photo. A stopped job
    goes on where it was.

    Examples:
      ddp-video label-photos photos -o labels --teachers teachers
      ddp-video label-photos photos -o labels --limit 100 --preview
    """
    from ..fitting.photos import label_photos as label

    with console.progress_bar(photos.name, quiet) as progress:
        report = label(
            photos,
            output,
            teachers,
            method=method,
            device=device,
            preview=preview,
            threads=threads,
            limit=limit,
            progress=progress,
        )
    if quiet:
        return
    console.out.print(
        f"{report.photos} photos labelled ({report.before} were before), {report.people} people, "
        f"{report.surfaces} with surface labels, {len(report.skipped)} photos left out"
    )
    for path in (report.out, *report.previews):
        console.out.print(f"  wrote {escape(str(path))}", soft_wrap=True)
