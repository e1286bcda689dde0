"""`ddp-video evaluate`: how good weights are."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from ..errors import InputError
from ..settings import InferSettings
from . import console, evaluation_tables
from . import evaluation_options as e
from . import options as o

if TYPE_CHECKING:
    from ..evaluation.clips import Matte
    from ..evaluation.error_cases import ErrorCases
    from ..evaluation.gps import Geodesics
    from ..infer import Predictor

SPLIT = Path(__file__).parents[2] / "benchmarks" / "validation_split.toml"  # of a checkout


class _DatasetFirst(TyperGroup):
    """`evaluate DATASET` means `evaluate dataset DATASET`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 (typer's own)
        if args and args[0] not in self.commands and args[0] != "--help":
            args = ["dataset", *args]
        return super().parse_args(ctx, args)


evaluate = typer.Typer(
    cls=_DatasetFirst,
    help="Measure weights: a dataset, pairs of photos and labels, clips, or the validation split.",
    no_args_is_help=True,
    epilog="Example: ddp-video evaluate labels/street --weights runs/a/weights.safetensors",
)


@evaluate.command(epilog=o.EXIT_CODES)
@console.guarded
def dataset(
    folder: Annotated[
        Path,
        typer.Argument(metavar="DATASET", help="Folder with annotations.json, or the JSON file."),
    ],
    images: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Pictures, where not beside the JSON.")
    ] = None,
    split: Annotated[str | None, typer.Option(help="Only pictures of this split.")] = None,
    weights: o.Weights = None,
    kappa: e.Kappa = "single",
    geodesics: e.GeodesicFiles = None,
    short_side: o.ShortSide = None,
    threshold: o.Threshold = InferSettings.threshold,
    device: o.DeviceOption = InferSettings.device,
    limit: e.Limit = None,
    errors: e.Errors = None,
    json: e.Json = None,
    quiet: o.Quiet = False,
) -> None:
    """DensePose AP and AR (GPS, GPSm), box and mask AP, and agreement of the labels.

    Examples:
      ddp-video evaluate labels/street --weights runs/a/weights.safetensors
      ddp-video evaluate densepose_coco_2014_minival.json --images val2014 --geodesics eval_data
    """
    from ..data import DensePoseDataset
    from ..evaluation.dataset import DatasetScore, score_dataset

    pictures = DensePoseDataset(folder, images, split)
    distances = _geodesics(geodesics)
    looker = _predictor(weights, short_side, threshold, device)
    with _error_sheet(errors) as cases:
        score = DatasetScore(distances, kappa, cases)
        with console.progress_bar(folder.name, quiet) as progress:
            figures = score_dataset(looker, pictures, score, limit, progress)
    _report(figures, json, quiet, evaluation_tables.of_dataset)


@evaluate.command(epilog=o.EXIT_CODES)
@console.guarded
def pairs(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="NAME.jpg and NAME_iuv.png (I, 255·U, 255·V).")
    ],
    weights: o.Weights = None,
    short_side: o.ShortSide = None,
    threshold: o.Threshold = InferSettings.threshold,
    device: o.DeviceOption = InferSettings.device,
    errors: e.Errors = None,
    json: e.Json = None,
    quiet: o.Quiet = False,
) -> None:
    """Agreement with dense labels that lie beside photos: foreground, parts, U and V.

    Example:
      ddp-video evaluate pairs pairs --json figures.json
    """
    from ..evaluation.agreement import mean_row
    from ..evaluation.pairs import score_pairs

    looker = _predictor(weights, short_side, threshold, device)
    with (
        _error_sheet(errors) as cases,
        console.progress_bar(folder.name, quiet) as progress,
    ):
        rows = score_pairs(looker, folder, cases, progress)
    figures = {**rows, "mean": mean_row(rows.values())}
    _report(figures, json, quiet, evaluation_tables.of_pairs)


@evaluate.command(epilog=o.EXIT_CODES)
@console.guarded
def clips(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="DIR", help="A clip or a folder of clips: videos, or NAME.jpg, NAME_mask.png."
        ),
    ],
    step: Annotated[
        int, typer.Option(min=1, help="Every n-th frame; flicker and identities need 1.")
    ] = 1,
    weights: o.Weights = None,
    teachers: e.Teachers = None,
    short_side: o.ShortSide = None,
    threshold: o.Threshold = InferSettings.threshold,
    device: o.DeviceOption = InferSettings.device,
    limit: e.Limit = None,
    json: e.Json = None,
    quiet: o.Quiet = False,
) -> None:
    """Clips: masks frame by frame, identities, flicker; all people against a matte.

    Truth is NAME_mask.png beside each frame (the one who acts; the person who
    fits best is scored), or NAME.truth.mkv beside a rendered NAME.mp4.

    Examples:
      ddp-video evaluate clips clips/parkour
      ddp-video evaluate clips clips --step 12 --teachers teachers
    """
    from ..evaluation.clips import ClipSettings, find_clips, score_clip
    from ..synthesis.clip_files import read_truth

    found = find_clips(folder)
    settings = ClipSettings(step, limit, _matte(teachers))
    looker = _predictor(weights, short_side, threshold, device)
    figures = {}
    for clip in found:
        with console.progress_bar(clip.name, quiet) as progress:
            figures[clip.stem] = score_clip(looker, clip, read_truth, settings, progress)
    _report(figures, json, quiet, evaluation_tables.of_clips)


@evaluate.command(epilog=o.EXIT_CODES)
@console.guarded
def split(
    assets: Annotated[
        Path, typer.Argument(metavar="ASSETS", help="Folder that the split's paths lie in.")
    ],
    rendered: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="pictures/ and clips/ rendered from the reserved seeds."),
    ] = None,
    only: Annotated[
        str | None, typer.Option(metavar="A,B,…", help="Only these parts; see --split's file.")
    ] = None,
    split: Annotated[
        Path, typer.Option(metavar="FILE", help="What the split holds.", show_default=False)
    ] = SPLIT,
    weights: o.Weights = None,
    teachers: e.Teachers = None,
    kappa: e.Kappa = "single",
    short_side: o.ShortSide = None,
    threshold: o.Threshold = InferSettings.threshold,
    device: o.DeviceOption = InferSettings.device,
    limit: e.Limit = None,
    errors: e.Errors = None,
    json: e.Json = None,
    quiet: o.Quiet = False,
) -> None:
    """All figures of the fixed validation split, beside what is wanted of them.

    The split is benchmarks/validation_split.toml; nothing in it is ever trained
    on. Parts whose files or teachers are not given are left out.

    Example:
      ddp-video evaluate split assets --teachers assets/teacher --rendered rendered
    """
    from ..evaluation.split import SECTIONS, Means, Split
    from ..synthesis.clip_files import read_truth

    fixed = Split(split)
    parts = only.split(",") if only else list(SECTIONS)
    unknown = set(parts) - set(SECTIONS)
    if unknown:
        raise InputError(f"no part {min(unknown)!r}; choose of {', '.join(SECTIONS)}")
    needed = rendered is not None and "rendered" in parts
    distances = _geodesics(None) if needed else None
    matte = _matte(teachers)
    looker = _predictor(weights, short_side, threshold, device)
    with _error_sheet(errors) as cases, console.progress_bar("split", quiet) as progress:
        means = Means(read_truth, distances, kappa, matte, cases, limit, progress)
        results = fixed.score(looker, assets, means, parts, rendered)
    _report(results, json, quiet, lambda r: evaluation_tables.of_split(r, fixed.wanted))


def _predictor(
    weights: str | None, short_side: int | None, threshold: float, device: o.Device
) -> "Predictor":
    """The network, ready to look."""
    from ..infer import Predictor
    from ..weights import load_network, resolve

    settings = o.infer_settings(short_side, threshold, device)
    return Predictor(load_network(resolve(weights)), settings)


def _geodesics(official: Path | None) -> "Geodesics":
    """The official distances, or those of our own charts."""
    if official is not None:
        from ..evaluation.official_geodesics import OfficialGeodesics

        return OfficialGeodesics(official)
    from ..synthesis.charts.geodesics import Geodesics

    return Geodesics.shipped()


def _matte(teachers: Path | None) -> "Matte | None":
    """The matte's network; None where no teachers are given."""
    if teachers is None:
        return None
    from ..fitting.observe import Teachers as Networks

    return Networks(teachers).matte


@contextmanager
def _error_sheet(path: Path | None) -> "Iterator[ErrorCases | None]":
    """Cases to fill, written as a picture at the end; None where no picture is wanted."""
    if path is None:
        yield None
        return
    from ..evaluation.error_cases import ErrorCases
    from ..evaluation.error_sheet import write_error_sheet

    cases = ErrorCases()
    yield cases
    write_error_sheet(cases, path)


def _report(
    figures: Mapping[str, Any],
    path: Path | None,
    quiet: bool,
    tables: Callable[[Mapping[str, Any]], list[Any]],
) -> None:
    """Write the JSON where wanted, and show the tables."""
    if path is not None:
        from ..pipeline.report import write_json

        write_json(evaluation_tables.without_nan(figures), path)
    if not quiet:
        for table in tables(figures):
            console.out.print(table)
