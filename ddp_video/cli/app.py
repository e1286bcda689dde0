"""The program `ddp-video`: its commands, and nothing else."""

from typing import Annotated

import typer

from .. import __version__
from . import options
from .console import guarded, out
from .info import info
from .label_photos import label_photos
from .metrics import metrics
from .run import run
from .smooth import smooth
from .train import train
from .weights import weights

app = typer.Typer(
    name="ddp-video",
    help="Dense human pose in video: every pixel of every person, frame by frame and steady.",
    epilog="Begin with: ddp-video run clip.mp4",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)

register = app.command(epilog=options.EXIT_CODES)
register(guarded(run))
register(guarded(smooth))
register(guarded(metrics))
register(guarded(info))
register(guarded(train))
app.command("label-photos", epilog=options.EXIT_CODES)(guarded(label_photos))
app.add_typer(weights, name="weights")


def _version(wanted: bool) -> None:
    if wanted:
        out.print(f"ddp-video {__version__}")
        raise typer.Exit


@app.callback()
def _program(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Entry point of the console script."""
    app()
