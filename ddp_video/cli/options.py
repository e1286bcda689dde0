"""Options that several commands share. Their defaults come from the settings' dataclasses."""

import re
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ..errors import InputError, OutputError
from ..settings import (
    MAX_RADIUS,
    Background,
    Device,
    EncodeSettings,
    FlowEngine,
    FlowSettings,
    InferSettings,
    People,
    RenderSettings,
    SmoothMethod,
    SmoothSettings,
    View,
)

if TYPE_CHECKING:
    from ..pipeline import RunSettings

Codec = Literal["h264", "ffv1"]

EXIT_CODES = (
    "Exit codes: 0 done · 1 a bug or data of an unexpected shape · 2 an input or option that "
    "cannot be used · 3 not readable as video or picture · 4 an output that cannot be written · "
    "5 weights · 6 dataset · 7 stored predictions · 130 interrupted."
)

Inputs = Annotated[
    list[str],
    typer.Argument(
        metavar="INPUT",
        help="Videos, pictures, folders of either, a pattern such as shots/frame_%05d.png, or "
        "stored predictions (.ddp).",
        show_default=False,
    ),
]
Output = Annotated[
    Path, typer.Option("-o", "--output", metavar="DIR", help="Folder that the files go into.")
]
Method = Annotated[
    SmoothMethod,
    typer.Option(
        help="robust: neighbours count as far as flow, colours and labels agree. paper: all alike "
        "(Eqs. 5-6)."
    ),
]
FlowOption = Annotated[
    FlowEngine,
    typer.Option(help="Optical flow. auto: RAFT where its weights are at hand, else DIS."),
]
FlowWeights = Annotated[
    str | None, typer.Option(metavar="FILE", help="RAFT weights in torchvision's layout.")
]
Weights = Annotated[
    str | None,
    typer.Option(metavar="NAME|FILE", help="Weights of the network; see `ddp-video weights list`."),
]
DeviceOption = Annotated[Device, typer.Option(help="Where the network computes.")]
ViewOption = Annotated[
    View,
    typer.Option(
        help="contour: isocontours of U and V. iuv: labels (part, 255·U, 255·V), lossless. "
        "parts: 24 colours. mask: people in white. instances: a colour and number each."
    ),
]
BackgroundOption = Annotated[
    Background, typer.Option(help="Behind the people; transparent is written losslessly (FFV1).")
]
Person = Annotated[
    list[int] | None,
    typer.Option(
        metavar="N",
        help="Only this person, all else is background; give it several times for several people. "
        "--view instances shows the numbers.",
        show_default=False,
    ),
]
Largest = Annotated[
    bool, typer.Option("--largest", help="Only the person who covers most, over all frames.")
]
Start = Annotated[
    str | None, typer.Option(metavar="TIME", help="Begin here: seconds, or hh:mm:ss.ms.")
]
End = Annotated[str | None, typer.Option(metavar="TIME", help="End here, this moment excluded.")]
Threshold = Annotated[
    float, typer.Option(metavar="0..1", help="A person needs at least this score.")
]
ShortSide = Annotated[
    int | None,
    typer.Option(
        metavar="PIXELS",
        help="The network's short side, rounded to a multiple of 32: larger sees far people "
        "better, and takes longer. \\[default: "
        f"{InferSettings.short_side}, up to {InferSettings.near_side} where everybody is far]",
        show_default=False,
    ),
]
CodecOption = Annotated[
    Codec, typer.Option(help="h264 plays everywhere; ffv1 is lossless, in Matroska.")
]
Crf = Annotated[int, typer.Option(metavar="0..51", help="Quality of H.264, 0 is the best.")]
Keep = Annotated[
    bool, typer.Option("--keep", help="Store the predictions too, as STEM.ddp; see infer.")
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace files that exist.")]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="No progress and no table.")]

Table = Annotated[
    Path,
    typer.Option(
        "-o",
        "--output",
        metavar="FILE",
        help="Table to write, ending in .npz.",
        show_default=False,
    ),
]

INFER = InferSettings()
FLOW = FlowSettings()
SMOOTH = SmoothSettings()
RENDER = RenderSettings()
ENCODE = EncodeSettings()


def parse_time(text: str | None, option: str) -> Fraction | None:
    """`12.5`, `1:02.5` or `01:02:03.250` in seconds.

    Raises:
        InputError: it is none of these.
    """
    if text is None:
        return None
    match = re.fullmatch(r"(?:(?:(\d+):)?([0-5]?\d):)?(\d+(?:\.\d*)?|\.\d+)", text.strip())
    if match is None or ((match[2] is not None) and Fraction(match[3]) >= 60):
        raise InputError(f"{option} {text!r} is no time: write seconds (12.5) or 0:00:12.5")
    return int(match[1] or 0) * 3600 + int(match[2] or 0) * 60 + Fraction(match[3])


def check_table(path: Path) -> None:
    """Refuse a name that is not a table's.

    Raises:
        InputError: it does not end in .npz.
    """
    if path.suffix != ".npz":
        raise InputError(f"-o {path} is no table: give a name that ends in .npz")


def check_folder(folder: Path) -> Path:
    """Refuse an output that is plainly meant as a file.

    Raises:
        OutputError: a file of that name exists, or the name ends as that of a video, a picture or a
            store does.
    """
    if folder.is_file():
        raise OutputError(f"{folder} is a file: -o takes a folder, the names follow the inputs")
    if folder.suffix == ".ddp":
        raise OutputError(f"-o {folder} would be stored predictions: name a folder, or use `infer`")
    looks_like_file = folder.suffix.lower() in {
        *(".mp4", ".mkv", ".mov", ".avi", ".webm", ".gif", ".png", ".jpg", ".jpeg", ".json"),
    }
    if looks_like_file and not folder.is_dir():
        raise OutputError(f"-o {folder} looks like a file: name a folder, for example -o out")
    return folder


def check_store_name(path: Path) -> Path:
    """Refuse an output that is not named as a store is.

    Raises:
        OutputError: it does not end in .ddp.
    """
    if path.suffix != ".ddp":
        raise OutputError(f"-o {path}: stored predictions are named .ddp, for example -o clip.ddp")
    return path


def infer_settings(short_side: int | None, threshold: float, device: Device) -> InferSettings:
    """How the network looks, by the options.

    Raises:
        InputError: an option out of its bounds.
    """
    if not 0 <= threshold <= 1:
        raise InputError(f"--threshold {threshold:g} is not within 0..1: try {INFER.threshold:g}")
    if short_side is None:
        return InferSettings(threshold=threshold, device=device)
    if short_side < 32:
        raise InputError(f"--short-side {short_side} is below 32: try {InferSettings.short_side}")
    return InferSettings(
        short_side=short_side, near_side=short_side, threshold=threshold, device=device
    )


def run_settings(  # one parameter per option: this is where they become settings
    *,
    radii: tuple[int, ...] = (0,),
    method: SmoothMethod = SMOOTH.method,
    flow: FlowEngine = FLOW.engine,
    flow_weights: str | None = None,
    device: Device = INFER.device,
    short_side: int | None = None,
    view: View = RENDER.view,
    background: Background = RENDER.background,
    start: str | None = None,
    end: str | None = None,
    threshold: float = INFER.threshold,
    codec: Codec = ENCODE.codec,
    crf: int = ENCODE.crf,
    overwrite: bool = False,
    keep: bool = False,
    measure: bool = True,
    person: list[int] | None = None,
    largest: bool = False,
) -> "RunSettings":
    """The settings that a command's options stand for.

    Raises:
        InputError: an option out of its bounds.
    """
    from ..pipeline import RunSettings

    for radius in radii:
        if not 0 <= radius <= MAX_RADIUS:
            raise InputError(f"--radius {radius} is not within 0..{MAX_RADIUS}: try --radius 2")
    if not 0 <= crf <= 51:
        raise InputError(f"--crf {crf} is not within 0..51: try --crf {ENCODE.crf}")
    first, last = parse_time(start, "--start"), parse_time(end, "--end")
    if last is not None and last <= (first or 0):
        raise InputError(f"--end {end} is not after --start {start or 0}: give a later end")
    return RunSettings(
        radii=tuple(dict.fromkeys(radii)),
        start=first,
        end=last,
        smoothing=SmoothSettings(radius=max(radii), method=method),
        infer=infer_settings(short_side, threshold, device),
        flow=FlowSettings(engine=flow, weights=flow_weights),
        render=RenderSettings(view=view, background=background),
        encode=EncodeSettings(codec=codec, crf=crf),
        overwrite=overwrite,
        keep=keep,
        measure=measure,
        people=whom(person, largest),
    )


def whom(person: list[int] | None, largest: bool) -> People:
    """The people that options name.

    Raises:
        InputError: both options, or a number that nobody has.
    """
    if person and largest:
        raise InputError("--person and --largest exclude one another: give one of them")
    if any(number < 1 for number in person or ()):
        raise InputError("--person counts from 1: --view instances shows who is who")
    return "largest" if largest else tuple(sorted(set(person or ()))) or "all"
