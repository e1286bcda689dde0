"""`ddp-video report`: one HTML file to look at, to click through and to judge blindly."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from ..errors import InputError, OutputError
from ..settings import ReportSettings, SmoothMethod, SmoothSettings
from . import console
from . import options as o

if TYPE_CHECKING:
    from ..report import ReportFile

LARGE = 100e6  # bytes


def report(
    source: Annotated[
        Path,
        typer.Argument(metavar="X.ddp", help="Stored predictions.", show_default=False),
    ],
    other: Annotated[
        Path | None,
        typer.Argument(
            metavar="Y.ddp",
            help="Others of the same video, to compare as they are.",
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE.html",
            help="The page. \\[default: STEM.report.html here]",
            show_default=False,
        ),
    ] = None,
    radius: Annotated[
        int | None,
        typer.Option(
            metavar="1..5",
            help="Without Y: compare unsmoothed with smoothed over this many frames on each side. "
            f"\\[default: {SmoothSettings.radius}]",
            show_default=False,
        ),
    ] = None,
    method: Annotated[
        SmoothMethod | None,
        typer.Option(
            help="Without Y: how to smooth, see `ddp-video smooth`. "
            f"\\[default: {o.SMOOTH.method}]",
            show_default=False,
        ),
    ] = None,
    flow: o.FlowOption = o.FLOW.engine,
    flow_weights: o.FlowWeights = None,
    device: o.DeviceOption = o.INFER.device,
    view: o.ViewOption = o.RENDER.view,
    background: o.BackgroundOption = o.RENDER.background,
    start: o.Start = None,
    end: o.End = None,
    max_side: Annotated[
        int, typer.Option(metavar="PIXELS", help="Bound on the long side of the video inside.")
    ] = ReportSettings.max_side,
    crf: o.Crf = ReportSettings.crf,
    clips: Annotated[
        int, typer.Option(metavar="N", help="Most clips in the blind study, a second or longer.")
    ] = ReportSettings.clips,
    seed: Annotated[
        int, typer.Option(metavar="N", help="Of the study's order and sides.")
    ] = ReportSettings.seed,
    overwrite: o.Overwrite = False,
    quiet: o.Quiet = False,
) -> None:
    """Compare before and after in one HTML file that opens offline.

    A swipe between unsmoothed and smoothed (or X and Y); ITF, ISI and part flips
    frame by frame, a click goes there; who was there when; settings, and what
    was left out. And a blind study: clips in random order, which side is
    steadier? With an exact binomial test; results are saved as JSON or CSV.

    Examples:
      ddp-video report clip.ddp
      ddp-video report clip.ddp steady.ddp -o report.html --seed 7
    """
    from ..pipeline import load_engines
    from .reporting import make_report

    radius = _radius(radius, method, other)
    if max_side < 64 or clips < 1:
        raise InputError("--max-side is 64 or more, --clips 1 or more")
    out = output or Path(f"{source.stem}.report.html")
    if out.is_dir():
        raise OutputError(f"{out} is a folder: name a file, for example -o {out}/report.html")
    settings = o.run_settings(
        radii=(radius,),
        method=method or o.SMOOTH.method,
        flow=flow,
        flow_weights=flow_weights,
        device=device,
        view=view,
        background=background,
        start=start,
        end=end,
        crf=crf,
        overwrite=overwrite,
    )
    engines = load_engines(None, settings, network=False)
    how = ReportSettings(max_side, crf, clips, seed)
    with console.progress_bar(source.name, quiet) as progress:
        written, warnings = make_report(source, other, out, engines, settings, how, progress)
    for warning in warnings:
        console.warn(warning)
    if not quiet:
        _say(written)


def _radius(radius: int | None, method: SmoothMethod | None, other: Path | None) -> int:
    """What smooths: nothing where two stores are compared as they are.

    Raises:
        InputError: a radius or a method, though two stores are given.
    """
    if other is None:
        return SmoothSettings.radius if radius is None else radius
    if radius is not None or method is not None:
        given = "--method" if radius is None else "--radius"
        raise InputError(f"{given} goes with one .ddp: two are compared as they are")
    return 0


def _say(written: "ReportFile") -> None:
    console.out.print(
        f"wrote {escape(str(written.path))}: {written.frames} frames, "
        f"{written.bytes / 1e6:.1f} MB, {written.clips} clips to judge",
        soft_wrap=True,
    )
    if written.bytes > LARGE:
        console.warn(
            "browsers open so large a page slowly: --crf 30, --max-side 640, or --start and --end"
        )
