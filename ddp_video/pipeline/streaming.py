"""The one place where the stages meet."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from ..decode import FrameReader
from ..encode import VideoWriter, write_picture
from ..errors import InputError, VideoError
from ..flow import make_flow
from ..infer import Predictor
from ..measure import Steadiness, SteadinessResult
from ..render import draw, labels
from ..settings import Background, RenderSettings
from ..smooth import Smoothed, smooth
from ..types import FlowEstimator, Frame, Prediction, VideoInfo
from ..weights import load_network, resolve, sha256_of
from .outputs import Paths, RunSettings, is_lossless, plan
from .overlap import Clock, ahead
from .report import RunReport, plain, versions, write_json

Progress = Callable[[int, int | None], None]

AHEAD = 2  # frames that inference may run ahead of encoding


class PredictionSource(Protocol):
    """Gives every frame its prediction: the network now, or predictions that were stored."""

    @property
    def description(self) -> Mapping[str, Any]:
        """What computes, for the record: device, precision."""
        ...

    def __call__(self, frames: Iterable[Frame]) -> Iterator[tuple[Frame, Prediction]]:
        """The same frames in the same order, each with its prediction."""
        ...


@dataclass(frozen=True)
class Engines:
    """What is loaded once and then serves every input.

    Attributes:
        predictor: gives predictions.
        estimator: gives flows; None where every radius is 0.
        facts: what they are, for the record: weights and sha256, device, flow.
    """

    predictor: PredictionSource
    estimator: FlowEstimator | None
    facts: Mapping[str, Any]


def load_engines(weights: str | Path | None, settings: RunSettings) -> Engines:
    """Load the network and the flow engine that the settings ask for.

    Args:
        weights: a name of the manifest, a file, or None for the default.
        settings: devices, thresholds, flow.

    Raises:
        WeightsError: weights of the network or of the flow that cannot be used.
        InputError: a device that this machine does not have.
    """
    chosen = resolve(weights)
    predictor = Predictor(load_network(chosen), settings.infer)
    estimator, note = None, "not needed for radius 0"
    if max(settings.radii, default=0) > 0:
        estimator, note = make_flow(settings.flow, predictor.device)
    facts = {
        "weights": {"name": chosen.name, "sha256": sha256_of(chosen.path)},
        "inference": dict(predictor.description),
        "flow": note,
    }
    return Engines(predictor, estimator, facts)


def run(
    source: Path,
    out_dir: Path,
    engines: Engines,
    settings: RunSettings | None = None,
    progress: Progress | None = None,
    *,
    name_radii: bool = False,
) -> RunReport:
    """Render a video or a picture and measure how steady the rendering is.

    Writes `<stem>.<view>.mp4` (`.mkv` where it is lossless or transparent, `.png` for a picture)
    and `<stem>.metrics.json` into `out_dir`, which is made where it does not exist.

    Args:
        source: a video, a picture, a folder of pictures or a `frame_%05d.png` pattern.
        out_dir: where the files go.
        engines: from `load_engines`.
        settings: what to draw, smooth and write.
        progress: called after every frame with the frames done and the frames expected, if known.
        name_radii: write `<stem>.smooth-r<radius>.<view>.mp4` instead, as `ddp-video smooth` does;
            several radii are always named so.

    Raises:
        InputError: settings that make no sense.
        VideoError: the source cannot be read, or has no frames where they are wanted.
        OutputError: a file exists already or cannot be written.
    """
    begun = time.perf_counter()
    reader, settings, paths = _prepared(source, out_dir, settings or RunSettings(), name_radii)
    with reader:
        work = _Work(reader.info, settings, paths)
        frames = work.clock.watch("decode", reader)
        predictions = work.clock.watch("infer", engines.predictor(frames))
        estimator = None if reader.info.is_picture else engines.estimator
        radii = sorted({0, *settings.radii})
        items = work.clock.watch("smooth", smooth(predictions, estimator, radii))
        work.write(items, progress)
        warnings = (*reader.warnings, *work.warnings)
    report = work.report(source, time.perf_counter() - begun, warnings, engines.facts)
    write_json(report.as_json(), paths.metrics)
    return report


def check(
    source: Path, out_dir: Path, settings: RunSettings | None = None, *, name_radii: bool = False
) -> None:
    """Find what would make `run` fail, before anything is loaded; decodes one frame at most.

    Raises:
        InputError: settings that make no sense, or there is no such source.
        VideoError: the source cannot be read.
        OutputError: a file exists already, or the folder cannot be made.
    """
    _prepared(source, out_dir, settings or RunSettings(), name_radii)


def _prepared(
    source: Path, out_dir: Path, settings: RunSettings, name_radii: bool
) -> tuple[FrameReader, RunSettings, Paths]:
    """The source opened, the settings as they suit it, and where its files go."""
    if not settings.radii:
        raise InputError("no smoothing radius is given: add --radius 2")
    reader = FrameReader(source, settings.start, settings.end)
    if reader.info.is_picture:
        settings = replace(settings, radii=(0,))
    return reader, settings, plan(reader.info, out_dir, settings, name_radii)


class _Work:
    """The consuming end of a run: renders, measures and writes frame by frame."""

    def __init__(self, info: VideoInfo, settings: RunSettings, paths: Paths) -> None:
        self.clock = Clock()
        self.people: list[int] = []
        self.warnings: list[str] = []
        self._info, self._settings, self._paths = info, settings, paths
        # These two views show no video, so that there is one rendering to measure and not two.
        alone = settings.render.view in ("iuv", "mask")
        backgrounds: tuple[Background, ...] = ("black",) if alone else ("video", "black")
        self._raw = Steadiness()
        self._rendered: dict[int, dict[Background, Steadiness]] = {
            radius: {background: Steadiness() for background in backgrounds}
            for radius in sorted({0, *settings.radii})
        }

    def write(self, items: Iterator[Smoothed], progress: Progress | None) -> None:
        """Consume everything; the files appear under their names only when all went well."""
        expected = _expected_frames(self._info, self._settings)
        with ExitStack() as stack:
            writers: dict[int, VideoWriter] = {}
            if not self._info.is_picture:
                writers = {r: stack.enter_context(self._writer(r)) for r in self._settings.radii}
            # entered last, so closed first: the thread has ended when files and reader are closed
            for item in stack.enter_context(closing(ahead(items, AHEAD))):
                for radius, picture in self._pictures(item).items():
                    with self.clock.stage("encode"):
                        self._put(writers.get(radius), radius, picture, item.frame)
                self.people.append(len(item.unsmoothed.people))
                if progress:
                    progress(len(self.people), expected)
            if not self.people:
                raise VideoError(
                    f"{self._info.path} has no frames there: choose another --start and --end"
                )
        for writer in writers.values():
            self.warnings.extend(writer.warnings)

    def report(
        self, source: Path, total: float, warnings: Sequence[str], engines: Mapping[str, Any]
    ) -> RunReport:
        """What was written and measured."""
        still = self._info.is_picture
        return RunReport(
            source=source,
            written=(*self._paths.renderings.values(), self._paths.metrics),
            frames=len(self.people),
            people=tuple(self.people),
            raw=None if still else self._raw.result(),
            rendered={} if still else _results(self._rendered),
            seconds={**self.clock.exclusive(), "total": total},
            warnings=tuple(warnings),
            facts={"versions": versions(), **engines, "settings": plain(asdict(self._settings))},
        )

    def _writer(self, radius: int) -> VideoWriter:
        settings = self._settings
        encode = (
            replace(settings.encode, codec="ffv1") if is_lossless(settings) else settings.encode
        )
        return VideoWriter(
            self._paths.renderings[radius],
            self._info,
            (self._info.height, self._info.width),
            encode,
            copy_from=self._info.path,
            start=settings.start,
            end=settings.end,
            overwrite=settings.overwrite,
        )

    def _put(
        self, writer: VideoWriter | None, radius: int, picture: np.ndarray, frame: Frame
    ) -> None:
        if writer is None:
            path = self._paths.renderings[radius]
            overwrite = self._settings.overwrite
            write_picture(path, picture, overwrite, source=self._info.path)
        else:
            writer.write(picture, frame.pts, frame.time_base, frame.duration)

    def _pictures(self, item: Smoothed) -> dict[int, np.ndarray]:
        """Render and measure one frame; radius → the picture to write."""
        image, still = item.frame.image, self._info.is_picture
        if not still:
            with self.clock.stage("measure"):
                self._raw.add(image)
        pictures = {}
        for radius, meters in self._rendered.items():
            wanted: set[Background] = set() if still else set(meters)
            if radius in self._settings.radii:
                wanted.add(self._settings.render.background)
            prediction = item.unsmoothed if radius == 0 else item.smoothed[radius]
            with self.clock.stage("render"):
                drawn = _draw_on(wanted, prediction, image, self._settings.render)
            with self.clock.stage("measure"):
                for background in () if still else meters:
                    meters[background].add(drawn[background])
            if radius in self._settings.radii:
                pictures[radius] = drawn[self._settings.render.background]
        return pictures


def measure_video(
    source: Path, progress: Progress | None = None
) -> tuple[SteadinessResult, tuple[str, ...]]:
    """ITF and ISI of any video, over the whole frame.

    Returns:
        The measurement, and one line for each thing that was wrong with the file.

    Raises:
        InputError: the source is one picture.
        VideoError: it cannot be read.
    """
    with FrameReader(source) as reader:
        if reader.info.is_picture:
            raise InputError(f"{source} is one picture: steadiness needs a video")
        meter = Steadiness()
        for frame in reader:
            meter.add(frame.image)
            if progress:
                progress(frame.index + 1, reader.info.frames)
        return meter.result(), tuple(reader.warnings)


def _draw_on(
    backgrounds: Iterable[Background],
    prediction: Prediction,
    image: np.ndarray,
    how: RenderSettings,
) -> dict[Background, np.ndarray]:
    """The same labels on several backgrounds."""
    iuv = labels(prediction, (image.shape[0], image.shape[1]))
    return {each: draw(iuv, image, replace(how, background=each)) for each in backgrounds}


def _expected_frames(info: VideoInfo, settings: RunSettings) -> int | None:
    """How many frames will come, for a progress bar; None where nobody knows."""
    if settings.start is None and settings.end is None:
        return info.frames
    if info.rate is None or info.duration is None:
        return None
    end = info.duration if settings.end is None else min(settings.end, info.duration)
    return max(0, round((end - (settings.start or 0)) * info.rate))


def _results(
    meters: Mapping[int, Mapping[Background, Steadiness]],
) -> dict[int, dict[Background, SteadinessResult]]:
    return {
        radius: {background: meter.result() for background, meter in by.items()}
        for radius, by in meters.items()
    }
