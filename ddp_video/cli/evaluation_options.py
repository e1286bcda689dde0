"""Options of `ddp-video evaluate`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from ..errors import OutputError
from . import console


@console.guarded
def beside_others(path: Path | None) -> Path | None:
    """A file that is to be written; its folder is there before the work begins."""
    if path is not None and not path.absolute().parent.is_dir():
        raise OutputError(f"no folder {path.parent}: make it first")
    if path is not None and path.is_dir():
        raise OutputError(f"{path} is a folder: name a file in it")
    return path


@console.guarded
def picture(path: Path | None) -> Path | None:
    """The same for a picture."""
    if path is not None and path.suffix.lower() not in (".png", ".jpg", ".jpeg"):
        raise OutputError(f"{path}: a picture's name ends in .png or .jpg")
    return beside_others(path)


Limit = Annotated[
    int | None, typer.Option(min=1, help="At most this many pictures or frames of each kind.")
]
Json = Annotated[
    Path | None,
    typer.Option(
        "--json", metavar="FILE", help="Write all figures as JSON.", callback=beside_others
    ),
]
Errors = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="Write the 64 worst cases, by kind, as a picture.", callback=picture
    ),
]
Kappa = Annotated[
    Literal["single", "parts"],
    typer.Option(help="GPS: one κ (.255 m, CVPR 2018), or κ by body part (later evaluators)."),
]
GeodesicFiles = Annotated[
    Path | None,
    typer.Option(
        "--geodesics",
        metavar="DIR",
        help="Folder of DensePose's three files of distances; those of our own charts without.",
    ),
]
Teachers = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        envvar="DDP_VIDEO_TEACHERS",
        help="Teachers' ONNX files: compare all people with a matte.",
        show_default=False,
    ),
]
