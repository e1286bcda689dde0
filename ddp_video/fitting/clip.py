"""From a clip to a dataset of labelled frames: the job behind `label-clip`.

The frames of a window are fitted together: a person has one shape in them, and moves as those
before and after say.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import cast, get_args

import numpy as np

from ..data.preview import write_previews
from ..data.writer import DatasetWriter
from ..decode import FrameReader
from ..errors import InputError
from ..network.device import choose_device
from ..pipeline import output_stem
from ..settings import Device
from ..types import Frame
from .fit import FitSettings
from .fitted import FitLabeller, FittedPerson, answers, picture_joints
from .observe import Teachers
from .one_photo import assemble, see_photo
from .photos import LabelReport, Tally
from .tracks import jumps, link

WINDOW = 32  # frames that are fitted together


def label_clip(
    source: Path,
    out: Path,
    teachers: Path | None = None,
    *,
    start: Fraction | None = None,
    end: Fraction | None = None,
    every: int = 1,
    device: str = "cpu",
    preview: bool = False,
    threads: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> LabelReport:
    """Label the frames of a clip by fitted bodies and write the one dataset format.

    A stopped job goes on with the window it was in.

    Args:
        source: a video, a folder of pictures or a pattern.
        out: dataset folder.
        teachers: folder of the ONNX files; None: environment variable DDP_VIDEO_TEACHERS.
        start: first moment, seconds.
        end: moment to stop before.
        every: take every so many-th frame.
        device: where bodies are fitted.
        preview: write contact sheets to `out/preview`.
        threads: CPU threads of the networks.
        progress: called with (done, all) after each frame.

    Returns:
        The counts.

    Raises:
        InputError: no such clip, or an unknown device.
        VideoError: the clip cannot be read.
        DataError: teachers are missing.
        OutputError: `out` cannot be written.
    """
    if device not in get_args(Device):
        raise InputError(f"no device {device!r}; choose one of {', '.join(get_args(Device))}")
    networks = Teachers(teachers, threads)
    with FrameReader(source, start, end) as reader:
        total = (reader.info.frames or 0) // every
        tally = Tally(out, total, progress)
        labeller = FitLabeller(
            networks, choose_device(cast("Device", device)), FitSettings().sparse(every)
        )
        with DatasetWriter(out) as writer:
            for window in windows(islice(iter(reader), 0, None, every)):
                _label(writer, labeller, window, output_stem(source), tally, every)
    return tally.report(write_previews(out) if preview else [])


def windows(frames: Iterator[Frame]) -> Iterator[list[Frame]]:
    """Successive frames, as many as are fitted together."""
    while window := list(islice(frames, WINDOW)):
        yield window


def key_of(frame: Frame, name: str) -> str:
    """The frame's name in the dataset: the clip's, and the moment in milliseconds."""
    return f"{name}_{round(1000 * frame.pts * frame.time_base):08d}"


def _label(
    writer: DatasetWriter,
    labeller: FitLabeller,
    window: list[Frame],
    name: str,
    tally: Tally,
    every: int,
) -> None:
    """Label and write the frames of one window; none if all of them are there."""
    if all(writer.has(key_of(frame, name)) for frame in window):
        tally.before += len(window)
        tally.advance()
        return
    sights = [see_photo(labeller.teachers, frame.image) for frame in window]
    tracks = link(sights)
    found = steady(labeller.people(sights, tracks), tracks, every)
    for frame, sight, people in zip(window, sights, found, strict=True):
        labels = assemble(sight, answers(sight, people))
        if not isinstance(labels, str):
            key = key_of(frame, name)
            if writer.add(frame.image, labels.people, labels.iuv, key=key, source=name):
                tally.add(labels)
            else:
                tally.before += 1


def steady(
    found: Sequence[Sequence[FittedPerson]], tracks: Sequence[Sequence[int]], every: int = 1
) -> list[list[FittedPerson]]:
    """The people of each frame, those refused that are not where their neighbours in time say."""
    courses: dict[int, list[tuple[int, int]]] = {}
    for t, people in enumerate(found):
        for i, person in enumerate(people):
            courses.setdefault(tracks[t][person.number], []).append((t, i))
    out = [list(people) for people in found]
    for course in courses.values():
        bodies = [found[t][i] for t, i in course]
        joints = [picture_joints(b.fit, b.seen, b.body.part.shape)[:, :2] for b in bodies]
        for (t, i), jumped in zip(course, jumps(np.stack(joints), every), strict=True):
            if jumped:
                verdict = replace(out[t][i].verdict, refused="the body jumps")
                out[t][i] = replace(out[t][i], verdict=verdict)
    return out
