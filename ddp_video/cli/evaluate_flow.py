"""`ddp-video evaluate-flow`: engines of optical flow side by side."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..settings import FlowSettings
from . import console
from . import evaluation_options as e
from . import options as o

if TYPE_CHECKING:
    from rich.table import Table

    from ..types import FlowEstimator

TRUE_COLUMNS = {
    "epe_all": ("EPE", 1, ".2f"), "epe_people": ("people", 1, ".2f"),
    "epe_torn": ("near occlusions", 1, ".2f"), "epe_background": ("background", 1, ".2f"),
    "fl_all": ("Fl-all %", 100, ".1f"), "fl_people": ("Fl people %", 100, ".1f"),
}  # fmt: skip
REAL_COLUMNS = {
    "mask_iou_1": ("mask IoU ±1", 1, ".3f"), "mask_iou_2": ("±2", 1, ".3f"),
    "photometric_1": ("|ΔRGB| ±1", 1, ".2f"), "photometric_2": ("±2", 1, ".2f"),
    "consistent_1": ("way back % ±1", 100, ".1f"), "consistent_2": ("±2", 100, ".1f"),
}  # fmt: skip


def evaluate_flow(
    clips: Annotated[
        list[Path],
        typer.Option(
            metavar="DIR",
            help="Clips or folders of clips: rendered with truth, NAME.jpg and NAME_mask.png, or "
            "videos. Can be given several times.",
            show_default=False,
        ),
    ],
    flow_weights: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE", help="RAFT weights in torchvision's layout. Can be given several times."
        ),
    ] = None,
    updates: Annotated[
        list[int] | None,
        typer.Option(min=1, help="Recurrent updates of RAFT. Can be given several times."),
    ] = None,
    step: Annotated[int, typer.Option(min=1, help="Every n-th frame.")] = 1,
    device: o.DeviceOption = o.INFER.device,
    sheets: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write five frames of each clip as colours, CLIP.png."),
    ] = None,
    json: e.Json = None,
    quiet: o.Quiet = False,
) -> None:
    """Measure optical flow: end-point errors, masks carried, pictures compared, the way back.

    Beside the weights given it measures no motion at all, Farnebäck, DIS, and
    torchvision's RAFT weights where they are in its cache. Near occlusions is
    within 8 pixels of what the next frame hides.

    Examples:
      ddp-video evaluate-flow --clips samples --flow-weights runs/flow/weights.safetensors
      ddp-video evaluate-flow --clips parkour --step 4 --json flow.json
    """
    from ..evaluation.clips import find_clips
    from ..evaluation.flow import read_clip, score_clip
    from ..evaluation.flow_sheet import write_flow_sheet
    from ..synthesis.clip_files import read_flow, read_truth

    engines = _engines(flow_weights or [], updates or [FlowSettings.updates], device)
    figures: dict[str, Any] = {}
    for path in (clip for folder in clips for clip in find_clips(folder)):
        with console.progress_bar(path.name, quiet) as progress:
            clip = read_clip(path, read_truth, read_flow)
            figures[path.stem] = score_clip(engines, clip, step, progress)
        if sheets is not None:
            write_flow_sheet(engines, clip, sheets / f"{path.stem}.png")
    if json is not None:
        from ..pipeline.report import write_json

        write_json(figures, json)
    if not quiet:
        for name, rows in figures.items():
            console.out.print(_table(name, rows))


def _engines(files: list[Path], updates: list[int], device: o.Device) -> "dict[str, FlowEstimator]":
    """All engines to be measured, by name."""
    from ..evaluation.flow_baselines import FarnebackFlow, ZeroFlow
    from ..flow import DisFlow, make_flow, missing_weights
    from ..network.device import choose_device

    engines: dict[str, FlowEstimator] = {
        "no motion": ZeroFlow(),
        "Farnebäck": FarnebackFlow(),
        "DIS": DisFlow(),
    }
    official = [FlowSettings(engine="raft-small"), FlowSettings(engine="raft-large")]
    known = [s for s in official if missing_weights(s) is None]
    given = [FlowSettings(weights=str(path)) for path in files]
    for settings in (replace(s, updates=n) for s in (*known, *given) for n in updates):
        name = settings.engine if settings.weights is None else Path(settings.weights).stem
        engine, _ = make_flow(settings, choose_device(device))
        engines[f"{name}, {settings.updates} updates"] = engine
    return engines


def _table(name: str, rows: dict[str, Any]) -> "Table":
    from rich.markup import escape
    from rich.table import Table

    first = next(iter(rows.values()))
    columns = TRUE_COLUMNS if "epe_all" in first else REAL_COLUMNS
    table = Table(title=escape(name), title_justify="left")
    table.add_column("engine")
    for title, *_ in columns.values():
        table.add_column(title, justify="right")
    for engine, row in rows.items():
        cells = [
            "–" if (value := row.get(key)) is None else format(value * factor, form)
            for key, (_, factor, form) in columns.items()
        ]
        table.add_row(escape(engine), *cells)
    return table
