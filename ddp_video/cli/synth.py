"""`ddp-video synth`: rendered people with exact labels."""

import re
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from ..errors import InputError
from ..settings import ClipSettings, PictureSettings
from . import console
from . import options as o
from .synth_charts import charts
from .synth_landmarks import landmarks as landmark_table
from .synth_looks import looks as look_table

synth = typer.Typer(
    help=r"Rendered people with exact labels, to train on and to measure against."
    r" Needs the extra `synth` (pip install 'ddp-video\[synth]').",
    no_args_is_help=True,
    epilog=o.EXIT_CODES,
)

synth.command(epilog=o.EXIT_CODES)(console.guarded(charts))
synth.command("landmarks", epilog=o.EXIT_CODES)(console.guarded(landmark_table))
synth.command("looks", epilog=o.EXIT_CODES)(console.guarded(look_table))


DEFAULT = PictureSettings()
CLIP = ClipSettings()

Assets = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR", help="MakeHuman clothes, shoes, hair, skins; else clothes of our own."
    ),
]
Motion = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Motion capture; else poses and walks of our own."),
]
Landmarks = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Table that `synth landmarks` made of people in photos."),
]
Looks = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Table that `synth looks` made of people in photos."),
]
InLooks = Annotated[
    float,
    typer.Option(metavar="0..1", help="Share of people who wear a look of --looks."),
]
Output = Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="Folder to fill.")]
Seed = Annotated[int, typer.Option(help="Of everything random, 0 or more.")]
Workers = Annotated[int, typer.Option(help="Processes, of one thread each.")]


def parse_size(text: str) -> tuple[int, int]:
    """`640x360` as height and width.

    Raises:
        InputError: it is no size.
    """
    match = re.fullmatch(r"(\d+)x(\d+)", text.strip())
    if match is None:
        raise InputError(f"--size {text!r} is no size: write 640x360")
    return int(match[2]), int(match[1])


def parse_range(text: str) -> tuple[int, int]:
    """`3` or `1..6`.

    Raises:
        InputError: it is neither.
    """
    match = re.fullmatch(r"(\d+)(?:\.\.(\d+))?", text.strip())
    if match is None:
        raise InputError(f"--people {text!r} is no range: write 1..6, or 3")
    return int(match[1]), int(match[2] or match[1])


@synth.command(epilog=o.EXIT_CODES)
@console.guarded
def pictures(
    output: Output,
    number: Annotated[int, typer.Option("-n", "--number", help="Pictures in all.")] = 100,
    people: Annotated[
        str, typer.Option(metavar="A..B", help="People in a picture, at most 15.")
    ] = "..".join(map(str, DEFAULT.people)),
    size: Annotated[int, typer.Option(help="Side of the pictures in pixels.")] = DEFAULT.size,
    seed: Seed = 0,
    workers: Workers = 1,
    assets: Assets = DEFAULT.assets,
    backgrounds: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Photos without people; else rooms and streets."),
    ] = DEFAULT.backgrounds,
    motion: Motion = DEFAULT.motion,
    landmarks: Landmarks = DEFAULT.landmarks,
    behind: Annotated[
        float, typer.Option(metavar="0..1", help="Share of people who turn their back.")
    ] = DEFAULT.behind,
    looking_back: Annotated[
        float, typer.Option(metavar="0..1", help="Share whose head is turned over a shoulder.")
    ] = DEFAULT.looking_back,
    gesturing: Annotated[
        float, typer.Option(metavar="0..1", help="Share whose hands are before the trunk.")
    ] = DEFAULT.gesturing,
    points: Annotated[
        bool, typer.Option("--points", help="Also sample points as DensePose-COCO has them.")
    ] = DEFAULT.points,
    looks: Looks = DEFAULT.looks,
    in_looks: InLooks = DEFAULT.in_looks,
    quiet: o.Quiet = False,
) -> None:
    r"""Render pictures of people, as a dataset for `ddp-video train`.

    The same seed gives the same bytes, whatever the number of workers. A stopped
    job goes on when the command is given again; a larger -n adds pictures.

    Examples:
      ddp-video synth pictures -n 64 -o people
      ddp-video synth pictures -n 10000 -o people --people 1..6 --workers 2 \
        --assets humans --backgrounds photos --motion motion
    """
    from ..synthesis.production import Order, make_pictures

    settings = PictureSettings(
        size=size,
        people=parse_range(people),
        assets=assets,
        backgrounds=backgrounds,
        motion=motion,
        landmarks=landmarks,
        behind=behind,
        looking_back=looking_back,
        gesturing=gesturing,
        points=points,
        looks=looks,
        in_looks=in_looks,
    )
    folder = o.check_folder(output)
    with console.progress_bar(folder.name, quiet, "pictures") as progress:
        made = make_pictures(Order(folder, number, settings, seed), workers, progress)
    if not quiet:
        console.out.print(f"{made} pictures rendered, {number - made} were there before")
        console.out.print(f"  wrote {escape(str(folder))}", soft_wrap=True)


@synth.command(epilog=o.EXIT_CODES)
@console.guarded
def clips(
    output: Output,
    number: Annotated[int, typer.Option("-n", "--number", help="Clips in all.")] = 10,
    people: Annotated[
        str, typer.Option(metavar="A..B", help="People in a clip, at most 15.")
    ] = "..".join(map(str, CLIP.people)),
    size: Annotated[str, typer.Option(metavar="WxH", help="Width and height in pixels.")] = (
        f"{CLIP.size[1]}x{CLIP.size[0]}"
    ),
    seconds: Annotated[float, typer.Option(help="Length of a clip.")] = CLIP.seconds,
    rate: Annotated[int, typer.Option(help="Frames a second.")] = CLIP.rate,
    seed: Seed = 0,
    workers: Workers = 1,
    assets: Assets = CLIP.assets,
    motion: Motion = CLIP.motion,
    looks: Looks = CLIP.looks,
    in_looks: InLooks = CLIP.in_looks,
    quiet: o.Quiet = False,
) -> None:
    """Render clips of moving people before a moving camera, each with its truth.

    Writes NAME.mp4; NAME.truth.mkv, a lossless grey video of part, U, V and the
    person's number on top of one another; and NAME.flow.mkv, the exact optical
    flow to the next frame (samples/README.md). Resumable as `synth pictures` is,
    clip by clip; the workers share each clip's frames. The same seed gives the
    same frames, truth and flow, though H.264 may code the frames a little
    differently.

    Example:
      ddp-video synth clips -n 4 -o clips --size 640x360 --people 1..3
    """
    from ..synthesis.production import ClipOrder, make_clips

    settings = ClipSettings(
        size=parse_size(size),
        seconds=seconds,
        rate=rate,
        people=parse_range(people),
        assets=assets,
        motion=motion,
        looks=looks,
        in_looks=in_looks,
    )
    folder = o.check_folder(output)
    with console.progress_bar(folder.name, quiet, "clips") as progress:
        made = make_clips(ClipOrder(folder, number, settings, seed), workers, progress)
    if not quiet:
        console.out.print(f"{made} clips rendered, {number - made} were there before")
        console.out.print(f"  wrote {escape(str(folder))}", soft_wrap=True)


@synth.command(epilog=o.EXIT_CODES)
@console.guarded
def preview(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A dataset.", show_default=False)],
    number: Annotated[int, typer.Option("-n", "--number", help="At most so many pictures.")] = 64,
    quiet: o.Quiet = False,
) -> None:
    """Contact sheets of a dataset: the pictures, and the labels drawn over them.

    Example:
      ddp-video synth preview people
    """
    from ..data.preview import write_previews

    if number < 1:
        raise InputError(f"-n {number} shows nothing: take 1 or more")
    for path in write_previews(folder, number, plain=True):
        if not quiet:
            console.out.print(f"  wrote {escape(str(path))}", soft_wrap=True)
