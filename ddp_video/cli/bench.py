"""`ddp-video bench`: how fast it is on this machine, and against what."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from ..atomic import beside
from . import console
from . import options as o


def bench(
    clip: Annotated[
        Path, typer.Argument(metavar="CLIP", help="A video with people.", show_default=False)
    ],
    frames: Annotated[int, typer.Option(metavar="N", help="Frames of it that are used.")] = 24,
    rounds: Annotated[
        int, typer.Option(metavar="N", help="Times that everything is repeated, in turn.")
    ] = 3,
    raft: Annotated[
        bool, typer.Option(help="Measure RAFT too (random weights: its time needs none).")
    ] = True,
    flow: o.FlowOption = "dis",
    weights: o.Weights = None,
    device: o.DeviceOption = o.INFER.device,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE.json", help="Write the figures as JSON."),
    ] = None,
    overwrite: o.Overwrite = False,
    quiet: o.Quiet = False,
) -> None:
    """Measure speed on this machine, all in one run and in turn.

    Time by stage and peak memory; against the plain way (network as trained,
    dense head, flow pair by pair), network and flow alone and the whole job
    from video to video, nothing overlapped; by number of people (the paper's
    Fig. 4), by coverage, by size; and how near the network comes to the
    machine's own rate.

    Examples:
      ddp-video bench clip.mp4
      ddp-video bench clip.mp4 --frames 60 -o speed.json
    """
    from ..bench import BenchSettings
    from ..bench import bench as measured
    from ..errors import InputError, OutputError

    if frames < 8 or rounds < 1:
        raise InputError("give 8 --frames or more, and one of --rounds or more")
    if output and output.exists() and not overwrite:
        raise OutputError(f"{output}: exists: add --overwrite, or choose another name with -o")
    settings = BenchSettings(
        o.run_settings(radii=(o.SMOOTH.radius,), flow=flow, device=device),
        weights,
        frames,
        rounds,
        raft,
    )
    with console.err.status("starting") as status:
        found = measured(clip, settings, lambda name: status.update(f"measuring: {name}"))
    if output:
        with beside(output) as part:
            part.write_text(json.dumps(found, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    if not quiet:
        for name, section in found.items():
            console.out.print(_table(name, _stages_below(section) if name == "stages" else section))


def _stages_below(runs: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
    """A row for each stage and a column for each run: there are many stages."""
    rows = dict.fromkeys(row for run in runs.values() for row in run)
    return {row: {name: run[row] for name, run in runs.items() if row in run} for row in rows}


def _table(name: str, section: dict[str, Any]) -> Table:
    """One section: a row for each number, or for each scene or run with a column for each."""
    table = Table(title=name, title_justify="left")
    rows = {key: row for key, row in section.items() if isinstance(row, dict)}
    columns = list(dict.fromkeys(key for row in rows.values() for key in row))
    wide = len(rows) > 1
    for column in ("", *(columns if wide else [""])):
        table.add_column(column, justify="right" if column or not wide else "left")
    for key, value in section.items():
        cells = [value.get(c) for c in columns] if isinstance(value, dict) else [value]
        table.add_row(key, *map(_text, cells))
    return table


def _text(value: Any) -> str:  # noqa: ANN401 (numbers, names, or nothing)
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
    return "" if value is None else str(value)
