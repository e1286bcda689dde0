"""Writing a store: chunk by chunk, each whole or not there; what is there is not computed again."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import groupby
from pathlib import Path
from typing import Self

from filelock import FileLock, Timeout

from ..errors import OutputError, PredictionsError
from ..tracks import Tracks, numbered
from ..types import Frame, Person, Prediction
from .chunk import Chunk, DamagedChunk, encoded
from .layout import (
    HEADER,
    IDENTITY,
    INDEX,
    LOCK,
    Facts,
    chunk_path,
    chunk_paths,
    job_of,
    read_header,
    write_sealed,
    write_whole,
    writing,
)
from .quantise import Quantised, quantised, restored

Predictor = Callable[[Iterable[Frame], Sequence[Person]], Iterator[tuple[Frame, Prediction]]]

_OTHER = {
    "source": "holds the predictions of another source ({source})",
    "span": "holds another span of time",
    "made": "was made with other weights or settings",
    "chunk_frames": "has chunks of another length",
}


class PredictionWriter:
    """Writes one store, or goes on with it; a context manager that keeps other writers out.

    Attributes:
        path: the folder.
        chunk_frames: frames of a chunk.
        damaged: the names of chunks that had to be made anew.
    """

    def __init__(self, path: Path, header: Facts, overwrite: bool = False) -> None:
        """Say what is to be written; nothing is touched before the context is entered.

        Args:
            path: the folder, made where it does not exist.
            header: what is computed from what, as JSON; `layout.IDENTITY` names the keys by which
                an unfinished store is recognised as the same work.
            overwrite: delete the predictions that are there, whatever they are.
        """
        self.path = path
        self.chunk_frames: int = header["chunk_frames"]
        self.damaged: list[str] = []
        self._header, self._job, self._overwrite = header, job_of(header), overwrite
        self._lock = FileLock(path / LOCK)
        self._pending: list[tuple[Frame, Quantised]] = []
        self._tables: dict[str, list[int]] = {"pts": [], "duration": [], "people": []}
        self._last: Chunk | None = None

    def __enter__(self) -> Self:
        """Lock the folder, tidy up after a writer that was killed, and write the header.

        Raises:
            OutputError: it cannot be written, somebody else writes it, or it holds something else.
            PredictionsError: it is of a newer version, or its header is damaged.
        """
        with writing(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
            self._refuse_other_files()
            try:
                self._lock.acquire(timeout=0)
            except Timeout as error:
                raise OutputError(
                    f"{self.path} is being written by another process: wait for it to end, or "
                    "choose another name with -o"
                ) from error
        try:
            with writing(self.path):
                self._begin()
        except BaseException:
            self._unlock()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Let others write; a store without a single chunk is not left behind."""
        if kind is not None and not chunk_paths(self.path):
            with suppress(OSError):
                (self.path / HEADER).unlink(missing_ok=True)
        self._unlock()
        with suppress(OSError):
            self.path.rmdir()  # only where it is empty

    def stored(self, number: int) -> Chunk | None:
        """A chunk that is there and whole; None where it is to be made."""
        path = chunk_path(self.path, number)
        if not path.exists():
            return None
        try:
            return Chunk.open(path, self._job, number * self.chunk_frames).verify()
        except DamagedChunk:
            self.damaged.append(path.name)
            return None

    def add(self, frame: Frame, prediction: Prediction) -> Prediction:
        """Append a frame; its chunk is written when it is full.

        Returns:
            The prediction as it will be read again.

        Raises:
            OutputError: the chunk cannot be written.
        """
        stored = quantised(prediction)
        self._pending.append((frame, stored))
        if len(self._pending) == self.chunk_frames:
            self._write_chunk()
        return restored(stored)

    def keep(self, chunk: Chunk) -> None:
        """Take a chunk over as it is, in its turn."""
        for name, column in self._tables.items():
            column.extend(chunk.tables[name].tolist())
        self._last = chunk

    def finish(self, warnings: Iterable[str] = ()) -> None:
        """Write what is left, and the index: now the store is whole.

        Args:
            warnings: one line for each thing that was wrong with the source.

        Raises:
            OutputError: nothing was added, or it cannot be written.
        """
        if self._pending:
            self._write_chunk()
        if self._last is None:
            raise OutputError(f"{self.path}: not written, as no frame came: check the input")
        size, grid = self._last.facts["size"], self._last.facts["grid"]
        index = {"frames": len(self._tables["pts"]), "size": size, "grid": grid}
        write_sealed(self.path / INDEX, {**index, **self._tables, "warnings": [*warnings]})

    def _write_chunk(self) -> None:
        first = len(self._tables["pts"])
        path = chunk_path(self.path, first // self.chunk_frames)
        write_whole(path, encoded(self._job, first, self._pending))
        self._pending = []
        self.keep(Chunk.open(path, self._job, first))

    def _refuse_other_files(self) -> None:
        """Never mix with, or delete, what is not ours."""
        foreign = any(each.name[0] != "." for each in self.path.iterdir())
        if foreign and not (self.path / HEADER).is_file():
            raise OutputError(
                f"{self.path} is a folder with other files: choose another name with -o"
            )

    def _begin(self) -> None:
        for leftover in self.path.glob(".*.part*"):
            leftover.unlink()
        header = self.path / HEADER
        if self._overwrite and header.exists():
            # the header last: what is left by a kill in between is still known to be the old
            for path in (self.path / INDEX, *reversed(chunk_paths(self.path)), header):
                path.unlink(missing_ok=True)
        if header.exists():
            self._check_same(read_header(self.path))
        else:
            write_sealed(header, self._header)

    def _check_same(self, there: Facts) -> None:
        if job_of(there) == self._job:
            return
        other = next(key for key in IDENTITY if there[key] != self._header[key])
        what = _OTHER[other].format(source=there["source"]["path"])
        raise PredictionsError(
            f"{self.path} {what}: choose another name with -o, or add --overwrite"
        )

    def _unlock(self) -> None:
        lock = self.path / LOCK
        try:
            lock.unlink(missing_ok=True)  # while it is ours: once released it may be another's
        except OSError:  # Windows removes no open file, so nobody else's either
            self._lock.release()
            with suppress(OSError):
                lock.unlink(missing_ok=True)
        self._lock.release()


def record(
    predictor: Predictor, frames: Iterable[Frame], writer: PredictionWriter
) -> Iterator[tuple[Frame, Prediction]]:
    """Predict frames, number the people and store both; chunks that are there are read instead.

    The predictor is called chunk by chunk, and told who was there as the chunk begins, so that a
    run that goes on gives the same as one that was never stopped.

    Raises:
        PredictionsError: the source gives other frames than those that are stored.
        OutputError: a chunk cannot be written.
    """
    before: tuple[Person, ...] = ()
    tracks = Tracks()
    for number, group in groupby(frames, key=lambda frame: frame.index // writer.chunk_frames):
        chunk = writer.stored(number)
        if chunk is None:
            for frame, prediction in numbered(predictor(group, before), tracks):
                as_read = writer.add(frame, prediction)
                before = as_read.people
                yield frame, as_read
            continue
        times = []
        for position, frame in enumerate(group):
            times.append(frame.pts)
            if position < len(chunk):
                as_read = restored(chunk.frame(position))
                before = tracks.add(frame, as_read.people)
                yield frame, as_read
        if times != chunk.tables["pts"].tolist():
            raise PredictionsError(
                f"{writer.path}: the source's frames have other times now than when it was begun: "
                "another FFmpeg reads it? make it anew with --overwrite"
            )
        writer.keep(chunk)
