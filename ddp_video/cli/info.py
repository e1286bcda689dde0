"""`ddp-video info`: what a source is, and what would be used on it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from ..errors import PredictionsError
from ..settings import FlowSettings, InferSettings
from . import console
from . import options as o

if TYPE_CHECKING:
    from ..types import VideoInfo


def info(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="INPUT",
            help="A video, a picture, a folder of pictures, or stored predictions (.ddp).",
            show_default=False,
        ),
    ],
    flow: o.FlowOption = o.FLOW.engine,
    flow_weights: o.FlowWeights = None,
    weights: o.Weights = None,
    device: o.DeviceOption = o.INFER.device,
) -> None:
    """Show what a source is, and the device, weights and flow that would be used.

    Of stored predictions it shows what they are of and how they were made, and
    checks that every chunk is whole. Downloads nothing.

    Examples:
      ddp-video info clip.mp4
      ddp-video info clip.ddp
    """
    from ..store import is_store

    if is_store(source):
        _show_store(source)
        return
    from ..decode import probe
    from ..flow import make_flow, missing_weights
    from ..nearness import network_size
    from ..network.device import choose_device, choose_precision
    from ..weights import read_architecture, resolve, verify

    video, infer = probe(source), InferSettings()
    rows = _about(video)
    where = choose_device(device)
    rows["device"] = str(where)
    rows["precision"] = str(choose_precision(where, infer.precision)).removeprefix("torch.")
    height, width = network_size((video.height, video.width), infer)
    rows["network sees"] = f"{width}×{height}, larger where everybody is far"
    chosen = resolve(weights)
    verify(chosen)
    rows["weights"] = f"{chosen.name}, {read_architecture(chosen.path).backbone} ({chosen.path})"
    settings = FlowSettings(engine=flow, weights=flow_weights)
    missing = missing_weights(settings, where)
    rows["flow"] = (
        f"{missing}, whose weights `ddp-video run` would download"
        if missing
        else make_flow(settings, where)[1]
    )
    _show(rows)


def _show(rows: dict[str, str]) -> None:
    table = Table(show_header=False)
    for name, value in rows.items():
        table.add_row(name, escape(value))
    console.out.print(table)


def _show_store(path: Path) -> None:
    """What a store holds; ends with an error where a chunk is damaged."""
    from ..store import open_predictions
    from .batch import store_size

    stored = open_predictions(path)
    source, made = stored.header["source"], stored.header["made"]
    smoothing = made["smoothing"]
    height, width = stored.size
    _show(
        {
            "predictions of": source["path"],
            "format": f"version {stored.header['version']}",
            "holds": store_size(stored),
            "from, to": f"{stored.span[0]:.3f} s, {stored.span[1]:.3f} s",
            "size": f"{width}×{height}, logits {stored.grid[1]}×{stored.grid[0]}",
            "people": f"up to {stored.people.max()} in a frame",
            "weights": (made["weights"] or {"name": "unknown"})["name"],
            "inference": ", ".join(made["inference"].values()),
            "smoothed": f"r = {smoothing['radius']}, {smoothing['flow']}" if smoothing else "no",
            "audio": ", ".join(source["audio"]) or "none",
        }
    )
    if damaged := stored.damaged():
        raise PredictionsError(
            f"{path}: damaged or missing: {', '.join(damaged)}; give the command that made the "
            "store again, only these are made anew"
        )
    console.out.print("every chunk is whole")


def _about(video: "VideoInfo") -> dict[str, str]:
    unknown = "unknown"
    rows = {
        "source": str(video.path),
        "container": video.container,
        "video": f"{video.codec}, {video.pixel_format}",
        "size": f"{video.width}×{video.height} as displayed",
    }
    if not video.is_picture:
        rate, duration = video.rate, video.duration
        rows |= {
            "rotation": f"{video.rotation}° clockwise, applied" if video.rotation else "none",
            "rate": f"{float(rate):.3f} frames/s ({rate})" if rate else unknown,
            "frames": f"{video.frames}" if video.frames else unknown,
            "length": f"{float(duration):.2f} s" if duration else unknown,
            "audio": ", ".join(video.audio) or "none",
            "subtitles": ", ".join(video.subtitles) or "none",
        }
    return rows
