"""The program `ddp-video`: its commands, and nothing else."""

import io
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from .. import __version__
from ..errors import InputError
from . import options
from .bench import bench
from .console import complain, guarded, out
from .evaluate import evaluate
from .evaluate_flow import evaluate_flow
from .export import export
from .infer import infer
from .info import info
from .label_clip import label_clip
from .label_photos import label_photos
from .metrics import metrics
from .render import render
from .report import report
from .run import run
from .smooth import smooth
from .synth import synth
from .train import train
from .train_flow import train_flow
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

# typer exports its subclass only, and where the class itself lives differs between versions
UsageError: type[BaseException] = typer.BadParameter.__mro__[1]

register = app.command(epilog=options.EXIT_CODES)
register(guarded(run))
register(guarded(infer))
register(guarded(smooth))
register(guarded(render))
register(guarded(export))
register(guarded(metrics))
register(guarded(report))
register(guarded(info))
register(guarded(bench))
register(guarded(train))
app.command("evaluate-flow", epilog=options.EXIT_CODES)(guarded(evaluate_flow))
app.command("train-flow", epilog=options.EXIT_CODES)(guarded(train_flow))
app.command("label-clip", epilog=options.EXIT_CODES)(guarded(label_clip))
app.command("label-photos", epilog=options.EXIT_CODES)(guarded(label_photos))
app.add_typer(evaluate, name="evaluate")
app.add_typer(synth, name="synth")
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


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point of the console script.

    Args:
        arguments: what follows the program's name; None: as the system says.

    Raises:
        SystemExit: always, with the exit code.
    """
    for stream in (sys.stdout, sys.stderr):  # names of files need not be text
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        code = app(arguments, prog_name="ddp-video", standalone_mode=False)
    except UsageError as error:
        code = _misused(error)
    sys.exit(code)


def _misused(error: Any) -> int:  # noqa: ANN401 (a UsageError, which typer does not export)
    """One line about an option or argument; without any arguments the help was shown already."""
    message = error.format_message().strip().rstrip(".")
    if not message:
        return InputError.exit_code
    command = error.ctx.command_path if error.ctx else "ddp-video"
    return complain(InputError(f"{message}; see {command} --help"))
