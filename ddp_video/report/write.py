"""From frames with two predictions each to the HTML file."""

import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from .. import __version__
from ..atomic import beside
from ..encode import check_output
from ..encode.target import explained
from ..errors import InputError, OutputError
from ..render import draw, labels
from ..settings import RenderSettings, ReportSettings
from ..types import Frame, Prediction, VideoInfo
from .facts import Made, left_out, settings_table
from .film import MARGIN, Film
from .measured import Series
from .page import assemble
from .study import study_clips

Progress = Callable[[int, int | None], None]
_VIEWS = ("contour", "parts", "mask")


@dataclass(frozen=True)
class Subject:
    """What a report is about.

    Attributes:
        info: the video.
        names: of the two sides.
        made: how each side's predictions were made, as a store's header tells it.
        span: which part of the video, in words.
        unmatched: frames that only one side has, and which are not shown.
        warnings: what was wrong with the source; may grow while frames are read.
    """

    info: VideoInfo
    names: tuple[str, str]
    made: tuple[Made, Made]
    span: str = "all of it"
    unmatched: int = 0
    warnings: Sequence[str] = ()


@dataclass(frozen=True)
class ReportFile:
    """What was written.

    Attributes:
        path: the file.
        frames: how many it shows.
        bytes: of the file.
        totals: of each side: `itf_db`, `isi`, `flips`, `identical`, `empty`.
        clips: of the study.
    """

    path: Path
    frames: int
    bytes: int
    totals: tuple[Mapping[str, Any], Mapping[str, Any]]
    clips: int


def check_report(
    path: Path, info: VideoInfo, render: RenderSettings, overwrite: bool = False
) -> None:
    """Find what would make a report fail, before any work is done for it.

    Raises:
        InputError: a view or background that cannot be shown as video.
        OutputError: a name that is no HTML file's, or a file that exists.
    """
    if render.view not in _VIEWS or render.background == "transparent":
        raise InputError(
            f"a report shows --view {', '.join(_VIEWS)} on --background video or black, "
            f"not {render.view} on {render.background}"
        )
    if path.suffix.lower() not in (".html", ".htm"):
        raise OutputError(f"-o {path}: a report is one HTML file, for example -o report.html")
    check_output(path, [info.path], overwrite)


def write_report(
    path: Path,
    subject: Subject,
    frames: Iterable[tuple[Frame, Prediction, Prediction]],
    settings: ReportSettings,
    render: RenderSettings,
    progress: Progress | None = None,
    *,
    overwrite: bool = False,
) -> ReportFile:
    """Draw, measure and encode all frames, and write the page.

    Args:
        path: the HTML file.
        subject: what it is about.
        frames: each with its two predictions, in order of time; people are numbered.
        settings: size of the film, clips of the study.
        render: what is drawn.
        progress: called after every frame.
        overwrite: replace an existing file.

    Raises:
        InputError: no frames, or a view that cannot be shown.
        OutputError: the file exists, or cannot be written.
    """
    check_report(path, subject.info, render, overwrite)
    with explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    with beside(path) as part, tempfile.TemporaryDirectory(prefix="ddp-video-") as folder:
        with explained(path):
            part.touch()  # a folder that cannot be written to shows before the work
        film = Film(Path(folder) / "film.mp4", subject.info, settings.max_side, settings.crf)
        watched = _watch(film, subject, frames, render, progress)
        content = _content(subject, watched, film, settings, render)
        page = assemble(content, film.path.read_bytes())
        with explained(path):  # names of files need not be Unicode
            part.write_text(page, encoding="utf-8", errors="replace")
        size = part.stat().st_size
    before, after = (each.totals() for each in watched.series)
    return ReportFile(path, len(watched.times), size, (before, after), len(content["clips"]))


@dataclass(frozen=True)
class _Watched:
    """What came of the frames: the series of both sides, the seconds of each frame and the end."""

    series: tuple[Series, Series]
    times: list[float]
    end: float


def _watch(
    film: Film,
    subject: Subject,
    frames: Iterable[tuple[Frame, Prediction, Prediction]],
    render: RenderSettings,
    progress: Progress | None,
) -> _Watched:
    """Draw, measure and encode."""
    series = Series(), Series()
    shown: list[Frame] = []
    times: list[float] = []
    with film:
        for frame, *predictions in frames:
            pictures = [
                _drawn(each, prediction, frame.image, render)
                for each, prediction in zip(series, predictions, strict=True)
            ]
            film.add(frame, *pictures)
            shown = [*shown[:1], frame]
            times.append(float((frame.pts - shown[0].pts) * frame.time_base))
            if progress:
                progress(len(times), subject.info.frames)
        if not times:
            raise InputError(f"{subject.info.path} has no frames there: choose another --start")
    return _Watched(series, times, _end(shown[-1], times))


def _end(last: Frame, times: Sequence[float]) -> float:
    """When the last frame ends: by its own duration, else by the usual one."""
    if last.duration:
        return times[-1] + float(last.duration * last.time_base)
    return times[-1] + (float(np.median(np.diff(times))) if len(times) > 1 else 0.04)


def _drawn(
    series: Series, prediction: Prediction, image: np.ndarray, render: RenderSettings
) -> np.ndarray:
    """One side's picture; measured on black, shown as asked for."""
    iuv = labels(prediction, (image.shape[0], image.shape[1]))
    on_black = draw(iuv, None, replace(render, background="black"))
    series.add(on_black, iuv.part, prediction)
    return on_black if render.background == "black" else draw(iuv, image, render)


def _content(
    subject: Subject,
    watched: _Watched,
    film: Film,
    settings: ReportSettings,
    render: RenderSettings,
) -> dict[str, Any]:
    """What the page's scripts read."""
    seen = [max(pair) for pair in zip(*(each.people for each in watched.series), strict=True)]
    times = [round(each, 6) for each in (*watched.times, watched.end)]
    return {
        "title": f"{subject.info.path.name}: {subject.names[0]} and {subject.names[1]}",
        "version": __version__,
        "source": subject.info.path.name,
        "names": list(subject.names),
        "drawn": {"view": render.view, "background": render.background},
        "film": {
            "height": film.size[0],
            "width": film.size[1],
            "stride": film.stride,
            "margin": MARGIN,
            "crf": settings.crf,
            "bytes": film.path.stat().st_size,
            "original": [subject.info.height, subject.info.width],
        },
        "span": subject.span,
        "times": times,  # of each frame, and of the end
        "series": [each.as_json() for each in watched.series],
        "settings": settings_table(subject.names, subject.made),
        "left_out": left_out(subject.names, watched.series, subject.unmatched, subject.warnings),
        "clips": study_clips(times, seen, settings.clips),
        "seed": settings.seed,
    }
