"""What a run is told and where its files go."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from ..decode import pattern_stem
from ..encode import check_output
from ..errors import OutputError
from ..settings import (
    EncodeSettings,
    FlowSettings,
    InferSettings,
    People,
    RenderSettings,
    SmoothSettings,
)
from ..store import SUFFIX, is_store
from ..types import VideoInfo


@dataclass(frozen=True)
class RunSettings:
    """Everything that decides what a run gives.

    Attributes:
        radii: the smoothing radii to write; one inference serves them all.
        start: seconds from the source's beginning; None: its first frame.
        end: seconds, exclusive; None: its last frame.
        smoothing: how neighbours are averaged; `radii` stand in for its radius.
        infer: how the network looks at a frame.
        flow: which optical flow joins the frames.
        render: what is drawn.
        encode: how the video is written.
        overwrite: replace files that exist.
        keep: store the predictions too, as `<stem>.ddp`.
        measure: measure how steady the rendering is, and write it down.
        people: who is drawn and handed on; the others are background.
    """

    radii: tuple[int, ...] = (SmoothSettings.radius,)
    start: Fraction | None = None
    end: Fraction | None = None
    smoothing: SmoothSettings = field(default_factory=SmoothSettings)
    infer: InferSettings = field(default_factory=InferSettings)
    flow: FlowSettings = field(default_factory=FlowSettings)
    render: RenderSettings = field(default_factory=RenderSettings)
    encode: EncodeSettings = field(default_factory=EncodeSettings)
    overwrite: bool = False
    keep: bool = False
    measure: bool = True
    people: People = "all"

    @property
    def numbers(self) -> bool:
        """Whether it matters who is who."""
        return self.people != "all" or self.render.view == "instances"


@dataclass(frozen=True)
class Paths:
    """The files of one run.

    Attributes:
        renderings: radius → the video or picture.
        predictions: the store, where one is kept.
        metrics: the JSON, where steadiness is measured.
    """

    renderings: Mapping[int, Path]
    predictions: Path | None
    metrics: Path | None

    def written(self) -> tuple[Path, ...]:
        """All of them, the metrics last."""
        further = (self.predictions, self.metrics)
        return (*self.renderings.values(), *(path for path in further if path))


def plan(
    source: Path, info: VideoInfo, out_dir: Path, settings: RunSettings, name_radii: bool = False
) -> Paths:
    """Name the files of a run, and make sure that they can be written.

    Args:
        source: what the user named: the files are named after it.
        info: the video or picture that it is, or that it was inferred from.
        out_dir: where the files go; made where it does not exist.
        settings: what is drawn, how it is written, and the radii.
        name_radii: give the radius in the names; several radii always do.

    Raises:
        OutputError: the folder cannot be made, a file exists, or a file would replace its source.
    """
    stem = output_stem(source)
    name_radii = name_radii or len(settings.radii) > 1
    lossless = is_lossless(settings)
    suffix = "png" if info.is_picture else ("mkv" if lossless else "mp4")
    ending = f"{settings.render.view}.{suffix}"
    renderings = {
        radius: out_dir
        / (f"{stem}.smooth-r{radius}.{ending}" if name_radii else f"{stem}.{ending}")
        for radius in settings.radii
    }
    metrics = out_dir / (f"{stem}.smooth.metrics.json" if name_radii else f"{stem}.metrics.json")
    keep = settings.keep and not is_store(source)
    paths = Paths(
        renderings,
        out_dir / f"{stem}{SUFFIX}" if keep else None,
        metrics if settings.measure else None,
    )
    try:
        out_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"{out_dir} cannot be made a folder ({error.strerror}): choose another with -o"
        ) from error
    for path in paths.written():
        if path != paths.predictions:  # a store that exists may go on
            check_output(path, [info.path], settings.overwrite)
    return paths


def output_stem(source: Path) -> str:
    """What the outputs of a source are named after: `clip.mp4` → clip, `shots/` → shots."""
    before = pattern_stem(source)
    if before is not None:  # frame_%05d.png → frame
        return before.rstrip("_-. ") or source.resolve().parent.name
    if source.is_dir() and not is_store(source):
        return source.resolve().name or "pictures"
    return source.stem


def is_lossless(settings: RunSettings) -> bool:
    """Labels must not pass through 4:2:0, and H.264 has no alpha."""
    return (
        settings.encode.codec == "ffv1"
        or settings.render.view == "iuv"
        or settings.render.background == "transparent"
    )


def expected_frames(info: VideoInfo, settings: RunSettings) -> int | None:
    """How many frames will come, for a progress bar; None where nobody knows."""
    if settings.start is None and settings.end is None:
        return info.frames
    if info.rate is None or info.duration is None:
        return None
    end = info.duration if settings.end is None else min(settings.end, info.duration)
    return max(0, round((end - (settings.start or 0)) * info.rate))
