"""Reading a store: frames by position or time, whole or person by person."""

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..errors import PredictionsError
from ..types import Frame, Person, Prediction
from .chunk import Chunk, DamagedChunk, owners_in
from .layout import Facts, chunk_path, is_store, job_of, read_header, read_index
from .quantise import as_person, dense_logits, mask_values, restored


@dataclass(frozen=True)
class StoredFrame:
    """One frame of a store. Only what is asked for is read and unpacked.

    Attributes:
        index: position among the frames, from 0.
        pts: presentation time in units of the time base, as in the source.
        time: seconds from the source's zero.
        boxes: (P, 4) float32, x0, y0, x1, y1 in pixels of the frame, by falling score.
        scores: (P,) float32.
        numbers: (P,) int32, who each is through the film, from 1.
    """

    index: int
    pts: int
    time: Fraction
    boxes: np.ndarray
    scores: np.ndarray
    numbers: np.ndarray
    _store: "StoredPredictions"

    def prediction(self) -> Prediction:
        """Everything, as the network's answer."""
        with self._store.chunk_of(self.index) as (chunk, position):
            return restored(chunk.frame(position))

    def people(self) -> tuple[Person, ...]:
        """Boxes, scores and masks of everybody, without reading logits."""
        return tuple(self._person(rank, self.masks(rank)) for rank in range(len(self.scores)))

    def person(self, rank: int) -> Prediction:
        """One person's own IUV, as `Prediction.of_person`; other people's cells are not read.

        Args:
            rank: row of the tables.

        Raises:
            IndexError: there is no such person.
        """
        masks = self.masks(rank)
        with self._store.chunk_of(self.index) as (chunk, position):
            owner_hw = chunk.owner(position)
            owners = owners_in(np.where(masks[1] > 0.5, owner_hw, 0))
            logits = dense_logits(chunk.grid, *chunk.levels(position, owner_hw, owners))
        coverage = torch.from_numpy((owner_hw > 0).astype(np.float32))
        person = (self._person(rank, masks),)
        part = Prediction(torch.from_numpy(logits), coverage, person, self._store.size)
        return part.of_person(0)

    def logits(self) -> np.ndarray:
        """(75, h, w) float32: 25 part logits, then U, then V; see `Prediction`."""
        return self.prediction().logits.numpy()

    def coverage(self) -> np.ndarray:
        """(h, w) bool: where U and V were computed."""
        with self._store.chunk_of(self.index) as (chunk, position):
            return chunk.owner(position) > 0

    def masks(self, rank: int) -> np.ndarray:
        """(2, h, w) float32, 0..1: M_ins and M_dp of one person.

        Args:
            rank: row of the tables.

        Raises:
            IndexError: there is no such person.
        """
        if not 0 <= rank < len(self.scores):
            raise IndexError(f"frame {self.index} has {len(self.scores)} people, no row {rank}")
        with self._store.chunk_of(self.index) as (chunk, position):
            return mask_values(chunk.masks(position, rank))

    def _person(self, rank: int, masks_2hw: np.ndarray) -> Person:
        return as_person(self.boxes[rank], self.scores[rank], self.numbers[rank], masks_2hw)


class StoredPredictions:
    """A finished store, open for reading. It holds the times of all frames and one chunk's tables.

    Attributes:
        path: the folder.
        header: what was inferred from which source, and how (docs/FORMAT.md).
        size: (H, W) of the frames.
        grid: (h, w) of the logits.
        time_base: seconds per pts unit.
        pts: (frames,) int64.
        people: (frames,) int32, people found in each frame.
        warnings: one line for each thing that was wrong with the source.
    """

    def __init__(self, path: Path) -> None:
        """Read header and index.

        Raises:
            PredictionsError: no store, of a newer version, unfinished or damaged.
        """
        if not is_store(path):
            raise PredictionsError(f"{path}: no stored predictions here: check the path")
        self.path = path
        self.header: dict[str, Any] = read_header(path)
        index = read_index(path)
        self.size: tuple[int, int] = (index["size"][0], index["size"][1])
        self.grid: tuple[int, int] = (index["grid"][0], index["grid"][1])
        self.time_base = Fraction(self.header["source"]["time_base"])
        self.pts = np.array(index["pts"], np.int64)
        self.people = np.array(index["people"], np.int32)
        self.warnings: tuple[str, ...] = tuple(index["warnings"])
        self._start = Fraction(self.header["source"]["start_time"])
        self._job = job_of(self.header)
        self._chunk: tuple[int, Chunk] | None = None

    @property
    def description(self) -> dict[str, Any]:
        """Device and precision of the network that made them."""
        return self.header["made"]["inference"]

    @property
    def radius(self) -> int:
        """The radius by which they are smoothed already; 0 where they are as inferred."""
        return (self.header["made"]["smoothing"] or {"radius": 0})["radius"]

    @property
    def times(self) -> np.ndarray:
        """(frames,) float64, seconds from the source's zero."""
        return self.pts * float(self.time_base)

    @property
    def span(self) -> tuple[float, float]:
        """Seconds of the first and of the last frame from the source's beginning."""
        first, last = (int(self.pts[at]) * self.time_base - self._start for at in (0, -1))
        return float(first), float(last)

    def __len__(self) -> int:
        return len(self.pts)

    def __getitem__(self, index: int) -> StoredFrame:
        """The frame at a position; negative ones count from the end.

        Raises:
            IndexError: there is no such frame.
            PredictionsError: its chunk is damaged.
        """
        index = range(len(self))[index]
        with self.chunk_of(index) as (chunk, position):
            tables = (chunk.of_frame(position, name) for name in ("boxes", "scores", "numbers"))
            boxes, scores, numbers = tables
        pts = int(self.pts[index])
        return StoredFrame(index, pts, pts * self.time_base, boxes, scores, numbers, self)

    def __iter__(self) -> Iterator[StoredFrame]:
        return map(self.__getitem__, range(len(self)))

    def between(
        self, start: Fraction | float | None, end: Fraction | float | None
    ) -> Iterator[StoredFrame]:
        """The frames of a span of time; the chunks around it are not read.

        Args:
            start: seconds from the source's beginning, inclusive; None: from the beginning.
            end: seconds, exclusive; None: to the end.
        """
        first = 0 if start is None else self._position(start)
        last = len(self) if end is None else self._position(end)
        return map(self.__getitem__, range(first, last))

    def _position(self, seconds: Fraction | float) -> int:
        """Of the first frame that is not before this time."""
        bound = math.ceil((Fraction(seconds) + self._start) / self.time_base)
        return int(np.searchsorted(self.pts, bound))

    def __call__(self, frames: Iterable[Frame]) -> Iterator[tuple[Frame, Prediction]]:
        """Give frames of the source their predictions, by pts: in the network's place.

        Raises:
            PredictionsError: a frame has none, or its chunk is damaged.
        """
        for frame in frames:
            yield frame, self.at(frame).prediction()

    def at(self, frame: Frame) -> StoredFrame:
        """What is stored of a frame of the source, by pts.

        Raises:
            PredictionsError: there is none, or its chunk is damaged.
        """
        index = int(np.searchsorted(self.pts, frame.pts))
        if index == len(self) or self.pts[index] != frame.pts:
            at = float(frame.time - self._start)
            raise PredictionsError(
                f"{self.path} has no prediction for the frame at {at:.3f} s: choose --start "
                "and --end within what was inferred"
            )
        return self[index]

    def is_of(self, header: Facts) -> bool:
        """Whether it holds just what this header announces."""
        return job_of(header) == self._job

    def damaged(self) -> list[str]:
        """Read everything; the names of the chunks that are missing or damaged."""
        names = []
        for number in range(-(-len(self) // self.chunk_frames)):
            try:
                self._open(number).verify()
            except DamagedChunk as damage:
                names.append(f"{damage} ({self._frames_of(number)})")
        return names

    @property
    def chunk_frames(self) -> int:
        """Frames of a chunk."""
        return self.header["chunk_frames"]

    @contextmanager
    def chunk_of(self, index: int) -> Iterator[tuple[Chunk, int]]:
        """The chunk of a frame, and the frame's position in it; damage is named.

        Raises:
            PredictionsError: the chunk is missing or damaged.
        """
        number, position = divmod(index, self.chunk_frames)
        try:
            if self._chunk is None or self._chunk[0] != number:
                self._chunk = number, self._open(number)
            yield self._chunk[1], position
        except DamagedChunk as damage:
            raise PredictionsError(
                f"{self.path}: {damage} ({self._frames_of(number)}) is missing or damaged: give "
                "the command that made the store again, only this chunk is made anew"
            ) from damage

    def _open(self, number: int) -> Chunk:
        first = number * self.chunk_frames
        chunk = Chunk.open(chunk_path(self.path, number), self._job, first)
        if not np.array_equal(chunk.tables["pts"], self.pts[first : first + self.chunk_frames]):
            raise DamagedChunk(chunk.path.name)
        return chunk

    def _frames_of(self, number: int) -> str:
        first = number * self.chunk_frames
        return f"frames {first}–{min(first + self.chunk_frames, len(self)) - 1}"


def open_predictions(path: Path | str) -> StoredPredictions:
    """Open a finished `.ddp` for reading.

    Raises:
        PredictionsError: no store, of a newer version, unfinished or damaged.
    """
    return StoredPredictions(Path(path))
