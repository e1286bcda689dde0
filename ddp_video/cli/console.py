"""What the user sees: progress, tables, and one red line where something cannot be done."""

import errno
import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from ..errors import DdpVideoError, OutputError

P = ParamSpec("P")
R = TypeVar("R")

INTERRUPTED = 130  # 128 + SIGINT, as shells count

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


def guarded(command: Callable[P, R]) -> Callable[P, R]:
    """Turn every expected error of a command into one line and its exit code."""

    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except (DdpVideoError, OSError) as error:
            raise typer.Exit(complain(error)) from error
        except KeyboardInterrupt as error:
            err.print("[red]stopped[/red]: no half-written file was left")
            raise typer.Exit(INTERRUPTED) from error

    return wrapped


def complain(error: DdpVideoError | OSError, about: str = "") -> int:
    """Print an error as one line.

    Args:
        error: what went wrong.
        about: the input it concerns, where several are worked on.

    Returns:
        The exit code it stands for.
    """
    text = str(error) if isinstance(error, DdpVideoError) else _of_the_system(error)
    one_line = " ".join(text.split())
    prefix = f"{about}: " if about and about not in one_line else ""
    err.print(f"[red]error[/red]: {escape(prefix + one_line)}", soft_wrap=True)
    return error.exit_code if isinstance(error, DdpVideoError) else OutputError.exit_code


def _of_the_system(error: OSError) -> str:
    elsewhere = "check the path, or choose another folder with -o"
    advice = {
        **dict.fromkeys((errno.ENOENT, errno.ENOTDIR, errno.EEXIST), elsewhere),
        errno.ENOSPC: "free some space, or choose another folder with -o",
        errno.EACCES: "change its permissions, or choose another folder with -o",
        errno.EPERM: "change its permissions, or choose another folder with -o",
        errno.EROFS: "choose another folder with -o",
    }.get(error.errno or 0, "")
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror or error}" + (f"; {advice}" if advice else "")


def warn(message: str) -> None:
    """Print one yellow line."""
    err.print(f"[yellow]warning[/yellow]: {escape(' '.join(message.split()))}", soft_wrap=True)


class _Rate(ProgressColumn):
    """Frames, or other units, per second since the start."""

    def __init__(self, unit: str) -> None:
        super().__init__()
        self.unit = unit

    def render(self, task: Task) -> Text:
        elapsed = task.elapsed or 0.0
        return Text(f"{task.completed / elapsed:.1f} {self.unit}/s" if elapsed > 0 else "")


@contextmanager
def progress_bar(
    what: str, quiet: bool, unit: str = "frames"
) -> Iterator[Callable[[int, int | None], None]]:
    """A bar with frames, frames per second and the time left; silent where nobody watches.

    Args:
        what: the text beside the bar.
        quiet: show nothing.
        unit: what is counted.

    Yields:
        The callback that the library calls with frames done and frames expected.
    """
    if quiet or not err.is_terminal:
        yield lambda done, total: None
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.completed:.0f}/{task.fields[expected]}"),
        _Rate(unit),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=err, transient=True) as bar:
        task = bar.add_task(what, total=None, expected="?")

        def advance(done: int, total: int | None) -> None:
            bar.update(task, completed=done, total=total, expected=total or "?")

        yield advance
