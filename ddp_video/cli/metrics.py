"""`ddp-video metrics`: how steady a video is."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from . import console
from . import options as o

if TYPE_CHECKING:
    from ..measure import SteadinessResult

    Results = list[tuple[Path, SteadinessResult]]


def metrics(
    video: Annotated[Path, typer.Argument(metavar="A", help="A video.", show_default=False)],
    other: Annotated[
        Path | None,
        typer.Argument(metavar="B", help="A second one, to compare.", show_default=False),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")] = False,
    quiet: o.Quiet = False,
) -> None:
    """Measure steadiness: ITF (mean PSNR of consecutive frames) and ISI (mean SSIM).

    8-bit grey, whole frame; identical pairs of frames are left out and counted.
    With B, the gain is B minus A. Both measures also reward blur: read them
    beside an accuracy.

    Examples:
      ddp-video metrics clip.mp4
      ddp-video metrics before.mp4 after.mp4 --json
    """
    from ..pipeline import measure_video

    results: Results = []
    for path in (video, other) if other else (video,):
        with console.progress_bar(path.name, quiet or as_json) as progress:
            result, warnings = measure_video(path, progress)
        results.append((path, result))
        for warning in warnings:
            console.warn(warning)
    if as_json:
        console.out.out(json.dumps(_content(results), indent=2, allow_nan=False))
    elif not quiet:
        console.out.print(_table(results))


def _gain(results: "Results") -> tuple[float | None, float | None] | None:
    if len(results) < 2:
        return None
    (_, before), (_, after) = results
    return _difference(after.itf_db, before.itf_db), _difference(after.isi, before.isi)


def _difference(after: float | None, before: float | None) -> float | None:
    return None if after is None or before is None else after - before


def _content(results: "Results") -> dict[str, Any]:
    videos: list[Any] = [{"source": str(path), **asdict(result)} for path, result in results]
    gain = _gain(results)
    return {"videos": videos} | ({"gain": {"itf_db": gain[0], "isi": gain[1]}} if gain else {})


def _table(results: "Results") -> Table:
    table = Table(caption="whole frame; ITF in dB, ISI 0..1, higher is steadier")
    table.add_column("video")
    for column in ("ITF", "ISI", "pairs", "identical"):
        table.add_column(column, justify="right")
    for path, result in results:
        cells = (_text(result.itf_db, ".2f"), _text(result.isi, ".4f"))
        table.add_row(escape(path.name), *cells, str(result.pairs), str(result.n_identical))
    gain = _gain(results)
    if gain:
        table.add_section()
        table.add_row("gain", _text(gain[0], "+.2f"), _text(gain[1], "+.4f"), "", "")
    return table


def _text(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form)
