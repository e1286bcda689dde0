"""`ddp-video info`: what a source is, and what would be used on it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from ..settings import FlowSettings, InferSettings
from . import console
from . import options as o

if TYPE_CHECKING:
    from ..types import VideoInfo


def info(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="INPUT", help="A video, a picture or a folder of pictures.", show_default=False
        ),
    ],
    flow: o.FlowOption = o.FLOW.engine,
    flow_weights: o.FlowWeights = None,
    weights: o.Weights = None,
    device: o.DeviceOption = o.INFER.device,
) -> None:
    """Show what a source is, and the device, weights and flow that would be used.

    Downloads nothing.

    Example:
      ddp-video info clip.mp4
    """
    from ..decode import probe
    from ..flow import make_flow, missing_weights
    from ..infer import network_size
    from ..network.device import choose_device, choose_precision
    from ..weights import resolve, verify

    video, infer = probe(source), InferSettings()
    rows = _about(video)
    where = choose_device(device)
    rows["device"] = str(where)
    rows["precision"] = str(choose_precision(where, infer.precision)).removeprefix("torch.")
    height, width = network_size((video.height, video.width), infer)
    rows["network sees"] = f"{width}×{height}"
    chosen = resolve(weights)
    verify(chosen)
    rows["weights"] = f"{chosen.name} ({chosen.path})"
    settings = FlowSettings(engine=flow, weights=flow_weights)
    missing = missing_weights(settings, where)
    rows["flow"] = (
        f"{missing}, whose weights `ddp-video run` would download"
        if missing
        else make_flow(settings, where)[1]
    )
    table = Table(show_header=False)
    for name, value in rows.items():
        table.add_row(name, escape(value))
    console.out.print(table)


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
