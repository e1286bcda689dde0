"""The one place where the stages meet."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..encode import VideoWriter, write_picture
from ..errors import InputError, VideoError
from ..measure import Steadiness, SteadinessResult
from ..render import draw, labels, number_of_pixel
from ..settings import Background, RenderSettings
from ..smooth import Smoothed, smooth
from ..store import PredictionWriter
from ..types import Frame, Prediction, VideoInfo
from .deliver import OpenReceiver, in_stored_form, opened, passing
from .engines import Engines, suited
from .outputs import Paths, RunSettings, expected_frames, is_lossless, plan
from .overlap import AHEAD, Clock, Progress, ahead, half_of_the_cores
from .people import picked, settled
from .report import RunReport, plain, versions, write_json
from .sources import Input, check_infer, check_radii, open_input
from .stored import facts_of, header_of, predicted


def run(
    source: Path,
    out_dir: Path,
    engines: Engines,
    settings: RunSettings | None = None,
    progress: Progress | None = None,
    *,
    name_radii: bool = False,
    receiver: OpenReceiver | None = None,
    overlap: bool = True,
) -> RunReport:
    """Render a video or a picture and measure how steady the rendering is.

    Writes `<stem>.<view>.mp4` (`.mkv` where it is lossless or transparent, `.png` for a picture)
    and `<stem>.metrics.json` into `out_dir`, which is made where it does not exist; and, where
    they are kept, the predictions as `<stem>.ddp`.

    Args:
        source: a video, a picture, a folder of pictures, a `frame_%05d.png` pattern, or a store.
        out_dir: where the files go.
        engines: from `load_engines`.
        settings: what to draw, smooth and write.
        progress: called after every frame with the frames done and the frames expected, if known.
        name_radii: write `<stem>.smooth-r<radius>.<view>.mp4` instead, as `ddp-video smooth` does;
            several radii are always named so.
        receiver: gets the frames and predictions that are drawn too, those of the first radius.
        overlap: False has one stage wait for the other, with the same result; to measure by.

    Raises:
        InputError: settings that make no sense, or a person whom nobody saw.
        VideoError: the source cannot be read, or has no frames where they are wanted.
        PredictionsError: stored predictions that cannot be used.
        OutputError: a file exists already or cannot be written.
    """
    begun = time.perf_counter()
    given, settings, paths = _prepared(source, out_dir, settings or RunSettings(), name_radii)
    with given.reader as reader, ExitStack() as stack:
        engines, settings = suited(engines, settings, given)
        facts = facts_of(given, engines)
        given, settings = stack.enter_context(
            settled(source, given, engines, settings, paths.predictions, progress)
        )
        work = _Work(reader.info, settings, paths)
        writer = None
        if paths.predictions and not given.stored:
            header = header_of(reader.info, settings, engines)
            writer = stack.enter_context(
                PredictionWriter(paths.predictions, header, settings.overwrite)
            )
        frames = work.clock.watch("decode", reader)
        told = settings.numbers or receiver is not None
        looked = predicted(frames, given, engines, writer, numbers=told)
        inferred = work.clock.watch("infer", looked)
        # left before the reader is closed: its thread has ended by then
        depth = AHEAD if overlap else 0
        coming = stack.enter_context(closing(ahead(inferred, depth)))
        predictions = work.clock.watch("awaited", coming)
        estimator = None if reader.info.is_picture else engines.estimator
        items = map(in_stored_form, smooth(predictions, estimator, work.radii, settings.smoothing))
        items = picked(items, settings.people)
        if receiver:
            receive = stack.enter_context(opened(receiver, source, given))
            items = passing(items, receive, settings.radii[0])
        work.write(work.clock.watch("smooth", items), progress, depth)
        if writer:
            writer.finish(reader.warnings)
        warnings = (*reader.warnings, *work.warnings)
    report = work.report(source, time.perf_counter() - begun, warnings, facts)
    if paths.metrics:
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
) -> tuple[Input, RunSettings, Paths]:
    """The source opened, the settings as they suit it, and where its files go."""
    if not settings.radii:
        raise InputError("no smoothing radius is given: add --radius 2")
    given = open_input(source, settings.start, settings.end)
    settings = replace(settings, start=given.start, end=given.end)
    if given.reader.info.is_picture:
        settings = replace(settings, radii=(0,))
    check_radii(given, settings.radii)
    check_infer(given, settings.infer)
    return given, settings, plan(source, given.reader.info, out_dir, settings, name_radii)


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
        self._measured = settings.measure and not info.is_picture
        self.radii = sorted({0, *settings.radii} if self._measured else settings.radii)
        self._raw = Steadiness()
        self._rendered: dict[int, dict[Background, Steadiness]] = {
            radius: {
                each: Steadiness(over=self._raw if each == "video" else None)
                for each in backgrounds
                if self._measured
            }
            for radius in self.radii
        }

    def write(self, items: Iterator[Smoothed], progress: Progress | None, depth: int) -> None:
        """Consume everything; the files appear under their names only when all went well."""
        expected = expected_frames(self._info, self._settings)
        with ExitStack() as stack:
            writers: dict[int, VideoWriter] = {}
            if not self._info.is_picture:
                writers = {r: stack.enter_context(self._writer(r)) for r in self._settings.radii}
            # entered last, so closed first: the thread has ended when files and reader are closed
            for item in stack.enter_context(closing(ahead(items, depth, half_of_the_cores()))):
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
        measured = self._measured
        settings = plain(asdict(self._settings))
        if "predictions" in engines:  # `inference` tells how those were made
            del settings["infer"]
        return RunReport(
            source=source,
            written=self._paths.written(),
            frames=len(self.people),
            people=tuple(self.people),
            raw=self._raw.result() if measured else None,
            rendered=_results(self._rendered) if measured else {},
            seconds={**self.clock.exclusive(), "total": total},
            warnings=tuple(warnings),
            facts={"versions": versions(), **engines, "settings": settings},
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
        image = item.frame.image
        if self._measured:
            with self.clock.stage("measure"):
                self._raw.add(image)
        pictures = {}
        for radius, meters in self._rendered.items():
            wanted: set[Background] = set(meters)
            if radius in self._settings.radii:
                wanted.add(self._settings.render.background)
            prediction = item.unsmoothed if radius == 0 else item.smoothed[radius]
            with self.clock.stage("render"):
                drawn = _draw_on(wanted, prediction, image, self._settings.render)
            with self.clock.stage("measure"):
                for background in meters:
                    meters[background].add(drawn[background])
            if radius in self._settings.radii:
                pictures[radius] = drawn[self._settings.render.background]
        return pictures


def _draw_on(
    backgrounds: Iterable[Background],
    prediction: Prediction,
    image: np.ndarray,
    how: RenderSettings,
) -> dict[Background, np.ndarray]:
    """The same labels on several backgrounds."""
    iuv = labels(prediction, (image.shape[0], image.shape[1]))
    number = number_of_pixel(prediction, iuv.part) if how.view == "instances" else None
    return {each: draw(iuv, image, replace(how, background=each), number) for each in backgrounds}


def _results(
    meters: Mapping[int, Mapping[Background, Steadiness]],
) -> dict[int, dict[Background, SteadinessResult]]:
    return {
        radius: {background: meter.result() for background, meter in by.items()}
        for radius, by in meters.items()
    }
