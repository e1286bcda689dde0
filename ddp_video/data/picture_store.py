"""Decoded pictures kept in memory, in one block that forked loader processes share."""

import mmap
import multiprocessing
import pickle
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .canvas import Picture, picture_from_record
from .densepose_coco import Record, read_picture

_ROW = 5  # offset + 1 (0: not kept), height, width, bytes of the rest, whether there are labels


class PictureStore:
    """Pictures of several datasets, decoded once and kept while there is room.

    The block is anonymous shared memory: loader processes that are forked share what any of them
    decoded. Where processes are spawned instead, each keeps a block of its own. The system gives
    memory as it is filled.

    Args:
        datasets: whose records are numbered through.
        long_side: pictures are shrunk to this many pixels.
        cache_mb: room in MB; 0 keeps nothing.
    """

    def __init__(self, datasets: Sequence[Sequence[Record]], long_side: int, cache_mb: int) -> None:
        self.datasets = list(datasets)
        self.long_side = long_side
        self.cache_mb = cache_mb
        self.starts = np.cumsum([0, *(len(d) for d in self.datasets)])
        self._lock = multiprocessing.Lock()
        self._room = cache_mb << 20
        self._block = np.frombuffer(mmap.mmap(-1, max(1, self._room)), np.uint8)
        rows = np.frombuffer(mmap.mmap(-1, 8 * (1 + _ROW * (1 + len(self)))), np.int64)
        self._used, self._rows = rows[:1], rows[1 : 1 + _ROW * len(self)].reshape(-1, _ROW)

    def __reduce__(self) -> tuple[type["PictureStore"], tuple[list[Sequence[Record]], int, int]]:
        """Pickled without the pictures (for spawned processes)."""
        return PictureStore, (self.datasets, self.long_side, self.cache_mb)

    def __len__(self) -> int:
        """Number of pictures in all datasets."""
        return int(self.starts[-1])

    @property
    def used(self) -> int:
        """Bytes that are kept."""
        return int(self._used[0])

    def get(self, dataset: int, item: int) -> Picture:
        """The picture `item` of a dataset, read-only.

        Raises:
            DataError: it cannot be read.
        """
        number = int(self.starts[dataset]) + item
        with self._lock:
            row = self._rows[number].tolist()
        if row[0]:
            return self._view(row)
        picture = picture_from_record(self.datasets[dataset][item], self.long_side)
        self._keep(number, picture)
        return picture

    def _view(self, row: list[int]) -> Picture:
        offset, height, width, rest, labelled = row
        at = offset - 1
        area = height * width
        image = self._block[at : at + 3 * area].reshape(height, width, 3)
        at += 3 * area
        if labelled:
            labels = self._block[at : at + 4 * area].reshape(height, width, 4)
            at += 4 * area
        else:
            labels = np.zeros((height, width, 4), np.uint8)
        image.flags.writeable = labels.flags.writeable = False
        return Picture(image, labels, *pickle.loads(self._block[at : at + rest].tobytes()))

    def _keep(self, number: int, picture: Picture) -> None:
        rest = pickle.dumps((picture.boxes, picture.has_surface, picture.weights, picture.points))
        labelled = bool(picture.people or picture.labels.any())
        parts = [picture.image.reshape(-1), np.frombuffer(rest, np.uint8)]
        if labelled:
            parts.insert(1, picture.labels.reshape(-1))
        data = np.concatenate(parts)
        with self._lock:
            at = self.used
            if self._rows[number, 0] or at + len(data) > self._room:
                return
            self._used[0] = at + len(data)
            self._block[at : at + len(data)] = data
            self._rows[number] = (at + 1, *picture.image.shape[:2], len(rest), labelled)


class Backgrounds(Sequence[Record]):
    """Pictures in which nobody is, as records."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths = list(paths)

    def __len__(self) -> int:
        """Number of pictures."""
        return len(self.paths)

    def __getitem__(self, index: int) -> Record:  # type: ignore[override]  # no slices
        """Read one.

        Raises:
            DataError: it cannot be read.
        """
        path = self.paths[index]
        image = np.ascontiguousarray(read_picture(path)[:, :, ::-1])
        blank = np.zeros(image.shape[:2], np.uint8)
        nobody = np.zeros(0, np.float32)
        boxes, points = np.zeros((0, 4), np.float32), np.zeros((0, 6), np.float32)
        return Record(
            image, boxes, blank, None, blank, points, nobody.astype(bool), nobody, path.name
        )
