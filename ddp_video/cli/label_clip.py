"""`ddp-video label-clip`: training labels for the frames of a clip, from fitted bodies."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from . import console
from . import options as o


def label_clip(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="INPUT",
            help="A video, a folder of pictures or a pattern.",
            show_default=False,
        ),
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
    start: o.Start = None,
    end: o.End = None,
    every: Annotated[int, typer.Option(min=1, help="Take every so many-th frame.")] = 1,
    device: Annotated[str, typer.Option(help="Where bodies are fitted: cpu or cuda.")] = "cpu",
    preview: Annotated[
        bool, typer.Option("--preview", help="Also write contact sheets to look at.")
    ] = False,
    threads: Annotated[int, typer.Option(min=1, help="CPU threads of the teachers.")] = 1,
    quiet: o.Quiet = False,
) -> None:
    r"""Label the frames of a clip, as a dataset for `ddp-video train`.

    A body is fitted to each person, the frames before and after helping: one
    shape a person, moving steadily. Needs the extras `train` and `synth` (pip
    install 'ddp-video\[train,synth]'). A stopped job goes on where it was.

    Examples:
      ddp-video label-clip dance.mp4 -o labels --teachers teachers
      ddp-video label-clip frames -o labels --start 0:02 --end 0:05 --preview
    """
    from ..fitting.clip import label_clip as label

    first, last = o.parse_time(start, "--start"), o.parse_time(end, "--end")
    with console.progress_bar(source.name, quiet) as progress:
        report = label(
            source,
            output,
            teachers,
            start=first,
            end=last,
            every=every,
            device=device,
            preview=preview,
            threads=threads,
            progress=progress,
        )
    if quiet:
        return
    console.out.print(
        f"{report.photos} frames labelled ({report.before} were before), {report.people} people, "
        f"{report.surfaces} with surface labels"
    )
    for path in (report.out, *report.previews):
        console.out.print(f"  wrote {escape(str(path))}", soft_wrap=True)
