"""`ddp-video metrics`: how steady a video is, or stored predictions."""

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

    Results = list[tuple[Path, SteadinessResult, dict[str, float]]]


def metrics(
    video: Annotated[
        Path,
        typer.Argument(metavar="A", help="A video, or stored predictions.", show_default=False),
    ],
    other: Annotated[
        Path | None,
        typer.Argument(metavar="B", help="A second one, to compare.", show_default=False),
    ] = None,
    person: o.Person = None,
    largest: o.Largest = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")] = False,
    quiet: o.Quiet = False,
) -> None:
    """Measure steadiness: ITF (mean PSNR of consecutive frames) and ISI (mean SSIM).

    8-bit grey, whole frame; identical pairs of frames are left out and counted.
    With B, the gain is B minus A. Both measures also reward blur. Of stored
    predictions (.ddp) it also measures what does not: how parts, U and V change
    along the motion; and where the truth of a rendered clip lies beside it, the
    errors. --json gives every figure with its definition. With --person or
    --largest it measures the labels of these people, without the truth.

    Examples:
      ddp-video metrics clip.mp4
      ddp-video metrics clip.ddp steady.ddp --json
    """
    from .measuring import measure

    people = o.whom(person, largest)
    results: Results = []
    for path in (video, other) if other else (video,):
        with console.progress_bar(path.name, quiet or as_json) as progress:
            result, further, warnings = measure(path, progress, people)
        results.append((path, result, further))
        for warning in warnings:
            console.warn(warning)
    if as_json:
        console.out.out(json.dumps(_content(results), indent=2, allow_nan=False))
    elif not quiet:
        console.out.print(_table(results))
        if any(further for _, _, further in results):
            console.out.print(_along_flow(results))


def _figures(result: "SteadinessResult", further: dict[str, float]) -> dict[str, float | None]:
    """Everything that is compared."""
    return {"itf_db": result.itf_db, "isi": result.isi, **further}


def _gain(results: "Results") -> dict[str, float | None]:
    """B minus A; empty without B."""
    if len(results) < 2:
        return {}
    before, after = (_figures(*each[1:]) for each in results)
    return {name: _difference(after[name], before[name]) for name in before if name in after}


def _difference(after: float | None, before: float | None) -> float | None:
    return None if after is None or before is None else after - before


def _content(results: "Results") -> dict[str, Any]:
    from ..evaluation.steady import DEFINITIONS as ALONG_FLOW
    from ..measure import DEFINITIONS

    videos: list[Any] = [{"source": str(p), **asdict(r), **further} for p, r, further in results]
    gain = _gain(results)
    definitions = {k: v for k, v in (DEFINITIONS | ALONG_FLOW).items() if k in videos[0]}
    return {"videos": videos} | ({"gain": gain} if gain else {}) | {"definitions": definitions}


def _table(results: "Results") -> Table:
    table = Table(caption="whole frame; ITF in dB, ISI 0..1, higher is steadier")
    table.add_column("video")
    for column in ("ITF", "ISI", "pairs", "identical"):
        table.add_column(column, justify="right")
    for path, result, _ in results:
        cells = (_text(result.itf_db, ".2f"), _text(result.isi, ".4f"))
        table.add_row(escape(path.name), *cells, str(result.pairs), str(result.n_identical))
    gain = _gain(results)
    if gain:
        table.add_section()
        table.add_row("gain", _text(gain["itf_db"], "+.2f"), _text(gain["isi"], "+.4f"), "", "")
    return table


def _along_flow(results: "Results") -> Table:
    """What is measured along the motion and against the truth, a row a figure."""
    from ..evaluation.steady import DEFINITIONS

    table = Table(caption="lower is better, but for iou; --json says what each figure is")
    table.add_column("figure")
    for path, _, _ in results:
        table.add_column(escape(path.name), justify="right")
    for name in DEFINITIONS:
        if any(name in further for _, _, further in results):
            table.add_row(name, *(_text(further.get(name), ".4f") for _, _, further in results))
    return table


def _text(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form)
