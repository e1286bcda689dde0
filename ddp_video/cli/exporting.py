"""Joins exports and pipeline, which do not know one another: for `export` and `run --export`."""

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

from ..errors import InputError
from ..exports import Export, Target, check_target, open_export, output_path
from ..pipeline import RunSettings, open_input, output_stem
from ..settings import Preset
from ..types import VideoInfo
from . import console


class Exports:
    """One preset for every source; what the pipeline hands its frames to.

    Attributes:
        written: the output by source.
    """

    def __init__(
        self,
        preset: Preset,
        out_dir: Path,
        overwrite: bool,
        texture: Path | None = None,
        pickle: bool = False,
    ) -> None:
        """Say what is to be written, and where.

        Raises:
            InputError: an option that the preset does not know.
        """
        if texture and preset != "retexture":
            raise InputError("--texture goes with --to retexture only")
        if pickle and preset != "detectron2":
            raise InputError("--pickle goes with --to detectron2 only")
        self.written: dict[Path, Path] = {}
        self._preset: Preset = preset
        self._out_dir, self._overwrite = out_dir, overwrite
        self._texture, self._pickle = texture, pickle

    def check(self, source: Path, settings: RunSettings) -> None:
        """Find what would make an export fail, before anything is loaded.

        Raises:
            InputError: there is no such source, or no atlas where one is needed.
            VideoError, PredictionsError: the source cannot be read.
            OutputError: the output exists already.
        """
        given = open_input(source, settings.start, settings.end)
        check_target(self._preset, self._target(source, given.reader.info))

    @contextmanager
    def __call__(
        self, source: Path, info: VideoInfo, start: Fraction | None, end: Fraction | None
    ) -> Iterator[Export]:
        """Start the export of a source; the context gives what takes its frames."""
        target = self._target(source, info, start, end)
        self.written[source] = target.path
        with open_export(self._preset, target) as export:
            yield export
        for warning in target.warnings:
            console.warn(warning)

    def _target(
        self,
        source: Path,
        info: VideoInfo,
        start: Fraction | None = None,
        end: Fraction | None = None,
    ) -> Target:
        path = output_path(self._preset, info, self._out_dir, output_stem(source))
        return Target(path, info, start, end, self._overwrite, self._texture, self._pickle)
