"""`ddp-video weights`: the files that travel with the package."""

from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from . import console, options

weights = typer.Typer(
    help="Weights that travel with the package: list them, check them, find them.",
    no_args_is_help=True,
    epilog=options.EXIT_CODES,
)


@weights.command("list", epilog=options.EXIT_CODES)
@console.guarded
def list_() -> None:
    """Show every file with its licence, and what it was measured to do."""
    from ..weights import known

    table = Table()
    for column in ("name", "file", "licence", "measured"):
        table.add_column(column, overflow="fold")
    for entry in known().values():
        name = f"{entry.name} (default)" if entry.default else entry.name
        measured = "\n".join(f"{figure}: {value}" for figure, value in entry.measured.items())
        cells = (name, entry.path.name, entry.licence, measured)
        table.add_row(*(escape(cell) for cell in cells))
    console.out.print(table)


@weights.command(epilog=options.EXIT_CODES)
@console.guarded
def verify() -> None:
    """Check every file's sha256 against the manifest."""
    from .. import weights as registry

    for entry in registry.known().values():
        registry.verify(entry)
        console.out.print(f"{escape(entry.name)}: whole", soft_wrap=True)


@weights.command(epilog=options.EXIT_CODES)
@console.guarded
def path(
    name: Annotated[
        str | None, typer.Argument(help="A name from the list; the default one if not given.")
    ] = None,
) -> None:
    """Print where a file lies."""
    from ..weights import resolve

    console.out.out(str(resolve(name).path))
